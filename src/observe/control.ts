/**
 * What a running server lets its operator see and do: the contract below HTTP and the command line.
 *
 * The composition root implements it over workers and caches; HTTP (http/) and the CLI know only this file.
 * Everything that comes out is plain data, ready for JSON. Names go in as `Name` and come out as text.
 * Nothing here rejects for what clients or the network do.
 */
import type { Flush, FlushCounts } from '../cache/flush.js';
import type { CacheLayerStats } from '../cache/stats.js';
import type { Name } from '../dns/name.js';
import type { Outcome } from '../dns/outcome.js';
import type { Question } from '../dns/rrset.js';
import type { SharedLinksStats } from '../resolver/shared-links.js';
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
  /** Exchanges that ended without a response, by reason; timeouts too. */
  readonly faults?: Readonly<Record<string, number>>;
  /** Packets with the right ID that answered another question: a guess of a forger's, or a broken server. */
  readonly mismatched?: number;
}

/** Refreshes of popular answers before they expire; `started` is the sum of the other two and those under way. */
export interface PrefetchStats {
  readonly started: number;
  readonly refreshed: number;
  readonly failed: number;
}

/**
 * `new`: not heard of yet. `ok`. `slow`: its last query timed out. `backoff`: not asked for now.
 * `lame`: responds, but not for some zone it was delegated.
 */
export type ServerCondition = 'new' | 'ok' | 'slow' | 'backoff' | 'lame';

export const serverConditions: readonly ServerCondition[] = ['ok', 'new', 'slow', 'backoff', 'lame'];

/** What is known of one server that was asked. */
export interface UpstreamServer {
  readonly address: string;
  /** A name of it, where a delegation in the cache gives one. */
  readonly name: string | undefined;
  readonly state: ServerCondition;
  /** Smoothed round-trip time (RFC 6298); undefined before the first response. */
  readonly rttMs: number | undefined;
  /** How much it varies. */
  readonly rttVarMs: number | undefined;
  readonly timeoutsInRow: number;
  /** Seconds until it is asked again; 0 unless `backoff`. */
  readonly backoffSec: number;
  readonly edns: 'unknown' | 'yes' | 'no';
  /** When it last responded, in ms since 1970; undefined: never. */
  readonly lastSeenMs: number | undefined;
  /** Zones it does not answer for though it should. */
  readonly lameZones: readonly string[];
}

export interface UpstreamServers {
  /** All known, by condition. */
  readonly counts: Readonly<Record<ServerCondition, number>>;
  /** Those used last, at most a few dozen. */
  readonly recent: readonly UpstreamServer[];
}

/** The file that keeps the caches over a restart. */
export interface PersistenceStats {
  readonly path: string;
  /** What the start took from it. */
  readonly restored: { readonly answers: number; readonly entries: number; readonly dropped: number };
  /** Why the file that was there could not be used. */
  readonly refused: string | undefined;
  /** The last attempt to write; undefined before the first. `atMs` is in ms since 1970. */
  readonly lastSnapshot:
    | {
        readonly result: 'ok' | 'failed';
        readonly atMs: number;
        readonly tookMs: number;
        readonly sizeOctets: number;
        readonly error?: string;
      }
    | undefined;
}

/** What became of a new configuration. `needRestart` are keys whose new values wait; `problems` are for people. */
export type ReloadResult =
  | { readonly ok: true; readonly needRestart: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface StatsSnapshot {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly uptimeSec: number;
  readonly workers: number;
  readonly counters: CountersState;
  readonly caches: readonly CacheStats[];
  readonly upstream?: UpstreamStats;
  readonly servers?: UpstreamServers;
  readonly prefetch?: PrefetchStats;
  readonly persistence?: PersistenceStats;
  /** The store shared with other resolvers. */
  readonly shared?: SharedLinksStats;
  /** Client queries under way. */
  readonly inFlight?: number;
}

/** One entry of one cache, as people read it. */
export interface CacheEntry {
  readonly layer: CacheLayer | 'infra';
  readonly name: string;
  /** `A`, `TYPE65280`; undefined when the entry speaks of all types. */
  readonly type: string | undefined;
  /** Left out for IN. */
  readonly class?: string;
  /** What it holds: `rrset`, `answer`, `nodata`, `nxdomain`, `failure`, ... */
  readonly holds: string;
  /** Seconds left; negative for data kept only to be served stale. Left out for what time does not end. */
  readonly ttlSec?: number;
  /** When it is over, when it was stored, and up to when its delegation is vouched for: ISO 8601, UTC. */
  readonly expires?: string | undefined;
  readonly stored?: string | undefined;
  readonly lease?: string | undefined;
  /** The TTL as received. */
  readonly originalTtlSec?: number;
  /** Presentation lines, with what is left of the TTL. */
  readonly records: readonly string[];
  /** NSEC and NSEC3 RRsets with their signatures, as received. */
  readonly proof?: readonly string[];
  /** Trust (RFC 2181 5.4.1), security, origin, why it would leave, and whatever else the layer knows. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

export interface TraceOptions {
  /** Walk though caches could answer. */
  readonly fresh?: boolean;
  /** Literal address of the client whose view and rules are to hold; left out: those of everybody. */
  readonly client?: string | undefined;
}

/** What became of lines of a dump. */
export interface CacheLoad {
  readonly loaded: number;
  /** Over, known already, or without room. */
  readonly skipped: number;
  /** Whole answers, failures and bogus data, which are not loaded. */
  readonly leftOut: number;
  /** Lines that cannot be right, counted from 1. */
  readonly bad: readonly { readonly line: number; readonly reason: string }[];
}

export interface ServerControl {
  health(): Promise<Health>;
  stats(): Promise<StatsSnapshot>;
  /** What each layer holds under exactly this name; with `type` only of that, and what speaks of all types. */
  showCache(name: Name, type?: number): Promise<readonly CacheEntry[]>;
  /** Forgets, in every thread. @returns how many entries went, by layer */
  flushCache(flush: Flush): Promise<FlushCounts>;
  /** Every entry; made as it is read, since caches are large. */
  dumpCache(): AsyncIterable<CacheEntry>;
  /** Puts lines of a dump back, each JSON of a {@link CacheEntry}; none is trusted more than it can prove. */
  loadCache(lines: readonly string[]): Promise<CacheLoad>;
  /** Resolves one question with a sink. */
  trace(question: Question, sink: TraceSink, options?: TraceOptions): Promise<Outcome>;
  /** Walks one question with caches of its own, and gives what replays it: the file of a recording, as text. */
  record(question: Question): Promise<string>;
}
