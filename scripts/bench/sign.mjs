// @ts-check
/**
 * A small DNSSEC signer for the benchmark's zones (RFC 4034): one ECDSA P-256 key per zone (algorithm 13), NSEC.
 *
 * Limitations: knows A, NS, SOA, DS, DNSKEY and NSEC; all names are lower case and without escapes; the key is made anew on
 * each run. It is not the product's signer, so that a fault in the one cannot hide in the other.
 */
import { createECDH, createHash, createPrivateKey, sign } from 'node:crypto';

const typeNumbers = /** @type {const} */ ({ A: 1, NS: 2, SOA: 6, DS: 43, RRSIG: 46, NSEC: 47, DNSKEY: 48 });
const algorithm = 13;
const day = 86400;

/** @typedef {'A' | 'NS' | 'SOA' | 'DS' | 'DNSKEY' | 'NSEC'} SignedType */
/** @typedef {{ owner: string, type: SignedType, ttl: number, value: string }} ZoneRecord absolute names with a final dot */

/** @param {string} name */
function labelsOf(name) {
  return name.split('.').filter((label) => label !== '');
}

/** Wire form. @param {string} name */
function encodeName(name) {
  const parts = labelsOf(name).map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]),
  );
  return Buffer.concat([...parts, Buffer.from([0])]);
}

/** @param {number} value */
function uint16(value) {
  return Buffer.from([value >> 8, value & 255]);
}

/** @param {number} value */
function uint32(value) {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}

/** @param {string} name text of a type */
function typeNumber(name) {
  return typeNumbers[/** @type {keyof typeof typeNumbers} */ (name)];
}

/** Type bitmap of window 0 (RFC 4034 4.1.2): all our types are below 256. @param {string[]} types */
function encodeBitmap(types) {
  const bits = Buffer.alloc(32);
  let last = 0;
  for (const type of types.map(typeNumber)) {
    bits[type >> 3] = (bits[type >> 3] ?? 0) | (0x80 >> (type & 7));
    last = Math.max(last, type >> 3);
  }
  return Buffer.concat([Buffer.from([0, last + 1]), bits.subarray(0, last + 1)]);
}

/** RDATA in wire form. @param {SignedType} type @param {string} value */
function encodeRdata(type, value) {
  const fields = value.split(' ');
  const field = (/** @type {number} */ index) => fields[index] ?? '';
  switch (type) {
    case 'A':
      return Buffer.from(value.split('.').map(Number));
    case 'NS':
      return encodeName(value);
    case 'SOA':
      return Buffer.concat([
        encodeName(field(0)),
        encodeName(field(1)),
        ...fields.slice(2).map((text) => uint32(Number(text))),
      ]);
    case 'DS':
      return Buffer.concat([
        uint16(Number(field(0))),
        Buffer.from([Number(field(1)), Number(field(2))]),
        Buffer.from(field(3), 'hex'),
      ]);
    case 'DNSKEY':
      return Buffer.concat([
        uint16(Number(field(0))),
        Buffer.from([Number(field(1)), Number(field(2))]),
        Buffer.from(field(3), 'base64'),
      ]);
    case 'NSEC':
      return Buffer.concat([encodeName(field(0)), encodeBitmap(fields.slice(1))]);
  }
}

/** RFC 4034 appendix B. @param {Buffer} rdata of a DNSKEY */
function keyTag(rdata) {
  let sum = 0;
  for (const [index, octet] of rdata.entries()) sum += index & 1 ? octet : octet << 8;
  return (sum + (sum >> 16)) & 0xffff;
}

/**
 * A new key, with its DNSKEY and DS. Without `generateKeyPairSync`, which on Node 20 now and then waits for itself.
 * @param {string} apex
 */
export function makeZoneKey(apex) {
  const ecdh = createECDH('prime256v1');
  const point = ecdh.generateKeys().subarray(1);
  const secret = ecdh.getPrivateKey();
  const [x, y, d] = [
    point.subarray(0, 32),
    point.subarray(32),
    Buffer.concat([Buffer.alloc(32 - secret.length), secret]),
  ];
  const jwk = { kty: 'EC', crv: 'P-256', x: base64Url(x), y: base64Url(y), d: base64Url(d) };
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  const dnskey = `257 3 ${algorithm} ${point.toString('base64')}`;
  const rdata = encodeRdata('DNSKEY', dnskey);
  const digest = createHash('sha256').update(encodeName(apex)).update(rdata).digest('hex');
  return { apex, privateKey, dnskey, tag: keyTag(rdata), ds: `${keyTag(rdata)} ${algorithm} 2 ${digest}` };
}

