/** Views of DNSSEC RDATA, and the keys made of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { schemeOf, usableDs } from '../../../src/dnssec/algorithms.js';
import { BoundedMap } from '../../../src/dnssec/bounded-map.js';
import {
  claimedSigner,
  hasType,
  isZoneKey,
  parseDnskey,
  parseDs,
  parseNsec,
  parseNsec3,
  parseRrsig,
} from '../../../src/dnssec/records.js';
import { CryptoVerifier, importKey } from '../../../src/dnssec/signature-verifier.js';
import { generateSigningKey, signOctets } from '../../../src/dnssec/signing-key.js';
import { encodeBitmap } from '../../../src/wire/rdata/bitmap.js';

function dnskey(publicKey: string, algorithm = 8, flags = 256, protocol = 3) {
  return parseDnskey(String.fromCharCode(flags >> 8, flags & 255, protocol, algorithm) + publicKey)!;
}

describe('parsing', () => {
  test('an RRSIG is read field by field, its signer folded', () => {
    const rdata =
      '\0\x01\x0d\x02\0\0\x01\x2c\x69\x6c\x61\x50\x69\x5b\x2c\x00\x55\x47\x07EXAMPLE\0\x00\x01\x02';
    expect(parseRrsig(rdata)).toMatchObject({
      typeCovered: 1,
      algorithm: 13,
      labels: 2,
      originalTtlSec: 300,
      expiration: 0x696c6150,
      inception: 0x695b2c00,
      keyTag: 21831,
      signer: parseName('example.'),
      signature: '\0\x01\x02',
    });
  });

  test('RDATA that is cut short is no record', () => {
    const rrsig = '\0\x01\x0d\x02\0\0\x01\x2c\x69\x6c\x61\x50\x69\x5b\x2c\x00\x55\x47\x07example\0\x01';
    const nsec = parseName('b.example.') + encodeBitmap([1, 46, 47]);
    const nsec3 = `\x01\0\0\0\x02ab\x14${'h'.repeat(20)}${encodeBitmap([1])}`;
    const owner = parseName(`${'0'.repeat(32)}.example.`);
    for (let i = 0; i < rrsig.length; i++)
      expect(parseRrsig(rrsig.slice(0, i)), `RRSIG ${i}`).toBeUndefined();
    for (let i = 0; i < 5; i++) expect(parseDs('\0\x01\x08\x02x'.slice(0, i))).toBeUndefined();
    for (let i = 0; i < 5; i++) expect(parseDnskey('\x01\0\x03\x08x'.slice(0, i))).toBeUndefined();
    // A bit map may end after any whole window, so only cuts inside one are errors.
    for (let i = 0; i < nsec.length; i++) {
      if (i !== parseName('b.example.').length)
        expect(parseNsec(owner, nsec.slice(0, i)), `NSEC ${i}`).toBeUndefined();
    }
    for (let i = 0; i < 28; i++) expect(parseNsec3(owner, nsec3.slice(0, i)), `NSEC3 ${i}`).toBeUndefined();
    expect(parseNsec3(owner, nsec3)).toMatchObject({
      salt: 'ab',
      nextHash: 'h'.repeat(20),
      zone: parseName('example.'),
    });
  });

  test('an NSEC3 whose owner is no hash of the right length is no record', () => {
    const rdata = `\x01\0\0\0\0\x14${'h'.repeat(20)}`;
    for (const owner of ['example.', `${'0'.repeat(31)}.example.`, `${'z'.repeat(32)}.example.`, '.']) {
      expect(parseNsec3(parseName(owner), rdata), owner).toBeUndefined();
    }
  });

  test('nothing that octets can hold makes a parser throw', () => {
    const octets = fc.uint8Array({ maxLength: 60 }).map((o) => Buffer.from(o).toString('latin1'));
    fc.assert(
      fc.property(octets, (rdata) => {
        for (const parse of [parseDnskey, parseDs, parseRrsig]) parse(rdata);
        parseNsec(parseName('a.'), rdata);
        parseNsec3(parseName('a.'), rdata);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  test('a type bit map holds exactly the types put in', () => {
    const types = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 20 });
    fc.assert(
      fc.property(types, fc.integer({ min: 1, max: 65_535 }), (list, other) => {
        const map = encodeBitmap(list);
        for (const type of list) expect(hasType(map, type)).toBe(true);
        expect(hasType(map, other)).toBe(list.includes(other));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test('the deepest signer at or above the owner is the one claimed', () => {
    const sig = (signer: string) => `${'x'.repeat(18)}${parseName(signer)}sig`;
    const owner = parseName('www.shop.test.');
    expect(claimedSigner(owner, [sig('.'), sig('shop.test.'), sig('test.')])).toBe(parseName('shop.test.'));
    expect(claimedSigner(owner, [sig('other.test.'), sig('a.www.shop.test.')])).toBeUndefined();
    expect(claimedSigner(owner, ['short'])).toBeUndefined();
  });

  test('a zone key has the zone bit and protocol 3, and is not revoked', () => {
    expect(isZoneKey(dnskey('x'))).toBe(true);
    expect(isZoneKey(dnskey('x', 8, 1))).toBe(false);
    expect(isZoneKey(dnskey('x', 8, 256 | 128))).toBe(false);
    expect(isZoneKey(dnskey('x', 8, 256, 2))).toBe(false);
  });
});

describe('DS records', () => {
  const ds = (algorithm: number, digestType: number) =>
    `\0\x01${String.fromCharCode(algorithm, digestType)}digest`;
  const supports = (algorithm: number) => algorithm === 8 || algorithm === 13;

  test('are sorted out by algorithm and digest, SHA-1 only where nothing better stands for the algorithm', () => {
    const found = usableDs([ds(8, 1), ds(8, 2), ds(13, 1), ds(5, 2), ds(8, 3), 'bad'], supports);
    expect(found.usable.map((d) => [d.algorithm, d.digestType])).toEqual([
      [8, 2],
      [13, 1],
    ]);
    expect(found.unsupportedAlgorithms).toEqual([5]);
    expect(found.unsupportedDigests).toEqual([3]);
  });
});

describe('public keys', () => {
  const modulus = `\xff${'m'.repeat(127)}`;

  test.each([
    ['an exponent length cut short', 8, '\0'],
    ['an exponent of no octets', 8, `\0${modulus}`],
    ['an exponent that takes all octets', 8, '\x05abc'],
    ['an exponent of 9 octets', 8, `\x09${'\x01'.repeat(9)}${modulus}`],
    ['a modulus of 63 octets', 8, `\x03\x01\0\x01${'m'.repeat(63)}`],
    ['a modulus of 513 octets', 8, `\x03\x01\0\x01${'m'.repeat(513)}`],
    ['an ECDSA key cut short', 13, 'x'.repeat(63)],
    ['a point that is not on the curve', 13, 'x'.repeat(64)],
    ['an Ed25519 key cut short', 15, 'x'.repeat(31)],
    ['an Ed448 key too long', 16, 'x'.repeat(58)],
  ])('%s is malformed', (_what, algorithm, publicKey) => {
    const key = dnskey(publicKey, algorithm);
    expect(importKey(key, schemeOf(algorithm)!)).toBe('malformed');
    expect(new CryptoVerifier().verify(key, 'data', 'sig')).toBe('malformed');
  });

  test('RSA exponents in the long form, with zeros in front, are read (RFC 3110)', () => {
    const key = dnskey(`\0\0\x04\0\x01\0\x01\0${modulus}`);
    expect(importKey(key, schemeOf(8)!)).not.toBe('malformed');
  });

  test('what is remembered is known, for the same key and data only', () => {
    const verifier = new CryptoVerifier();
    const [key, other] = [generateSigningKey(13, 256), generateSigningKey(13, 256)];
    const signature = signOctets(key, 'data');
    expect(verifier.isKnown(key, 'data', signature)).toBe(false);
    expect(verifier.verify(key, 'data', signature)).toBe('good');
    verifier.remember(key, 'data', signature);
    expect(verifier.isKnown(key, 'data', signature)).toBe(true);
    expect(verifier.isKnown(key, 'date', signature)).toBe(false);
    expect(verifier.isKnown(other, 'data', signature)).toBe(false);
    expect(verifier.verify(other, 'data', signature)).toBe('bad');
  });

  test('RSA/SHA-1 counts only when it is allowed', () => {
    for (const algorithm of [5, 7]) {
      expect(new CryptoVerifier().supports(algorithm)).toBe(false);
      expect(new CryptoVerifier({ allowSha1: true }).supports(algorithm)).toBe(true);
    }
    expect(
      [1, 3, 6, 12, 17, 23, 253, 255].some((a) => new CryptoVerifier({ allowSha1: true }).supports(a)),
    ).toBe(false);
  });
});

describe('BoundedMap', () => {
  test('keeps no more than its limit and lets the one used longest ago go', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
    map.set('a', 4);
    expect([map.get('a'), map.size]).toEqual([4, 2]);
    map.deleteWhere((_, value) => value === 4);
    expect([map.get('a'), map.size]).toEqual([undefined, 1]);
    map.clear();
    expect(map.size).toBe(0);
  });
});
