/** Shared stub caches with several threads' worth of partitions in one thread, and answers to fill them with. */
import {
  SharedStubCache,
  type SharedStubCacheOptions,
} from '../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { createStubMemory } from '../../src/cache/shared-stub-cache/stub-memory.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { addressResponse, response, stubKey } from './stub-cache-contract.js';

export const startMs = Date.UTC(2026, 0, 6);
export const TTL_SEC = 300;

export function makeClock(): VirtualClock {
  return new VirtualClock(startMs);
}

/** One thread's cache. */
export function alone(maxOctets = 1 << 20, clock = makeClock()): SharedStubCache {
  return SharedStubCache.alone({ clock, maxOctets, seed: 7 });
}

/** `count` threads, each with a partition, on one memory. */
export function threads(count: number, clock = makeClock(), maxOctets = 1 << 20) {
  const memory = createStubMemory({ maxOctets, partitions: count, threads: count + 1, seed: 7 });
  const attach = (more: Partial<SharedStubCacheOptions>) =>
    new SharedStubCache({ clock, memory, thread: 0, ...more });
  const workers = Array.from({ length: count }, (_, i) => attach({ thread: i, partition: i }));
  return { memory, attach, workers, main: attach({ thread: count }) };
}

/** Stores an address of a name; the answer can be told from that of any other name. */
export function putName(cache: SharedStubCache, name: string, keepMs = TTL_SEC * 1000): boolean {
  return cache.put(stubKey(name), addressResponse(name, TTL_SEC), startMs, startMs + keepMs);
}

/** Whether a name is answered; throws when it is answered wrongly. */
export function hasName(cache: SharedStubCache, name: string): boolean {
  const got = cache.get(stubKey(name), startMs);
  if (got === undefined) return false;
  if (!got.equals(addressResponse(name, TTL_SEC))) throw new Error(`a wrong answer to ${name}`);
  return true;
}

/** An answer of about `octets`. */
export function largeResponse(name: string, octets: number): Buffer {
  const records = Array.from({ length: Math.ceil(octets / 112) }, (_, i) => ({
    owner: 12,
    type: 16,
    ttlSec: TTL_SEC,
    rdata: String.fromCharCode(99) + String.fromCharCode(97 + (i % 26)).repeat(99),
  }));
  return response(name, records);
}
