/**
 * Ends a worker in good order before its heap is full.
 *
 * Node ends a thread whose heap is full on the spot, which takes the whole process along while the thread watches sockets
 * (transport/native/readiness.ts). So a worker looks at its heap every second, and throws when little is left: main starts it
 * again, and its caches begin anew. The limit has room for the caches, so only a leak comes so far. All limits together fit
 * into the memory that there is, so that it comes so far before the system ends the whole process for want of memory.
 * Limitations: where there is too little for what workers need, each has that all the same.
 */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Config } from '../../config/fields.js';
import type { Clock } from '../../runtime/clock.js';

const LOOK_EVERY_MS = 1000;
const FULL = 0.92;
const MIB = 1024 * 1024;
/**
 * Least heap of a worker beside its caches, of which delegations, denial spans and the order of entries are on the heap: less
 * than all that they are counted as.
 */
const LEAST_MIB = 128;
/** What a thread has outside its old generation: the young one, code, buffers, stacks. */
const THREAD_MIB = 64;

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

export interface Memory {
  /** Of the machine, or less where a cgroup has less. */
  readonly availableMib: number;
  /** The heap limit that Node gives to a thread by itself. */
  readonly usualHeapMib: number;
}

function memoryHere(): Memory {
  const total = totalmem();
  // 0 where nobody knows, and more than there is where nothing is set.
  const allowed = process.constrainedMemory();
  return {
    availableMib: (allowed > 0 ? Math.min(allowed, total) : total) / MIB,
    usualHeapMib: getHeapStatistics().heap_size_limit / MIB,
  };
}

/**
 * The heap limit of each of so many workers: what Node would give, less when all together have not as much, more when
 * caches need it.
 */
export function heapLimitMib({ cache }: Config, workers: number, memory: Memory = memoryHere()): number {
  const { stub, resolver, negative } = cache;
  const cachesMib = (resolver.sizeOctets + negative.sizeOctets) / MIB;
  const threads = workers + 1; // main has a heap too
  const shareMib = (memory.availableMib - cachesMib - stub.sizeOctets / MIB) / threads - THREAD_MIB;
  const leastMib = LEAST_MIB + cachesMib / workers;
  return Math.ceil(Math.max(leastMib, Math.min(memory.usualHeapMib, shareMib)));
}
