/** One signature and one key: what both ways of checking must say alike, whatever octets come. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Octets } from '../../../src/dns/name.js';
import { ecdsaVerifier } from '../../../src/dnssec/libcrypto.js';
import type { Dnskey } from '../../../src/dnssec/records.js';
import { CryptoVerifier, type SignatureResult } from '../../../src/dnssec/signature-verifier.js';
import { signOctets } from '../../../src/dnssec/signing-key.js';
import { u16Octets } from '../../../src/wire/octets.js';
import { newSigningKey } from '../../support/new-signing-key.js';

const text: Octets = 'text that is signed';
const signers = [8, 10, 13, 14, 15, 16].map((algorithm) => {
  const key = newSigningKey(algorithm, 256);
  return { algorithm, key, signature: signOctets(key, text) };
});
const curves = signers.filter(({ algorithm }) => algorithm === 13 || algorithm === 14);

/** The key with other octets in it, for which alone it is used here. */
function keyWith(key: Dnskey, publicKey: Octets): Dnskey {
  return { ...key, publicKey, rdata: key.rdata.slice(0, 4) + publicKey };
}

function flipped(octets: Octets, at: number, bit = 1): Octets {
  return octets.slice(0, at) + String.fromCharCode(octets.charCodeAt(at) ^ bit) + octets.slice(at + 1);
}

const primes = {
  13: 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
  14: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff',
} as const;
const orders = {
  13: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  14: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
} as const;

/** @param by added to the number, so that it is one that the curve's arithmetic would reduce */
function numberOctets(hex: string, by: bigint): Octets {
  const size = hex.length;
  return Buffer.from((BigInt(`0x${hex}`) + by).toString(16).padStart(size, '0'), 'hex').toString('latin1');
}

const ways = [
  ['node:crypto', false],
  ['OpenSSL called directly', true],
] as const;

test('OpenSSL can be called directly where koffi is installed, as it is for development on Linux', () => {
  const isLinux = process.platform === 'linux';
  expect(ecdsaVerifier('P-256') !== undefined).toBe(isLinux);
  expect(ecdsaVerifier('P-384') !== undefined).toBe(isLinux);
});

describe.each(ways)('by %s', (_title, native) => {
  const check = (key: Dnskey, signed: Octets, signature: Octets): SignatureResult =>
    new CryptoVerifier({ native }).verify(key, signed, signature);

  test.each(signers)('a signature of algorithm $algorithm is good, twice and after a bad one', (signer) => {
    const { key, signature } = signer;
    const verifier = new CryptoVerifier({ native });
    expect(verifier.verify(key, text, signature)).toBe('good');
    expect(verifier.verify(key, `${text}!`, signature)).toBe('bad');
    expect(verifier.verify(key, text, signature)).toBe('good');
  });

  test.each(signers)('one changed octet of an algorithm $algorithm signature makes it bad', (signer) => {
    for (const at of [0, 1, signer.signature.length >> 1, signer.signature.length - 1])
      expect(check(signer.key, text, flipped(signer.signature, at))).toBe('bad');
  });

  test.each(signers)('a signature of any wrong length is bad for algorithm $algorithm', (signer) => {
    const { key, signature } = signer;
    for (const length of [0, 1, 31, 32, 63, 64, 65, 72, 95, 96, 97, 114, 128, 255, 256, 257, 65_000]) {
      const cut = signature.slice(0, length) + '\xff'.repeat(Math.max(0, length - signature.length));
      if (length !== signature.length) expect(check(key, text, cut)).toBe('bad');
    }
  });

  test.each(curves)(
    'a key of any wrong length is malformed for algorithm $algorithm',
    ({ key, signature }) => {
      const { publicKey } = key;
      for (const length of [0, 1, 32, 33, 63, 64, 65, 95, 96, 97, 128, 60_000]) {
        const cut = publicKey.slice(0, length) + '\x01'.repeat(Math.max(0, length - publicKey.length));
        if (length !== publicKey.length) expect(check(keyWith(key, cut), text, signature)).toBe('malformed');
      }
    },
  );

  test.each(curves)('a point off the curve of algorithm $algorithm is malformed', ({ key, signature }) => {
    const { publicKey } = key;
    const half = publicKey.length / 2;
    const p = primes[key.algorithm as 13 | 14];
    const points = [
      flipped(publicKey, publicKey.length - 1),
      flipped(publicKey, 0, 0x80),
      publicKey.slice(half) + publicKey.slice(0, half),
      '\0'.repeat(2 * half),
      '\xff'.repeat(2 * half),
      numberOctets(p, 0n) + publicKey.slice(half),
      numberOctets(p, 1n) + publicKey.slice(half),
    ];
    for (const point of points) expect(check(keyWith(key, point), text, signature)).toBe('malformed');
  });

  test.each(curves)('numbers out of range in an algorithm $algorithm signature are bad', (signer) => {
    const { key, signature } = signer;
    const half = signature.length / 2;
    const [r, s] = [signature.slice(0, half), signature.slice(half)];
    const order = orders[key.algorithm as 13 | 14];
    for (const number of ['\0'.repeat(half), '\xff'.repeat(half), numberOctets(order, 0n)]) {
      expect(check(key, text, number + s)).toBe('bad');
      expect(check(key, text, r + number)).toBe('bad');
    }
    expect(check(key, text, '\0'.repeat(2 * half))).toBe('bad');
  });

  test.each(curves)('small and large numbers are written right for algorithm $algorithm', ({ key }) => {
    // About half of all numbers begin with a set bit, and one in 256 with a zero octet.
    for (let i = 0; i < 300; i++) {
      const signature = signOctets(key, `${text} ${i}`);
      expect(check(key, `${text} ${i}`, signature)).toBe('good');
    }
  });

  test.each(curves)('data of any size is hashed whole for algorithm $algorithm', ({ key }) => {
    for (const size of [0, 1, 4095, 4096, 4097, 200_000]) {
      const data = 'é'.repeat(size);
      const signature = signOctets(key, data);
      expect(check(key, data, signature)).toBe('good');
      expect(check(key, `${data}\0`, signature)).toBe('bad');
    }
  });

  test('keys in turn do not mix', () => {
    const verifier = new CryptoVerifier({ native });
    const [a, b] = [newSigningKey(13, 256), newSigningKey(13, 257)];
    const [byA, byB] = [signOctets(a, text), signOctets(b, text)];
    for (let round = 0; round < 3; round++) {
      expect(verifier.verify(a, text, byA)).toBe('good');
      expect(verifier.verify(b, text, byA)).toBe('bad');
      expect(verifier.verify(b, text, byB)).toBe('good');
      expect(verifier.verify(a, text, byB)).toBe('bad');
    }
  });
});

test('both ways say the same of noise', () => {
  const noise = (seed: string, length: number) => {
    let octets = '';
    for (let i = 0; octets.length < length; i++)
      octets += createHash('sha512')
        .update(seed + u16Octets(i))
        .digest()
        .toString('latin1');
    return octets.slice(0, length);
  };
  for (const { key, signature } of curves) {
    for (let i = 0; i < 200; i++) {
      const publicKey = i % 3 === 0 ? noise(`k${i}`, i) : key.publicKey;
      const tried = i % 2 === 0 ? noise(`s${i}`, i % 4 === 0 ? signature.length : i) : signature;
      const of = (native: boolean) =>
        new CryptoVerifier({ native }).verify(keyWith(key, publicKey), text, tried);
      expect(of(true), `case ${i}`).toBe(of(false));
    }
  }
});
