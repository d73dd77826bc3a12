/**
 * Typed views of the RDATA that DNSSEC is made of: DNSKEY, DS, RRSIG, NSEC, NSEC3.
 *
 * Everything above in dnssec/ works on these views and never on offsets. A view keeps slices of the RDATA,
 * so making one costs little; `undefined` means that the RDATA is malformed, which callers treat as a
 * record that is not there. The wire reader has bounded the sizes already, yet nothing here relies on it.
 *
 * RFC 4034 2-5 and appendix B (key tag), RFC 5011 2.1 (REVOKE), RFC 5155 3, RFC 6840.
 * Limitations: the key tag of algorithm 1 (RSA/MD5) is not computed by its own rule; nobody validates it.
 */
import { isSubdomain, type Name, type Octets, toName } from '../dns/name.js';
import type { Rdata } from '../dns/rrset.js';
import { endOfName } from '../wire/names.js';
import { u16At, u32At } from '../wire/octets.js';
import { fromBase32Hex } from '../wire/rdata/binary.js';
import { bitmapHas } from '../wire/rdata/bitmap.js';

/** DNSKEY flag bits (RFC 4034 2.1.1, RFC 5011 7). */
export const KEY_FLAG_ZONE = 0x0100;
export const KEY_FLAG_REVOKE = 0x0080;
export const KEY_FLAG_SEP = 0x0001;

/** NSEC3 opt-out flag (RFC 5155 3.1.2.1) and the only hash algorithm there is (SHA-1). */
export const NSEC3_FLAG_OPT_OUT = 0x01;
export const NSEC3_HASH_SHA1 = 1;

/** Where the signer's name stands in RRSIG RDATA. */
export const SIGNER_OFFSET = 18;

export interface Dnskey {
  readonly rdata: Rdata;
  readonly flags: number;
  readonly protocol: number;
  readonly algorithm: number;
  readonly publicKey: Octets;
  readonly keyTag: number;
}

export interface Ds {
  readonly rdata: Rdata;
  readonly keyTag: number;
  readonly algorithm: number;
  readonly digestType: number;
  readonly digest: Octets;
}

export interface Rrsig {
  readonly rdata: Rdata;
  readonly typeCovered: number;
  readonly algorithm: number;
  /** Labels of the owner without root and without a leading `*` (RFC 4034 3.1.3). */
  readonly labels: number;
  readonly originalTtlSec: number;
  /** Seconds in serial arithmetic modulo 2^32 (RFC 4034 3.1.5). */
  readonly expiration: number;
  readonly inception: number;
  readonly keyTag: number;
  readonly signer: Name;
  readonly signature: Octets;
}

export interface Nsec {
  readonly owner: Name;
  readonly next: Name;
  readonly types: Octets;
}

export interface Nsec3 {
  readonly owner: Name;
  /** Hash of the owner, from its first label, as octets. */
  readonly hash: Octets;
  /** What the first label of the owner is put before: the apex, in a correct zone. */
  readonly zone: Name;
  readonly hashAlgorithm: number;
  readonly flags: number;
  readonly iterations: number;
  readonly salt: Octets;
  readonly nextHash: Octets;
  readonly types: Octets;
}

/** Key tag of a DNSKEY RDATA (RFC 4034 appendix B). */
export function keyTagOf(rdata: Rdata): number {
  let sum = 0;
  for (let i = 0; i < rdata.length; i++) sum += i & 1 ? rdata.charCodeAt(i) : rdata.charCodeAt(i) << 8;
  sum += (sum >>> 16) & 0xffff;
  return sum & 0xffff;
}

export function parseDnskey(rdata: Rdata): Dnskey | undefined {
  if (rdata.length < 5) return undefined;
  return {
    rdata,
    flags: u16At(rdata, 0),
    protocol: rdata.charCodeAt(2),
    algorithm: rdata.charCodeAt(3),
    publicKey: rdata.slice(4),
    keyTag: keyTagOf(rdata),
  };
}

