/**
 * Carries flushes out in the caches of one thread.
 */
import {
  addFlushCounts,
  concernsLayer,
  concernsName,
  type Flush,
  type FlushCounts,
  isEverything,
} from '../cache/flush.js';
import { SharedStubCache } from '../cache/shared-stub-cache/shared-stub-cache.js';
import type { StubCache } from '../cache/stub-cache.js';
import type { Name } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import { addressesOf } from '../resolver/asked-zone.js';
import type { EngineCaches } from './engine-caches.js';

type Purgeable = Pick<StubCache, 'purge'>;

/** What a thread purges: of several that share a cache each what it stores itself, since main has purged all. */
export function purgeable(stubCache: StubCache, ofSeveral: boolean): Purgeable {
  if (!ofSeveral || !(stubCache instanceof SharedStubCache)) return stubCache;
  return { purge: (...args) => stubCache.purgeOwn(...args) };
}

/** Several flushes in all caches of a thread, the stub cache too. */
export function flushAll(
  flushes: readonly Flush[],
  stubCache: Purgeable,
  engine: { flush(flush: Flush): FlushCounts },
): FlushCounts {
  let removed: FlushCounts = {};
  for (const flush of flushes) {
    const stub = concernsLayer(flush, 'stub') ? { stub: stubCache.purge(flush.name, flush) } : {};
    removed = addFlushCounts(removed, { ...stub, ...engine.flush(flush) });
  }
  return removed;
}

/** @returns how many entries went, of the layers that were concerned */
export function flushCaches(caches: EngineCaches, flush: Flush): FlushCounts {
  const { name, subtree, type } = flush;
  // Servers are known by address only: which ones are meant stands in what goes next.
  const infra = concernsLayer(flush, 'infra') ? { infra: flushServers(caches, flush) } : {};
  const { rrsets: resolver, negative, failures: failure, delegations: delegation } = caches;
  const options = { subtree, ...(type === undefined ? {} : { type }) };
  const purged = Object.entries({ resolver, negative, failure, delegation } as const)
    .filter(([layer]) => concernsLayer(flush, layer as keyof FlushCounts))
    .map(([layer, cache]) => [layer, cache.purge(name, options)] as const);
  return { ...Object.fromEntries(purged), ...infra };
}

/** Forgets what is known of the servers of the zones concerned. */
function flushServers(caches: EngineCaches, flush: Flush): number {
  if (flush.subtree && isEverything({ ...flush, layers: undefined })) return caches.infra.clear();
  let removed = 0;
  for (const address of serverAddresses(caches, flush)) if (caches.infra.forget(address)) removed++;
  return removed;
}

function serverAddresses({ delegations, rrsets }: EngineCaches, flush: Flush): Set<string> {
  const found = new Set<string>();
  const addKnown = (name: Name) => {
    for (const type of [RRType.A, RRType.AAAA]) {
      const entry = rrsets.peek(name, type);
      for (const address of entry ? addressesOf(entry.rrset) : []) found.add(address);
    }
  };
  for (const { zone, servers } of delegations.entries()) {
    if (!concernsName(flush, zone)) continue;
    for (const { name, addresses } of servers) {
      for (const address of addresses) found.add(address);
      addKnown(name);
    }
  }
  return found;
}
