import { describe, expect, it } from 'vitest';
import { SHARED_BUCKETS_OCTETS, SharedTokenBuckets } from '../../../src/server/shared-token-buckets.js';
import { type Buckets, TokenBuckets } from '../../../src/server/token-buckets.js';

const NOW_MS = Date.UTC(2026, 0, 6);

/** A second thread's view of the same buckets. */
function shared(perSec: number, memory = new SharedArrayBuffer(SHARED_BUCKETS_OCTETS)): SharedTokenBuckets {
  return new SharedTokenBuckets(memory, 0, 77, perSec);
}

function takeMany(buckets: Buckets, key: string, count: number, nowMs: number): number {
  let allowed = 0;
  for (let i = 0; i < count; i++) if (buckets.take(key, nowMs).allowed) allowed++;
  return allowed;
}

describe('TokenBuckets', () => {
  it('lets a second worth of queries through at once and no more', () => {
    expect(takeMany(new TokenBuckets(10), 'a', 50, 0)).toBe(10);
  });

  it('refills with time, up to one second worth', () => {
    const buckets = new TokenBuckets(10);
    takeMany(buckets, 'a', 50, 0);
    expect(takeMany(buckets, 'a', 50, 300)).toBe(3);
    expect(takeMany(buckets, 'a', 50, 60_000)).toBe(10);
  });

  it('counts clients apart', () => {
    const buckets = new TokenBuckets(1);
    expect(buckets.take('a', 0).allowed).toBe(true);
    expect(buckets.take('a', 0).allowed).toBe(false);
    expect(buckets.take('b', 0).allowed).toBe(true);
  });

  it('counts refusals in a row and starts anew after an allowed query', () => {
    const buckets = new TokenBuckets(1);
    buckets.take('a', 0);
    expect([1, 2, 3].map(() => buckets.take('a', 0).refused)).toEqual([1, 2, 3]);
    expect(buckets.take('a', 1000)).toEqual({ allowed: true, refused: 0 });
    expect(buckets.take('a', 1000).refused).toBe(1);
  });

  it('gives one query to a client whose rate is below one per second', () => {
    const buckets = new TokenBuckets(0.5);
    expect(takeMany(buckets, 'a', 5, 0)).toBe(1);
    expect(takeMany(buckets, 'a', 5, 2000)).toBe(1);
  });

  it('remembers no more clients than its limit, however many come', () => {
    const buckets = new TokenBuckets(10, 100);
    for (let i = 0; i < 10_000; i++) buckets.take(`client ${i}`, i);
    expect(buckets.size).toBeLessThanOrEqual(100);
  });

  it('keeps limiting a client that goes on asking while strangers pass by', () => {
    const buckets = new TokenBuckets(1, 100);
    let allowed = 0;
    for (let i = 0; i < 1000; i++) {
      buckets.take(`stranger ${i}`, 0);
      if (i % 10 === 0 && buckets.take('busy', 0).allowed) allowed++;
    }
    expect(allowed).toBe(1);
  });
});

describe('SharedTokenBuckets', () => {
  it('hold a rate over all threads that take', () => {
    const memory = new SharedArrayBuffer(SHARED_BUCKETS_OCTETS);
    const threads = [shared(10, memory), shared(10, memory)];
    const allowed = () => {
      let count = 0;
      for (let i = 0; i < 50; i++) if (threads[i % 2]!.take('a', NOW_MS).allowed) count++;
      return count;
    };
    expect(allowed()).toBe(10);
    expect(threads.map((thread) => thread.takeIfAllowed('a', NOW_MS))).toEqual([false, false]);
    expect(threads.map((thread) => thread.takeIfAllowed('b', NOW_MS))).toEqual([true, true]);
  });

  it('refill with time, up to one second worth, as those of one thread do', () => {
    for (const perSec of [1, 3, 10, 1000]) {
      const [one, other] = [new TokenBuckets(perSec), shared(perSec)];
      for (const afterMs of [0, 100, 1100, 60_000, 3_600_000]) {
        const counts = [one, other].map((b) => takeMany(b, 'a', 2000, NOW_MS + afterMs));
        expect([perSec, afterMs, Math.abs(counts[0]! - counts[1]!) <= 1]).toEqual([perSec, afterMs, true]);
      }
    }
  });

  it('count refusals in a row, whichever thread refused', () => {
    const memory = new SharedArrayBuffer(SHARED_BUCKETS_OCTETS);
    const threads = [shared(1, memory), shared(1, memory)];
    threads[0]!.take('a', NOW_MS);
    expect([0, 1, 0].map((i) => threads[i]!.take('a', NOW_MS).refused)).toEqual([1, 2, 3]);
    expect(threads[1]!.take('a', NOW_MS + 1000)).toEqual({ allowed: true, refused: 0 });
    expect(threads[0]!.take('a', NOW_MS + 1000).refused).toBe(1);
  });

  it('stay usable when the clock is set back or jumps', () => {
    const buckets = shared(5);
    expect(takeMany(buckets, 'a', 20, NOW_MS)).toBe(5);
    for (const jumpMs of [-3_600_000, 4_294_967, 2_147_484, 86_400_000]) {
      expect([jumpMs, takeMany(buckets, 'a', 20, NOW_MS + jumpMs)]).toEqual([jumpMs, 5]);
    }
  });

  it('go on limiting a client that goes on asking while many strangers pass by', () => {
    const buckets = shared(1);
    let allowed = 0;
    for (let i = 0; i < 20_000; i++) {
      buckets.take(`stranger ${i}`, NOW_MS);
      if (i % 10 === 0 && buckets.take('busy', NOW_MS).allowed) allowed++;
    }
    expect(allowed).toBeLessThan(20);
  });
});
