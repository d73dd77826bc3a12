/**
 * What the resolver offers to the server, the library and the CLI: one question in, one resolution out.
 *
 * On the query's way this is the step after the stub cache. Everything above codes against this file only.
 */
import type { Name } from '../dns/name.js';
import type { Outcome } from '../dns/outcome.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { Budget } from '../runtime/budget.js';
import type { MissReason, TraceSink } from '../runtime/trace.js';
import type { KnownServers } from './server-facts.js';

/** Where the answer came from. Every client query counts into exactly one, so that they sum to the queries. */
export type LookupClass =
  | 'stub'
  | 'resolver'
  | 'negative'
  | 'synthesised'
  | 'failure'
  | 'stale'
  | 'joined'
  | 'shared'
  | 'walked'
  | 'refused'
  | 'local';

/** All lookup classes, in the order in which they are shown. */
export const lookupClasses: readonly LookupClass[] = [
  'stub',
  'resolver',
  'negative',
  'synthesised',
  'failure',
  'stale',
  'joined',
  'shared',
  'walked',
  'refused',
  'local',
];

export interface ResolveOptions {
  /** Checking disabled (RFC 4035 3.2.2): data is returned though its validation fails. */
  readonly cd?: boolean;
  /** Takes the events of this resolution. A traced query is never joined to an equal one in flight. */
  readonly trace?: TraceSink;
  /** Answer from caches or not at all: for clients that do not desire recursion (RFC 1034 4.3.1). */
  readonly cacheOnly?: boolean;
  /** Walk though caches could answer; what is learnt is stored as always. For `trace --fresh` and refresh. */
  readonly bypassCache?: boolean;
}

export interface Resolution {
  readonly outcome: Outcome;
  readonly lookupClass: LookupClass;
  /** Why no cache answered; only when lookupClass is `walked` or `joined`. */
  readonly missReason?: MissReason;
  readonly budget: Budget | undefined;
  /** Aliases that were followed before it failed; those of other outcomes are in there. */
  readonly failedAliases?: readonly RRset[];
  /**
   * Wall time, in ms, up to which a finished answer may be kept by the stub cache. It is bound by the
   * shortest TTL and by the delegation lease. Undefined: do not keep (failures, stale, CD data).
   */
  readonly keepUntilMs: number | undefined;
}

export interface RecursiveResolver {
  /** Never rejects for what servers or the network do; a rejection is a bug. */
  resolve(question: Question, options?: ResolveOptions): Promise<Resolution>;
  /** The servers that data of a name comes from, as far as caches know. */
  serversOf?(name: Name): KnownServers;
}
