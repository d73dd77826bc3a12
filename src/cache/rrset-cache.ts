/**
 * The resolver cache: RRsets by owner name, type and class.
 *
 * On a query's way it comes after the stub cache and before the negative cache. What it holds stands outside the heap
 * (packed-store/), and each entry says how far it is trusted, by whom it was given and until when.
 *
 * - Rank (RFC 2181 5.4.1): data never replaces live data of a higher rank.
 * - Lease: nothing lives past the lease of the delegation that it was learnt under, fresh or stale. This is
 *   what ends ghost domains; a child can renew its data but not its lease.
 * - Stale data stays for RFC 8767, but bogus data is never stale.
 * - TTL 0 (RFC 1035 3.2.1) is for the query under way only and is not stored.
 *
 * Limitations: `purge` of a name without a type, or of a subtree, looks at every entry.
 */
import type { Name } from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import type { RRset, Security } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { MissReason } from '../runtime/trace.js';
import type { CacheRules } from './cache-rules.js';
import type { EvictionKind } from './eviction/create.js';
import { nameOfKey, rrsetKey, typeOfKey } from './key.js';
import { PackedEntry, PREFETCHED, rankOf, type SavedEntry, securityOf, statusOf } from './packed-entry.js';
import { type Origin, packOrigin } from './packed-store/origin-packing.js';
import { PackedStore } from './packed-store/packed-store.js';
import type { Rank } from './rank.js';
import { packRecords, skipRecords, unpackRecords, unpackRRsets } from './rrset-packing.js';
import type { CacheLayerStats } from './stats.js';
import { secondsLeft } from './timed-store.js';

export type { Origin } from './packed-store/origin-packing.js';

export interface RRsetMeta {
  readonly rank: Rank;
  readonly security: Security;
  readonly origin: Origin;
  /** Wall ms; Infinity, or left out, when no delegation bounds it (the root, forwarders). */
  readonly leaseUntilMs?: number;
  /** NSEC or NSEC3 RRsets that belong to the answer: why a wildcard was expanded (RFC 4035 3.1.3.3). */
  readonly proof?: readonly RRset[];
}

export interface TtlLimits {
  readonly minSec: number;
  readonly maxSec: number;
}

export const defaultTtlLimits: TtlLimits = { minSec: 0, maxSec: 86_400 };

export interface ResolverCacheOptions {
  readonly clock: Clock;
  readonly maxOctets: number;
  readonly eviction?: EvictionKind;
  readonly ttl?: TtlLimits;
  /** Of some names; undefined: none has any. */
  readonly rules?: CacheRules | undefined;
  /** How long past expiry data stays for serve-stale, in ms; 0 when serve-stale is off. */
  readonly staleMaxMs?: number;
  /** Of the hash over keys; secret in a server. */
  readonly seed?: number;
}

/** One RRset as the cache held it at the time of the lookup. */
export class RRsetEntry extends PackedEntry {
  /** With the TTL as received; what is left of it is in the hit. Made anew at each call. */
  get rrset(): RRset {
    return unpackRecords({ packed: this.packed, at: 0 }, this.name, this.type, this.class);
  }

  /** What came as `proof` with it. Made anew at each call. */
  get proof(): readonly RRset[] {
    const reader = { packed: this.packed, at: 0 };
    skipRecords(reader);
    return unpackRRsets(reader);
  }
}

/** What a lookup found. `stale` is fit for RFC 8767 only, after an attempt to refresh. */
export type CacheHit =
  | { readonly kind: 'hit'; readonly entry: RRsetEntry; readonly ttlSec: number }
  | { readonly kind: 'stale'; readonly entry: RRsetEntry; readonly ageSec: number }
  | CacheMiss;

export interface CacheMiss {
  readonly kind: 'miss';
  readonly reason: MissReason;
}

const misses: Readonly<Record<MissReason, CacheMiss>> = {
  'never-seen': { kind: 'miss', reason: 'never-seen' },
  expired: { kind: 'miss', reason: 'expired' },
  evicted: { kind: 'miss', reason: 'evicted' },
  flushed: { kind: 'miss', reason: 'flushed' },
  bypassed: { kind: 'miss', reason: 'bypassed' },
};

/** The miss of that reason; always the same object. */
export function cacheMiss(reason: MissReason): CacheMiss {
  return misses[reason];
}

