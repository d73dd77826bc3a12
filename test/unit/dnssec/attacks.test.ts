/** What a hostile zone or a forger does to a validator: the verdict stays right and the work stays bounded. */
import { describe, expect, test } from 'vitest';
import { nameToOctets, parseName, ROOT } from '../../../src/dns/name.js';
import { Ede, RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { keyTagOf, parseDnskey } from '../../../src/dnssec/records.js';
import { dsRdata, type SigningKey, signRRset } from '../../../src/dnssec/signing-key.js';
import type { ValidationInput } from '../../../src/dnssec/verdict.js';
import { encodeBitmap } from '../../../src/wire/rdata/bitmap.js';
import { budgetOf } from '../../support/signed-data.js';
import { fixedKey, type NetZone, NOW_SEC, nsec3, SignedNet } from '../../support/signed-net.js';

const root: NetZone = { apex: '.' };
const tld: NetZone = { apex: 'test.' };
const victim = parseName('evil.test.');
const key = fixedKey('evil.test.');
const times = { inceptionSec: NOW_SEC - 86_400, expirationSec: NOW_SEC + 86_400 };

function evilNet(change: Partial<NetZone> = {}): SignedNet {
  return new SignedNet([root, tld, { apex: 'evil.test.', records: ['www 300 IN A 192.0.2.1'], ...change }]);
}

function signed(rrset: RRset, by: SigningKey = key, zone = victim, labels?: number): RRset {
  return { ...rrset, signatures: [signRRset(rrset, by, zone, times, labels)] };
}

/** DNSKEY RDATA of Ed25519 with the same tag as `like`: two octets take up the difference. */
function collidingKey(like: string, seed: number): string {
  const octets = Array.from({ length: 32 }, (_, i) => (seed * (i + 1) + (seed >> 8) + i) & 255);
  for (let a = 0; a < 65_536; a++) {
    octets[30] = a >> 8;
    octets[31] = a & 255;
    const rdata = like.slice(0, 4) + String.fromCharCode(...octets);
    if (keyTagOf(rdata) === keyTagOf(like)) return rdata;
  }
  throw new Error('no collision found');
}

describe('KeyTrap (CVE-2023-50387)', () => {
  const colliding = Array.from({ length: 500 }, (_, i) => collidingKey(key.rdata, i));

  test('the keys of the attack do share a tag', () => {
    expect(new Set(colliding.map((rdata) => parseDnskey(rdata)!.keyTag))).toEqual(new Set([key.keyTag]));
    expect(new Set(colliding).size).toBe(500);
  });

  test('500 colliding keys and 500 wrong signatures cost a few checks, then the zone is bogus', async () => {
    const good = signRRset(
      { name: victim, type: RRType.DNSKEY, class: 1, ttlSec: 300, rdatas: colliding, signatures: [] },
      key,
      victim,
      times,
    );
    const signatures = Array.from(
      { length: 500 },
      (_, i) => good.slice(0, -2) + String.fromCharCode(i >> 8, i & 255),
    );
    const net = evilNet();
    const base = net.context(budgetOf());
    const fetch: typeof base.fetch = async (name, type, attempt) => {
      if (type !== RRType.DNSKEY || name !== victim) return base.fetch(name, type, attempt);
      return {
        kind: 'answer',
        rrsets: [
          { name: victim, type, class: 1, ttlSec: 300, rdatas: [...colliding, key.rdata], signatures },
        ],
      };
    };
    const verdict = await net.validator().validate(net.input('www.evil.test.'), { ...base, fetch });
    expect(verdict.security).toBe('bogus');
    expect(base.budget.usedOf('signatureChecks')).toBeLessThanOrEqual(16);
  });

  test('500 wrong signatures over an answer, with a key set full of collisions, cost a few checks', async () => {
    // All keys are in the DNSKEY RRset, so that the answer's checks have them to choose from.
    const keySet = signed({
      name: victim,
      type: RRType.DNSKEY,
      class: 1,
      ttlSec: 300,
      rdatas: [key.rdata, ...colliding.slice(0, 50)],
      signatures: [],
    });
    const net = evilNet({ spoil: (r) => (r.type === RRType.DNSKEY ? keySet : r) });
    const input = net.input('www.evil.test.');
    const ctx = net.context(budgetOf());
    const spoilt = input.answer.map((r) => ({
      ...r,
      signatures: Array.from(
        { length: 500 },
        (_, i) => r.signatures[0]!.slice(0, -2) + String.fromCharCode(i >> 8, i & 255),
      ),
    }));
    const verdict = await net.validator().validate({ ...input, answer: spoilt }, ctx);
    expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.DNSSEC_BOGUS }] });
    expect(ctx.budget.usedOf('signatureChecks')).toBeLessThanOrEqual(10);
  });

  test('keys that cannot be read count as failures, so that the right one behind 10 of them is not reached (CVE-2025-8677)', async () => {
    // Of the same tag and algorithm, but Ed25519 keys have 32 octets.
    const unreadable = colliding.slice(0, 10).map((rdata) => `${rdata}\0\0`);
    const keySet = signed({
      name: victim,
      type: RRType.DNSKEY,
      class: 1,
      ttlSec: 300,
      rdatas: [...unreadable, key.rdata],
      signatures: [],
    });
    const net = evilNet({ spoil: (r) => (r.type === RRType.DNSKEY ? keySet : r) });
    const ctx = net.context(budgetOf());
    const verdict = await net.validator().validate(net.input('www.evil.test.'), ctx);
    expect(verdict).toMatchObject({ security: 'bogus' });
    expect(verdict.ede?.[0]?.text).toMatch(/malformed/);
    expect(ctx.budget.usedOf('signatureChecks')).toBeLessThanOrEqual(10);
  });

  test('a colliding key beside the right one does no harm', async () => {
    const keySet = signed({
      name: victim,
      type: RRType.DNSKEY,
      class: 1,
      ttlSec: 300,
      rdatas: [colliding[0]!, key.rdata],
      signatures: [],
    });
    const net = evilNet({ spoil: (r) => (r.type === RRType.DNSKEY ? keySet : r) });
    expect(await net.judge('www.evil.test.')).toMatchObject({ security: 'secure' });
  });

  test('when the budget ends the work, the verdict says so, asks not to be cached, and is not kept', async () => {
    const net = evilNet();
    const validator = net.validator();
    const verdict = await validator.validate(
      net.input('www.evil.test.'),
      net.context(budgetOf({ signatureChecks: 2 })),
    );
    expect(verdict).toMatchObject({ security: 'bogus', transient: true });
    expect(verdict.reason).toContain('used up its 2 signature checks');
    expect(await validator.validate(net.input('www.evil.test.'), net.context())).toMatchObject({
      security: 'secure',
    });
  });

  test('a query that waits for the work of one without budget does it itself', async () => {
    const net = evilNet();
    const validator = net.validator();
    const verdicts = await Promise.all([
      validator.validate(net.input('www.evil.test.'), net.context(budgetOf({ signatureChecks: 1 }))),
      validator.validate(net.input('www.evil.test.'), net.context()),
    ]);
    expect(verdicts.map((v) => v.security)).toEqual(['bogus', 'secure']);
  });
});

