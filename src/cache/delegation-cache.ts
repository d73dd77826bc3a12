/**
 * The delegation cache: which servers serve a zone, as the parent says, with their glue and the DS.
 *
 * On a query's way it is where a walk starts: at the deepest zone known at or above QNAME.
 *
 * - The lease is the whole life of a delegation: what the parent's referral TTL allows, and never past the
 *   lease of the enclosing delegation. What a child says of itself may change the servers but not extend it;
 *   so a revoked zone is gone at the parent's TTL however often it is asked (ghost and Phoenix domains).
 * - It has a budget of its own, in two parts. The root and TLDs have one for themselves: their number is
 *   bounded by the root zone, not by what clients ask. Below them newcomers are on probation until they have
 *   served more than one query, so a flood of junk names only pushes out junk.
 *
 * Limitations: `purge` looks at every entry.
 */
import { isSubdomain, type Name, parentName, ROOT } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Clock } from '../runtime/clock.js';
import type { MissReason } from '../runtime/trace.js';
import type { Delegation } from './delegation.js';
import { type PackedDelegation, packDelegation, unpackDelegation } from './delegation-packing.js';
import { LruPolicy } from './eviction/lru.js';
import { SegmentedLruPolicy } from './eviction/segmented-lru.js';
import { octetsOfString, ownOctets } from './footprint.js';
import { nameOfKey, rrsetKey } from './key.js';
import { addStats, type CacheLayerStats } from './stats.js';
import { type TimedEntry, TimedStore } from './timed-store.js';

export type { Delegation, DelegationServer } from './delegation.js';

/**
 * Who says it. `parent`: a referral, may renew the lease. `child`: the zone's own NS RRset, may not, and
 * counts for nothing when no live delegation by the parent stands. `configured`: hints and the like.
 */
export type DelegationSource = 'parent' | 'child' | 'configured';

export interface DelegationCacheOptions {
  readonly clock: Clock;
  readonly maxOctets: number;
}

/** A delegation is good for as long as its lease, so one time is enough. */
class DelegationEntry implements TimedEntry {
  private readonly servers: PackedDelegation['servers'];
  private readonly rrsets: PackedDelegation['rrsets'];
  private readonly status: PackedDelegation['status'];
  /** While it is among those used lately. */
  unpacked: Delegation | undefined = undefined;

  constructor(
    packed: PackedDelegation,
    readonly expiresAtMs: number,
  ) {
    this.servers = packed.servers;
    this.rrsets = packed.rrsets;
    this.status = packed.status;
  }

  get leaseUntilMs(): number {
    return this.expiresAtMs;
  }

  get mayServeStale(): boolean {
    return false;
  }

  unpack(key: string): Delegation {
    const { servers, rrsets, status } = this;
    return unpackDelegation({ servers, rrsets, status }, ownOctets(nameOfKey(key)), this.expiresAtMs);
  }

  get octets(): number {
    const { servers, rrsets } = this;
    return (
      ENTRY_OCTETS + octetsOfString(servers.length) + (rrsets === '' ? 0 : octetsOfString(rrsets.length))
    );
  }
}

/** The part of the budget that is kept for the root and TLDs. */
const TOP_PART = 0.25;
/** The object, and its boxed time. */
const ENTRY_OCTETS = 24 + 5 * 8 + 16;
/** Delegations that are kept unpacked. Few, so that those of zones that are asked once do not grow old. */
const MAX_UNPACKED = 256;

export class DelegationCache {
  private readonly clock: Clock;
  /** Root and TLDs. */
  private readonly top: TimedStore<DelegationEntry>;
  private readonly rest: TimedStore<DelegationEntry>;
  /** A ring of those unpacked last. */
  private readonly lately: (DelegationEntry | undefined)[] = new Array<undefined>(MAX_UNPACKED).fill(
    undefined,
  );
  private nextLately = 0;

  constructor(options: DelegationCacheOptions) {
    this.clock = options.clock;
    const topOctets = Math.max(1, Math.floor(options.maxOctets * TOP_PART));
    const restOctets = Math.max(1, options.maxOctets - topOctets);
    this.top = new TimedStore<DelegationEntry>({
      clock: options.clock,
      maxOctets: topOctets,
      makePolicy: (onRemove) => new LruPolicy(topOctets, onRemove),
    });
    this.rest = new TimedStore<DelegationEntry>({
      clock: options.clock,
      maxOctets: restOctets,
      makePolicy: (onRemove) => new SegmentedLruPolicy(restOctets, onRemove),
    });
  }

