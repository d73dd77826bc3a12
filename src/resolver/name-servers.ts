/**
 * Addresses of the name servers of one zone, for one walk.
 *
 * Starts from glue and cached addresses; resolves names without address a few at a time, fewer the deeper
 * we are, within the budget, so that a delegation full of names cannot be used as an amplifier.
 * NXNSAttack (CVE-2020-12662), NRDelegation (CVE-2022-3204); limits from reference defaults.
 */
import type { Name } from '../dns/name.js';
import type { AskedZone } from './asked-zone.js';
import { type Draws, takeName } from './preference.js';
import type { QueryContext } from './query-context.js';
import type { Candidate } from './select-server.js';

/** Finds addresses of name servers: from the cache at once, or by a sub-resolution. */
export interface AddressBook {
  known(name: Name): readonly string[];
  /** What delegations say of the name, though the name's own zone says otherwise or nothing. */
  parentSide(name: Name): readonly string[];
  /**
   * Resolves A and AAAA as the configuration allows. Empty when there is none. Never rejects.
   * @param zone the zone that waits for it
   */
  lookup(name: Name, zone: Name, ctx: QueryContext): Promise<readonly string[]>;
}

const MAX_LOOKUPS_PER_ZONE = 16;
const MAX_FAILED_LOOKUPS_PER_ZONE = 5;
/** Names resolved at once, by depth of the walk that needs them. */
const LOOKUPS_BY_DEPTH = [3, 2, 1];

export class NameServers {
  // Both are made when first needed, for most walks need neither.
  private lookedUp: Set<Name> | undefined;
  private learnt: Map<Name, readonly string[]> | undefined;
  private failed = 0;
  /** How many addresses the walk has been shown. Others may appear at any time: equal walks fill the caches. */
  private shown = 0;
  /** Names whose glue is there but has not helped: resolved last, when every address has failed. */
  private glueDistrusted = false;
  /** Everything else has failed: addresses of doubtful origin count too. */
  private desperate = false;

  constructor(
    private readonly zone: AskedZone,
    private readonly book: AddressBook,
    private readonly usableAddress: (address: string) => boolean,
    private readonly upstreamPort: number,
    private readonly draws: Draws,
    /** False: names without address stay so, since looking for them failed a moment ago. */
    private readonly mayLookUp: boolean,
  ) {}

  /** Every address known now, without duplicates, for the walk to choose from. */
  candidates(): Candidate[] {
    const candidates = this.known();
    this.shown = candidates.length;
    return candidates;
  }

  /** The same, for whoever only looks. */
  known(): Candidate[] {
    const result: Candidate[] = [];
    // A search beats a Set here: most zones have a handful of addresses.
    const add = (address: string, port: number, name: Name | undefined) => {
      for (let i = 0; i < result.length; i++) if (result[i]!.address === address) return;
      if (this.usableAddress(address)) result.push({ address, port, name });
    };
    for (const server of this.zone.servers) {
      for (const endpoint of server.endpoints) add(endpoint.address, endpoint.port, server.name);
      if (!server.name) continue;
      const more =
        this.learnt?.get(server.name) ?? (server.endpoints.length === 0 ? this.book.known(server.name) : []);
      for (const address of more) add(address, this.upstreamPort, server.name);
      if (!this.desperate) continue;
      for (const address of [...this.book.parentSide(server.name), ...server.spare]) {
        add(address, this.upstreamPort, server.name);
      }
    }
    return result;
  }

  /** Names of servers that have no address yet and may still be resolved. */
  missing(): Name[] {
    const names: Name[] = [];
    for (const { name, endpoints } of this.zone.servers) {
      if (!name || this.lookedUp?.has(name)) continue;
      if (endpoints.length > 0 && !this.glueDistrusted) continue;
      if (endpoints.length === 0 && this.book.known(name).length > 0 && !this.glueDistrusted) continue;
      names.push(name);
    }
    return names;
  }

  /** All known addresses failed: names with glue, too, are worth asking the authoritative side about. */
  distrustGlue(): void {
    this.glueDistrusted = true;
  }

  /** The last resort: what parents say of the servers' addresses, in bailiwick or not. True when that is new. */
  despair(): boolean {
    if (this.desperate) return false;
    this.desperate = true;
    return this.hasNews();
  }

  /** Whether an address is known that the walk was not shown, through whomever. */
  private hasNews(): boolean {
    return this.known().length > this.shown;
  }

  /** Resolves some missing names; true when at least one address is known that the walk was not shown. */
  async resolveSome(ctx: QueryContext): Promise<boolean> {
    for (;;) {
      if (this.hasNews()) return true;
      const batch = this.nextBatch(ctx);
      if (batch.length === 0) return false;
      if (await firstUseful(batch.map((name) => this.resolveOne(name, ctx)))) return true;
    }
  }

  private nextBatch(ctx: QueryContext): Name[] {
    if (!this.mayLookUp || this.failed >= MAX_FAILED_LOOKUPS_PER_ZONE) return [];
    const room = MAX_LOOKUPS_PER_ZONE - (this.lookedUp?.size ?? 0);
    const width = Math.min(room, LOOKUPS_BY_DEPTH[ctx.depth] ?? 1);
    const names = this.missing().filter((name) => !ctx.needsAddressOf(name));
    const batch: Name[] = [];
    while (batch.length < width && names.length > 0) {
      batch.push(takeName(names, this.draws));
    }
    return batch.filter((name) => {
      this.lookedUp ??= new Set();
      this.lookedUp.add(name);
      if (ctx.budget.spend('addressLookups')) return true;
      ctx.emit({ kind: 'limit', item: 'addressLookups' });
      return false;
    });
  }

  private async resolveOne(name: Name, ctx: QueryContext): Promise<boolean> {
    const addresses = await this.book.lookup(name, this.zone.zone, ctx);
    if (addresses.length === 0) this.failed++;
    this.learnt ??= new Map();
    this.learnt.set(name, [...(this.learnt.get(name) ?? []), ...addresses]);
    return this.hasNews();
  }
}

/** True as soon as one of them is, false when all are done and none was. */
function firstUseful(attempts: readonly Promise<boolean>[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let left = attempts.length;
    for (const attempt of attempts) {
      void attempt.then((useful) => {
        left--;
        if (useful || left === 0) resolve(useful);
      }, reject);
    }
  });
}
