/**
 * RDATA as plain values, for users of the library and for JSON.
 *
 * The numbers and strings come from dns-packet's RDATA codecs, which get only octets that passed our strict
 * check, framed as they want them, and whose result counts only when they used all of them. Names come from
 * our own reader always, since dns-packet loses octets that are not UTF-8 and dots inside labels.
 * What is wrong with dns-packet 5.6.1 for our use: SSHFP fingerprints of other than hash types 1 and 2, DNSKEY
 * of another protocol, text that is not UTF-8, IPv4-mapped addresses (not RFC 5952), names of newer types.
 * Those, and types not listed here, come as text.
 */
import dnsPacket from 'dns-packet';
import { formatName } from '../../dns/name.js';
import { formatType, RRClass, RRType } from '../../dns/registry.js';
import type { Rdata } from '../../dns/rrset.js';
import { u16At } from '../octets.js';
import { formatIpv4, formatIpv6 } from './address.js';
import { toBase32Hex } from './binary.js';
import { bitmapTypes } from './bitmap.js';
import { formatTime } from './dnssec-fields.js';
import { formatRdata } from './text.js';
import { checkRdata, rdataNames } from './walk.js';

type NameValueType = 'NS' | 'CNAME' | 'PTR' | 'DNAME';

/** One RDATA. Names are absolute text; digests and salts hex, keys and signatures base64. */
export type RdataValue =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: NameValueType; readonly name: string }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  | { readonly type: 'TXT'; readonly strings: readonly string[] }
  | { readonly type: 'HINFO'; readonly cpu: string; readonly os: string }
  | { readonly type: 'CAA'; readonly critical: boolean; readonly tag: string; readonly value: string }
  | SoaValue
  | SrvValue
  | NaptrValue
  | DsValue
  | DnskeyValue
  | RrsigValue
  | { readonly type: 'NSEC'; readonly nextName: string; readonly types: readonly string[] }
  | Nsec3Value
  | TlsaValue
  | {
      readonly type: 'SSHFP';
      readonly algorithm: number;
      readonly hash: number;
      readonly fingerprint: string;
    }
  | OtherValue;

export interface SoaValue {
  readonly type: 'SOA';
  readonly primary: string;
  readonly mailbox: string;
  readonly serial: number;
  readonly refreshSec: number;
  readonly retrySec: number;
  readonly expireSec: number;
  readonly minimumSec: number;
}
export interface SrvValue {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}
export interface NaptrValue {
  readonly type: 'NAPTR';
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly services: string;
  readonly regexp: string;
  readonly replacement: string;
}
export interface DsValue {
  readonly type: 'DS';
  readonly keyTag: number;
  readonly algorithm: number;
  readonly digestType: number;
  readonly digest: string;
}
export interface DnskeyValue {
  readonly type: 'DNSKEY';
  readonly flags: number;
  readonly algorithm: number;
  readonly publicKey: string;
}
export interface RrsigValue {
  readonly type: 'RRSIG';
  readonly typeCovered: string;
  readonly algorithm: number;
  readonly labels: number;
  readonly originalTtlSec: number;
  /** `YYYYMMDDHHmmSS`, UTC. */
  readonly expiration: string;
  readonly inception: string;
  readonly keyTag: number;
  readonly signer: string;
  readonly signature: string;
}
export interface Nsec3Value {
  readonly type: 'NSEC3';
  readonly hashAlgorithm: number;
  readonly flags: number;
  readonly iterations: number;
  readonly salt: string;
  readonly nextHashedName: string;
  readonly types: readonly string[];
}
export interface TlsaValue {
  readonly type: 'TLSA';
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  readonly data: string;
}
/** Anything else, and RDATA that breaks the rules of its type, in presentation form. */
export interface OtherValue {
  readonly type: 'other';
  readonly mnemonic: string;
  readonly text: string;
}

/** The value of one RDATA in class IN (or the class given). Never throws. */
export function rdataValue(type: number, rdata: Rdata, rrclass: number = RRClass.IN): RdataValue {
  const known =
    rrclass === RRClass.IN && checkRdata(type, rdata) === undefined ? build(type, rdata) : undefined;
  return known ?? { type: 'other', mnemonic: formatType(type), text: formatRdata(type, rdata, rrclass) };
}

function build(type: number, rdata: Rdata): RdataValue | undefined {
  switch (type) {
    case RRType.A:
      return { type: 'A', address: formatIpv4(rdata) };
    case RRType.AAAA:
      return { type: 'AAAA', address: formatIpv6(rdata) };
    case RRType.NS:
    case RRType.CNAME:
    case RRType.PTR:
    case RRType.DNAME:
      return { type: formatType(type) as NameValueType, name: formatName(rdata) };
    default:
      return fromCodec(type, rdata);
  }
}

