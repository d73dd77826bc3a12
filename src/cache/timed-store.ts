/**
 * The common ground of the layers: entries with an expiry under an eviction policy, counted and swept.
 *
 * Owns when an entry is live, stale or over, why a key is missing, and the counters. The layers above own
 * keys, what may replace what, and how long things live.
 *
 * An entry is live up to `expiresAtMs`; past that it is stale, for RFC 8767, up to `staleMaxMs` later but
 * never past its lease; then it is over and goes at the next look or sweep.
 * Limitations: when the wall clock is set back, entries live longer by that much.
 */
import type { Clock } from '../runtime/clock.js';
import type { MissReason } from '../runtime/trace.js';
import { createPolicy, type EvictionKind } from './eviction/create.js';
import type { EvictionPolicy, RemovalListener, RemovalReason } from './eviction/policy.js';
import { octetsOfString } from './footprint.js';
import { MissMemory, type RemovalCause } from './miss-memory.js';
import { type CacheLayerStats, LayerCounters } from './stats.js';

export interface TimedEntry {
  readonly expiresAtMs: number;
  /** Up to when the delegation that this was learnt under is vouched for; Infinity when nothing bounds it. */
  readonly leaseUntilMs: number;
  /** False for data that must not be served past its time whatever the settings: bogus. */
  readonly mayServeStale: boolean;
}

export interface StoreOptions<E> {
  readonly clock: Clock;
  readonly maxOctets: number;
  readonly eviction?: EvictionKind;
  /** In place of `eviction`: makes the policy. */
  readonly makePolicy?: (onRemove: RemovalListener<E>) => EvictionPolicy<E>;
  /** How long past its expiry an entry is kept, in ms. */
  readonly staleMaxMs?: number;
  /** Told of each entry that leaves or is replaced. */
  readonly onRemove?: (entry: E) => void;
}

/** Whether and how an entry can be used at one moment. */
export type Freshness = 'live' | 'stale' | 'over';

export class TimedStore<E extends TimedEntry> {
  readonly counters = new LayerCounters();
  readonly clock: Clock;
  /** May be changed while entries are held. */
  staleMaxMs: number;
  private readonly policy: EvictionPolicy<E>;
  private readonly memory = new MissMemory();
  private readonly onEntryRemoved: ((entry: E) => void) | undefined;
  /** Why the deletion under way happens; deletions are synchronous. */
  private cause: RemovalCause = 'flushed';

  constructor(options: StoreOptions<E>) {
    this.clock = options.clock;
    this.staleMaxMs = options.staleMaxMs ?? 0;
    this.onEntryRemoved = options.onRemove;
    const listener: RemovalListener<E> = (key, entry, reason) => this.removed(key, entry, reason);
    this.policy =
      options.makePolicy?.(listener) ?? createPolicy(options.eviction ?? 'lru', options.maxOctets, listener);
  }

  get size(): number {
    return this.policy.size;
  }

  get octets(): number {
    return this.policy.octets;
  }

  freshness(entry: E, nowMs: number): Freshness {
    if (nowMs < entry.expiresAtMs) return 'live';
    if (!entry.mayServeStale || nowMs >= entry.leaseUntilMs) return 'over';
    return nowMs < entry.expiresAtMs + this.staleMaxMs ? 'stale' : 'over';
  }

  /** The entry, live or stale, counted as a use. One that is over is removed. Counts no hit and no miss. */
  use(key: string, nowMs: number): E | undefined {
    const entry = this.policy.get(key);
    if (entry === undefined || this.freshness(entry, nowMs) !== 'over') return entry;
    this.remove(key, 'expired');
    return undefined;
  }

  /** The live entry, without counting anything. */
  peekLive(key: string, nowMs: number): E | undefined {
    const entry = this.policy.peek(key);
    return entry !== undefined && nowMs < entry.expiresAtMs ? entry : undefined;
  }

  /** Whatever is held, without counting anything. */
  peek(key: string): E | undefined {
    return this.policy.peek(key);
  }

  /** Why `key` is not here; counts nothing. */
  missReason(key: string): MissReason {
    return this.memory.reasonFor(key);
  }

  /**
   * Stores an entry; one of the same key is replaced.
   *
   * @param key         kept, so it must be a string of its own (see ownOctets)
   * @param entryOctets heap octets of the entry, without the key and the policy's share
   * @returns false, counted as refused, when there was no room
   */
  set(key: string, entry: E, entryOctets: number): boolean {
    const size = entryOctets + octetsOfString(key.length) + this.policy.overheadOctets;
    const stored = this.policy.set(key, entry, size, entry.expiresAtMs);
    if (stored) this.counters.inserts++;
    else this.counters.refused++;
    return stored;
  }

  remove(key: string, cause: RemovalCause): boolean {
    this.cause = cause;
    return this.policy.delete(key);
  }

  /** Removes every entry that `matches`, as flushed. Looks at all entries. */
  purge(matches: (entry: E, key: string) => boolean): number {
    const keys: string[] = [];
    for (const [key, entry] of this.policy.entries()) if (matches(entry, key)) keys.push(key);
    for (const key of keys) this.remove(key, 'flushed');
    return keys.length;
  }

  /**
   * Removes entries that are over, independent of lookups, so that what nobody asks for goes too.
   *
   * @param maxEntries how many entries to look at; the next call goes on from there
   * @returns how many were removed
   */
  sweep(maxEntries: number): number {
    const nowMs = this.clock.wallMs();
    let removed = 0;
    this.policy.scan(maxEntries, (key, entry) => {
      if (this.freshness(entry, nowMs) !== 'over') return;
      this.remove(key, 'expired');
      removed++;
    });
    return removed;
  }

  clear(): void {
    this.cause = 'flushed';
    this.policy.clear();
  }

  entries(): IterableIterator<[string, E]> {
    return this.policy.entries();
  }

  stats(): CacheLayerStats {
    return this.counters.snapshot(this.policy.size, this.policy.octets, this.policy.maxOctets);
  }

  private removed(key: string, entry: E, reason: RemovalReason): void {
    this.onEntryRemoved?.(entry);
    if (reason === 'replaced') return;
    const cause = reason === 'evicted' ? 'evicted' : this.cause;
    this.memory.remember(key, cause);
    if (cause === 'evicted') this.counters.evictions++;
    else if (cause === 'expired') this.counters.expirations++;
    else this.counters.purged++;
  }
}

/** Seconds left, rounded up, so that a live entry never shows 0 and a fresh one shows its full TTL. */
export function secondsLeft(expiresAtMs: number, nowMs: number, ttlSec: number): number {
  return Math.min(ttlSec, Math.ceil((expiresAtMs - nowMs) / 1000));
}
