/**
 * RR types and the layout of their RDATA: the one place to enter a type.
 *
 * A layout is a list of fields; from it come the strict check of the decoder, the places of names, canonical
 * form and text. A type that is not here is opaque (RFC 3597).
 * RFC 1035 3.3, RFC 3597 4 (which types may hold compressed names), RFC 4034 6.2 with RFC 6840 5.1 (which have
 * their names lower-cased), and the RFC named at each type.
 * Limitations: A6, WKS, NSAP, ATMA, NXT, TKEY, TSIG and most types of less use are opaque.
 */
import type { Octets } from '../../dns/name.js';
import { RRType } from '../../dns/registry.js';
import { ipv4, ipv6 } from './address.js';
import { aplField } from './apl.js';
import { base64, groupedHex, hashed, hex, salt } from './binary.js';
import { bitmap } from './bitmap.js';
import { caaTag, checkCaa } from './caa.js';
import { certificateType } from './cert.js';
import { algorithm, coveredType, time } from './dnssec-fields.js';
import { type Field, name, period, u8, u16, u32 } from './field.js';
import { discoveryAndType, gateway } from './gateway.js';
import { hipField } from './hip.js';
import { checkLoc, locField } from './loc.js';
import { longString, string, strings } from './strings.js';
import { checkSvcb, svcParamsField } from './svcb.js';

/** How names in RDATA are treated. Each level includes those below it. */
export const NameRule = {
  /** As they are. */
  plain: 0,
  /** Lower-cased in canonical form (RFC 4034 6.2). */
  canonical: 1,
  /** May be compressed in what we receive (RFC 3597 4); we never do it. */
  decompress: 2,
  /** We compress them too: types of RFC 1035. */
  compress: 3,
} as const;
type NameRuleValue = (typeof NameRule)[keyof typeof NameRule];

export interface Layout {
  readonly fields: readonly Field[];
  readonly names: NameRuleValue;
  /** RDATA looks so only in class IN. */
  readonly inOnly: boolean;
  /** Rules on content beyond framing. The decoder does not ask: what breaks them is passed on. */
  readonly check: ((rdata: Octets) => string | undefined) | undefined;
}

const layouts = new Map<number, Layout>();

function add(type: number, names: NameRuleValue, fields: Field[], more: Partial<Layout> = {}): void {
  layouts.set(type, { fields, names, inOnly: false, check: undefined, ...more });
}

/** The layout of a type; undefined when the type is opaque. */
export function layoutOf(type: number): Layout | undefined {
  return layouts.get(type);
}

/** All types that have a layout, ascending. */
export function knownTypes(): number[] {
  return [...layouts.keys()].sort((a, b) => a - b);
}

const { plain, canonical, decompress, compress } = NameRule;

add(RRType.A, plain, [ipv4('address')], { inOnly: true });
for (const type of [
  RRType.NS,
  RRType.MD,
  RRType.MF,
  RRType.CNAME,
  RRType.MB,
  RRType.MG,
  RRType.MR,
  RRType.PTR,
]) {
  add(type, compress, [name('name')]);
}
add(RRType.SOA, compress, [
  name('primary'),
  name('mailbox'),
  u32('serial'),
  period('refresh'),
  period('retry'),
  period('expire'),
  period('minimum'),
]);
add(RRType.HINFO, plain, [string('CPU'), string('OS')]);
add(RRType.MINFO, compress, [name('mailbox'), name('error mailbox')]);
add(RRType.MX, compress, [u16('preference'), name('exchange')]);
add(RRType.TXT, plain, [strings('text')]);
add(RRType.SPF, plain, [strings('text')]); // RFC 7208 3.1
add(RRType.RP, decompress, [name('mailbox'), name('text name')]); // RFC 1183
add(RRType.AFSDB, decompress, [u16('subtype'), name('host')]);
add(RRType.X25, plain, [string('PSDN address')]);
add(RRType.ISDN, plain, [strings('ISDN address')]);
add(RRType.RT, decompress, [u16('preference'), name('intermediate')]);
add(RRType.PX, decompress, [u16('preference'), name('map822'), name('mapx400')]); // RFC 2163
add(RRType.GPOS, plain, [string('longitude'), string('latitude'), string('altitude')]); // RFC 1712
add(RRType.AAAA, plain, [ipv6('address')], { inOnly: true }); // RFC 3596
add(RRType.SRV, decompress, [u16('priority'), u16('weight'), u16('port'), name('target')]); // RFC 2782
add(RRType.KX, canonical, [u16('preference'), name('exchanger')]); // RFC 2230
add(RRType.DNAME, decompress, [name('target')]); // RFC 6672

