import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameToOctets } from '../../../../src/dns/name.js';
import { formatType, parseType, RRType } from '../../../../src/dns/registry.js';
import {
  bitmapHas,
  canonicalRdata,
  checkRdata,
  fromHex,
  knownTypes,
  rdataNames,
} from '../../../../src/wire/rdata/registry.js';
import { rdataOf } from '../../../support/wire-arbitraries.js';

/** RFC 4034 6.2 without NSEC (RFC 6840 5.1) and A6; DNAME is in the list there. */
const LOWERED = 'NS MD MF CNAME SOA MB MG MR PTR MINFO MX RP AFSDB RT SIG PX NAPTR KX SRV DNAME RRSIG'.split(
  ' ',
);

describe('canonicalRdata', () => {
  it('lowers names in the types that RFC 4034 6.2 and RFC 6840 5.1 list, and in no other', () => {
    const lowering = knownTypes().filter((type) => {
      const withUpper = fc
        .sample(rdataOf(type), { numRuns: 200, seed: 5 })
        .find((rdata) =>
          rdataNames(type, rdata).some(({ start, end }) => /[A-Z]/.test(rdata.slice(start, end))),
        );
      return withUpper !== undefined && canonicalRdata(type, withUpper) !== withUpper;
    });
    expect(lowering.map(formatType).sort()).toEqual([...LOWERED].sort());
  });

  it('leaves what is not a name alone', () => {
    const rdata = `AB\0\x01\x02S1\x01X\x00${nameToOctets('A.B.')}`;
    expect(canonicalRdata(RRType.NAPTR, rdata)).toBe(`AB\0\x01\x02S1\x01X\x00${nameToOctets('a.b.')}`);
    expect(canonicalRdata(RRType.MX, `AB${nameToOctets('Mail.')}`)).toBe(`AB${nameToOctets('mail.')}`);
    expect(canonicalRdata(RRType.HINFO, '\x02PC\x02OS')).toBe('\x02PC\x02OS');
  });

  it('lowers both names of SOA', () => {
    const tail = 'SERIALrefreshRETRY00';
    expect(canonicalRdata(RRType.SOA, nameToOctets('Ns.A.') + nameToOctets('h.B.') + tail)).toBe(
      nameToOctets('ns.a.') + nameToOctets('h.b.') + tail,
    );
  });

  it('gives RDATA that breaks its layout back as it is', () => {
    expect(canonicalRdata(RRType.MX, '\0\x0a\x05Ab')).toBe('\0\x0a\x05Ab');
  });
});

describe('rdataNames', () => {
  it.each([
    ['MX', '000A01610162 00', [[2, 7]]],
    [
      'SOA',
      `0161000162 00${'00'.repeat(20)}`,
      [
        [0, 3],
        [3, 6],
      ],
    ],
    ['SVCB', '0001016100', [[2, 5]]],
    ['A', 'C0000201', []],
    ['TYPE65280', '016100', []],
    ['NS', '0161', []],
  ] as const)('%s', (type, hex, spans) => {
    const found = rdataNames(parseType(type)!, fromHex(hex.replaceAll(' ', ''))!);
    expect(found.map(({ start, end }) => [start, end])).toEqual(spans);
  });
});

describe('checkRdata', () => {
  it('takes anything for a type that it does not know', () => {
    expect(checkRdata(65280, '')).toBeUndefined();
  });

  it.each([
    ['LOC of version 1', 'LOC', '01331613 89172DD0 70BE15F0 00988D20'],
    ['LOC with a size that is no decimal digit', 'LOC', '00A31613 89172DD0 70BE15F0 00988D20'],
    ['LOC beyond a pole', 'LOC', '00331613 FFFFFFFF 70BE15F0 00988D20'],
    ['LOC beyond the date line', 'LOC', '00331613 89172DD0 FFFFFFFF 00988D20'],
    ['CAA with an empty tag', 'CAA', '00 00 61'],
    ['HIP without key', 'HIP', '01020000AA'],
    ['ZONEMD with a digest of 11 octets (RFC 8976 2.2.4)', 'ZONEMD', `00000001 01 01 ${'00'.repeat(11)}`],
    ['APL item past the end', 'APL', '0001 20 05 C0000201'],
    ['NSEC3 without hash', 'NSEC3', '01000000 00 00'],
    ['an empty URI target', 'URI', '0001 0001'],
  ])('refuses %s', (_what, type, hex) => {
    expect(checkRdata(parseType(type)!, fromHex(hex.replaceAll(' ', ''))!)).toBeTypeOf('string');
  });
});

describe('bitmapHas', () => {
  const rdata = `\0${fromHex('0006400100000003041B000000000000000000000000000000000000000000000000000020')!}`;

  it('finds the types of the example in RFC 4034 4.3 and no others', () => {
    const types = Array.from({ length: 65536 }, (_, type) => type).filter((type) =>
      bitmapHas(rdata, 1, type),
    );
    expect(types.map(formatType)).toEqual(['A', 'MX', 'RRSIG', 'NSEC', 'TYPE1234']);
  });
});
