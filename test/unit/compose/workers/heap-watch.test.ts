import { totalmem } from 'node:os';
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
  const configOf = (size: string) => parseConfig(`cache: { resolver: { size: ${size} } }`, 'test');
  const of = (availableMib: number, usualHeapMib: number) => ({ availableMib, usualHeapMib });

  it('is the usual one where there is memory for all', () => {
    expect(heapLimitMib(configOf('128MiB'), 2, of(16_384, 4096))).toBe(4096);
    expect(heapLimitMib(configOf('64KiB'), 2, of(16_384, 2048))).toBe(2048);
  });

  it.each([
    [2, 2048, 1024],
    [4, 4096, 2048],
    [16, 16_384, 4096],
    [64, 65_536, 4096],
  ])(
    'of %i workers fits %i MiB together with caches and main, where Node gives each %i',
    (workers, available, usual) => {
      const limit = heapLimitMib(configOf('128MiB'), workers, of(available, usual));
      const cachesMib = 64 + 128 + 16;
      expect(limit).toBeLessThan(usual);
      expect((workers + 1) * limit + cachesMib).toBeLessThan(available);
      expect(limit).toBeGreaterThan(available / (workers + 1) / 2);
    },
  );

  it('has room for what caches have on it, however little memory there is', () => {
    expect(heapLimitMib(configOf('8GiB'), 2, of(1024, 512))).toBeGreaterThan(4096);
    expect(heapLimitMib(configOf('64KiB'), 8, of(256, 128))).toBeGreaterThanOrEqual(128);
  });

  it('is found here', () => {
    const limit = heapLimitMib(configOf('128MiB'), 1);
    expect(limit).toBeGreaterThan(128);
    expect(limit).toBeLessThanOrEqual(totalmem() / 2 ** 20);
  });
});
