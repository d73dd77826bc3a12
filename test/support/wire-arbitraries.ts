/** Random names, RDATA, RRsets and messages for property tests. Anything the wire can carry, odd octets included. */
import fc from 'fast-check';
import { type Name, type Octets, toName } from '../../src/dns/name.js';
import { RRClass, RRType } from '../../src/dns/registry.js';
import type { Rdata, RRset } from '../../src/dns/rrset.js';
import type { Edns, Message, WireQuestion } from '../../src/wire/message.js';
import { u16Octets, u32Octets } from '../../src/wire/octets.js';
import { encodeBitmap } from '../../src/wire/rdata/bitmap.js';
import { layoutOf } from '../../src/wire/rdata/layouts.js';

export function octets(minLength: number, maxLength: number): fc.Arbitrary<Octets> {
  return fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
}

const label = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'www', 'Example', 'test', '*', '_tcp') },
  { weight: 1, arbitrary: octets(1, 63) },
);

/** Wire form, letter case as it comes. Labels are drawn from few, so that names share tails. */
export const nameOctets: fc.Arbitrary<Octets> = fc.array(label, { maxLength: 6 }).map((labels) => {
  let name = '\0';
  for (const one of labels) {
    if (name.length + one.length + 1 <= 255) name = String.fromCharCode(one.length) + one + name;
  }
  return name;
});

export const canonicalName: fc.Arbitrary<Name> = nameOctets.map(toName);

const u16 = fc.integer({ min: 0, max: 65535 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const characterString = octets(0, 255).map((text) => String.fromCharCode(text.length) + text);
const bitmap = fc.array(u16, { maxLength: 8 }).map(encodeBitmap);
const characterStrings = fc.array(characterString, { minLength: 1, maxLength: 3 }).map((all) => all.join(''));
const counted = (min: number) => octets(min, 40).map((text) => String.fromCharCode(text.length) + text);
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(''));

const params = fc
  .uniqueArray(
    u16.filter((key) => key > 8 && key < 65535),
    { maxLength: 4 },
  )
  .chain((keys) =>
    fc
      .tuple(
        ...keys
          .sort((a, b) => a - b)
          .map((key) => octets(0, 20).map((v) => u16Octets(key) + u16Octets(v.length) + v)),
      )
      .map((all) => all.join('')),
  );
const alpn = fc
  .array(octets(1, 20), { minLength: 1, maxLength: 4 })
  .map((ids) => ids.map((id) => String.fromCharCode(id.length) + id).join(''))
  .map((value) => u16Octets(1) + u16Octets(value.length) + value);
const size = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }))
  .map(([base, exponent]) => String.fromCharCode((base << 4) | exponent));
const angle = (degrees: number) =>
  fc.integer({ min: -degrees * 3_600_000, max: degrees * 3_600_000 }).map((arc) => u32Octets(arc + 2 ** 31));
const prefix = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 32 }), octets(0, 4))
  .map(([negated, bits, address]) => {
    const trimmed = address.replace(/\0+$/, '');
    return u16Octets(1) + String.fromCharCode(bits, (negated ? 128 : 0) | trimmed.length) + trimmed;
  });
const relay = fc.oneof(
  fc.constant('\x00'),
  octets(4, 4).map((address) => `\x01${address}`),
  octets(16, 16).map((address) => `\x02${address}`),
  nameOctets.map((name) => `\x03${name}`),
);

/** RDATA of types whose fields depend on one another. */
const special = new Map<number, fc.Arbitrary<Rdata>>([
  [RRType.LOC, joined(fc.constant('\0'), size, size, size, angle(90), angle(180), u32.map(u32Octets))],
  [RRType.SVCB, joined(u16.map(u16Octets), nameOctets, fc.oneof(fc.constant(''), alpn), params)],
  [RRType.APL, fc.array(prefix, { maxLength: 3 }).map((all) => all.join(''))],
  [
    RRType.AMTRELAY,
    fc
      .tuple(octets(1, 1), fc.boolean(), relay)
      .map(([p, d, r]) => p + String.fromCharCode((d ? 128 : 0) | r.charCodeAt(0)) + r.slice(1)),
  ],
  [
    RRType.IPSECKEY,
    fc
      .tuple(octets(1, 1), relay, octets(1, 1), octets(0, 20))
      .map(([p, r, a, k]) => p + r[0] + a + r.slice(1) + k),
  ],
  [
    RRType.HIP,
    fc
      .tuple(octets(1, 20), octets(1, 1), octets(1, 40), fc.array(nameOctets, { maxLength: 2 }))
      .map(
        ([hit, algorithm, key, names]) =>
          String.fromCharCode(hit.length) + algorithm + u16Octets(key.length) + hit + key + names.join(''),
      ),
  ],
  [
    RRType.CAA,
    fc
      .tuple(octets(1, 1), fc.constantFrom('issue', 'iodef', 'Tag9'), octets(0, 300))
      .map(([flags, tag, value]) => flags + String.fromCharCode(tag.length) + tag + value),
  ],
]);
special.set(RRType.HTTPS, special.get(RRType.SVCB)!);

