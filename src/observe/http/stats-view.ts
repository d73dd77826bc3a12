/**
 * What `/stats` shows: the snapshot with its counters added up and made readable.
 *
 * Names that clients asked for, and the servers asked for them, are shown only to who may read names.
 */
import type {
  CacheStats,
  PersistenceStats,
  PrefetchStats,
  StatsSnapshot,
  UpstreamServers,
  UpstreamStats,
} from '../control.js';
import { type QueryStats, sumCounters } from '../counters.js';
import type { TopNamesView } from '../top-names.js';

/** Names of each list. */
const SHOWN_NAMES = 20;

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
  readonly prefetch: PrefetchStats | undefined;
  /** Undefined when nothing is kept over a restart. */
  readonly persistence: PersistenceStats | undefined;
  /** Undefined when nothing is shared with other resolvers. */
  readonly shared: StatsSnapshot['shared'];
  /** Left out for clients that may not read names. */
  readonly names?: TopNamesView;
  readonly servers?: UpstreamServers;
}

export function statsView(snapshot: StatsSnapshot, options: { readonly withNames: boolean }): StatsView {
  const counters = sumCounters([snapshot.counters]);
  return {
    version: snapshot.version,
    startedAt: new Date(snapshot.startedAtMs).toISOString(),
    uptimeSec: snapshot.uptimeSec,
    workers: snapshot.workers,
    inFlight: snapshot.inFlight,
    queries: counters.stats(),
    caches: snapshot.caches,
    upstream: snapshot.upstream,
    prefetch: snapshot.prefetch,
    persistence: snapshot.persistence,
    shared: snapshot.shared,
    ...(options.withNames ? { names: counters.topNames(SHOWN_NAMES), servers: snapshot.servers } : {}),
  };
}