/**
 * Hits from which an entry is worth prefetching, and the part of its life in which it is. The question that
 * fetched it was the first; those that the stub cache answers in between are not seen here.
 */
const PREFETCH_MIN_HITS = 1;
const PREFETCH_LAST_PART = 0.1;

export class ResolverCache {
  private readonly store: PackedStore<RRsetEntry>;
  private readonly clock: Clock;
  private ttl: TtlLimits;
  private rules: CacheRules | undefined;
  /** How many DNAMEs are held; with none, lookups need not climb. */
  private dnames = 0;

  constructor(options: ResolverCacheOptions) {
    this.clock = options.clock;
    this.ttl = options.ttl ?? defaultTtlLimits;
    this.rules = options.rules;
    this.store = new PackedStore({
      ...options,
      makeEntry: (key, fields) => new RRsetEntry(key, fields),
      onRemove: (type) => {
        if (type === RRType.DNAME) this.dnames--;
      },
    });
  }

  /** Keeps by other limits from now on; what is held keeps the life that it was given. */
  setLimits(ttl: TtlLimits, staleMaxMs: number, rules?: CacheRules): void {
    this.ttl = ttl;
    this.rules = rules;
    this.store.staleMaxMs = staleMaxMs;
  }

  /** Looks an RRset up and counts it: as a hit, a stale hit or a miss with its reason. */
  get(name: Name, type: number, cls: number = RRClass.IN): CacheHit {
    const key = rrsetKey(name, type, cls);
    const nowMs = this.clock.wallMs();
    const entry = this.store.use(key, nowMs);
    const counters = this.store.counters;
    if (entry === undefined) {
      const reason = this.store.missReason(key);
      counters.miss(reason);
      return misses[reason];
    }
    if (nowMs < entry.expiresAtMs) {
      counters.hits++;
      return { kind: 'hit', entry, ttlSec: this.ttlToTell(entry, nowMs) };
    }
    counters.stale++;
    return { kind: 'stale', entry, ageSec: Math.floor((nowMs - entry.expiresAtMs) / 1000) };
  }

  /**
   * The TTL for a client. The lease ends what we keep, not what the owner said: of an entry that the lease
   * will end, clients hear the owner's TTL counted down.
   */
  private ttlToTell(entry: RRsetEntry, nowMs: number): number {
    if (!entry.isLeaseBound) return ttlLeft(entry, nowMs);
    const ttlSec = this.limited(entry.name, entry.rrset.ttlSec);
    return secondsLeft(entry.storedAtMs + ttlSec * 1000, nowMs, ttlSec);
  }

  private limited(name: Name, ttlSec: number): number {
    const { minSec, maxSec } = this.limitsOf(name);
    return Math.min(maxSec, Math.max(minSec, ttlSec));
  }

  private limitsOf(name: Name): TtlLimits {
    return this.rules === undefined ? this.ttl : this.rules.limits(name, this.ttl);
  }

  /** False when no DNAME is held at all, as is usual. */
  get holdsDnames(): boolean {
    return this.dnames > 0;
  }

  /** The live entry, without counting a use, a hit or a miss. */
  peek(name: Name, type: number, cls: number = RRClass.IN): RRsetEntry | undefined {
    return this.store.peekLive(rrsetKey(name, type, cls), this.clock.wallMs());
  }

  /** True when a live or stale entry is held; counts nothing. */
  holds(name: Name, type: number, cls: number = RRClass.IN): boolean {
    return this.store.holds(rrsetKey(name, type, cls), this.clock.wallMs());
  }

  /** Counts a lookup that the resolver did not make because it was told to walk. */
  countBypass(): void {
    this.store.counters.miss('bypassed');
  }