describe('NSEC3 exhaustion (CVE-2023-50868)', () => {
  test.each([51, 150, 151, 2500])('%i iterations make the zone insecure', async (iterations) => {
    const net = evilNet({ denial: { ...nsec3, iterations } });
    const ctx = net.context();
    const verdict = await net.validator().validate(net.input(`${'a.'.repeat(90)}none.evil.test.`), ctx);
    expect(verdict).toMatchObject({
      security: 'insecure',
      ede: [{ code: Ede.UNSUPPORTED_NSEC3_ITERATIONS }],
    });
    expect(ctx.budget.usedOf('nsec3Hashes')).toBeLessThanOrEqual(iterations > 150 ? 0 : 64);
  });

  test('50 iterations are still taken', async () => {
    const net = evilNet({ denial: { ...nsec3, iterations: 50 } });
    expect(await net.judge('none.evil.test.')).toMatchObject({ security: 'secure' });
  });

  test('many iterations in records whose signature is wrong do not make the zone insecure', async () => {
    const net = evilNet({
      denial: { ...nsec3, iterations: 150 },
      spoil: (r) =>
        r.type === RRType.NSEC3
          ? {
              ...r,
              rdatas: [`${r.rdatas[0]!}`],
              ttlSec: r.ttlSec,
              signatures: r.signatures.map((s) => `${s.slice(0, -1)}\0`),
            }
          : r,
    });
    expect(await net.judge('none.evil.test.')).toMatchObject({ security: 'bogus' });
  });

  test('a name of 100 labels costs no more than the budget of hashes', async () => {
    const deep = `${'a.'.repeat(100)}evil.test.`;
    const net = evilNet({ denial: nsec3 });
    const ctx = net.context(budgetOf({ nsec3Hashes: 20 }));
    const verdict = await net.validator().validate(net.input(deep), ctx);
    expect(verdict).toMatchObject({ security: 'bogus', transient: true });
    expect(ctx.budget.usedOf('nsec3Hashes')).toBe(20);
  });

  test('200 NSEC3 RRsets in one answer are not even verified', async () => {
    const net = evilNet({ denial: nsec3 });
    const input = net.input('none.evil.test.');
    const one = input.authority.find((r) => r.type === RRType.NSEC3)!;
    const many = Array.from({ length: 200 }, (_, i) => ({
      ...one,
      name: parseName(`${String(i).padStart(32, '0')}.evil.test.`),
    }));
    const ctx = net.context();
    const verdict = await net.validator().validate({ ...input, authority: many }, ctx);
    expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.NSEC_MISSING }] });
    expect(ctx.budget.usedOf('signatureChecks')).toBeLessThan(10);
  });
});

