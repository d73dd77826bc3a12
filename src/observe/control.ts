/**
 * What a running server lets its operator see and do: the contract below HTTP and the command line.
 *
 * The composition root implements it over workers and caches; HTTP (http/) and the CLI know only this file.
 * Everything that comes out is plain data, ready for JSON. Names go in as `Name` and come out as text.
 * Nothing here rejects for what clients or the network do.
 */
import type { CacheLayerStats } from '../cache/stats.js';
import type { Name } from '../dns/name.js';
import type { Outcome } from '../dns/outcome.js';
import type { Question } from '../dns/rrset.js';
import type { CacheLayer, TraceSink } from '../runtime/trace.js';
import type { CountersState } from './counters.js';

export interface Health {
  /** `starting` until every socket listens; `draining` from SIGTERM on. */
  readonly status: 'ok' | 'starting' | 'draining';
  readonly workers: number;
}

/** One cache, all workers together, or infra state with the same counts. */
export interface CacheStats extends CacheLayerStats {
  readonly layer: CacheLayer | 'infra';
  /** `lru`, `sieve`, ...; undefined where there is one way only. */
  readonly eviction?: string;
}

/** Questions to authoritative and forward servers. */
export interface UpstreamStats {
  readonly queries: number;
  readonly timeouts: number;
  readonly tcp: number;
}

export interface StatsSnapshot {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly uptimeSec: number;
  readonly workers: number;
  readonly counters: CountersState;
  readonly caches: readonly CacheStats[];
  readonly upstream?: UpstreamStats;
  /** Client queries under way. */
  readonly inFlight?: number;
}

/** One entry of one cache, as people read it. */
export interface CacheEntry {
  readonly layer: CacheLayer | 'infra';
  readonly name: string;
  /** `A`, `TYPE65280`; undefined when the entry speaks of all types. */
  readonly type: string | undefined;
  /** What it holds: `rrset`, `answer`, `nodata`, `nxdomain`, `failure`, ... */
  readonly holds: string;
  /** Seconds left; negative for data kept only to be served stale. */
  readonly ttlSec: number;
  /** Presentation lines. */
  readonly records: readonly string[];
  /** Trust (RFC 2181 5.4.1), security, origin and whatever else the layer knows. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

export interface ServerControl {
  health(): Promise<Health>;
  stats(): Promise<StatsSnapshot>;
  /** What each layer holds under exactly this name. */
  showCache(name: Name): Promise<readonly CacheEntry[]>;
  /** Removes a name, or with `subtree` all below it too, from every layer. @returns how many entries went */
  flushCache(name: Name, options: { readonly subtree: boolean }): Promise<number>;
  /** Every entry; made as it is read, since caches are large. */
  dumpCache(): AsyncIterable<CacheEntry>;
  /** Resolves one question with a sink. `fresh` walks though caches could answer. */
  trace(question: Question, sink: TraceSink, options?: { readonly fresh?: boolean }): Promise<Outcome>;
}
