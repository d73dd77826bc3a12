import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../../src/dns/name.js';
import { RRType } from '../../../../src/dns/registry.js';
import {
  checkRdata,
  formatRdata,
  fromHex,
  parseRdata,
  RdataError,
  toHex,
} from '../../../../src/wire/rdata/registry.js';
import { rdataTokens } from '../../../support/rdata-tokens.js';

const vectorFile = '../shared/data/vectors/svcb-rfc9460.json';

interface Vectors {
  success: { id: string; presentation: string; rdata_hex: string }[];
  failure: { id: string; presentation: string }[];
}

const parse = (text: string): string => parseRdata(RRType.SVCB, rdataTokens(text), ROOT);

describe.skipIf(!existsSync(vectorFile))(`SVCB vectors of RFC 9460 appendix D (${vectorFile})`, () => {
  const vectors: Vectors = existsSync(vectorFile)
    ? JSON.parse(readFileSync(vectorFile, 'utf8'))
    : { success: [], failure: [] };

  it.each(vectors.success)(
    '$id is read, and read again after it is written',
    ({ presentation, rdata_hex }) => {
      const rdata = parse(presentation);
      expect(toHex(rdata).toLowerCase()).toBe(rdata_hex);
      expect(parse(formatRdata(RRType.SVCB, rdata))).toBe(rdata);
    },
  );

  it.each(vectors.failure)('$id is refused', ({ presentation }) => {
    expect(() => parse(presentation)).toThrow(RdataError);
  });
});

describe('SVCB parameters', () => {
  const target = '00010161047465737400';

  it.each([
    ['keys out of order', `${target}00030002003500010003026832`],
    ['a key twice', `${target}0003000200350003000200 35`.replaceAll(' ', '')],
    ['a value that runs past the end', `${target}000300030035`],
    ['half a parameter', `${target}0003`],
    ['an empty alpn', `${target}00010000`],
    ['an empty protocol ID in alpn', `${target}0001000100`],
    ['a protocol ID that runs past its list', `${target}00010002FF68`],
    ['a port of one octet', `${target}0003000150`],
    ['five octets of IPv4 addresses', `${target}00040005C000020101`],
    ['no IPv6 address', `${target}00060000`],
    ['no-default-alpn with a value', `${target}00010003026832000200 0100`.replaceAll(' ', '')],
    ['no-default-alpn without alpn', `${target}00020000`],
    ['mandatory that names itself', `${target}000000020000`],
    ['mandatory of a key that is not there', `${target}000000020001`],
    ['mandatory out of order', `${target}0000000400030001000100030268320003000200 35`.replaceAll(' ', '')],
    ['key 65535', `${target}FFFF0000`],
  ])('%s is not valid', (_what, hex) => {
    expect(checkRdata(RRType.SVCB, fromHex(hex)!)).toBeTypeOf('string');
  });

  it('takes the value as a token of its own when the scanner parted it at the quote', () => {
    const tokens = [
      { text: '1', quoted: false },
      { text: 'a.test.', quoted: false },
      { text: 'alpn=', quoted: false },
      { text: 'h2,h3', quoted: true },
      { text: 'port=53', quoted: false },
    ];
    expect(parseRdata(RRType.SVCB, tokens, ROOT)).toBe(parse('1 a.test. port=53 alpn=h2,h3'));
  });

  it.each([
    ['ech', '1 a.test. ech=AQIDBA=='],
    ['dohpath', '1 a.test. alpn="h2" dohpath="/dns-query{?dns}"'],
    ['ohttp', '1 a.test. ohttp'],
    ['a key without name and value', '1 a.test. key9999'],
    ['several addresses', '1 a.test. ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1,::1'],
    ['mandatory', '1 a.test. mandatory=alpn,port alpn="h2" port=53'],
  ])('%s is written as it was read', (_what, text) => {
    expect(formatRdata(RRType.SVCB, parse(text))).toBe(text);
  });

  it.each([
    '1 a. port=65536',
    '1 a. port=x',
    '1 a. ipv4hint=192.0.2',
    '1 a. alpn=h2,,h3',
    '1 a. alpn',
    '1 a. KEY1=x',
    '1 a. key01=x',
    '1 a. ohttp=1',
    '1 a. ech=?',
  ])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow(RdataError);
  });
});
