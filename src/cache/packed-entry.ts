/**
 * What entries of the resolver and negative caches have in common, in as little heap as they can.
 *
 * RRsets are packed; life and lease are small integers relative to the expiry, where absolute times take a
 * box of 16 octets each; status values share one integer; the identity is read off the key.
 */
import type { Name, Octets } from '../dns/name.js';
import type { Question, Security } from '../dns/rrset.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import { octetsOfString } from './footprint.js';
import { classOfKey, nameOfKey, typeOfKey } from './key.js';
import type { TimedEntry } from './timed-store.js';

/** Where data came from. One object is shared by all entries of one response: do not change it. */
export interface Origin {
  /** Address of the server, or a word for what is no server: `hints`, `local`. */
  readonly server: string;
  readonly serverName?: Name;
  readonly transport: UpstreamTransport | 'none';
  /** Apex of the zone that the server was asked for. */
  readonly zone: Name;
  /** The question whose response brought it; left out when it asked for just this RRset. */
  readonly question?: Question;
}

/** When an entry began and ends, in wall ms. `leaseUntilMs` is Infinity when nothing bounds it. */
export interface EntryTimes {
  readonly storedAtMs: number;
  readonly expiresAtMs: number;
  readonly leaseUntilMs: number;
}

/** All statuses; the place of one is its number in entries and snapshots. */
export const securities: readonly Security[] = ['unchecked', 'secure', 'insecure', 'bogus', 'indeterminate'];

/** Header, eight fields and the box of `expiresAtMs`. */
const ENTRY_OCTETS = 24 + 8 * 8 + 16;

export class PackedEntry implements TimedEntry {
  /** Lookups that found it live. */
  hits = 0;
  readonly expiresAtMs: number;
  private readonly lifeMs: number;
  /** Negative: no lease. */
  private readonly leaseAfterExpiryMs: number;
  /** Bits 0-2 security, bit 3 prefetched, from bit 4 rank. */
  private status: number;

  /**
   * @param key    of key.ts; kept, so it must be a string of its own
   * @param packed what it holds; kept
   * @param rank   of rank.ts; 0 where rank means nothing
   */
  constructor(
    readonly key: Octets,
    readonly packed: Octets,
    times: EntryTimes,
    security: Security,
    rank: number,
    readonly origin: Origin,
  ) {
    this.expiresAtMs = times.expiresAtMs;
    this.lifeMs = times.expiresAtMs - times.storedAtMs;
    this.leaseAfterExpiryMs = times.leaseUntilMs === Infinity ? -1 : times.leaseUntilMs - times.expiresAtMs;
    this.status = securities.indexOf(security) | (rank << 4);
  }

  get name(): Name {
    return nameOfKey(this.key);
  }

  get type(): number {
    return typeOfKey(this.key);
  }

  get class(): number {
    return classOfKey(this.key);
  }

  get storedAtMs(): number {
    return this.expiresAtMs - this.lifeMs;
  }

  get leaseUntilMs(): number {
    return this.leaseAfterExpiryMs < 0 ? Infinity : this.expiresAtMs + this.leaseAfterExpiryMs;
  }

  get security(): Security {
    return securities[this.status & 7]!;
  }

  get rank(): number {
    return this.status >> 4;
  }

  /** True once the resolver was told to prefetch it. */
  get prefetched(): boolean {
    return (this.status & 8) !== 0;
  }

  markPrefetched(): void {
    this.status |= 8;
  }

  get mayServeStale(): boolean {
    return this.security !== 'bogus';
  }

  /** The TTL that it was given when stored: the received one inside the limits and the lease. */
  get lifeSec(): number {
    return Math.ceil(this.lifeMs / 1000);
  }

  /** True when the lease, not the TTL, ends its life. */
  get isLeaseBound(): boolean {
    return this.leaseAfterExpiryMs === 0;
  }

  /** Heap octets of the entry without its key. */
  get sizeOctets(): number {
    return ENTRY_OCTETS + octetsOfString(this.packed.length);
  }
}
