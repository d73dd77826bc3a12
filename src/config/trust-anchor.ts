/**
 * Trust anchors as the operator writes them: one DS or DNSKEY record per line, as in a master file.
 *
 * Owns text to RDATA for these two types, with the checks that a typo needs: field ranges, and that a DNSKEY
 * is a zone key. An anchor that can be read and never matches is taken with a warning, as other resolvers
 * do: a machine must not be without DNS because a tool wrote one DS too many for it. What its zone says is
 * bogus then, or insecure where nothing about the anchor is supported.
 * RFC 4034 2 and 5, RFC 4509, RFC 6605, RFC 3597 is not accepted.
 * Limitations: one record per value; TTL and class may stand, and are ignored (class must be IN).
 */
import { type Name, NameError, parseName } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Rdata } from '../dns/rrset.js';
import { schemeOf } from '../dnssec/algorithms.js';
import { algorithmNumbers } from '../wire/rdata/dnssec-fields.js';

/** A key, or the digest of one, that is believed without proof. */
export interface TrustAnchor {
  readonly zone: Name;
  readonly type: typeof RRType.DS | typeof RRType.DNSKEY;
  readonly rdata: Rdata;
}

/** A line that is no trust anchor; the message says why. */
export class TrustAnchorError extends Error {
  readonly code = 'BAD_TRUST_ANCHOR';
  constructor(message: string) {
    super(message);
    this.name = 'TrustAnchorError';
  }
}

const digestOctets = new Map([
  [1, 20],
  [2, 32],
  [4, 48],
]);
/** Where the digest stands in DS RDATA. */
const DIGEST_AT = 4;
const ZONE_KEY = 0x0100;
const REVOKED = 0x0080;

/** @throws {TrustAnchorError} */
export function parseTrustAnchor(line: string): TrustAnchor {
  const [owner, ...rest] = line.replace(/;.*$/s, '').replace(/[()]/g, ' ').trim().split(/\s+/);
  const at = rest.findIndex((word) => /^(ds|dnskey)$/i.test(word));
  if (!owner || at < 0 || !rest.slice(0, at).every((word) => /^([0-9]+|IN)$/i.test(word))) {
    throw new TrustAnchorError('it must read "OWNER DS ..." or "OWNER DNSKEY ..."');
  }
  const fields = rest.slice(at + 1);
  const isDs = rest[at]!.toLowerCase() === 'ds';
  return {
    zone: readOwner(owner),
    type: isDs ? RRType.DS : RRType.DNSKEY,
    rdata: isDs ? readDs(fields) : readDnskey(fields),
  };
}

/** Why an anchor validates nothing; undefined when it can. */
export function uselessAnchor({ type, rdata }: TrustAnchor): string | undefined {
  const algorithm = rdata.charCodeAt(type === RRType.DS ? 2 : 3);
  if (!schemeOf(algorithm)) return `algorithm ${algorithm} is not supported`;
  if (type !== RRType.DS) return undefined;
  const digestType = rdata.charCodeAt(3);
  const wanted = digestOctets.get(digestType);
  if (wanted === undefined) return `digest type ${digestType} is not supported`;
  return rdata.length - DIGEST_AT === wanted
    ? undefined
    : `a digest of type ${digestType} has ${wanted * 2} hexadecimal digits, not ${(rdata.length - DIGEST_AT) * 2}`;
}

function readOwner(owner: string): Name {
  try {
    return parseName(owner);
  } catch (error) {
    if (error instanceof NameError) throw new TrustAnchorError(`the owner is no name: ${error.message}`);
    throw error;
  }
}

function readDs(fields: readonly string[]): Rdata {
  const tag = readNumber(fields[0], 65535, 'key tag');
  const algorithm = readAlgorithm(fields[1]);
  const digestType = readNumber(fields[2], 255, 'digest type');
  const digest = fields.slice(3).join('');
  if (!/^([0-9a-f]{2})+$/i.test(digest)) throw new TrustAnchorError('the digest must be hexadecimal');
  return octets([tag >> 8, tag & 255, algorithm, digestType]) + Buffer.from(digest, 'hex').latin1Slice();
}

function readDnskey(fields: readonly string[]): Rdata {
  const flags = readNumber(fields[0], 65535, 'flags');
  const protocol = readNumber(fields[1], 255, 'protocol');
  const algorithm = readAlgorithm(fields[2]);
  if ((flags & ZONE_KEY) === 0) throw new TrustAnchorError('the flags do not say zone key (256)');
  if ((flags & REVOKED) !== 0) throw new TrustAnchorError('the key is revoked (RFC 5011)');
  if (protocol !== 3) throw new TrustAnchorError('the protocol must be 3');
  const key = fields.slice(3).join('');
  const decoded = Buffer.from(key, 'base64');
  if (decoded.length < 16 || decoded.toString('base64') !== key) {
    throw new TrustAnchorError('the key must be base64 of at least 16 octets');
  }
  return octets([flags >> 8, flags & 255, protocol, algorithm]) + decoded.latin1Slice();
}

/** A number, or the mnemonic that RFC 4034 A.1 and the IANA registry give it. */
function readAlgorithm(text: string | undefined): number {
  return algorithmNumbers.get(text?.toUpperCase() ?? '') ?? readNumber(text, 255, 'algorithm');
}

function readNumber(text: string | undefined, max: number, what: string): number {
  if (text === undefined || !/^[0-9]{1,5}$/.test(text) || Number(text) > max) {
    throw new TrustAnchorError(`the ${what} must be a number from 0 to ${max}`);
  }
  return Number(text);
}

function octets(values: readonly number[]): Rdata {
  return String.fromCharCode(...values);
}
