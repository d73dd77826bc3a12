/**
 * What main and a worker say to each other: calls that main makes, and what the worker reports.
 *
 * All of it is plain data, copied by the structured clone. Names are strings and networks octets, so a configuration
 * goes over as it is; what it cannot keep is identity (nothing compares by it) and being frozen.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Flush, FlushCounts } from '../../cache/flush.js';
import type { Config } from '../../config/fields.js';
import type { Name } from '../../dns/name.js';
import type { Outcome } from '../../dns/outcome.js';
import type { Question } from '../../dns/rrset.js';
import type { CacheEntry, StatsSnapshot, TraceOptions } from '../../observe/control.js';
import type { QueryRecord } from '../../runtime/recorder.js';
import type { TracedEvent } from '../../runtime/trace.js';
import { ListenError } from '../../transport/listener.js';
import type { LoadableEntry } from '../entries/load-entries.js';
import type { LoadCounts } from '../entries/load-into-caches.js';
import type { MockRoot } from '../mock-internet.js';
import { PolicyFileError } from '../policy/load.js';
import type { HeldPolicy } from '../policy/parts.js';
import type { BoundListener } from '../running-server.js';

/** What a worker is born with. */
export interface WorkerSetup {
  readonly index: number;
  readonly count: number;
  /** With this worker's part of the memory; see `portionOf`. */
  readonly config: Config;
  readonly version: string;
  readonly native: boolean | undefined;
  readonly logQueries: boolean;
  readonly stubMemory: SharedArrayBuffer | undefined;
  readonly rateMemory: SharedArrayBuffer;
  readonly ownerSeed: number;
  readonly cookieSecret: Uint8Array;
  /** One word: how many purges main has told. */
  readonly purges: SharedArrayBuffer;
  /** Where the worker lists its watches, so that it can be ended though it is stuck. */
  readonly watches: SharedArrayBuffer;
  readonly mock: { readonly root: MockRoot; readonly apexes: readonly Name[] } | undefined;
  readonly policy: HeldPolicy;
  /** It takes the place of one that crashed. */
  readonly replaces: boolean;
}

interface Call<Arguments, Result> {
  readonly args: Arguments;
  readonly result: Result;
}

/** Every call with what it takes and gives. */
export interface Calls {
  /** Opens the sockets; fails with a `ListenError`. */
  readonly listen: Call<{ readonly listen: Config['listen'] }, readonly BoundListener[]>;
  /** A line to another worker, in the place of one to its predecessor. */
  readonly peer: Call<{ readonly peer: number; readonly port: MessagePort }, undefined>;
  readonly reload: Call<{ readonly config: Config; readonly policy: HeldPolicy }, undefined>;
  /** Other rules, of the same configuration. */
  readonly policy: Call<{ readonly policy: HeldPolicy }, undefined>;
  /** Forgets. `count` is what the word of purges says from then on. Gives how many entries went. */
  readonly flush: Call<
    {
      readonly flushes: readonly Flush[];
      readonly count: number;
      /** Of the mock internet, when it changed. */
      readonly apexes?: readonly Name[];
    },
    FlushCounts
  >;
  readonly stats: Call<undefined, StatsSnapshot>;
  readonly show: Call<
    { readonly name: Name; readonly type: number | undefined; readonly stub: boolean },
    readonly CacheEntry[]
  >;
  /** The next entries of a dump that `dump` names; the first call begins it. An empty list is its end. */
  readonly dump: Call<{ readonly dump: number; readonly stub: boolean }, readonly CacheEntry[]>;
  /** Entries of a dump. */
  readonly load: Call<{ readonly entries: readonly LoadableEntry[] }, LoadCounts>;
  readonly endDump: Call<{ readonly dump: number }, undefined>;
  /** Reports events on the way. */
  readonly trace: Call<{ readonly question: Question; readonly options: TraceOptions }, Outcome>;
  /** Takes no more queries, and ends when its own are answered. Those handed over are answered still. */
  readonly drain: Call<{ readonly graceMs: number }, undefined>;
  /** Saves and frees everything. */
  readonly finish: Call<undefined, undefined>;
  /** Ends the thread as it is; there is no answer. */
  readonly end: Call<undefined, undefined>;
}

export type CallName = keyof Calls;

/** A call as it travels. */
export type CallMessage = {
  readonly [K in CallName]: { readonly id: number; readonly call: K; readonly args: Calls[K]['args'] };
}[CallName];

export type LogLevel = 'error' | 'warn' | 'info';

export type Report =
  | { readonly is: 'result'; readonly id: number; readonly value: Calls[CallName]['result'] }
  | { readonly is: 'failed'; readonly id: number; readonly failure: Failure }
  /** It cannot begin; it ends after this. */
  | { readonly is: 'stillborn'; readonly failure: Failure }
  | { readonly is: 'event'; readonly id: number; readonly event: TracedEvent }
  | { readonly is: 'log'; readonly level: LogLevel; readonly fields: object; readonly message: string }
  | { readonly is: 'queries'; readonly queries: readonly QueryRecord[] };

/** An error on its way: what a `ListenError` is made of, or what any other says. */
export type Failure =
  | {
      readonly kind: 'listen';
      readonly code: string;
      readonly transport: 'udp' | 'tcp';
      readonly address: string;
      readonly port: number;
    }
  | { readonly kind: 'other'; readonly code: string | undefined; readonly message: string };

/** An error that a worker reported. `code` is that of the original, if it had one. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ListenError) {
    const { code, transport, address, port } = error;
    return { kind: 'listen', code, transport, address, port };
  }
  const code = (error as { code?: unknown } | undefined)?.code;
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'other', code: typeof code === 'string' ? code : undefined, message };
}

export function errorOf(failure: Failure): Error {
  if (failure.kind === 'other') {
    const { code, message } = failure;
    return code === 'POLICY_FILE'
      ? new PolicyFileError(message)
      : new WorkerError(code ?? 'WORKER_FAILED', message);
  }
  return new ListenError(failure.code, failure.transport, failure.address, failure.port);
}

/** Sizes in a configuration are of all workers together; this is what one of them gets. */
export function portionOf(config: Config, workers: number): Config {
  const { cache } = config;
  const part = <T extends { readonly sizeOctets: number }>(layer: T): T => ({
    ...layer,
    sizeOctets: Math.floor(layer.sizeOctets / workers),
  });
  return {
    ...config,
    cache: {
      ...cache,
      stub: part(cache.stub),
      resolver: part(cache.resolver),
      negative: part(cache.negative),
    },
  };
}