/** @param {Buffer} octets */
function base64Url(octets) {
  return octets.toString('base64url');
}

/** @typedef {ReturnType<typeof makeZoneKey>} ZoneKey */

/** "20260101000000" for RRSIG. @param {number} seconds */
function timestamp(seconds) {
  return new Date(seconds * 1000).toISOString().replace(/[-:T]|\.[0-9]+Z/g, '');
}

/** The RRSIG line of one RRset. @param {ZoneRecord[]} rrset @param {ZoneKey} key @param {number} now seconds */
function signRrset(rrset, key, now) {
  const { owner, type, ttl } = /** @type {ZoneRecord} */ (rrset[0]);
  const number = uint16(typeNumbers[type]);
  const labels = labelsOf(owner).length;
  const [from, until] = [now - day, now + 30 * day];
  const head = [
    number,
    Buffer.from([algorithm, labels]),
    uint32(ttl),
    uint32(until),
    uint32(from),
    uint16(key.tag),
  ];
  const prefix = Buffer.concat([encodeName(owner), number, uint16(1), uint32(ttl)]);
  const members = rrset.map((record) => encodeRdata(type, record.value)).sort(Buffer.compare);
  const data = Buffer.concat([
    ...head,
    encodeName(key.apex),
    ...members.flatMap((rdata) => [prefix, uint16(rdata.length), rdata]),
  ]);
  const signature = sign('sha256', data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString(
    'base64',
  );
  const times = `${timestamp(until)} ${timestamp(from)}`;
  return `${owner} ${ttl} IN RRSIG ${type} ${algorithm} ${labels} ${ttl} ${times} ${key.tag} ${key.apex} ${signature}`;
}

/** Canonical order of names (RFC 4034 6.1). @param {string} a @param {string} b */
function compareNames(a, b) {
  const key = (/** @type {string} */ name) => labelsOf(name).reverse().join('\0');
  const [left, right] = [key(a), key(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * The zone as text, signed: DNSKEY and NSEC are added, delegations and glue stay unsigned.
 *
 * @param {ZoneRecord[]} records of the zone, with DS at the delegations
 * @param {ZoneKey} key
 * @param {number} nowSec
 */
export function signZone(records, key, nowSec) {
  const cuts = new Set(
    records
      .filter((record) => record.type === 'NS' && record.owner !== key.apex)
      .map((record) => record.owner),
  );
  const isGlue = (/** @type {string} */ owner) => {
    const labels = labelsOf(owner);
    return labels.some((_, index) => index > 0 && cuts.has(`${labels.slice(index).join('.')}.`));
  };
  /** @type {Map<string, Map<SignedType, ZoneRecord[]>>} */
  const names = new Map();
  const put = (/** @type {ZoneRecord} */ record) => {
    const types = names.get(record.owner) ?? new Map();
    types.set(record.type, [...(types.get(record.type) ?? []), record]);
    names.set(record.owner, types);
  };
  for (const record of records) if (!isGlue(record.owner)) put(record);
  put({ owner: key.apex, type: 'DNSKEY', ttl: 3600, value: key.dnskey });
  const owners = [...names.keys()].sort(compareNames);
  for (const [index, owner] of owners.entries()) {
    const next = owners[(index + 1) % owners.length];
    const types = [.../** @type {Map<string, unknown>} */ (names.get(owner)).keys(), 'RRSIG', 'NSEC'];
    put({ owner, type: 'NSEC', ttl: 300, value: `${next} ${types.join(' ')}` });
  }
  const lines = records.filter((record) => isGlue(record.owner)).map(formatRecord);
  for (const [owner, types] of names) {
    for (const [type, rrset] of types) {
      lines.push(...rrset.map(formatRecord));
      if (!(cuts.has(owner) && type === 'NS')) lines.push(signRrset(rrset, key, nowSec));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** @param {ZoneRecord} record */
function formatRecord({ owner, ttl, type, value }) {
  return `${owner} ${ttl} IN ${type} ${value}`;
}
