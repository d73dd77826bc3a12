/** DS and DNSKEY: which algorithms and digests lead on, and what each break of the chain is called. */
import { describe, expect, test } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { Ede, RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { KEY_FLAG_REVOKE } from '../../../src/dnssec/records.js';
import { dsRdata, signRRset } from '../../../src/dnssec/signing-key.js';
import type { Verdict } from '../../../src/dnssec/verdict.js';
import { newSigningKey } from '../../support/new-signing-key.js';
import { fixedKey, NOW_SEC, type SignedNet, shopNet, withoutSignatures } from '../../support/signed-net.js';

const DAY = 86_400;

async function bogusOf(net: SignedNet, name = 'www.shop.test.', type = 'A'): Promise<Verdict> {
  const verdict = await net.judge(name, type);
  expect(verdict.security).toBe('bogus');
  return verdict;
}

describe('algorithms', () => {
  test.each([8, 10, 13, 14, 15, 16])('a zone signed with algorithm %i is secure', async (algorithm) => {
    const keys = [newSigningKey(algorithm, 257), newSigningKey(algorithm, 256)];
    const verdict = await shopNet({ keys }).judge('www.shop.test.');
    expect(verdict).toMatchObject({ security: 'secure' });
    expect(verdict.reason).toContain(String(keys[1]!.keyTag));
  });

  test.each([5, 7])('a zone signed with algorithm %i is insecure, and says so', async (algorithm) => {
    const verdict = await shopNet({ keys: [newSigningKey(algorithm, 257)] }).judge('www.shop.test.');
    expect(verdict).toMatchObject({
      security: 'insecure',
      ede: [{ code: Ede.UNSUPPORTED_DNSKEY_ALGORITHM }],
    });
    expect(verdict.reason).toContain('shop.test.');
  });

  test.each([1, 2, 4])('a DS with digest type %i leads to the key', async (digest) => {
    const ds = [dsRdata(parseName('shop.test.'), fixedKey('shop.test.'), digest)];
    expect(await shopNet({ ds }).judge('www.shop.test.')).toMatchObject({ security: 'secure' });
  });

  test('a DS with an unknown digest type alone makes the zone insecure', async () => {
    const [sha2] = [dsRdata(parseName('shop.test.'), fixedKey('shop.test.'))];
    const ds = [`${sha2.slice(0, 3)}\x63${sha2.slice(4)}`];
    expect(await shopNet({ ds }).judge('www.shop.test.')).toMatchObject({
      security: 'insecure',
      ede: [{ code: Ede.UNSUPPORTED_DS_DIGEST }],
    });
  });

  test('a SHA-1 digest beside a SHA-256 one is not looked at (RFC 4509 3)', async () => {
    const name = parseName('shop.test.');
    const wrong = dsRdata(name, fixedKey('somebody else'));
    const tagged = fixedKey('shop.test.');
    const sha2 = dsRdata(name, tagged).slice(0, 4) + wrong.slice(4);
    expect(await bogusOf(shopNet({ ds: [dsRdata(name, tagged, 1), sha2] }))).toMatchObject({
      ede: [{ code: Ede.DNSKEY_MISSING }],
    });
  });

  test('one working DS among others that are unsupported or stale is enough (RFC 6840 5.11)', async () => {
    const name = parseName('shop.test.');
    const good = dsRdata(name, fixedKey('shop.test.'));
    const unsupported = `\x01\x02\x03\x02${'x'.repeat(32)}`;
    const stale = dsRdata(name, fixedKey('a key of last year'));
    expect(await shopNet({ ds: [unsupported, stale, good] }).judge('www.shop.test.')).toMatchObject({
      security: 'secure',
    });
  });
});

describe('each break has its Extended DNS Error and its blame', () => {
  test('expired', async () => {
    const verdict = await bogusOf(shopNet({ expirationSec: NOW_SEC - 3600, inceptionSec: NOW_SEC - DAY }));
    expect(verdict.ede).toMatchObject([{ code: Ede.SIGNATURE_EXPIRED }]);
    expect(verdict.reason).toContain('expired at 20260105230000');
    expect(verdict.blame).toEqual({
      zone: parseName('shop.test.'),
      name: parseName('shop.test.'),
      type: RRType.DNSKEY,
    });
  });

  test('not yet valid', async () => {
    const verdict = await bogusOf(shopNet({ inceptionSec: NOW_SEC + 3600 }));
    expect(verdict.ede).toMatchObject([{ code: Ede.SIGNATURE_NOT_YET_VALID }]);
  });

  test('within the clock skew both are valid', async () => {
    for (const change of [{ expirationSec: NOW_SEC - 3000 }, { inceptionSec: NOW_SEC + 3000 }]) {
      const net = shopNet(change);
      const validator = net.validator({ clockSkewMs: 3_600_000 });
      const verdict = await validator.validate(net.input('www.shop.test.'), net.context());
      expect(verdict).toMatchObject({ security: 'secure' });
      expect(verdict.ttlCapSec).toBeGreaterThan(0);
    }
  });

  test('it expires before it begins', async () => {
    const verdict = await bogusOf(shopNet({ inceptionSec: NOW_SEC + 10, expirationSec: NOW_SEC - 10 }));
    expect(verdict.ede).toMatchObject([{ code: Ede.SIGNATURE_EXPIRED_BEFORE_VALID }]);
  });

  test('no key matches the DS', async () => {
    const verdict = await bogusOf(shopNet({ ds: [dsRdata(parseName('shop.test.'), fixedKey('wrong'))] }));
    expect(verdict.ede).toMatchObject([{ code: Ede.DNSKEY_MISSING }]);
    expect(verdict.reason).toContain('no DNSKEY of shop.test. matches its DS records');
  });

  test('the DNSKEY RRset is missing', async () => {
    const verdict = await bogusOf(shopNet({ spoil: (r) => (r.type === RRType.DNSKEY ? undefined : r) }));
    expect(verdict.ede).toMatchObject([{ code: Ede.DNSKEY_MISSING }]);
  });

  test('the key that signed is not in the DNSKEY RRset', async () => {
    const stranger = fixedKey('stranger');
    const times = { inceptionSec: NOW_SEC - DAY, expirationSec: NOW_SEC + DAY };
    const spoil = (r: RRset) =>
      r.type === RRType.A
        ? { ...r, signatures: [signRRset(r, stranger, parseName('shop.test.'), times)] }
        : r;
    const verdict = await bogusOf(shopNet({ spoil }));
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
      shopNet({ spoil: (r) => (r.type === RRType.A ? withoutSignatures(r) : r) }),
    );
    expect(verdict.ede).toMatchObject([{ code: Ede.RRSIGS_MISSING }]);
  });

  test('no signature anywhere below a DS', async () => {
    const verdict = await bogusOf(shopNet({ spoil: withoutSignatures }));
    expect(verdict.ede).toMatchObject([{ code: Ede.RRSIGS_MISSING }]);
  });

  test('no denial records', async () => {
    const net = shopNet({ spoil: (r) => (r.type === RRType.NSEC ? undefined : r) });
    expect((await bogusOf(net, 'none.shop.test.')).ede).toMatchObject([{ code: Ede.NSEC_MISSING }]);
    expect((await bogusOf(net, 'www.shop.test.', 'AAAA')).ede).toMatchObject([{ code: Ede.NSEC_MISSING }]);
  });

  test('a key without the zone key bit', async () => {
    expect((await bogusOf(shopNet({ keys: [fixedKey('shop.test.', 1)] }))).ede).toMatchObject([
      { code: Ede.NO_ZONE_KEY_BIT },
    ]);
  });

  test('a revoked key', async () => {
    const keys = [fixedKey('shop.test.', 257 | KEY_FLAG_REVOKE)];
    expect(await bogusOf(shopNet({ keys }))).toMatchObject({ security: 'bogus' });
  });

  test('a signature over other data', async () => {
    const spoil = (r: RRset) => (r.type === RRType.A ? { ...r, rdatas: ['\xc6\x33\x64\x01'] } : r);
    const verdict = await bogusOf(shopNet({ spoil }));
    expect(verdict.ede).toMatchObject([{ code: Ede.DNSSEC_BOGUS }]);
    expect(verdict.reason).toContain('does not verify');
  });

  test('a DS whose signature is wrong', async () => {
    const forged = dsRdata(parseName('shop.test.'), fixedKey('shop.test.'));
    const spoil = (r: RRset) =>
      r.type === RRType.DS ? { ...r, rdatas: [forged], signatures: r.signatures } : r;
    const net = shopNet({ ds: [dsRdata(parseName('shop.test.'), fixedKey('real'))] }, [
      { apex: 'test.', spoil },
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
    expect((await bogusOf(shopNet({ spoil }))).ede).toMatchObject([{ code: Ede.DNSKEY_MISSING }]);
  });

  test('an unsigned alias in place of a DS', async () => {
    const net = shopNet({});
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
    const net = shopNet({});
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
