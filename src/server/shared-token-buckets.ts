/**
 * Token buckets by client in shared memory, for a rate that holds over all threads: the kernel gives the sockets of one
 * client to several.
 *
 * A bucket is one word: the time, in microseconds, at which it will be full again (GCRA). Taking a token moves it on by one
 * compare-and-exchange, so nothing waits. Times are wall times, which all threads have in common; one further ahead than a
 * full second's worth comes from a clock that was set back, or from long ago, and counts as a full bucket.
 * Limitations: two clients whose keyed hashes are equal share a bucket; when the four places for a client are all in use,
 * the first is given to it, and who had it begins with a full bucket again, as with TokenBuckets.
 */
import type { Buckets, Taken } from './token-buckets.js';

/** Words of a slot: hash of the client, time when full, refusals in a row. */
const SLOT_WORDS = 3;
const FULL_AT = 1;
const REFUSED = 2;
/** A power of two. */
const SLOTS = 16_384;
const PROBES = 4;

export const SHARED_BUCKETS_OCTETS = SLOTS * SLOT_WORDS * 4;

const ALLOWED: Taken = { allowed: true, refused: 0 };

export class SharedTokenBuckets implements Buckets {
  private readonly words: Int32Array;
  private readonly intervalUs: number;
  private readonly windowUs: number;

  /**
   * @param memory of SHARED_BUCKETS_OCTETS from `offset` on, zero at first
   * @param seed   the same for all threads, unknown to clients
   * @param perSec tokens that come back per second, at least 1; a bucket holds as many
   */
  constructor(
    memory: SharedArrayBuffer,
    offset: number,
    private readonly seed: number,
    perSec: number,
  ) {
    this.words = new Int32Array(memory, offset, SLOTS * SLOT_WORDS);
    this.intervalUs = Math.max(1, Math.floor(1e6 / perSec));
    this.windowUs = this.intervalUs * perSec;
  }

  /** @param wallMs since 1970 */
  take(key: string, wallMs: number): Taken {
    const slot = this.slotOf(key, wallMs);
    if (this.spend(slot, wallMs)) return ALLOWED;
    return { allowed: false, refused: Atomics.add(this.words, slot + REFUSED, 1) + 1 };
  }

  takeIfAllowed(key: string, wallMs: number): boolean {
    return this.spend(this.slotOf(key, wallMs), wallMs);
  }

  private spend(slot: number, wallMs: number): boolean {
    const { words, intervalUs, windowUs } = this;
    const nowUs = toUs(wallMs);
    for (;;) {
      const fullAt = Atomics.load(words, slot + FULL_AT);
      const aheadUs = this.ahead(fullAt, nowUs) + intervalUs;
      if (aheadUs > windowUs) return false;
      if (Atomics.compareExchange(words, slot + FULL_AT, fullAt, (nowUs + aheadUs) | 0) === fullAt) break;
    }
    Atomics.store(words, slot + REFUSED, 0);
    return true;
  }

  /** Microseconds until a bucket is full; 0 when it is, or when its time is none that could have been set. */
  private ahead(fullAt: number, nowUs: number): number {
    const ahead = (fullAt - nowUs) | 0;
    return ahead < 0 || ahead > this.windowUs ? 0 : ahead;
  }

  private slotOf(key: string, wallMs: number): number {
    const { words } = this;
    const hash = this.hash(key);
    const nowUs = toUs(wallMs);
    let free = -1;
    for (let i = 0; i < PROBES; i++) {
      const slot = ((hash + i) & (SLOTS - 1)) * SLOT_WORDS;
      const held = Atomics.load(words, slot);
      if (held === hash) return slot;
      if (free < 0 && (held === 0 || this.ahead(Atomics.load(words, slot + FULL_AT), nowUs) === 0))
        free = slot;
    }
    const slot = free < 0 ? (hash & (SLOTS - 1)) * SLOT_WORDS : free;
    Atomics.store(words, slot, hash);
    Atomics.store(words, slot + FULL_AT, nowUs);
    Atomics.store(words, slot + REFUSED, 0);
    return slot;
  }

  /** FNV-1a, mixed; never 0, which is an empty slot. */
  private hash(key: string): number {
    let h = this.seed ^ 0x811c9dc5;
    for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    h ^= h >>> 13;
    return h === 0 ? 1 : h | 0;
  }
}

/** Wraps around every 71 minutes; differences are right within half of that. */
function toUs(wallMs: number): number {
  return (wallMs * 1000) | 0;
}