  /**
   * Stores a delegation, its lease cut to what stands above it.
   *
   * @returns false when it was not stored: no lease left, a child without a live delegation, no room
   */
  put(delegation: Delegation, source: DelegationSource = 'parent'): boolean {
    const nowMs = this.clock.wallMs();
    const store = this.storeOf(delegation.zone);
    const leaseUntilMs = this.allowedLease(delegation, source, nowMs);
    if (leaseUntilMs <= nowMs) {
      store.counters.refused++;
      return false;
    }
    const packed = packDelegation(delegation);
    if (packed === undefined) {
      store.counters.refused++;
      return false;
    }
    const entry = new DelegationEntry(packed, leaseUntilMs);
    return store.set(ownOctets(keyOf(delegation.zone)), entry, entry.octets);
  }

  private allowedLease({ zone, leaseUntilMs }: Delegation, source: DelegationSource, nowMs: number): number {
    if (source === 'configured') return leaseUntilMs;
    if (source === 'child') {
      const standing = this.peek(zone, nowMs);
      return standing ? Math.min(leaseUntilMs, standing.leaseUntilMs) : 0;
    }
    for (let at = zone; at !== ROOT; ) {
      at = parentName(at);
      const above = this.peek(at, nowMs);
      if (above) return Math.min(leaseUntilMs, above.leaseUntilMs);
    }
    return leaseUntilMs;
  }

  /** Stores a delegation of a snapshot; false when it is over, one is held already, or there is no room. */
  restore(saved: Delegation, nowMs: number): boolean {
    return this.peek(saved.zone, nowMs) === undefined && this.put(saved);
  }

  /** The deepest live delegation at or above `name`; counts one hit or one miss. */
  closest(name: Name): Delegation | undefined {
    const nowMs = this.clock.wallMs();
    for (let at = name; ; at = parentName(at)) {
      const store = this.storeOf(at);
      const key = keyOf(at);
      const entry = store.use(key, nowMs);
      if (entry) {
        store.counters.hits++;
        return this.unpacked(entry, key);
      }
      if (at === ROOT) {
        this.top.counters.miss(this.top.missReason(keyOf(ROOT)));
        return undefined;
      }
    }
  }

  /** The live delegation of exactly `zone`; counts one hit or one miss. */
  get(zone: Name): Delegation | undefined {
    const store = this.storeOf(zone);
    const key = keyOf(zone);
    const entry = store.use(key, this.clock.wallMs());
    if (entry) store.counters.hits++;
    else store.counters.miss(store.missReason(key));
    return entry && this.unpacked(entry, key);
  }

  private unpacked(entry: DelegationEntry, key: string): Delegation {
    if (entry.unpacked) return entry.unpacked;
    const delegation = entry.unpack(key);
    const oldest = this.lately[this.nextLately];
    if (oldest) oldest.unpacked = undefined;
    entry.unpacked = delegation;
    this.lately[this.nextLately] = entry;
    this.nextLately = (this.nextLately + 1) % MAX_UNPACKED;
    return delegation;
  }

  /** Why there is no delegation of `zone`; counts nothing. */
  missReason(zone: Name): MissReason {
    return this.storeOf(zone).missReason(keyOf(zone));
  }

  private peek(zone: Name, nowMs: number): DelegationEntry | undefined {
    return this.storeOf(zone).peekLive(keyOf(zone), nowMs);
  }

  private storeOf(zone: Name): TimedStore<DelegationEntry> {
    // The root has one octet; a TLD is one label and the root label.
    return zone === ROOT || zone.charCodeAt(0) + 2 === zone.length ? this.top : this.rest;
  }

  /** Removes the delegation of a zone, or all of a subtree. Returns how many went. */
  purge(zone: Name, options: { subtree?: boolean } = {}): number {
    if (!options.subtree) return this.storeOf(zone).remove(keyOf(zone), 'flushed') ? 1 : 0;
    const inside = (_entry: DelegationEntry, key: string) => isSubdomain(nameOfKey(key), zone);
    return this.top.purge(inside) + this.rest.purge(inside);
  }

  clear(): void {
    this.top.clear();
    this.rest.clear();
  }

  sweep(maxEntries: number): number {
    return this.top.sweep(maxEntries) + this.rest.sweep(maxEntries);
  }

  *entries(): IterableIterator<Delegation> {
    for (const [key, entry] of this.top.entries()) yield entry.unpack(key);
    for (const [key, entry] of this.rest.entries()) yield entry.unpack(key);
  }

  stats(): CacheLayerStats {
    const top = this.top.stats();
    const rest = this.rest.stats();
    return addStats(top, rest);
  }
}

function keyOf(zone: Name): string {
  return rrsetKey(zone, RRType.NS);
}
