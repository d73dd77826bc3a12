/**
 * Zones signed wrongly on purpose: one mistake each, as operators and signers make them.
 *
 * zone-signer.ts calls it after a zone was signed well. Signatures that are out of date and too many NSEC3
 * iterations need no code here, the manifest says them as they are. zones/broken/ has one zone for each.
 * RFC 4035 5, RFC 5155 8, RFC 8914 4 (how a validator calls what it finds).
 */
import { type Name, type Octets, prependLabel } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Rdata, RRset } from '../dns/rrset.js';
import { KEY_FLAG_REVOKE, KEY_FLAG_SEP, KEY_FLAG_ZONE, parseDnskey } from '../dnssec/records.js';
import { dsRdata, type SigningKey, type SigningTimes, signRRset } from '../dnssec/signing-key.js';
import { u16Octets } from '../wire/octets.js';
import type { SigningFault } from './manifest-signing.js';

/** A number of both registries, algorithms and digests, that stands for nothing. */
const UNKNOWN_NUMBER = 200;
const ALGORITHM_IN_DNSKEY = 3;
const ALGORITHM_IN_RRSIG = 2;
const KEY_TAG_IN_RRSIG = 16;
const DIGEST_TYPE_IN_DS = 3;

interface Signing {
  readonly ksk: SigningKey;
  readonly times: SigningTimes;
}

/** Flags of the key where they are what is wrong. */
export function flawedKeyFlags(fault: SigningFault | undefined): number | undefined {
  if (fault === 'noZoneBit') return KEY_FLAG_SEP;
  return fault === 'revoked' ? KEY_FLAG_ZONE | KEY_FLAG_SEP | KEY_FLAG_REVOKE : undefined;
}

/** The DS of the key, or what the parent has in its place. */
export function flawedDs(fault: SigningFault | undefined, apex: Name, key: SigningKey): Rdata {
  switch (fault) {
    case 'wrongDs': // of a key that the zone no longer has
      return dsRdata(apex, parseDnskey(`${key.rdata.slice(0, -1)}\0`)!);
    case 'unknownDigest':
      return withOctet(dsRdata(apex, key), DIGEST_TYPE_IN_DS, UNKNOWN_NUMBER);
    case 'unknownAlgorithm':
      return dsRdata(apex, parseDnskey(unknownKey(key.rdata))!);
    default:
      return dsRdata(apex, key);
  }
}

/** Puts the mistake into a zone that was signed well. */
export function spoil(fault: SigningFault, apex: Name, rrsets: readonly RRset[], by: Signing): RRset[] {
  switch (fault) {
    case 'unsigned':
      return rrsets.filter(({ type }) => !dnssecTypes.has(type)).map(withoutSignatures);
    case 'stripSignatures':
      return rrsets.map(withoutSignatures);
    case 'stripDnskey':
      return rrsets.filter(({ type }) => type !== RRType.DNSKEY);
    case 'stripDenial':
      return rrsets.filter(({ type }) => !denialTypes.has(type));
    case 'wrongDenial':
      return rrsets.map((rrset) => resign(denyNothing(rrset), rrset, apex, by));
    case 'hiddenZsk':
      return rrsets.map((rrset) =>
        rrset.type === RRType.DNSKEY ? resign({ ...rrset, rdatas: [by.ksk.rdata] }, rrset, apex, by) : rrset,
      );
    case 'corruptSignatures':
      return rrsets.map((rrset) =>
        rrset.type === RRType.DNSKEY ? rrset : withSignatures(rrset, flipLastOctet),
      );
    case 'unknownAlgorithm':
      return rrsets.map(withUnknownAlgorithm);
    case 'wrongDs':
    case 'unknownDigest':
    case 'noZoneBit':
    case 'revoked':
      return [...rrsets]; // the mistake is in the DS or in the key itself
  }
}

const denialTypes: ReadonlySet<number> = new Set([RRType.NSEC, RRType.NSEC3, RRType.NSEC3PARAM]);
const dnssecTypes: ReadonlySet<number> = new Set([...denialTypes, RRType.DNSKEY]);

function withSignatures(rrset: RRset, change: (signature: Rdata) => Rdata): RRset {
  return { ...rrset, signatures: rrset.signatures.map(change) };
}

function withoutSignatures(rrset: RRset): RRset {
  return { ...rrset, signatures: [] };
}

function resign(changed: RRset, before: RRset, apex: Name, { ksk, times }: Signing): RRset {
  return changed === before ? before : { ...changed, signatures: [signRRset(changed, ksk, apex, times)] };
}

/** An NSEC whose span ends right behind its owner; NSEC3 records that claim another salt than they were made with. */
function denyNothing(rrset: RRset): RRset {
  const change = nothingDenied.get(rrset.type);
  return change ? { ...rrset, rdatas: rrset.rdatas.map((rdata) => change(rdata, rrset.name)) } : rrset;
}

const nothingDenied = new Map<number, (rdata: Rdata, owner: Name) => Rdata>([
  [RRType.NSEC, (rdata, owner) => (prependLabel('\0', owner) ?? owner) + rdata.slice(nameEnd(rdata))],
  [RRType.NSEC3, otherSalt],
  [RRType.NSEC3PARAM, otherSalt],
]);

function nameEnd(rdata: Rdata): number {
  let at = 0;
  while (rdata.charCodeAt(at) !== 0) at += rdata.charCodeAt(at) + 1;
  return at + 1;
}

/** NSEC3 and NSEC3PARAM both begin with hash, flags, iterations, length of the salt, salt. */
function otherSalt(rdata: Rdata): Rdata {
  const end = 5 + rdata.charCodeAt(4);
  const salt = rdata.slice(5, end) === '\xff' ? '\xfe' : '\xff';
  return `${rdata.slice(0, 4)}\x01${salt}${rdata.slice(end)}`;
}

function flipLastOctet(rdata: Rdata): Rdata {
  return withOctet(rdata, rdata.length - 1, rdata.charCodeAt(rdata.length - 1) ^ 0xff);
}

function unknownKey(rdata: Rdata): Rdata {
  return withOctet(rdata, ALGORITHM_IN_DNSKEY, UNKNOWN_NUMBER);
}

/** Keys and signatures that nobody can check; the key tags fit each other. */
function withUnknownAlgorithm(rrset: RRset, _index: number, all: readonly RRset[]): RRset {
  const [key] = all.find(({ type }) => type === RRType.DNSKEY)!.rdatas;
  const { keyTag } = parseDnskey(unknownKey(key!))!;
  const rdatas = rrset.type === RRType.DNSKEY ? rrset.rdatas.map(unknownKey) : rrset.rdatas;
  return withSignatures({ ...rrset, rdatas }, (signature) => {
    const renamed = withOctet(signature, ALGORITHM_IN_RRSIG, UNKNOWN_NUMBER);
    return renamed.slice(0, KEY_TAG_IN_RRSIG) + u16Octets(keyTag) + renamed.slice(KEY_TAG_IN_RRSIG + 2);
  });
}

function withOctet(octets: Octets, at: number, value: number): Octets {
  return octets.slice(0, at) + String.fromCharCode(value) + octets.slice(at + 1);
}