/** RDATA that is valid for `type`; anything for a type without layout. */
export function rdataOf(type: number): fc.Arbitrary<Rdata> {
  const known = special.get(type);
  if (known !== undefined) return known;
  const layout = layoutOf(type);
  if (layout === undefined) return octets(0, 60);
  return joined(
    ...layout.fields.map((field) => {
      if (field.kind === 'fixed') return octets(field.sizeOctets, field.sizeOctets);
      if (field.kind === 'name') return nameOctets;
      if (field.kind === 'string') return characterString;
      if (field.label === 'types') return bitmap;
      if (field.label === 'salt') return counted(0);
      if (field.label === 'next hashed name') return counted(1);
      if (field.label === 'text' || field.label === 'ISDN address') return characterStrings;
      return octets(12, 60);
    }),
  );
}

const ttlSec = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const messageTypes = [
  RRType.A,
  RRType.NS,
  RRType.CNAME,
  RRType.SOA,
  RRType.MX,
  RRType.TXT,
  RRType.AAAA,
  RRType.SRV,
  RRType.NAPTR,
  RRType.DNAME,
  RRType.DS,
  RRType.NSEC,
  RRType.NSEC3,
  RRType.DNSKEY,
  RRType.SVCB,
  RRType.CAA,
  RRType.MINFO,
  RRType.RP,
  RRType.HINFO,
  65280,
];

/** An RRset, signed or not. */
export const rrset: fc.Arbitrary<RRset> = fc.constantFrom(...messageTypes).chain((type) =>
  fc
    .record({
      name: canonicalName,
      rrclass: fc.constant(RRClass.IN),
      ttlSec,
      rdatas: fc.uniqueArray(rdataOf(type), { minLength: 1, maxLength: 4 }),
      signatures: fc.uniqueArray(
        rdataOf(RRType.RRSIG).map((rdata) => u16Octets(type) + rdata.slice(2)),
        { maxLength: 2 },
      ),
    })
    .map(({ rrclass, ...rest }) => ({ ...rest, type, class: rrclass })),
);

/** The RRsets of a section: no two of the same owner, type and class. */
const section = fc.uniqueArray(rrset, { maxLength: 4, selector: (r) => `${r.type} ${r.class} ${r.name}` });

const edns: fc.Arbitrary<Edns> = fc.record({
  version: fc.integer({ min: 0, max: 255 }),
  udpSize: u16,
  do: fc.boolean(),
  options: fc.array(fc.record({ code: u16, data: octets(0, 30) }), { maxLength: 4 }),
});

const question: fc.Arbitrary<WireQuestion> = fc
  .record({ spelling: nameOctets, type: u16, rrclass: fc.constantFrom(1, 3, 255) })
  .map(({ spelling, type, rrclass }) => ({ name: toName(spelling), spelling, type, class: rrclass }));

/**
 * A message whose owner names are often the question's. Names in RDATA that share a lower-case tail with the
 * question are compressed against it and come back in lower case, as they were.
 */
export const message: fc.Arbitrary<Message> = fc
  .record({
    id: u16,
    qr: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    aa: fc.boolean(),
    tc: fc.boolean(),
    rd: fc.boolean(),
    ra: fc.boolean(),
    ad: fc.boolean(),
    cd: fc.boolean(),
    rcode: fc.integer({ min: 0, max: 4095 }),
    questions: fc.array(question, { maxLength: 1 }),
    answer: section,
    authority: section,
    additional: section,
    edns: fc.option(edns, { nil: undefined }),
  })
  .map((fields) => (fields.edns === undefined ? { ...fields, rcode: fields.rcode & 15 } : fields))
  .map((fields) => {
    const qname = fields.questions[0]?.name;
    const first = fields.answer[0];
    if (qname === undefined || first === undefined) return fields;
    if (fields.answer.some((other) => other !== first && other.name === qname && other.type === first.type))
      return fields;
    return { ...fields, answer: [{ ...first, name: qname }, ...fields.answer.slice(1)] };
  });
