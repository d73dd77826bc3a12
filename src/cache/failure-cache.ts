/**
 * The failure cache: questions that could not be resolved, so that they are not tried again at once.
 *
 * RFC 9520 3.2: at least 1 second, at most 5 minutes, with exponential backoff: 5 s, doubled with each
 * failure that follows on the last, up to 300 s. A bogus answer is held for 60 s (RFC 4035 4.7). Kept by
 * name, type, class and CD.
 *
 * While no server anywhere answers it can be frozen: new failures then say nothing about the question. When
 * it thaws, failures of the network are forgotten, so that everything is tried again at once.
 */
import { isSubdomain, type Name } from '../dns/name.js';
import type { Failure } from '../dns/outcome.js';
import { RRClass } from '../dns/registry.js';
import type { Clock } from '../runtime/clock.js';
import { octetsOfString, ownOctets } from './footprint.js';
import { failureKey } from './key.js';
import { type CacheMiss, cacheMiss } from './rrset-cache.js';
import type { CacheLayerStats } from './stats.js';
import { secondsLeft, type TimedEntry, TimedStore } from './timed-store.js';

export const FIRST_FAILURE_SEC = 5;
export const MAX_FAILURE_SEC = 300;
export const BOGUS_SEC = 60;

export interface FailureEntry extends TimedEntry {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  readonly cd: boolean;
  readonly failure: Failure;
  readonly storedAtMs: number;
  /** Failures in a row, this one included. */
  readonly count: number;
}

export type FailureHit =
  | { readonly kind: 'hit'; readonly entry: FailureEntry; readonly ttlSec: number }
  | CacheMiss;

export interface FailureCacheOptions {
  readonly clock: Clock;
  readonly maxOctets: number;
}

interface FailureKeyOptions {
  readonly cd?: boolean;
  readonly class?: number;
}

/** Entry, failure and EDE objects, three boxed times, and a text of usual length. */
const ENTRY_OCTETS = 400;

export class FailureCache {
  private readonly store: TimedStore<FailureEntry>;
  private readonly clock: Clock;
  private frozen = false;

  constructor(options: FailureCacheOptions) {
    this.clock = options.clock;
    // An entry is kept past its time to remember how often it failed, so that the next one lasts longer.
    this.store = new TimedStore({ ...options, staleMaxMs: MAX_FAILURE_SEC * 1000 });
  }

  /** Stores a failure of now, for at least `minTtlSec`. Returns for how many seconds; 0 when it was not stored. */
  put(
    name: Name,
    type: number,
    failure: Failure,
    options: FailureKeyOptions & { readonly minTtlSec?: number } = {},
  ): number {
    if (this.frozen) {
      this.store.counters.refused++;
      return 0;
    }
    const { cd = false, class: cls = RRClass.IN } = options;
    const key = failureKey(name, type, cls, cd);
    const nowMs = this.clock.wallMs();
    const old = this.store.use(key, nowMs);
    if (old && nowMs < old.expiresAtMs) return secondsLeft(old.expiresAtMs, nowMs, MAX_FAILURE_SEC);
    const count = (old?.count ?? 0) + 1;
    const backoff = failure.reason === 'bogus' ? BOGUS_SEC : backoffSec(count);
    const ttlSec = Math.max(options.minTtlSec ?? 0, backoff);
    const entry: FailureEntry = {
      name: ownOctets(name),
      type,
      class: cls,
      cd,
      failure,
      storedAtMs: nowMs,
      expiresAtMs: nowMs + ttlSec * 1000,
      leaseUntilMs: Infinity,
      mayServeStale: true,
      count,
    };
    return this.store.set(ownOctets(key), entry, ENTRY_OCTETS + octetsOfString(name.length)) ? ttlSec : 0;
  }

  get(name: Name, type: number, options: FailureKeyOptions = {}): FailureHit {
    const key = failureKey(name, type, options.class ?? RRClass.IN, options.cd ?? false);
    const nowMs = this.clock.wallMs();
    const entry = this.store.use(key, nowMs);
    if (entry && nowMs < entry.expiresAtMs) {
      this.store.counters.hits++;
      return { kind: 'hit', entry, ttlSec: secondsLeft(entry.expiresAtMs, nowMs, MAX_FAILURE_SEC) };
    }
    const reason = entry ? 'expired' : this.store.missReason(key);
    this.store.counters.miss(reason);
    return cacheMiss(reason);
  }

  /** Forgets the failures of a question that was resolved, so that the next one starts at 5 s again. */
  succeeded(name: Name, type: number, options: FailureKeyOptions = {}): void {
    if (this.store.size === 0) return;
    this.store.remove(failureKey(name, type, options.class ?? RRClass.IN, options.cd ?? false), 'flushed');
  }

  /** Stops taking failures while nothing answers; the thaw forgets all but bogus ones. */
  freeze(frozen: boolean): void {
    if (this.frozen && !frozen) this.store.purge((entry) => entry.failure.reason !== 'bogus');
    this.frozen = frozen;
  }

  get isFrozen(): boolean {
    return this.frozen;
  }

  purge(name: Name, options: { subtree?: boolean; type?: number } = {}): number {
    const { subtree = false, type } = options;
    return this.store.purge((entry) => {
      if (type !== undefined && entry.type !== type) return false;
      return subtree ? isSubdomain(entry.name, name) : entry.name === name;
    });
  }

  clear(): void {
    this.store.clear();
  }

  sweep(maxEntries: number): number {
    return this.store.sweep(maxEntries);
  }

  *entries(): IterableIterator<FailureEntry> {
    for (const [, entry] of this.store.entries()) yield entry;
  }

  stats(): CacheLayerStats {
    return this.store.stats();
  }
}

function backoffSec(count: number): number {
  return Math.min(MAX_FAILURE_SEC, FIRST_FAILURE_SEC * 2 ** (count - 1));
}