// RFC 4034, 5155, 7344, 7477, 8976
const signature = [
  coveredType('type covered'),
  algorithm('algorithm'),
  u8('labels'),
  u32('original TTL'),
  time('expiration'),
  time('inception'),
  u16('key tag'),
  name('signer'),
];
add(RRType.SIG, decompress, [...signature, base64('signature')]);
add(RRType.RRSIG, canonical, [...signature, base64('signature')]);
for (const type of [RRType.DS, RRType.CDS, RRType.DLV]) {
  add(type, plain, [u16('key tag'), algorithm('algorithm'), u8('digest type'), hex('digest', 1)]);
}
for (const type of [RRType.KEY, RRType.DNSKEY, RRType.CDNSKEY]) {
  add(type, plain, [u16('flags'), u8('protocol'), algorithm('algorithm'), base64('public key')]);
}
add(RRType.NSEC, plain, [name('next name'), bitmap('types')]);
add(RRType.NSEC3, plain, [
  u8('hash algorithm'),
  u8('flags'),
  u16('iterations'),
  salt('salt'),
  hashed('next hashed name'),
  bitmap('types'),
]);
add(RRType.NSEC3PARAM, plain, [u8('hash algorithm'), u8('flags'), u16('iterations'), salt('salt')]);
add(RRType.CSYNC, plain, [u32('serial'), u16('flags'), bitmap('types')]);
add(RRType.ZONEMD, plain, [u32('serial'), u8('scheme'), u8('hash algorithm'), hex('digest', 12)]);

add(RRType.DHCID, plain, [base64('digest', 1)]); // RFC 4701
add(RRType.SSHFP, plain, [u8('algorithm'), u8('fingerprint type'), hex('fingerprint', 1)]); // RFC 4255
for (const type of [RRType.TLSA, RRType.SMIMEA]) {
  add(type, plain, [u8('usage'), u8('selector'), u8('matching type'), hex('data', 1)]); // RFC 6698, 8162
}
add(RRType.OPENPGPKEY, plain, [base64('key', 1)]); // RFC 7929
add(RRType.NID, plain, [u16('preference'), groupedHex('node ID', 8, 2, ':')]); // RFC 6742
add(RRType.L32, plain, [u16('preference'), ipv4('locator')]);
add(RRType.L64, plain, [u16('preference'), groupedHex('locator', 8, 2, ':')]);
add(RRType.LP, plain, [u16('preference'), name('name')]);
add(RRType.EUI48, plain, [groupedHex('address', 6, 1, '-')]); // RFC 7043
add(RRType.EUI64, plain, [groupedHex('address', 8, 1, '-')]);
add(RRType.URI, plain, [u16('priority'), u16('weight'), longString('target', 1)]); // RFC 7553
add(RRType.NAPTR, decompress, [
  u16('order'),
  u16('preference'),
  string('flags'),
  string('services'),
  string('regexp'),
  name('replacement'),
]); // RFC 3403
add(RRType.LOC, plain, [locField], { check: checkLoc }); // RFC 1876
add(RRType.CERT, plain, [certificateType, u16('key tag'), algorithm('algorithm'), base64('certificate', 1)]);
add(RRType.APL, plain, [aplField], { inOnly: true }); // RFC 3123
add(RRType.IPSECKEY, plain, [
  u8('precedence'),
  u8('gateway type'),
  u8('algorithm'),
  gateway('gateway', (rdata) => rdata.charCodeAt(1)),
  base64('public key'),
]); // RFC 4025
add(RRType.AMTRELAY, plain, [
  u8('precedence'),
  discoveryAndType,
  gateway('relay', (rdata) => rdata.charCodeAt(1) & 127),
]); // RFC 8777
add(RRType.HIP, plain, [hipField]); // RFC 8005
add(RRType.CAA, plain, [u8('flags'), caaTag, longString('value')], { check: checkCaa }); // RFC 8659
for (const type of [RRType.SVCB, RRType.HTTPS]) {
  add(type, plain, [u16('priority'), name('target'), svcParamsField], { check: checkSvcb }); // RFC 9460
}
