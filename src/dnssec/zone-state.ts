/**
 * How far the chain of trust reaches: the state of a zone, and what a failure is blamed on.
 * RFC 4035 4.3 (the four states), RFC 8914.
 */

import type { Name } from '../dns/name.js';
import type { ExtendedError } from '../dns/outcome.js';
import type { RRset } from '../dns/rrset.js';
import type { Budget } from '../runtime/budget.js';
import type { TraceEvent } from '../runtime/trace.js';
import type { ZoneKeys } from './verify.js';

/** The data at fault, and the zone whose servers said so: another of them might do better. */
export interface Blame {
  readonly zone: Name;
  readonly name: Name;
  readonly type: number;
}

/** State of the zone that a name belongs to. */
export type ZoneState =
  /** `absent`: the name is proven not to exist, so no cut can lie below it. */
  | { readonly kind: 'secure'; readonly keys: ZoneKeys; readonly absent: boolean }
  /** `zone` is the first name on the way down for which nothing is signed any more. */
  | {
      readonly kind: 'insecure';
      readonly zone: Name;
      readonly reason: string;
      readonly ede: readonly ExtendedError[];
    }
  | {
      readonly kind: 'bogus';
      readonly reason: string;
      readonly ede: readonly ExtendedError[];
      readonly blame: Blame;
      readonly transient: boolean;
    }
  | { readonly kind: 'indeterminate'; readonly reason: string };

export type BogusState = Extract<ZoneState, { kind: 'bogus' }>;

/** What the resolver found when asked for DS or DNSKEY, unvalidated. */
export type FetchResult =
  | { readonly kind: 'answer'; readonly rrsets: readonly RRset[] }
  /** `authority`: SOA, NSEC, NSEC3 with signatures. */
  | { readonly kind: 'nodata' | 'nxdomain'; readonly authority: readonly RRset[] }
  | { readonly kind: 'failure'; readonly ede: readonly ExtendedError[] };

/** What one validation carries with it; made by the resolver for each client query. */
export interface ValidationContext {
  readonly budget: Budget;
  readonly emit?: ((event: TraceEvent) => void) | undefined;
  /**
   * Fetches DS or DNSKEY. Must not validate, and must not wait for a validation.
   * @param attempt 0 at first; above 0 the data of earlier attempts did not validate: ask another server
   *                and no cache, or fail when there is none
   * @returns a promise only where there is something to wait for
   */
  fetch(name: Name, type: number, attempt: number): FetchResult | Promise<FetchResult>;
  /** Takes denial records of `zone` that proved secure on the way down to a zone. */
  readonly proven?: ((zone: Name, denial: readonly RRset[], ttlSec: number) => void) | undefined;
}
