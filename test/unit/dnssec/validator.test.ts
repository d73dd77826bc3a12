/** The validator on a small tree of signed zones: where trust reaches, and what each break is called. */
import { describe, expect, test } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { Ede, RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { KEY_FLAG_REVOKE } from '../../../src/dnssec/records.js';
import { dsRdata, generateSigningKey, signRRset } from '../../../src/dnssec/signing-key.js';
import type { ValidationInput, Verdict } from '../../../src/dnssec/verdict.js';
import { fixedKey, type NetZone, NOW_SEC, nsec3, optOut, SignedNet } from '../../support/signed-net.js';

const DAY = 86_400;
const root: NetZone = { apex: '.' };
const tld: NetZone = { apex: 'test.' };
const shopRecords = [
  'www 300 IN A 192.0.2.1',
  'alias 300 IN CNAME www',
  '*.wild 300 IN A 192.0.2.9',
  'a.b.ent 300 IN A 192.0.2.3',
  'old 300 IN DNAME new',
  'www.new 300 IN A 192.0.2.4',
];
const shop: NetZone = { apex: 'shop.test.', records: shopRecords };

function netWith(change: Partial<NetZone>, more: readonly NetZone[] = []): SignedNet {
  return new SignedNet([root, tld, { ...shop, ...change }, ...more]);
}

function withoutSignatures(rrset: RRset): RRset {
  return { ...rrset, signatures: [] };
}

async function bogusOf(net: SignedNet, name = 'www.shop.test.', type = 'A'): Promise<Verdict> {
  const verdict = await net.judge(name, type);
  expect(verdict.security).toBe('bogus');
  return verdict;
}

describe.each([
  ['NSEC', { kind: 'nsec' } as const],
  ['NSEC3', nsec3],
  ['NSEC3 with salt and iterations', { ...nsec3, salt: '\xab\xcd', iterations: 7 }],
])('zones with %s', (_name, denial) => {
  const net = new SignedNet([
    { ...root, denial },
    { ...tld, denial },
    { ...shop, denial },
    { apex: 'plain.test.', denial: 'unsigned', records: ['www 300 IN A 192.0.2.5'] },
  ]);

  test.each([
    ['www.shop.test.', 'A'],
    ['alias.shop.test.', 'A'],
    ['shop.test.', 'SOA'],
    ['shop.test.', 'DNSKEY'],
    ['shop.test.', 'DS'],
    ['x.wild.shop.test.', 'A'],
    ['deep.down.wild.shop.test.', 'A'],
    ['*.wild.shop.test.', 'A'],
    ['www.old.shop.test.', 'A'],
    ['www.shop.test.', 'ANY'],
    ['.', 'NS'],
  ])('%s %s is secure', async (name, type) => {
    expect(await net.judge(name, type)).toMatchObject({ security: 'secure', ede: [] });
  });

  test.each([
    ['none.shop.test.', 'A', 'nxdomain'],
    ['a.b.c.d.none.shop.test.', 'A', 'nxdomain'],
    ['none.', 'DS', 'nxdomain'],
    ['www.shop.test.', 'AAAA', 'nodata'],
    ['ent.shop.test.', 'A', 'nodata'],
    ['b.ent.shop.test.', 'A', 'nodata'],
    ['x.wild.shop.test.', 'AAAA', 'nodata'],
    ['wild.shop.test.', 'A', 'nodata'],
    ['plain.test.', 'DS', 'nodata'],
    ['www.shop.test.', 'DS', 'nodata'],
  ])('%s %s is denied securely: %s', async (name, type, denies) => {
    expect(await net.judge(name, type)).toMatchObject({ security: 'secure', denies });
  });

  test.each([
    ['www.plain.test.', 'A'],
    ['none.plain.test.', 'A'],
    ['www.plain.test.', 'AAAA'],
  ])('%s %s, below an unsigned delegation, is insecure', async (name, type) => {
    const verdict = await net.judge(name, type);
    expect(verdict).toMatchObject({ security: 'insecure', ede: [] });
    expect(verdict.reason).toContain('plain.test. is an unsigned delegation');
  });

  test('an empty non-terminal answered with NXDOMAIN is secure NODATA', async () => {
    const change = (input: ValidationInput): ValidationInput => ({ ...input, kind: 'nxdomain' });
    expect(await net.judge('b.ent.shop.test.', 'A', change)).toMatchObject({
      security: 'secure',
      denies: 'nodata',
    });
  });

  test.each([
    ['www.shop.test.', 'AAAA'],
    ['b.ent.shop.test.', 'A'],
    ['x.wild.shop.test.', 'AAAA'],
  ])('NODATA for %s %s passed off as NODATA for A of www is bogus', async (name, type) => {
    const { authority } = net.input(name, type);
    const lie = (input: ValidationInput): ValidationInput => ({
      ...input,
      kind: 'nodata',
      answer: [],
      authority,
    });
    expect(await net.judge('www.shop.test.', 'A', lie)).toMatchObject({ security: 'bogus' });
  });

  test('a name error replayed for a name that exists is bogus', async () => {
    const { authority } = net.input('none.shop.test.');
    for (const name of ['www.shop.test.', 'x.wild.shop.test.', 'ent.shop.test.', 'www.old.shop.test.']) {
      const lie = (input: ValidationInput): ValidationInput => ({
        ...input,
        kind: 'nxdomain',
        answer: [],
        authority,
      });
      expect(await net.judge(name, 'A', lie), name).toMatchObject({
        security: 'bogus',
        ede: [{ code: Ede.NSEC_MISSING }],
      });
    }
  });

  test('the denial of a DS does not deny other data of the child securely', async () => {
    const { authority } = net.input('plain.test.', 'DS');
    const question = { name: parseName('plain.test.'), type: RRType.A, class: 1 };
    const input: ValidationInput = { question, kind: 'nodata', answer: [], authority };
    expect(await net.validator().validate(input, net.context())).toMatchObject({ security: 'insecure' });
    const name = parseName('www.plain.test.');
    const below = { ...input, kind: 'nxdomain' as const, question: { ...question, name } };
    expect(await net.validator().validate(below, net.context())).toMatchObject({ security: 'insecure' });
  });

  test('the records of a signed delegation deny nothing of the child', async () => {
    const { authority } = net.input('shop.test.', 'DS');
    const denied = net.input('none.test.').authority;
    const question = { name: parseName('www.shop.test.'), type: RRType.A, class: 1 };
    const input: ValidationInput = {
      question,
      kind: 'nxdomain',
      answer: [],
      authority: [...authority, ...denied],
    };
    expect(await net.validator().validate(input, net.context())).toMatchObject({ security: 'bogus' });
  });

  test('the apex records of a child do not deny its DS', async () => {
    const child = net.input('shop.test.', 'AAAA').authority;
    const base = net.context();
    const stripped = net.input('www.shop.test.');
    const unsigned = { ...stripped, answer: stripped.answer.map(withoutSignatures) };
    const fetch: typeof base.fetch = async (name, type, attempt) =>
      type === RRType.DS && name === parseName('shop.test.')
        ? { kind: 'nodata', authority: child }
        : base.fetch(name, type, attempt);
    expect(await net.validator().validate(unsigned, { ...base, fetch })).toMatchObject({ security: 'bogus' });
  });
});

describe('opt-out', () => {
  const net = new SignedNet([
    root,
    { ...tld, denial: optOut },
    shop,
    { apex: 'plain.test.', denial: 'unsigned', records: ['www 300 IN A 192.0.2.5'] },
  ]);

  test('an unsigned delegation in the span is insecure, a signed one beside it secure', async () => {
    expect(await net.judge('www.plain.test.')).toMatchObject({ security: 'insecure' });
    expect(await net.judge('www.shop.test.')).toMatchObject({ security: 'secure' });
  });

  test('a name error in the span is insecure (RFC 5155 9.2)', async () => {
    expect(await net.judge('none.test.')).toMatchObject({ security: 'insecure' });
  });

  test('a signed delegation cannot be hidden in the span', async () => {
    const span = net.input('plain.test.', 'DS').authority;
    const base = net.context();
    const stripped = net.input('www.shop.test.');
    const fetch: typeof base.fetch = async (name, type, attempt) =>
      type === RRType.DS && name === parseName('shop.test.')
        ? { kind: 'nodata', authority: span }
        : base.fetch(name, type, attempt);
    const unsigned = { ...stripped, answer: stripped.answer.map(withoutSignatures) };
    expect(await net.validator().validate(unsigned, { ...base, fetch })).toMatchObject({ security: 'bogus' });
  });
});

describe('algorithms', () => {
  test.each([8, 10, 13, 14, 15, 16])('a zone signed with algorithm %i is secure', async (algorithm) => {
    const keys = [generateSigningKey(algorithm, 257), generateSigningKey(algorithm, 256)];
    const verdict = await netWith({ keys }).judge('www.shop.test.');
    expect(verdict).toMatchObject({ security: 'secure' });
    expect(verdict.reason).toContain(String(keys[1]!.keyTag));
  });

  test.each([5, 7])('a zone signed with algorithm %i is insecure, and says so', async (algorithm) => {
    const verdict = await netWith({ keys: [generateSigningKey(algorithm, 257)] }).judge('www.shop.test.');
    expect(verdict).toMatchObject({
      security: 'insecure',
      ede: [{ code: Ede.UNSUPPORTED_DNSKEY_ALGORITHM }],
    });
    expect(verdict.reason).toContain('shop.test.');
  });

  test.each([1, 2, 4])('a DS with digest type %i leads to the key', async (digest) => {
    const ds = [dsRdata(parseName('shop.test.'), fixedKey('shop.test.'), digest)];
    expect(await netWith({ ds }).judge('www.shop.test.')).toMatchObject({ security: 'secure' });
  });

  test('a DS with an unknown digest type alone makes the zone insecure', async () => {
    const [sha2] = [dsRdata(parseName('shop.test.'), fixedKey('shop.test.'))];
    const ds = [`${sha2.slice(0, 3)}\x63${sha2.slice(4)}`];
    expect(await netWith({ ds }).judge('www.shop.test.')).toMatchObject({
      security: 'insecure',
      ede: [{ code: Ede.UNSUPPORTED_DS_DIGEST }],
    });
  });

  test('a SHA-1 digest beside a SHA-256 one is not looked at (RFC 4509 3)', async () => {
    const name = parseName('shop.test.');
    const wrong = dsRdata(name, fixedKey('somebody else'));
    const tagged = fixedKey('shop.test.');
    const sha2 = dsRdata(name, tagged).slice(0, 4) + wrong.slice(4);
    expect(await bogusOf(netWith({ ds: [dsRdata(name, tagged, 1), sha2] }))).toMatchObject({
      ede: [{ code: Ede.DNSKEY_MISSING }],
    });
  });

  test('one working DS among others that are unsupported or stale is enough (RFC 6840 5.11)', async () => {
    const name = parseName('shop.test.');
    const good = dsRdata(name, fixedKey('shop.test.'));
    const unsupported = `\x01\x02\x03\x02${'x'.repeat(32)}`;
    const stale = dsRdata(name, fixedKey('a key of last year'));
    expect(await netWith({ ds: [unsupported, stale, good] }).judge('www.shop.test.')).toMatchObject({
      security: 'secure',
    });
  });
});

describe('each break has its Extended DNS Error and its blame', () => {
  test('expired', async () => {
    const verdict = await bogusOf(netWith({ expirationSec: NOW_SEC - 3600, inceptionSec: NOW_SEC - DAY }));
    expect(verdict.ede).toMatchObject([{ code: Ede.SIGNATURE_EXPIRED }]);
    expect(verdict.reason).toContain('expired at 20260105230000');
    expect(verdict.blame).toEqual({
      zone: parseName('shop.test.'),
      name: parseName('shop.test.'),
      type: RRType.DNSKEY,
    });
  });

  test('not yet valid', async () => {
    const verdict = await bogusOf(netWith({ inceptionSec: NOW_SEC + 3600 }));
    expect(verdict.ede).toMatchObject([{ code: Ede.SIGNATURE_NOT_YET_VALID }]);
  });

  test('within the clock skew both are valid', async () => {
    for (const change of [{ expirationSec: NOW_SEC - 3000 }, { inceptionSec: NOW_SEC + 3000 }]) {
      const net = netWith(change);
      const validator = net.validator({ clockSkewMs: 3_600_000 });
      const verdict = await validator.validate(net.input('www.shop.test.'), net.context());
      expect(verdict).toMatchObject({ security: 'secure' });
      expect(verdict.ttlCapSec).toBeGreaterThan(0);
    }
  });

  test('it expires before it begins', async () => {
    const verdict = await bogusOf(netWith({ inceptionSec: NOW_SEC + 10, expirationSec: NOW_SEC - 10 }));
    expect(verdict.ede).toMatchObject([{ code: Ede.SIGNATURE_EXPIRED_BEFORE_VALID }]);
  });

  test('no key matches the DS', async () => {
    const verdict = await bogusOf(netWith({ ds: [dsRdata(parseName('shop.test.'), fixedKey('wrong'))] }));
    expect(verdict.ede).toMatchObject([{ code: Ede.DNSKEY_MISSING }]);
    expect(verdict.reason).toContain('no DNSKEY of shop.test. matches its DS records');
  });

  test('the DNSKEY RRset is missing', async () => {
    const verdict = await bogusOf(netWith({ spoil: (r) => (r.type === RRType.DNSKEY ? undefined : r) }));
    expect(verdict.ede).toMatchObject([{ code: Ede.DNSKEY_MISSING }]);
  });

  test('the key that signed is not in the DNSKEY RRset', async () => {
    const stranger = fixedKey('stranger');
    const times = { inceptionSec: NOW_SEC - DAY, expirationSec: NOW_SEC + DAY };
    const spoil = (r: RRset) =>
      r.type === RRType.A
        ? { ...r, signatures: [signRRset(r, stranger, parseName('shop.test.'), times)] }
        : r;
    const verdict = await bogusOf(netWith({ spoil }));
    expect(verdict.ede).toMatchObject([{ code: Ede.DNSKEY_MISSING }]);
    expect(verdict.reason).toContain(`key ${stranger.keyTag}`);
    expect(verdict.blame).toEqual({
      zone: parseName('shop.test.'),
      name: parseName('www.shop.test.'),
      type: RRType.A,
    });
  });

  test('no signature', async () => {
    const verdict = await bogusOf(
      netWith({ spoil: (r) => (r.type === RRType.A ? withoutSignatures(r) : r) }),
    );
    expect(verdict.ede).toMatchObject([{ code: Ede.RRSIGS_MISSING }]);
  });

  test('no signature anywhere below a DS', async () => {
    const verdict = await bogusOf(netWith({ spoil: withoutSignatures }));
    expect(verdict.ede).toMatchObject([{ code: Ede.RRSIGS_MISSING }]);
  });

  test('no denial records', async () => {
    const net = netWith({ spoil: (r) => (r.type === RRType.NSEC ? undefined : r) });
    expect((await bogusOf(net, 'none.shop.test.')).ede).toMatchObject([{ code: Ede.NSEC_MISSING }]);
    expect((await bogusOf(net, 'www.shop.test.', 'AAAA')).ede).toMatchObject([{ code: Ede.NSEC_MISSING }]);
  });

  test('a key without the zone key bit', async () => {
    expect((await bogusOf(netWith({ keys: [fixedKey('shop.test.', 1)] }))).ede).toMatchObject([
      { code: Ede.NO_ZONE_KEY_BIT },
    ]);
  });

  test('a revoked key', async () => {
    const keys = [fixedKey('shop.test.', 257 | KEY_FLAG_REVOKE)];
    expect(await bogusOf(netWith({ keys }))).toMatchObject({ security: 'bogus' });
  });

  test('a signature over other data', async () => {
    const spoil = (r: RRset) => (r.type === RRType.A ? { ...r, rdatas: ['\xc6\x33\x64\x01'] } : r);
    const verdict = await bogusOf(netWith({ spoil }));
    expect(verdict.ede).toMatchObject([{ code: Ede.DNSSEC_BOGUS }]);
    expect(verdict.reason).toContain('does not verify');
  });

  test('a DS whose signature is wrong', async () => {
    const forged = dsRdata(parseName('shop.test.'), fixedKey('shop.test.'));
    const spoil = (r: RRset) =>
      r.type === RRType.DS ? { ...r, rdatas: [forged], signatures: r.signatures } : r;
    const net = new SignedNet([
      root,
      { ...tld, spoil },
      { ...shop, ds: [dsRdata(parseName('shop.test.'), fixedKey('real'))] },
    ]);
    const verdict = await bogusOf(net);
    expect(verdict.ede).toMatchObject([{ code: Ede.DNSSEC_BOGUS }]);
    expect(verdict.blame).toEqual({
      zone: parseName('test.'),
      name: parseName('shop.test.'),
      type: RRType.DS,
    });
  });

  test('a DNSKEY RRset that holds the right key but is signed by another', async () => {
    const other = fixedKey('other');
    const times = { inceptionSec: NOW_SEC - DAY, expirationSec: NOW_SEC + DAY };
    const spoil = (r: RRset) => {
      if (r.type !== RRType.DNSKEY) return r;
      const keys = { ...r, rdatas: [...r.rdatas, other.rdata] };
      return { ...keys, signatures: [signRRset(keys, other, parseName('shop.test.'), times)] };
    };
    expect((await bogusOf(netWith({ spoil }))).ede).toMatchObject([{ code: Ede.DNSKEY_MISSING }]);
  });

  test('an unsigned alias in place of a DS', async () => {
    const net = netWith({});
    const base = net.context();
    const fetch: typeof base.fetch = async (name, type, attempt) => {
      if (type !== RRType.DS || name !== parseName('shop.test.')) return base.fetch(name, type, attempt);
      const cname = {
        name,
        type: RRType.CNAME,
        class: 1,
        ttlSec: 300,
        rdatas: [parseName('x.test.')],
        signatures: [],
      };
      return { kind: 'answer', rrsets: [cname] };
    };
    const input = net.input('www.shop.test.');
    const stripped = { ...input, answer: input.answer.map(withoutSignatures) };
    const verdict = await net.validator().validate(stripped, { ...base, fetch });
    expect(verdict).toMatchObject({ security: 'bogus', blame: { type: RRType.DS } });
  });

  test('the DNSKEY cannot be fetched', async () => {
    const net = netWith({});
    const base = net.context();
    const fetch: typeof base.fetch = async (name, type, attempt) =>
      type === RRType.DNSKEY && name === parseName('shop.test.')
        ? { kind: 'failure', ede: [{ code: Ede.NO_REACHABLE_AUTHORITY, text: 'nobody answers' }] }
        : base.fetch(name, type, attempt);
    const verdict = await net.validator().validate(net.input('www.shop.test.'), { ...base, fetch });
    expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.NO_REACHABLE_AUTHORITY }] });
    expect(verdict.reason).toContain('shop.test. DNSKEY could not be fetched');
  });
});

