/**
 * What a proof of denial can say, the same for NSEC and NSEC3.
 *
 * RFC 4035 5.4, RFC 5155 8, RFC 6840 4 (what an NSEC from the parent side of a cut must not prove).
 */
import type { Name, Octets } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import { hasType } from './records.js';

export type Proof =
  /** `optOut`: it rests on an opt-out span, so unsigned delegations may hide in it; not secure (RFC 5155 9.2). */
  | { readonly kind: 'proven'; readonly optOut: boolean }
  /** The records cannot be judged at reasonable cost (RFC 9276 3.2): insecure. */
  | { readonly kind: 'too-costly'; readonly reason: string }
  | { readonly kind: 'unproven'; readonly reason: string; readonly outOfBudget?: boolean };

/** What the absence of a DS means for the name (RFC 4035 5.2, RFC 5155 8.9). */
export type DelegationProof =
  | { readonly kind: 'insecure'; readonly optOut: boolean }
  /** No zone cut at the name. `absent`: the name does not exist, so there is nothing below it either. */
  | { readonly kind: 'no-cut'; readonly absent: boolean }
  | Exclude<Proof, { kind: 'proven' }>;

/** Denial records of one zone, verified, ready to be asked. */
export interface DenialProofs {
  nxdomain(qname: Name): Proof;
  nodata(qname: Name, qtype: number): Proof;
  /** That no name closer to QNAME than the wildcard below `closestEncloser` exists (RFC 4035 5.3.4). */
  wildcardAnswer(qname: Name, closestEncloser: Name): Proof;
  /** Whether `name` is an unsigned delegation; `name` is below the apex. */
  delegation(name: Name): DelegationProof;
}

export const proven: Proof = { kind: 'proven', optOut: false };

/** A delegation seen from the parent: such a record says nothing about the child's data (RFC 6840 4.1). */
export function isDelegation(types: Octets): boolean {
  return hasType(types, RRType.NS) && !hasType(types, RRType.SOA);
}

/** True when names below the owner belong to somebody else: a delegation, or a DNAME (RFC 6840 4.1, RFC 5155 8.3). */
export function endsAuthority(types: Octets): boolean {
  return isDelegation(types) || hasType(types, RRType.DNAME);
}

/** Why the types at a name do not show that `qtype` is absent; undefined when they do. `isRoot`: the root has no parent. */
export function typeFault(types: Octets, qtype: number, isRoot: boolean): string | undefined {
  if (hasType(types, qtype)) return 'says that the type exists';
  if (hasType(types, RRType.CNAME)) return 'says that the name is an alias';
  if (qtype === RRType.DS) {
    return hasType(types, RRType.SOA) && !isRoot ? 'comes from the child side of the zone cut' : undefined;
  }
  return isDelegation(types) ? 'comes from the parent side of the zone cut' : undefined;
}
