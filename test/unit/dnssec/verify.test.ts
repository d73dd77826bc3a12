/** One RRset against the keys of one zone. */
import { describe, expect, test } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { Ede, RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { CryptoVerifier } from '../../../src/dnssec/signature-verifier.js';
import { type SigningTimes, signRRset } from '../../../src/dnssec/signing-key.js';
import { MAX_SIGNATURES, type VerifyContext, verifyRRset } from '../../../src/dnssec/verify.js';
import { budgetOf, onlyRrset } from '../../support/signed-data.js';
import { fixedKey, NOW_SEC } from '../../support/signed-net.js';

const zone = parseName('shop.test.');
const key = fixedKey('verify');
const times: SigningTimes = { inceptionSec: NOW_SEC - 1000, expirationSec: NOW_SEC + 1000 };
const www = onlyRrset('www.shop.test. 300 IN A 192.0.2.1');

function context(change: Partial<VerifyContext> = {}): VerifyContext {
  return { verifier: new CryptoVerifier(), nowSec: NOW_SEC, skewSec: 0, budget: budgetOf(), ...change };
}

function signed(rrset: RRset = www, when = times): RRset {
  return { ...rrset, signatures: [signRRset(rrset, key, zone, when)] };
}

const check = (rrset: RRset, change: Partial<VerifyContext> = {}) =>
  verifyRRset(rrset, { zone, keys: [key] }, context(change));

describe('time to live', () => {
  test('is the least of TTL, original TTL and what is left of the signature', () => {
    expect(check(signed())).toMatchObject({ kind: 'valid', ttlSec: 300 });
    expect(check({ ...signed(), ttlSec: 60 })).toMatchObject({ ttlSec: 60 });
    expect(check({ ...signed(), ttlSec: 86_400 })).toMatchObject({ ttlSec: 300 });
    expect(check(signed(www, { ...times, expirationSec: NOW_SEC + 20 }))).toMatchObject({ ttlSec: 20 });
  });

  test('is a minute at most when only the clock skew keeps the signature valid', () => {
    const late = signed(www, { ...times, expirationSec: NOW_SEC - 10 });
    expect(check(late, { skewSec: 3600 })).toMatchObject({ kind: 'valid', ttlSec: 60 });
    expect(check(late, { skewSec: 30 })).toMatchObject({ kind: 'valid', ttlSec: 20 });
    expect(check(late, { skewSec: 9 })).toMatchObject({ kind: 'bogus', ede: Ede.SIGNATURE_EXPIRED });
  });
});

describe('time', () => {
  test('is compared in serial arithmetic, past 2106 too', () => {
    const wrap = 2 ** 32;
    const when = { inceptionSec: wrap - 1000, expirationSec: 1000 };
    const around = signed(www, when);
    expect(check(around, { nowSec: wrap - 500 })).toMatchObject({ kind: 'valid' });
    expect(check(around, { nowSec: wrap + 500 })).toMatchObject({ kind: 'valid' });
    expect(check(around, { nowSec: wrap + 1500 })).toMatchObject({ ede: Ede.SIGNATURE_EXPIRED });
    expect(check(around, { nowSec: wrap - 1500 })).toMatchObject({ ede: Ede.SIGNATURE_NOT_YET_VALID });
  });

  test('the last and the first second count', () => {
    expect(check(signed(), { nowSec: times.expirationSec })).toMatchObject({ kind: 'valid' });
    expect(check(signed(), { nowSec: times.inceptionSec })).toMatchObject({ kind: 'valid' });
    expect(check(signed(), { nowSec: times.expirationSec + 1 })).toMatchObject({ kind: 'bogus' });
    expect(check(signed(), { nowSec: times.inceptionSec - 1 })).toMatchObject({ kind: 'bogus' });
  });
});

describe('canonical form', () => {
  test('order, duplicates and letter case of names in RDATA make no difference', () => {
    const text = ['shop.test. 300 IN NS a.shop.test.', 'shop.test. 300 IN NS b.shop.test.'];
    const ns = signed(onlyRrset(text));
    const shuffled = {
      ...ns,
      rdatas: [parseName('b.shop.test.'), '\x01A\x04Shop\x04TEST\0', parseName('a.shop.test.')],
    };
    expect(check(shuffled)).toMatchObject({ kind: 'valid' });
    expect(check({ ...ns, rdatas: ns.rdatas.slice(1) })).toMatchObject({ kind: 'bogus' });
  });

  test('a wildcard keeps its label count, and the literal wildcard is no expansion', () => {
    const wild = signed(onlyRrset('*.shop.test. 300 IN A 192.0.2.1'));
    expect(check(wild)).toMatchObject({ kind: 'valid', closestEncloser: undefined });
    expect(check({ ...wild, name: parseName('a.b.shop.test.') })).toMatchObject({
      kind: 'valid',
      closestEncloser: zone,
    });
    expect(check({ ...wild, name: parseName('shop.test.') })).toMatchObject({ kind: 'bogus' });
  });
});

describe('claims', () => {
  test("a signature in another zone's name is not this zone's, though its key made it", () => {
    const parent = parseName('test.');
    const other = { ...www, signatures: [signRRset(www, key, parent, times)] };
    expect(check(other)).toMatchObject({ kind: 'bogus', ede: Ede.DNSSEC_BOGUS });
    expect(verifyRRset(other, { zone: parent, keys: [key] }, context())).toMatchObject({ kind: 'valid' });
  });

  test('a zone does not sign names outside it', () => {
    const outside = onlyRrset('www.bank.test. 300 IN A 192.0.2.1');
    expect(check({ ...outside, signatures: signed().signatures })).toMatchObject({ kind: 'bogus' });
  });

  test('a signature over another type says so', () => {
    const result = check({ ...www, signatures: signed(onlyRrset('www.shop.test. 300 IN TXT x')).signatures });
    expect(result).toMatchObject({ kind: 'bogus', reason: expect.stringContaining('covers another type') });
  });
});

describe('among many signatures', () => {
  const good = signed().signatures[0]!;
  const broken = (i: number) =>
    good.slice(0, -1) + String.fromCharCode((good.charCodeAt(good.length - 1) + i) & 255);

  test('one that fits is found behind those that cannot fit', () => {
    const junk = Array.from(
      { length: 100 },
      (_, i) => good.slice(0, 16) + String.fromCharCode(i, i) + good.slice(18),
    );
    expect(check({ ...www, signatures: [...junk, 'x', '', good] })).toMatchObject({ kind: 'valid' });
  });

  test('by keys with different tags, the first eight are tried', () => {
    const keys = Array.from({ length: MAX_SIGNATURES + 1 }, (_, i) => fixedKey(`many ${i}`));
    expect(new Set(keys.map((k) => k.keyTag)).size).toBe(keys.length);
    const signatures = keys.map((k) => signRRset(www, k, zone, times));
    const spoilt = signatures
      .slice(0, -1)
      .map((s) => s.slice(0, -1) + String.fromCharCode(s.charCodeAt(s.length - 1) ^ 1));
    const at = (n: number) => {
      const ctx = context();
      const result = verifyRRset(
        { ...www, signatures: [...spoilt.slice(0, n), signatures.at(-1)!] },
        { zone, keys },
        ctx,
      );
      return [result.kind, ctx.budget.usedOf('signatureChecks')];
    };
    expect(at(MAX_SIGNATURES - 1)).toEqual(['valid', MAX_SIGNATURES]);
    expect(at(MAX_SIGNATURES)).toEqual(['bogus', MAX_SIGNATURES]);
  });

  test('the failure told is the one that got farthest', () => {
    const expired = signed(www, { inceptionSec: 1000, expirationSec: 2000 }).signatures[0]!;
    expect(check({ ...www, signatures: [broken(1), expired] })).toMatchObject({ ede: Ede.DNSSEC_BOGUS });
    const unknown = `${good.slice(0, 2)}\x03${good.slice(3)}`;
    expect(check({ ...www, signatures: [expired, unknown] })).toMatchObject({ ede: Ede.SIGNATURE_EXPIRED });
    expect(check({ ...www, signatures: [unknown] })).toMatchObject({ ede: Ede.UNSUPPORTED_DNSKEY_ALGORITHM });
    expect(check({ ...www, signatures: ['garbage'] })).toMatchObject({ ede: Ede.RRSIGS_MISSING });
  });

  test('a denial that verified before costs no budget; data does, for whoever asked has it cached', () => {
    const verifier = new CryptoVerifier();
    const nsec = onlyRrset('www.shop.test. 300 IN NSEC z.shop.test. A RRSIG NSEC');
    const none = { verifier, budget: budgetOf({ signatureChecks: 0 }) };
    for (const rrset of [signed(nsec), signed()])
      expect(check(rrset, { verifier })).toMatchObject({ kind: 'valid' });
    expect(check(signed(nsec), none)).toMatchObject({ kind: 'valid' });
    expect(check(signed(), none)).toMatchObject({ kind: 'bogus', outOfBudget: true });
  });

  test('an RRset from a wildcard that verified under one name costs no budget under another', () => {
    const verifier = new CryptoVerifier();
    const wildcard = onlyRrset('*.shop.test. 300 IN A 192.0.2.1');
    const signatures = [signRRset(wildcard, key, zone, times)];
    const under = (name: string) => ({ ...wildcard, name: parseName(name), signatures });
    expect(check(under('a.shop.test.'), { verifier })).toMatchObject({ kind: 'valid' });
    const none = { verifier, budget: budgetOf({ signatureChecks: 0 }) };
    expect(check(under('b.shop.test.'), none)).toMatchObject({ kind: 'valid', closestEncloser: zone });
  });

  test('a key that cannot be read counts as a failed check', () => {
    const malformed = { ...key, algorithm: 13, rdata: `${key.rdata.slice(0, 3)}\x0d${key.rdata.slice(4)}` };
    const sig = `${good.slice(0, 2)}\x0d${good.slice(3)}`;
    const ctx = context();
    const result = verifyRRset({ ...www, signatures: [sig] }, { zone, keys: [malformed] }, ctx);
    expect(result).toMatchObject({ kind: 'bogus', reason: expect.stringContaining('malformed') });
    expect(ctx.budget.usedOf('signatureChecks')).toBe(1);
  });
});

test('types are told apart by their RDATA only: no type is special', () => {
  const opaque = { ...www, type: 65_280, rdatas: ['\x07UPPER'] };
  expect(check(signed(opaque))).toMatchObject({ kind: 'valid' });
  expect(check({ ...signed(opaque), rdatas: ['\x07upper'] })).toMatchObject({ kind: 'bogus' });
  expect(RRType.A).toBe(www.type);
});
