/**
 * A delegation as walks use it: the servers of a zone, and what the parent says of its keys.
 *
 * delegation-cache.ts holds them, packed by delegation-packing.ts.
 */
import type { Name } from '../dns/name.js';
import type { RRset, Security } from '../dns/rrset.js';

/** One name server of a delegation and the addresses that came as glue; none when it has to be looked up. */
export interface DelegationServer {
  readonly name: Name;
  /** Literal IPv4 and IPv6 addresses. */
  readonly addresses: readonly string[];
  /** Addresses out of the parent's bailiwick: for this delegation only, when nothing else helps. */
  readonly spare?: readonly string[];
}

export interface Delegation {
  readonly zone: Name;
  readonly servers: readonly DelegationServer[];
  /** The DS RRset of the parent; `none` when it is denied, `unknown` when the parent has not been asked. */
  readonly ds: RRset | 'none' | 'unknown';
  /** NSEC or NSEC3 RRsets that deny the DS. */
  readonly dsProof: readonly RRset[];
  /** Wall ms up to which the parent vouches for it; Infinity only for what is configured. */
  readonly leaseUntilMs: number;
  /** Status of `ds`, or of its denial. */
  readonly security: Security;
}