describe('the chain', () => {
  test('costs one DS and one DNSKEY per zone, and nothing the second time', async () => {
    const net = netWith({});
    const validator = net.validator();
    const first = net.context();
    await validator.validate(net.input('www.shop.test.'), first);
    expect(first.fetched.toSorted()).toEqual(
      [
        `${RRType.DNSKEY} \0`,
        `${RRType.DNSKEY} ${parseName('test.')}`,
        `${RRType.DNSKEY} ${parseName('shop.test.')}`,
        `${RRType.DS} ${parseName('test.')}`,
        `${RRType.DS} ${parseName('shop.test.')}`,
      ].toSorted(),
    );
    const second = net.context();
    await validator.validate(net.input('alias.shop.test.'), second);
    expect(second.fetched).toEqual([]);
  });

  test('is worked out once for queries at the same time', async () => {
    const net = netWith({});
    const validator = net.validator();
    const contexts = [net.context(), net.context(), net.context()];
    const verdicts = await Promise.all(
      contexts.map((ctx) => validator.validate(net.input('www.shop.test.'), ctx)),
    );
    expect(verdicts.map((v) => v.security)).toEqual(['secure', 'secure', 'secure']);
    expect(contexts.flatMap((ctx) => ctx.fetched)).toHaveLength(5);
  });

  test('is worked out anew when the TTLs have passed', async () => {
    const net = netWith({});
    const validator = net.validator();
    await validator.validate(net.input('www.shop.test.'), net.context());
    net.clock.jumpWall(3601 * 1000);
    const later = net.context();
    await validator.validate(net.input('www.shop.test.'), later);
    expect(later.fetched).toHaveLength(5);
  });

  test('remembers a broken zone for a minute', async () => {
    const net = netWith({ ds: [dsRdata(parseName('shop.test.'), fixedKey('wrong'))] });
    const validator = net.validator();
    await validator.validate(net.input('www.shop.test.'), net.context());
    const soon = net.context();
    expect(await validator.validate(net.input('www.shop.test.'), soon)).toMatchObject({ security: 'bogus' });
    expect(soon.fetched).toEqual([]);
    net.clock.jumpWall(61_000);
    const later = net.context();
    await validator.validate(net.input('www.shop.test.'), later);
    expect(later.fetched.length).toBeGreaterThan(0);
  });

  test('asks nothing more below a zone that it knows to be insecure', async () => {
    const net = netWith({}, [
      { apex: 'plain.test.', denial: 'unsigned', records: ['a.b.www 300 IN A 192.0.2.5'] },
    ]);
    const validator = net.validator();
    await validator.validate(net.input('plain.test.', 'NS'), net.context());
    const ctx = net.context();
    expect(await validator.validate(net.input('a.b.www.plain.test.'), ctx)).toMatchObject({
      security: 'insecure',
    });
    expect(ctx.fetched).toEqual([]);
  });

  test('does not keep keys by way of names without a cut', async () => {
    const net = netWith({});
    const validator = net.validator({ overrideDateMs: NOW_SEC * 1000 });
    const input = net.input('a.b.ent.shop.test.');
    const stripped = { ...input, answer: input.answer.map(withoutSignatures) };
    await validator.validate(net.input('www.shop.test.'), net.context());
    net.clock.jumpWall(3000 * 1000);
    await validator.validate(stripped, net.context());
    net.clock.jumpWall(601 * 1000);
    const later = net.context();
    await validator.validate(stripped, later);
    expect(later.fetched).toContain(`${RRType.DNSKEY} ${parseName('shop.test.')}`);
  });

  test('asks another server for keys that do not validate, before the zone is called broken', async () => {
    const net = netWith({});
    const base = net.context();
    const fetch: typeof base.fetch = async (name, type, attempt) => {
      const result = await base.fetch(name, type, attempt);
      if (attempt > 0 || type !== RRType.DNSKEY || result.kind !== 'answer') return result;
      return { kind: 'answer', rrsets: result.rrsets.map(withoutSignatures) };
    };
    expect(await net.validator().validate(net.input('www.shop.test.'), { ...base, fetch })).toMatchObject({
      security: 'secure',
    });
  });

  test('goes on through labels that are no zone cut', async () => {
    const far: NetZone = { apex: 'far.a.b.test.', records: ['www 300 IN A 192.0.2.1'] };
    const net = new SignedNet([root, tld, far]);
    expect(await net.judge('www.far.a.b.test.')).toMatchObject({ security: 'secure' });
    const stripped = (input: ValidationInput) => ({ ...input, answer: input.answer.map(withoutSignatures) });
    expect(await net.judge('www.far.a.b.test.', 'A', stripped)).toMatchObject({ security: 'bogus' });
    const { zone: _, ...unhinted } = stripped(net.input('www.far.a.b.test.'));
    expect(await net.validator().validate(unhinted, net.context())).toMatchObject({ security: 'bogus' });
  });

  test('a signed zone without DS, and what lies below it, is insecure', async () => {
    const net = netWith({ ds: [] }, [{ apex: 'sub.shop.test.', records: ['www 300 IN A 192.0.2.1'] }]);
    expect(await net.judge('www.shop.test.')).toMatchObject({ security: 'insecure' });
    expect(await net.judge('www.sub.shop.test.')).toMatchObject({ security: 'insecure' });
  });

  test('an unsigned child served by the servers of its signed parent is found without a hint', async () => {
    const net = netWith({}, [
      { apex: 'sub.shop.test.', denial: 'unsigned', records: ['www 300 IN A 192.0.2.1'] },
    ]);
    const input = { ...net.input('www.sub.shop.test.'), zone: parseName('shop.test.') };
    expect(await net.validator().validate(input, net.context())).toMatchObject({ security: 'insecure' });
  });

  test('below a negative trust anchor nothing is asked, beside it all is as before', async () => {
    const net = netWith({ spoil: withoutSignatures }, [
      { apex: 'other.test.', records: ['www 300 IN A 192.0.2.1'] },
    ]);
    const validator = net.validator({ negativeTrustAnchors: [parseName('shop.test.')] });
    const ctx = net.context();
    expect(await validator.validate(net.input('www.shop.test.'), ctx)).toMatchObject({
      security: 'insecure',
    });
    expect(ctx.fetched).toEqual([]);
    expect(await validator.validate(net.input('www.other.test.'), ctx)).toMatchObject({ security: 'secure' });
  });

  test('without an anchor above, data is indeterminate', async () => {
    const net = netWith({});
    const rdata = dsRdata(parseName('elsewhere.'), fixedKey('x'));
    const validator = net.validator({ anchors: [{ zone: parseName('elsewhere.'), type: RRType.DS, rdata }] });
    expect(await validator.validate(net.input('www.shop.test.'), net.context())).toMatchObject({
      security: 'indeterminate',
    });
  });

  test('a DNSKEY serves as anchor too, and may stand below the root', async () => {
    const net = netWith({});
    const anchor = {
      zone: parseName('shop.test.'),
      type: RRType.DNSKEY,
      rdata: fixedKey('shop.test.').rdata,
    };
    const ctx = net.context();
    const validator = net.validator({ anchors: [anchor] });
    expect(await validator.validate(net.input('www.shop.test.'), ctx)).toMatchObject({ security: 'secure' });
    expect(ctx.fetched).toEqual([`${RRType.DNSKEY} ${parseName('shop.test.')}`]);
  });

  test('a zone with an anchor of its own may be denied by a secure zone above it', async () => {
    const net = netWith({});
    const anchors = [
      { zone: parseName('test.'), type: RRType.DS, rdata: dsRdata(parseName('test.'), fixedKey('test.')) },
      {
        zone: parseName('none.test.'),
        type: RRType.DS,
        rdata: dsRdata(parseName('none.test.'), fixedKey('x')),
      },
    ];
    const verdict = await net.validator({ anchors }).validate(net.input('www.none.test.'), net.context());
    expect(verdict).toMatchObject({ security: 'secure', denies: 'nxdomain' });
    const orphan = net.validator({ anchors: anchors.slice(1) });
    expect(await orphan.validate(net.input('www.none.test.'), net.context())).toMatchObject({
      security: 'bogus',
    });
  });

  test('tells every step in the trace', async () => {
    const net = netWith({});
    const ctx = net.context();
    await net.validator().validate(net.input('www.shop.test.'), ctx);
    const steps = ctx.events.map((e) => (e.kind === 'validation' ? e.step : e.kind));
    expect(steps).toEqual(expect.arrayContaining(['anchor', 'ds', 'dnskey', 'signature', 'verdict']));
    expect(steps.at(-1)).toBe('verdict');
    const signature = ctx.events.find(
      (e) => e.kind === 'validation' && e.step === 'signature' && e.type === RRType.A,
    );
    expect(signature).toMatchObject({
      keyTag: fixedKey('shop.test.').keyTag,
      algorithm: 15,
      security: 'secure',
    });
  });

  test('a clock set from outside counts, unless a date is given', async () => {
    const net = netWith({});
    net.clock.jumpWall(30 * DAY * 1000);
    expect(await net.judge('www.shop.test.')).toMatchObject({ security: 'bogus' });
    const validator = net.validator({ overrideDateMs: NOW_SEC * 1000 });
    expect(await validator.validate(net.input('www.shop.test.'), net.context())).toMatchObject({
      security: 'secure',
    });
  });
});
