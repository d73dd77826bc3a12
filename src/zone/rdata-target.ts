/**
 * The name that a record points to, read from RDATA.
 *
 * For aliases, referrals, additional section processing (RFC 1035 3.3, 2782, 6672, 9460 4.1) and zone checks.
 */
import { type Name, type Octets, ROOT, toName } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Rdata } from '../dns/rrset.js';

/** Where the target stands in RDATA, for the types whose target gets additional data or is followed. */
const targetOffset = new Map<number, number>([
  [RRType.NS, 0],
  [RRType.CNAME, 0],
  [RRType.DNAME, 0],
  [RRType.PTR, 0],
  [RRType.MX, 2],
  [RRType.AFSDB, 2],
  [RRType.RT, 2],
  [RRType.KX, 2],
  [RRType.SRV, 6],
  [RRType.SVCB, 2],
  [RRType.HTTPS, 2],
]);

/** The target of the record, folded; undefined for types without one and for RDATA that is cut short. */
export function targetOf(type: number, rdata: Rdata): Name | undefined {
  const offset = targetOffset.get(type);
  return offset === undefined ? undefined : nameAt(rdata, offset);
}

/** The target of a record whose type always has one. */
export function mustTarget(type: number, rdata: Rdata): Name {
  const target = targetOf(type, rdata);
  if (target === undefined) throw new Error(`RDATA of type ${type} has no target`);
  return target;
}

/**
 * Where the addresses for a record are looked up. As its target, save that in SVCB and HTTPS "." stands
 * for the owner in service mode and for nothing in alias mode (RFC 9460 2.5).
 */
export function addressTargetOf(type: number, owner: Name, rdata: Rdata): Name | undefined {
  if (type === RRType.CNAME || type === RRType.DNAME || type === RRType.PTR) return undefined;
  const target = targetOf(type, rdata);
  if (target !== ROOT) return target;
  const serviceMode = rdata.charCodeAt(0) !== 0 || rdata.charCodeAt(1) !== 0;
  return (type === RRType.SVCB || type === RRType.HTTPS) && serviceMode ? owner : undefined;
}

/** Reads an uncompressed name; undefined when it does not end inside the RDATA. */
function nameAt(rdata: Octets, offset: number): Name | undefined {
  let at = offset;
  while (at < rdata.length) {
    const length = rdata.charCodeAt(at);
    if (length === 0) return toName(rdata.slice(offset, at + 1));
    if (length > 63) return undefined;
    at += 1 + length;
  }
  return undefined;
}
