/**
 * Canonical form: the octets that a signature of an RRset covers.
 *
 * RFC 4034 6 and 3.1.8.1, RFC 6840 5.1 (the name in NSEC is not folded, the signer's in RRSIG is),
 * RFC 4035 5.3.2 (original TTL, wildcards are signed under the name of the wildcard).
 */
import {
  ancestorWithLabels,
  isWildcard,
  labelCount,
  type Name,
  type Octets,
  wildcardOf,
} from '../dns/name.js';
import type { Rdata, RRset } from '../dns/rrset.js';
import { u16Octets, u32Octets } from '../wire/octets.js';
import { canonicalRdata } from '../wire/rdata/walk.js';
import { type Rrsig, SIGNER_OFFSET } from './records.js';

/** What a signature covers, and the wildcard's parent when the owner was made from a wildcard. */
export interface SignedData {
  readonly octets: Octets;
  /** Name right below which the wildcard stands that was expanded (RFC 4035 5.3.4). */
  readonly closestEncloser: Name | undefined;
}

/** Labels of an owner name as RRSIG counts them: without the root and without a leading `*`. */
export function signedLabelCount(owner: Name): number {
  return labelCount(owner) - (isWildcard(owner) ? 1 : 0);
}

/** The octets under `sig`; undefined when its label count cannot belong to this owner and signer. */
export function signedData(rrset: RRset, sig: Rrsig, canonical: CanonicalRdatas): SignedData | undefined {
  const labels = signedLabelCount(rrset.name);
  if (sig.labels > labels || sig.labels < labelCount(sig.signer)) return undefined;
  const closestEncloser = sig.labels < labels ? ancestorWithLabels(rrset.name, sig.labels) : undefined;
  const owner = closestEncloser ? wildcardOf(closestEncloser) : rrset.name;
  if (!owner) return undefined;
  const head = owner + u16Octets(rrset.type) + u16Octets(rrset.class) + u32Octets(sig.originalTtlSec);
  let octets = rrsigHead(sig);
  for (const rdata of canonical.sorted()) octets += head + u16Octets(rdata.length) + rdata;
  return { octets, closestEncloser };
}

/** The RDATA of a signature up to the signature itself, the signer's name folded (RFC 4034 3.1.8.1). */
function rrsigHead(sig: Rrsig): Octets {
  return sig.rdata.slice(0, SIGNER_OFFSET) + sig.signer;
}

/** RDATA of one RRset in canonical form and order, made when first wanted and then shared by its signatures. */
export class CanonicalRdatas {
  private made: readonly Rdata[] | undefined;

  constructor(private readonly rrset: RRset) {}

  sorted(): readonly Rdata[] {
    this.made ??= sortCanonically(this.rrset);
    return this.made;
  }
}

/** RFC 4034 6.3: octet strings sort by their chars, shorter first, which is how strings compare. */
function sortCanonically(rrset: RRset): readonly Rdata[] {
  const [only, ...more] = rrset.rdatas;
  if (more.length === 0) return only === undefined ? [] : [canonicalRdata(rrset.type, only)];
  return [...new Set(rrset.rdatas.map((rdata) => canonicalRdata(rrset.type, rdata)))].sort();
}
