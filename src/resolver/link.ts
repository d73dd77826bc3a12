/**
 * One link of a resolution: what is known about exactly one owner name and type.
 *
 * The walk makes links from responses, the caches remember them, validation judges them one by one, and
 * `resolve-name` strings them together to an outcome. A link never speaks about two owner names.
 */

import type { Name } from '../dns/name.js';
import type { ExtendedError, Failure } from '../dns/outcome.js';
import type { RRset, Security } from '../dns/rrset.js';

interface LinkCommon {
  /** Apex of the zone whose servers said so. */
  readonly zone: Name;
  readonly security: Security;
  /** NSEC and NSEC3 RRsets with signatures that came along: proof of denial, or of a wildcard's right. */
  readonly proof: readonly RRset[];
  readonly ede?: readonly ExtendedError[];
  readonly stale?: boolean;
  /** Wall time up to which the stub cache may repeat this; 0 when only for the query under way. */
  readonly untilMs: number;
}

/** RRsets of the type asked for, at the name asked for (all types for ANY). */
export interface AnswerLink extends LinkCommon {
  readonly kind: 'answer';
  readonly rrsets: readonly RRset[];
}

/** The name is an alias. `rrsets` is the CNAME, or the DNAME followed by the CNAME made from it. */
export interface AliasLink extends LinkCommon {
  readonly kind: 'alias';
  readonly rrsets: readonly RRset[];
  readonly target: Name;
  readonly by: 'CNAME' | 'DNAME';
}

export interface DenialLink extends LinkCommon {
  readonly kind: 'nodata' | 'nxdomain';
  readonly soa: RRset | undefined;
}

export type Link = AnswerLink | AliasLink | DenialLink;

/** A link, or why there is none. */
export type LinkResult = Link | Failure;

/** Where a link came from, in terms of lookup classes. */
export type LinkSource =
  | 'fresh'
  | 'resolver'
  | 'negative'
  | 'synthesised'
  | 'failure'
  | 'stale'
  | 'shared'
  | 'walked';

/** Life from which the end of an answer is watched for popularity. */
const WATCHED_LIFE_MS = 10_000;
/** Part of such a life that the stub cache may serve. */
const STUB_PART = 0.9;

/**
 * How long the stub cache may hold what lives from `startMs` to `endMs`: not to its end, so that in the last
 * tenth the resolver sees who still asks, and can renew what is popular before it is gone.
 */
export function stubUntilMs(startMs: number, endMs: number): number {
  const lifeMs = endMs - startMs;
  return lifeMs < WATCHED_LIFE_MS ? endMs : startMs + Math.floor(lifeMs * STUB_PART);
}

/** The weaker of two statuses: a chain is only as good as its worst link. */
export function worstSecurity(a: Security, b: Security): Security {
  const order: readonly Security[] = ['bogus', 'unchecked', 'indeterminate', 'insecure', 'secure'];
  return order.indexOf(a) <= order.indexOf(b) ? a : b;
}
