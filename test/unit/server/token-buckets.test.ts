import { describe, expect, it } from 'vitest';
import { TokenBuckets } from '../../../src/server/token-buckets.js';

function takeMany(buckets: TokenBuckets, key: string, count: number, nowMs: number): number {
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
