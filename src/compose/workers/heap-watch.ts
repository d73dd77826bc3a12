/**
 * Ends a worker in good order before its heap is full.
 *
 * Node ends a thread whose heap is full on the spot, which takes the whole process along while the thread watches sockets
 * (transport/readiness.ts). So a worker looks at its heap every second, and throws when little is left: main starts it
 * again, and its caches begin anew. The limit has room for the caches, so only a leak comes so far.
 */
import { getHeapStatistics } from 'node:v8';
import type { Config } from '../../config/fields.js';
import type { Clock } from '../../runtime/clock.js';

const LOOK_EVERY_MS = 1000;
const FULL = 0.92;
const MIB = 1024 * 1024;
/** What entries take over what they are counted as, and what everything else needs. */
const CACHE_FACTOR = 3;
const OTHER_MIB = 512;

export interface HeapUse {
  readonly used_heap_size: number;
  readonly heap_size_limit: number;
}

/**
 * Begins to look; does so until the thread ends.
 * @throws later, from a timer
 */
export function watchHeap(clock: Clock, heapUse: () => HeapUse = getHeapStatistics): void {
  clock.after(LOOK_EVERY_MS, () => {
    const { used_heap_size: used, heap_size_limit: limit } = heapUse();
    if (used > limit * FULL) {
      throw new Error(`the heap is full: ${Math.round(used / MIB)} of ${Math.round(limit / MIB)} MiB`);
    }
    watchHeap(clock, heapUse);
  });
}

/** The heap limit for a worker with these caches: what Node would give, or more when they need it. */
export function heapLimitMib({ cache }: Config): number {
  const caches = cache.resolver.sizeOctets + cache.negative.sizeOctets;
  const usual = getHeapStatistics().heap_size_limit / MIB;
  return Math.ceil(Math.max(usual, (caches / MIB) * CACHE_FACTOR + OTHER_MIB));
}
