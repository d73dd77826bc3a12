/**
 * What `/stats` shows: the snapshot with its counters added up and made readable.
 */
import type { CacheStats, StatsSnapshot, UpstreamStats } from '../control.js';
import { type QueryStats, sumCounters } from '../counters.js';

export interface StatsView {
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly uptimeSec: number;
  readonly workers: number;
  readonly inFlight: number | undefined;
  readonly queries: QueryStats;
  readonly caches: readonly CacheStats[];
  readonly upstream: UpstreamStats | undefined;
}

export function statsView(snapshot: StatsSnapshot): StatsView {
  return {
    version: snapshot.version,
    startedAt: new Date(snapshot.startedAtMs).toISOString(),
    uptimeSec: snapshot.uptimeSec,
    workers: snapshot.workers,
    inFlight: snapshot.inFlight,
    queries: sumCounters([snapshot.counters]).stats(),
    caches: snapshot.caches,
    upstream: snapshot.upstream,
  };
}