/** True for a key that may sign zone data: zone key bit, protocol 3, not revoked (RFC 4034 2.1, RFC 5011 2.1). */
export function isZoneKey(key: Dnskey): boolean {
  return (key.flags & KEY_FLAG_ZONE) !== 0 && key.protocol === 3 && (key.flags & KEY_FLAG_REVOKE) === 0;
}

export function parseDs(rdata: Rdata): Ds | undefined {
  if (rdata.length < 5) return undefined;
  return {
    rdata,
    keyTag: u16At(rdata, 0),
    algorithm: rdata.charCodeAt(2),
    digestType: rdata.charCodeAt(3),
    digest: rdata.slice(4),
  };
}

export function parseRrsig(rdata: Rdata): Rrsig | undefined {
  const signer = nameAt(rdata, SIGNER_OFFSET);
  if (!signer || signer.end >= rdata.length) return undefined;
  return {
    rdata,
    typeCovered: u16At(rdata, 0),
    algorithm: rdata.charCodeAt(2),
    labels: rdata.charCodeAt(3),
    originalTtlSec: u32At(rdata, 4),
    expiration: u32At(rdata, 8),
    inception: u32At(rdata, 12),
    keyTag: u16At(rdata, 16),
    signer: signer.name,
    signature: rdata.slice(signer.end),
  };
}

export function parseNsec(owner: Name, rdata: Rdata): Nsec | undefined {
  const next = nameAt(rdata, 0);
  if (!next) return undefined;
  const types = rdata.slice(next.end);
  return isTypeBitmap(types) ? { owner, next: next.name, types } : undefined;
}

/** Undefined too when the first label of the owner is no base32hex of as many octets as the next hash has. */
export function parseNsec3(owner: Name, rdata: Rdata): Nsec3 | undefined {
  if (rdata.length < 6) return undefined;
  const saltEnd = 5 + rdata.charCodeAt(4);
  const hashEnd = saltEnd + 1 + rdata.charCodeAt(saltEnd);
  if (!(hashEnd <= rdata.length)) return undefined;
  const nextHash = rdata.slice(saltEnd + 1, hashEnd);
  const types = rdata.slice(hashEnd);
  const labelLength = owner.charCodeAt(0);
  const hash = fromBase32Hex(owner.slice(1, 1 + labelLength));
  if (!hash || hash.length !== nextHash.length || !isTypeBitmap(types)) return undefined;
  return {
    owner,
    hash,
    zone: owner.slice(1 + labelLength) as Name,
    hashAlgorithm: rdata.charCodeAt(0),
    flags: rdata.charCodeAt(1),
    iterations: u16At(rdata, 2),
    salt: rdata.slice(5, saltEnd),
    nextHash,
    types,
  };
}

/** The uncompressed name at `start`; undefined when there is no valid one. */
function nameAt(octets: Octets, start: number): { name: Name; end: number } | undefined {
  const end = endOfName(octets, start);
  return end < 0 ? undefined : { name: toName(octets.slice(start, end)), end };
}

/** True when the octets are a well-formed type bit map (RFC 4034 4.1.2): windows in order, 1 to 32 octets each. */
function isTypeBitmap(types: Octets): boolean {
  let previous = -1;
  let at = 0;
  while (at < types.length) {
    const length = types.charCodeAt(at + 1);
    if (!(length >= 1 && length <= 32) || types.charCodeAt(at) <= previous) return false;
    previous = types.charCodeAt(at);
    at += 2 + length;
  }
  return at === types.length;
}

/** True when the type bit map has the bit of `type`. */
export function hasType(types: Octets, type: number): boolean {
  return bitmapHas(types, 0, type);
}

/**
 * The deepest signer, at or above `name`, that the signatures name: the zone this data claims to be of.
 * Anybody can write a signer into an RRSIG, so it only says whose keys to look for.
 */
export function claimedSigner(name: Name, signatures: readonly Rdata[]): Name | undefined {
  let deepest: Name | undefined;
  for (const rdata of signatures) {
    const signer = nameAt(rdata, SIGNER_OFFSET)?.name;
    if (signer === undefined || !isSubdomain(name, signer)) continue;
    if (deepest === undefined || signer.length > deepest.length) deepest = signer;
  }
  return deepest;
}
