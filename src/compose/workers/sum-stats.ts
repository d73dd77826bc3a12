/**
 * Statistics of several workers as one: counts add up, and so do sizes, since each holds its own part.
 *
 * What a worker had counted when it ended stays in the sums, so that counts never fall; what it held does not.
 */
import { addStats } from '../../cache/stats.js';
import {
  type CacheStats,
  type PersistenceStats,
  type PrefetchStats,
  type StatsSnapshot,
  serverConditions,
  type UpstreamServer,
  type UpstreamServers,
  type UpstreamStats,
} from '../../observe/control.js';
import { sumCounters } from '../../observe/counters.js';

type Counted = Pick<StatsSnapshot, 'counters' | 'caches' | 'upstream' | 'prefetch'>;
type Gauged = Pick<StatsSnapshot, 'servers' | 'persistence' | 'shared' | 'inFlight'>;

const SHOWN_SERVERS = 40;

/**
 * @param running of the workers that are up
 * @param lost last ones of those that have ended
 */
export function sumStats(running: readonly StatsSnapshot[], lost: readonly Counted[]): Counted & Gauged {
  const all = [...running, ...lost.map(withoutSizes)];
  return {
    counters: sumCounters(all.map(({ counters }) => counters)).state(),
    caches: sumCaches(all.map(({ caches }) => caches)),
    upstream: sumOf(all, ({ upstream }) => upstream, addUpstream),
    prefetch: sumOf(all, ({ prefetch }) => prefetch, addPrefetch),
    servers: sumOf(running, ({ servers }) => servers, addServers),
    persistence: sumOf(running, ({ persistence }) => persistence, addPersistence),
    shared: sumOf(running, ({ shared }) => shared, addNumbers),
    inFlight: running.reduce((sum, { inFlight = 0 }) => sum + inFlight, 0),
  };
}

/** Several that have ended as one, so that a worker that keeps crashing takes no memory. */
export function foldLost(lost: readonly Counted[]): Counted {
  const { counters, caches, upstream, prefetch } = sumStats([], lost);
  return { counters, caches, upstream, prefetch };
}

function sumOf<T, V>(
  all: readonly T[],
  pick: (one: T) => V | undefined,
  add: (a: V, b: V) => V,
): V | undefined {
  let sum: V | undefined;
  for (const one of all) {
    const value = pick(one);
    if (value !== undefined) sum = sum === undefined ? value : add(sum, value);
  }
  return sum;
}

function withoutSizes({ caches, ...rest }: Counted): Counted {
  return { ...rest, caches: caches.map((layer) => ({ ...layer, entries: 0, octets: 0, maxOctets: 0 })) };
}

function sumCaches(all: readonly (readonly CacheStats[])[]): CacheStats[] {
  const sums = new Map<CacheStats['layer'], CacheStats>();
  for (const layer of all.flat()) {
    const sum = sums.get(layer.layer);
    sums.set(layer.layer, sum ? { ...sum, ...addStats(sum, layer) } : layer);
  }
  return [...sums.values()];
}

function addUpstream(a: UpstreamStats, b: UpstreamStats): UpstreamStats {
  return addNumbers(a, b);
}

function addPrefetch(a: PrefetchStats, b: PrefetchStats): PrefetchStats {
  return addNumbers(a, b);
}

/** Each worker knows servers by itself: one that two of them ask counts in each, and is shown as heard of last. */
function addServers(a: UpstreamServers, b: UpstreamServers): UpstreamServers {
  const counts = Object.fromEntries(serverConditions.map((c) => [c, a.counts[c] + b.counts[c]]));
  const recent = new Map<string, UpstreamServer>();
  for (const server of [...a.recent, ...b.recent]) {
    const known = recent.get(server.address);
    if (!known || (known.lastSeenMs ?? 0) < (server.lastSeenMs ?? 0)) recent.set(server.address, server);
  }
  const newestFirst = [...recent.values()].sort((x, y) => (y.lastSeenMs ?? 0) - (x.lastSeenMs ?? 0));
  return { counts: counts as UpstreamServers['counts'], recent: newestFirst.slice(0, SHOWN_SERVERS) };
}

/** The first worker's file stands for all. */
function addPersistence(a: PersistenceStats, b: PersistenceStats): PersistenceStats {
  return {
    path: a.path,
    restored: addNumbers(a.restored, b.restored),
    refused: a.refused ?? b.refused,
    lastSnapshot: addSnapshots(a.lastSnapshot, b.lastSnapshot),
  };
}

type Snapshot = NonNullable<PersistenceStats['lastSnapshot']>;

/** One that failed, else the older, since what came after it is not kept by all; none while one has written none. */
function addSnapshots(a: Snapshot | undefined, b: Snapshot | undefined): Snapshot | undefined {
  if (a?.result === 'failed' || b?.result === 'failed') return a?.result === 'failed' ? a : b;
  if (!a || !b) return undefined;
  const older = b.atMs < a.atMs ? b : a;
  return {
    ...older,
    sizeOctets: a.sizeOctets + b.sizeOctets,
    tookMs: Math.max(a.tookMs, b.tookMs),
  };
}

/** Adds numbers, in objects within too; of anything else the first stands. */
function addNumbers<T extends object>(a: T, b: T): T {
  const sum = new Map<string, unknown>(Object.entries(a));
  for (const [key, value] of Object.entries(b)) {
    const known = sum.get(key);
    if (typeof known === 'number' && typeof value === 'number') sum.set(key, known + value);
    else if (isObject(known) && isObject(value)) sum.set(key, addNumbers(known, value));
    else if (known === undefined) sum.set(key, value);
  }
  return Object.fromEntries(sum) as T;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