describe('forged claims', () => {
  test('an NSEC whose next name lies in another zone denies nothing', async () => {
    const net = evilNet();
    const owner = parseName('a.evil.test.');
    for (const next of [parseName('zzz.other.test.'), ROOT, parseName('test.')]) {
      const nsec = signed({
        name: owner,
        type: RRType.NSEC,
        class: 1,
        ttlSec: 300,
        rdatas: [next + encodeBitmap([RRType.A])],
        signatures: [],
      });
      const question = { name: parseName('b.evil.test.'), type: RRType.A, class: 1 };
      const input: ValidationInput = { question, kind: 'nxdomain', answer: [], authority: [nsec] };
      expect(await net.validator().validate(input, net.context())).toMatchObject({ security: 'bogus' });
    }
  });

  test('an NSEC made from a wildcard denies nothing', async () => {
    const net = evilNet();
    const rdata = parseName('z.evil.test.') + encodeBitmap([RRType.NSEC]);
    const bare = {
      name: parseName('www.evil.test.'),
      type: RRType.NSEC,
      class: 1,
      ttlSec: 300,
      rdatas: [rdata],
      signatures: [],
    };
    const question = { name: bare.name, type: RRType.AAAA, class: 1 };
    const input: ValidationInput = {
      question,
      kind: 'nodata',
      answer: [],
      authority: [signed(bare, key, victim, 2)],
    };
    expect(await net.validator().validate(input, net.context())).toMatchObject({
      security: 'bogus',
      ede: [{ code: Ede.NSEC_MISSING }],
    });
  });

  test.each([
    ['more labels than the owner has', 9],
    ['fewer labels than the signer has', 1],
  ])('an RRSIG with %s is bogus', async (_what, labels) => {
    const net = evilNet({
      spoil: (r) =>
        r.type === RRType.A
          ? {
              ...r,
              signatures: r.signatures.map((s) => s.slice(0, 3) + String.fromCharCode(labels) + s.slice(4)),
            }
          : r,
    });
    const verdict = await net.judge('www.evil.test.');
    expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.DNSSEC_BOGUS }] });
    expect(verdict.reason).toContain('labels');
  });

  test('records that the child signed do not answer for its parent', async () => {
    const net = evilNet({ denial: nsec3 });
    const child = net.input('none.evil.test.').authority;
    const question = { name: parseName('none.test.'), type: RRType.A, class: 1 };
    const input: ValidationInput = { question, kind: 'nxdomain', answer: [], authority: child };
    expect(await net.validator().validate(input, net.context())).toMatchObject({ security: 'bogus' });
  });

  test('records of another zone beside those of this one are left aside', async () => {
    const net = evilNet();
    const other = net.input('none.test.').authority.filter((r) => r.type === RRType.NSEC);
    const beside = (input: ValidationInput) => ({ ...input, authority: [...other, ...input.authority] });
    expect(await net.judge('none.evil.test.', 'A', beside)).toMatchObject({ security: 'secure' });
  });

  test('a key of one zone signs nothing in another', async () => {
    const net = new SignedNet([
      root,
      tld,
      { apex: 'evil.test.' },
      { apex: 'bank.test.', records: ['www 300 IN A 192.0.2.1'] },
    ]);
    const bare = {
      name: parseName('www.bank.test.'),
      type: RRType.A,
      class: 1,
      ttlSec: 300,
      rdatas: ['\xc0\0\x02\x42'],
      signatures: [],
    };
    for (const zone of [victim, parseName('bank.test.'), parseName('www.bank.test.')]) {
      const forged = { ...bare, signatures: [`${signRRset({ ...bare, name: zone }, key, zone, times)}`] };
      const input: ValidationInput = {
        question: bare,
        kind: 'answer',
        answer: [forged],
        authority: [],
        zone,
      };
      expect(await net.validator().validate(input, net.context())).toMatchObject({ security: 'bogus' });
    }
  });

  test('a signer above the trust anchor does not take data out of its reach', async () => {
    const net = evilNet();
    const rdata = dsRdata(victim, key);
    const validator = net.validator({
      anchors: [{ zone: victim, type: RRType.DS, rdata }],
      negativeTrustAnchors: [parseName('test.')],
    });
    const input = net.input('www.evil.test.');
    const forged = input.answer.map((r) => ({
      ...r,
      rdatas: ['\xc0\0\x02\x42'],
      signatures: [signRRset(r, fixedKey('test.'), parseName('test.'), times)],
    }));
    expect(await validator.validate({ ...input, answer: forged }, net.context())).toMatchObject({
      security: 'bogus',
    });
    expect(await validator.validate(input, net.context())).toMatchObject({ security: 'secure' });
  });

  test('a CNAME is taken for made from a DNAME only when it says what the DNAME says', async () => {
    const net = evilNet({ records: ['old 300 IN DNAME new', 'www.new 300 IN A 192.0.2.1'] });
    expect(await net.judge('www.old.evil.test.')).toMatchObject({ security: 'secure' });
    const lie = (input: ValidationInput): ValidationInput => ({
      ...input,
      answer: input.answer.map((r) =>
        r.type === RRType.CNAME ? { ...r, rdatas: [nameToOctets('www.attacker.test.')] } : r,
      ),
    });
    expect(await net.judge('www.old.evil.test.', 'A', lie)).toMatchObject({
      security: 'bogus',
      ede: [{ code: Ede.RRSIGS_MISSING }],
    });
  });

  test('an answer from a wildcard for a name that exists is bogus', async () => {
    const net = evilNet({ records: ['* 300 IN A 192.0.2.1', 'www 300 IN A 192.0.2.2'] });
    const input = net.input('other.evil.test.');
    const name = parseName('www.evil.test.');
    const moved = {
      ...input,
      question: { ...input.question, name },
      answer: input.answer.map((r) => ({ ...r, name })),
    };
    expect(await net.validator().validate(moved, net.context())).toMatchObject({
      security: 'bogus',
      ede: [{ code: Ede.NSEC_MISSING }],
    });
  });
});
