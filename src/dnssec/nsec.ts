/**
 * Denial of existence by NSEC: what a set of verified NSEC records of one zone proves.
 *
 * An NSEC says which types its owner has and that no name lies between the owner and the next name. The
 * closest encloser of a name that does not exist follows from the NSEC that covers it, so a wildcard's
 * absence or presence can be asked for right below it.
 *
 * RFC 4034 4 and 6.1, RFC 4035 5.4, RFC 4592 (wildcards), RFC 6840 4.1-4.4.
 * Limitations: one NSEC per owner is looked at (the first that covers or matches).
 */
import {
  commonAncestor,
  compareNames,
  formatName,
  isStrictSubdomain,
  isSubdomain,
  type Name,
  ROOT,
  wildcardOf,
} from '../dns/name.js';
import { formatType, RRType } from '../dns/registry.js';
import {
  type DelegationProof,
  type DenialProofs,
  endsAuthority,
  type Proof,
  proven,
  typeFault,
} from './denial-proof.js';
import { hasType, type Nsec } from './records.js';

export class NsecProofs implements DenialProofs {
  private readonly records: readonly Nsec[];

  /** @param records verified with keys of `zone`; those that reach out of the zone are not used */
  constructor(
    private readonly zone: Name,
    records: readonly Nsec[],
  ) {
    this.records = records.filter((nsec) => isInZone(nsec, zone));
  }

  nxdomain(qname: Name): Proof {
    const cover = this.covering(qname);
    if (!cover) return unproven(`no NSEC covers ${formatName(qname)}`);
    if (isEmptyNonTerminal(cover, qname)) return unproven(`NSEC shows names below ${formatName(qname)}`);
    const wildcard = wildcardOf(closestEncloser(cover, qname));
    if (!wildcard) return proven; // no name that long exists
    const wildcardCover = this.covering(wildcard);
    if (!wildcardCover || isEmptyNonTerminal(wildcardCover, wildcard)) {
      return unproven(`no NSEC denies the wildcard ${formatName(wildcard)}`);
    }
    return proven;
  }

  nodata(qname: Name, qtype: number): Proof {
    const match = this.matching(qname);
    if (match) return judge(match, qtype);
    const cover = this.covering(qname);
    if (!cover) return unproven(`no NSEC matches or covers ${formatName(qname)}`);
    if (isEmptyNonTerminal(cover, qname)) return proven;
    const wildcard = wildcardOf(closestEncloser(cover, qname));
    const wildcardMatch = wildcard && this.matching(wildcard);
    if (wildcardMatch) return judge(wildcardMatch, qtype);
    const wildcardCover = wildcard && this.covering(wildcard);
    if (wildcardCover && isEmptyNonTerminal(wildcardCover, wildcard)) return proven;
    return unproven(`NSEC shows that ${formatName(qname)} does not exist, and no wildcard without the type`);
  }

  wildcardAnswer(qname: Name, encloser: Name): Proof {
    const cover = this.covering(qname);
    if (!cover) return unproven(`no NSEC shows that ${formatName(qname)} itself does not exist`);
    if (isEmptyNonTerminal(cover, qname)) return unproven(`NSEC shows names below ${formatName(qname)}`);
    if (closestEncloser(cover, qname) !== encloser) {
      return unproven(`NSEC shows a name closer to ${formatName(qname)} than the wildcard`);
    }
    return proven;
  }

  delegation(name: Name): DelegationProof {
    const match = this.matching(name);
    if (match) {
      const fault = judge(match, RRType.DS);
      if (fault.kind !== 'proven') return fault;
      return hasType(match.types, RRType.NS)
        ? { kind: 'insecure', optOut: false }
        : { kind: 'no-cut', absent: false };
    }
    const cover = this.covering(name);
    if (!cover) return unproven(`no NSEC matches or covers ${formatName(name)}`);
    return { kind: 'no-cut', absent: !isEmptyNonTerminal(cover, name) };
  }

  private matching(name: Name): Nsec | undefined {
    return this.records.find((nsec) => nsec.owner === name);
  }

  private covering(name: Name): Nsec | undefined {
    return isSubdomain(name, this.zone) ? this.records.find((nsec) => covers(nsec, name)) : undefined;
  }
}

/** True when both ends lie in the zone: a next name elsewhere would deny another zone's names. */
export function isInZone(nsec: Nsec, zone: Name): boolean {
  if (!isSubdomain(nsec.owner, zone) || !isSubdomain(nsec.next, zone)) return false;
  return nsec.next === zone || compareNames(nsec.owner, nsec.next) < 0;
}

/** True when `name`, in the zone of an NSEC that passed {@link isInZone}, lies between owner and next name. */
export function covers(nsec: Nsec, name: Name): boolean {
  if (isStrictSubdomain(name, nsec.owner) && endsAuthority(nsec.types)) return false;
  if (compareNames(nsec.owner, name) >= 0) return false;
  const isLast = compareNames(nsec.next, nsec.owner) <= 0;
  return isLast || compareNames(name, nsec.next) < 0;
}

/** For an NSEC that covers `name`: names below it exist, so it exists without types (RFC 4592 2.2.2). */
export function isEmptyNonTerminal(nsec: Nsec, name: Name): boolean {
  return isStrictSubdomain(nsec.next, name);
}

/** Longest existing ancestor of a name that `nsec` covers. */
export function closestEncloser(nsec: Nsec, name: Name): Name {
  const byOwner = commonAncestor(name, nsec.owner);
  const byNext = commonAncestor(name, nsec.next);
  return byOwner.length >= byNext.length ? byOwner : byNext;
}

function judge(nsec: Nsec, qtype: number): Proof {
  const fault = typeFault(nsec.types, qtype, nsec.owner === ROOT);
  return fault
    ? unproven(`NSEC at ${formatName(nsec.owner)} ${fault} (asked for ${formatType(qtype)})`)
    : proven;
}

function unproven(reason: string): { kind: 'unproven'; reason: string } {
  return { kind: 'unproven', reason };
}