  /**
   * Stores an RRset as learnt now.
   *
   * @returns false when it was not stored: its TTL or lease is over, live data of a higher rank stands, it
   *          is bogus and live secure data stands, or there is no room
   */
  put(rrset: RRset, meta: RRsetMeta): boolean {
    const nowMs = this.clock.wallMs();
    const leaseUntilMs = meta.leaseUntilMs ?? Infinity;
    const ttlSec = this.limited(rrset.name, rrset.ttlSec);
    const expiresAtMs = Math.min(nowMs + ttlSec * 1000, leaseUntilMs);
    const key = rrsetKey(rrset.name, rrset.type, rrset.class);
    if (expiresAtMs <= nowMs || !this.mayReplace(key, meta, nowMs)) {
      this.store.counters.refused++;
      return false;
    }
    const packed = packRecords(rrset, meta.proof);
    if (packed === undefined) {
      this.store.counters.refused++;
      return false;
    }
    const times = { storedAtMs: nowMs, expiresAtMs, leaseUntilMs };
    const status = statusOf(meta.security, meta.rank);
    const stored = this.store.set(key, packed, packOrigin(meta.origin, rrset.name), times, status);
    return this.counted(rrset.type, stored);
  }

  private mayReplace(key: string, meta: RRsetMeta, nowMs: number): boolean {
    const old = this.store.liveStatus(key, nowMs);
    if (old === -1) return true;
    if (meta.rank < rankOf(old)) return false;
    return !(meta.security === 'bogus' && securityOf(old) === 'secure');
  }

  /**
   * Notes what validation found out about a live RRset.
   *
   * @param capTtlSec the longest it may still live: signature expiry (RFC 4035 5.3.3), or the bogus TTL
   * @returns false when it is not here any more
   */
  markSecurity(name: Name, type: number, security: Security, capTtlSec = Infinity, cls: number = RRClass.IN) {
    const key = rrsetKey(name, type, cls);
    const nowMs = this.clock.wallMs();
    const old = this.store.peekLive(key, nowMs);
    if (old === undefined) return false;
    const expiresAtMs = Math.min(old.expiresAtMs, nowMs + capTtlSec * 1000);
    if (expiresAtMs <= nowMs) return !this.store.remove(key, 'expired');
    const status = statusOf(security, old.rank) | (old.status & PREFETCHED);
    return this.counted(type, this.store.change(old, expiresAtMs, status));
  }

  /**
   * True once for an entry that is popular and nearly over: asked for at least twice, and in the last tenth
   * of its life. Of one whose lease ends it the lease has to be renewed as well.
   */
  shouldPrefetch(entry: RRsetEntry): boolean {
    if (entry.hits < PREFETCH_MIN_HITS) return false;
    const nowMs = this.clock.wallMs();
    const leftMs = entry.expiresAtMs - nowMs;
    if (leftMs <= 0 || leftMs > (entry.expiresAtMs - entry.storedAtMs) * PREFETCH_LAST_PART) return false;
    return this.store.mark(entry.key, PREFETCHED);
  }

  /**
   * Stores an entry of a snapshot, its life cut to the TTL limit.
   *
   * @returns false when it is over, comes from the future (the clock was set back, so its age is unknown),
   *          something is held already, a rule forbids it, or there is no room
   */
  restore(saved: SavedEntry, nowMs: number): boolean {
    const name = nameOfKey(saved.key);
    if (this.rules?.forbids(name)) return false;
    const { maxSec } = this.limitsOf(name);
    const expiresAtMs = Math.min(saved.expiresAtMs, saved.storedAtMs + maxSec * 1000);
    return this.counted(typeOfKey(saved.key), this.store.restore({ ...saved, expiresAtMs }, nowMs));
  }

  private counted(type: number, stored: boolean): boolean {
    if (stored && type === RRType.DNAME) this.dnames++;
    return stored;
  }

  /**
   * Removes what is held of a name, in every class.
   *
   * @returns how many RRsets went
   */
  purge(name: Name, options: { subtree?: boolean; type?: number } = {}): number {
    const { subtree = false, type } = options;
    return this.store.purge(name, subtree, (held) => type === undefined || held === type);
  }

  clear(): void {
    this.store.clear();
  }

  /** Removes entries that are over; looks at up to `maxEntries` and returns how many went. */
  sweep(maxEntries: number): number {
    return this.store.sweep(maxEntries);
  }

  /** All entries, stale ones too, without counting. What leaves between steps is passed over. */
  entries(): IterableIterator<RRsetEntry> {
    return this.store.entries();
  }

  stats(): CacheLayerStats {
    return this.store.stats();
  }
}

/** Seconds that a live entry has left: at least 1, at most the TTL that it was stored with. */
export function ttlLeft(entry: RRsetEntry, nowMs: number): number {
  return secondsLeft(entry.expiresAtMs, nowMs, entry.lifeSec);
}
