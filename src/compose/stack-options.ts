/**
 * What a stack is made of, and what makes it one of several.
 */
import type { Config } from '../config/fields.js';
import type { Name } from '../dns/name.js';
import type { RecursiveResolver } from '../resolver/contract.js';
import type { Clock } from '../runtime/clock.js';
import type { QueryRecord } from '../runtime/recorder.js';
import type { HandOver } from '../server/hand-over.js';
import type { ServerLog } from '../server/log.js';
import type { MockRoot } from './mock-internet.js';
import type { HeldPolicy } from './policy/parts.js';

/** The mock internet as a resolver needs it, wherever its sockets are. */
export interface MockView {
  readonly root: MockRoot;
  /** True for names below a zone of it other than its root. */
  serves(name: Name): boolean;
}

/** What makes a stack one of several that serve side by side on the same addresses. */
export interface ThreadPlace {
  /** From 0. */
  readonly index: number;
  readonly count: number;
  /** Of the stub cache that all share, with a partition for each; undefined: each has its own on the heap. */
  readonly stubMemory: SharedArrayBuffer | undefined;
  /** Of the rates of clients, which hold over all. */
  readonly rateMemory: SharedArrayBuffer;
  readonly mock: MockView | undefined;
  /** Main loads it for all. */
  readonly policy: HeldPolicy;
  /** Key of DNS cookies, where the operator gives none. */
  readonly cookieSecret: Uint8Array;
  readonly handOver: HandOver;
  /** It takes the place of one that crashed: nothing is read from the snapshot, in which may be what was flushed since. */
  readonly replaces: boolean;
  /** Stands before the resolver; sees to it that purges come first. */
  guard(resolver: RecursiveResolver): RecursiveResolver;
}

export interface StackOptions {
  readonly config: Config;
  /** Run on the mock internet of this directory instead of the real one. */
  readonly zonesDir?: string;
  /** Port of the mock internet in place of the manifest's; 0 takes a free one, beside a server that runs. */
  readonly mockPort?: number;
  readonly log: ServerLog;
  readonly version: string;
  readonly clock?: Clock;
  readonly logQuery?: (query: QueryRecord) => void;
  /** False: sockets of node:dgram and checks by node:crypto, though C libraries could be called directly. */
  readonly native?: boolean;
  /** Undefined: the only one. */
  readonly place?: ThreadPlace;
}
