import { describe, expect, it } from 'vitest';
import { heapLimitMib, watchHeap } from '../../../../src/compose/workers/heap-watch.js';
import { parseConfig } from '../../../../src/config/load.js';
import { VirtualClock } from '../../../../src/runtime/clock.js';

describe('the watch on the heap', () => {
  it('lets a worker be while there is room, and throws when there is none', async () => {
    const clock = new VirtualClock();
    let used = 900;
    watchHeap(clock, () => ({ used_heap_size: used * 2 ** 20, heap_size_limit: 1000 * 2 ** 20 }));
    await clock.advance(10_000);
    used = 930;
    await expect(clock.advance(1000)).rejects.toThrow('the heap is full: 930 of 1000 MiB');
  });
});

describe('the limit of the heap', () => {
  const limitFor = (size: string) =>
    heapLimitMib(parseConfig(`cache: { resolver: { size: ${size} } }`, 'test'));

  it('has room for large caches, and is no less than usual for small ones', () => {
    expect(limitFor('8GiB')).toBeGreaterThan(24 * 1024);
    expect(limitFor('64KiB')).toBeGreaterThan(512);
    expect(limitFor('64KiB')).toBe(limitFor('1MiB'));
  });
});
