/**
 * What resolution found. Anything that a server can make us see is a value here, never an exception.
 *
 * Layer 0, because it travels from the iterator through validation to the server, the library and tests.
 */

import type { EdeCode } from './registry.js';
import type { RRset, Security } from './rrset.js';

/** One Extended DNS Error (RFC 8914): its code and the text for people. */
export interface ExtendedError {
  readonly code: EdeCode;
  readonly text: string;
}

/** Why resolution failed; each maps to SERVFAIL (or REFUSED) with an EDE. A closed list. */
export type FailureReason =
  | 'no-reachable-server'
  | 'lame'
  | 'budget'
  | 'timeout'
  | 'loop'
  | 'alias-too-long'
  | 'name-too-long'
  | 'bad-response'
  | 'no-address'
  | 'bogus'
  | 'cached-failure'
  | 'policy'
  | 'not-cached'
  | 'sentinel'
  | 'unsupported'
  | 'internal';

interface Common {
  /** CNAME and DNAME RRsets that led from QNAME to here, in order; synthesised CNAMEs included. */
  readonly aliases: readonly RRset[];
  /** NSEC/NSEC3/SOA RRsets that prove what is said; sent in the authority section when DO is set. */
  readonly proof: readonly RRset[];
  readonly security: Security;
  /** Things the client should be told though it is no failure (stale, synthesised, insecure because ...). */
  readonly ede?: readonly ExtendedError[];
  /** True when any part is past its TTL and served stale (RFC 8767). */
  readonly stale?: boolean;
}

export interface Answer extends Common {
  readonly kind: 'answer';
  /** RRsets at the end of the alias chain: one, or all of them for QTYPE ANY. */
  readonly rrsets: readonly RRset[];
}

export interface Negative extends Common {
  readonly kind: 'nodata' | 'nxdomain';
  /** The SOA of the zone that denies, its TTL already that of the negative answer (RFC 2308 5). */
  readonly soa: RRset | undefined;
}

export interface Failure {
  readonly kind: 'failure';
  readonly reason: FailureReason;
  readonly ede: readonly ExtendedError[];
  /** For `name-too-long` the aliases up to the DNAME that made it so (RFC 6672 2.2 shows them with YXDOMAIN). */
  readonly aliases?: readonly RRset[];
}

/** The result of one resolution. Switch on `kind` and end with `assertNever`. */
export type Outcome = Answer | Negative | Failure;

/** For the default branch of a switch over a union: reaching it is a bug. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
