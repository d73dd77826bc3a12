/**
 * Takes the denial records out of a response's authority section, verifies them, and makes them askable.
 *
 * Only records signed by the zone in question count: the NSEC3 of a child proves nothing for its parent, and
 * a response to an alias may carry the records of another zone too. Of those that count, all must verify.
 *
 * RFC 4035 5.4, RFC 5155 8.2. The number of records is bounded before anything is verified.
 * Limitations: where a zone sends NSEC and NSEC3 together, only the NSEC are asked.
 */
import { formatName } from '../dns/name.js';
import { Ede, RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { DenialProofs } from './denial-proof.js';
import { NsecProofs } from './nsec.js';
import { type Nsec3Hasher, Nsec3Proofs } from './nsec3.js';
import { claimedSigner, type Nsec, type Nsec3, parseNsec, parseNsec3 } from './records.js';
import { type BogusRRset, describe, type VerifyContext, verifyRRset, type ZoneKeys } from './verify.js';

/** An honest denial needs 4; a zone that sends more than this wants our time. */
export const MAX_DENIAL_RRSETS = 16;

export interface VerifiedDenial {
  readonly kind: 'verified';
  readonly proofs: DenialProofs;
  /** Longest time to keep what the records prove, in seconds. */
  readonly ttlSec: number;
  /** The RRsets that were verified. */
  readonly rrsets: readonly RRset[];
}

export function isDenialType(type: number): boolean {
  return type === RRType.NSEC || type === RRType.NSEC3;
}

/** Verifies the NSEC and NSEC3 of the zone that `zoneKeys` belong to. */
export function verifyDenial(
  authority: readonly RRset[],
  zoneKeys: ZoneKeys,
  hasher: Nsec3Hasher,
  ctx: VerifyContext,
): VerifiedDenial | BogusRRset {
  const { zone } = zoneKeys;
  const own = authority.filter((r) => isDenialType(r.type) && claimedSigner(r.name, r.signatures) === zone);
  if (own.length === 0) return missing(`no NSEC or NSEC3 signed by ${formatName(zone)} came with the answer`);
  if (own.length > MAX_DENIAL_RRSETS) {
    return missing(
      `${own.length} NSEC and NSEC3 RRsets came with the answer, more than ${MAX_DENIAL_RRSETS}`,
    );
  }
  const nsecs: Nsec[] = [];
  const nsec3s: Nsec3[] = [];
  let ttlSec = Number.POSITIVE_INFINITY;
  for (const rrset of own) {
    const result = verifyRRset(rrset, zoneKeys, ctx);
    if (result.kind === 'bogus') return result;
    if (result.closestEncloser) {
      return missing(`${describe(rrset)} was made from a wildcard, which denial records never are`);
    }
    ttlSec = Math.min(ttlSec, result.ttlSec);
    collect(rrset, nsecs, nsec3s);
  }
  const proofs =
    nsecs.length > 0 ? new NsecProofs(zone, nsecs) : new Nsec3Proofs(zone, nsec3s, hasher, ctx.budget);
  return { kind: 'verified', proofs, ttlSec, rrsets: own };
}

/** More than one record per owner makes no sense; malformed ones are as good as absent. */
function collect(rrset: RRset, nsecs: Nsec[], nsec3s: Nsec3[]): void {
  for (const rdata of rrset.rdatas.slice(0, 2)) {
    const nsec = rrset.type === RRType.NSEC ? parseNsec(rrset.name, rdata) : undefined;
    const nsec3 = rrset.type === RRType.NSEC3 ? parseNsec3(rrset.name, rdata) : undefined;
    if (nsec) nsecs.push(nsec);
    if (nsec3) nsec3s.push(nsec3);
  }
}

function missing(reason: string): BogusRRset {
  return { kind: 'bogus', ede: Ede.NSEC_MISSING, reason };
}