/** What dns-packet's codecs return, of the types used here. */
interface Decoded {
  MX: { preference: number };
  TXT: Buffer[];
  HINFO: { cpu: string; os: string };
  CAA: { flags: number; tag: string; value: string };
  SOA: { serial: number; refresh: number; retry: number; expire: number; minimum: number };
  SRV: { priority: number; weight: number; port: number };
  NAPTR: { order: number; preference: number; flags: string; services: string; regexp: string };
  DS: { keyTag: number; algorithm: number; digestType: number; digest: Buffer };
  DNSKEY: { flags: number; algorithm: number; key: Buffer };
  RRSIG: {
    algorithm: number;
    labels: number;
    originalTTL: number;
    expiration: number;
    inception: number;
    keyTag: number;
    signature: Buffer;
  };
  NSEC: object;
  NSEC3: { algorithm: number; flags: number; iterations: number; salt: Buffer; nextDomain: Buffer };
  TLSA: { usage: number; selector: number; matchingType: number; certificate: Buffer };
  SSHFP: { algorithm: number; hash: number; fingerprint: string };
}

/** Makes the value out of the codec's result, the names in order, and the RDATA after the last name. */
type Maker<T extends keyof Decoded> = (
  data: Decoded[T],
  names: readonly string[],
  rdata: Rdata,
) => RdataValue;

const makers: { readonly [T in keyof Decoded]: Maker<T> } = {
  MX: ({ preference }, [exchange]) => ({ type: 'MX', preference, exchange: exchange! }),
  TXT: (strings) => ({ type: 'TXT', strings: strings.map((octets) => octets.toString('utf8')) }),
  HINFO: ({ cpu, os }) => ({ type: 'HINFO', cpu, os }),
  CAA: ({ flags, tag, value }) => ({ type: 'CAA', critical: (flags & 128) !== 0, tag, value }),
  SOA: ({ serial, refresh, retry, expire, minimum }, [primary, mailbox]) => ({
    type: 'SOA',
    primary: primary!,
    mailbox: mailbox!,
    serial,
    refreshSec: refresh,
    retrySec: retry,
    expireSec: expire,
    minimumSec: minimum,
  }),
  SRV: ({ priority, weight, port }, [target]) => ({ type: 'SRV', priority, weight, port, target: target! }),
  NAPTR: ({ order, preference, flags, services, regexp }, [replacement]) => ({
    type: 'NAPTR',
    order,
    preference,
    flags,
    services,
    regexp,
    replacement: replacement!,
  }),
  DS: ({ keyTag, algorithm, digestType, digest }) => ({
    type: 'DS',
    keyTag,
    algorithm,
    digestType,
    digest: digest.toString('hex').toUpperCase(),
  }),
  DNSKEY: ({ flags, algorithm, key }) => ({
    type: 'DNSKEY',
    flags,
    algorithm,
    publicKey: key.toString('base64'),
  }),
  RRSIG: (data, [signer], rdata) => ({
    type: 'RRSIG',
    typeCovered: formatType(u16At(rdata, 0)),
    algorithm: data.algorithm,
    labels: data.labels,
    originalTtlSec: data.originalTTL,
    expiration: formatTime(data.expiration),
    inception: formatTime(data.inception),
    keyTag: data.keyTag,
    signer: signer!,
    signature: data.signature.toString('base64'),
  }),
  NSEC: (_data, [nextName], rdata) => ({
    type: 'NSEC',
    nextName: nextName!,
    types: bitmapTypes(rdata.slice(rdataNames(RRType.NSEC, rdata)[0]!.end)).map(formatType),
  }),
  NSEC3: ({ algorithm, flags, iterations, salt, nextDomain }, _names, rdata) => ({
    type: 'NSEC3',
    hashAlgorithm: algorithm,
    flags,
    iterations,
    salt: salt.toString('hex').toUpperCase(),
    nextHashedName: toBase32Hex(nextDomain.toString('latin1')),
    types: bitmapTypes(rdata.slice(6 + salt.length + nextDomain.length)).map(formatType),
  }),
  TLSA: ({ usage, selector, matchingType, certificate }) => ({
    type: 'TLSA',
    usage,
    selector,
    matchingType,
    data: certificate.toString('hex').toUpperCase(),
  }),
  SSHFP: ({ algorithm, hash, fingerprint }) => ({ type: 'SSHFP', algorithm, hash, fingerprint }),
};

interface Codec<T> {
  decode: { (buffer: Buffer, offset: number): T; bytes: number };
}

/** `record` is exported by dns-packet but missing in its type definitions. */
const codecs = dnsPacket as unknown as { record<T extends keyof Decoded>(type: T): Codec<Decoded[T]> };

function fromCodec(type: number, rdata: Rdata): RdataValue | undefined {
  const mnemonic = formatType(type);
  return Object.hasOwn(makers, mnemonic) ? decodeWith(mnemonic as keyof Decoded, type, rdata) : undefined;
}

function decodeWith<T extends keyof Decoded>(
  mnemonic: T,
  type: number,
  rdata: Rdata,
): RdataValue | undefined {
  const framed = Buffer.allocUnsafe(2 + rdata.length);
  framed.writeUInt16BE(rdata.length, 0);
  framed.latin1Write(rdata, 2);
  try {
    const { decode } = codecs.record(mnemonic);
    const data = decode(framed, 0);
    if (decode.bytes !== framed.length) return undefined;
    const names = rdataNames(type, rdata).map(({ start, end }) => formatName(rdata.slice(start, end)));
    const value = makers[mnemonic](data, names, rdata);
    return isLossy(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

/** True when octets that are not UTF-8 were replaced. */
function isLossy(value: RdataValue): boolean {
  return Object.values(value)
    .flat()
    .some((part) => typeof part === 'string' && part.includes('\ufffd'));
}
