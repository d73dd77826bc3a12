/** The chain of trust: what it fetches, keeps and retries, and where trust begins and ends. */
import { describe, expect, test } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { Ede, RRType } from '../../../src/dns/registry.js';
import { dsRdata } from '../../../src/dnssec/signing-key.js';
import type { ValidationInput } from '../../../src/dnssec/verdict.js';
import { fixedKey, type NetZone, NOW_SEC, shopNet, withoutSignatures } from '../../support/signed-net.js';

const DAY = 86_400;

describe('the chain', () => {
  test('costs one DS and one DNSKEY per zone, and nothing the second time', async () => {
    const net = shopNet({});
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
    const net = shopNet({});
    const validator = net.validator();
    const contexts = [net.context(), net.context(), net.context()];
    const verdicts = await Promise.all(
      contexts.map((ctx) => validator.validate(net.input('www.shop.test.'), ctx)),
    );
    expect(verdicts.map((v) => v.security)).toEqual(['secure', 'secure', 'secure']);
    expect(contexts.flatMap((ctx) => ctx.fetched)).toHaveLength(5);
  });

  test('is worked out anew when the TTLs have passed', async () => {
    const net = shopNet({});
    const validator = net.validator();
    await validator.validate(net.input('www.shop.test.'), net.context());
    net.clock.jumpWall(3601 * 1000);
    const later = net.context();
    await validator.validate(net.input('www.shop.test.'), later);
    expect(later.fetched).toHaveLength(5);
  });

  test('remembers a broken zone for a minute', async () => {
    const net = shopNet({ ds: [dsRdata(parseName('shop.test.'), fixedKey('wrong'))] });
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
    const net = shopNet({}, [
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
    const net = shopNet({});
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
    const net = shopNet({});
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
    const net = shopNet({}, [far]);
    expect(await net.judge('www.far.a.b.test.')).toMatchObject({ security: 'secure' });
    const stripped = (input: ValidationInput) => ({ ...input, answer: input.answer.map(withoutSignatures) });
    expect(await net.judge('www.far.a.b.test.', 'A', stripped)).toMatchObject({ security: 'bogus' });
    const { zone: _, ...unhinted } = stripped(net.input('www.far.a.b.test.'));
    expect(await net.validator().validate(unhinted, net.context())).toMatchObject({ security: 'bogus' });
  });

  test('a signed zone without DS, and what lies below it, is insecure', async () => {
    const net = shopNet({ ds: [] }, [{ apex: 'sub.shop.test.', records: ['www 300 IN A 192.0.2.1'] }]);
    expect(await net.judge('www.shop.test.')).toMatchObject({ security: 'insecure' });
    expect(await net.judge('www.sub.shop.test.')).toMatchObject({ security: 'insecure' });
  });

  test('an unsigned child served by the servers of its signed parent is found without a hint', async () => {
    const net = shopNet({}, [
      { apex: 'sub.shop.test.', denial: 'unsigned', records: ['www 300 IN A 192.0.2.1'] },
    ]);
    const input = { ...net.input('www.sub.shop.test.'), zone: parseName('shop.test.') };
    expect(await net.validator().validate(input, net.context())).toMatchObject({ security: 'insecure' });
  });

  test('below a negative trust anchor nothing is asked, beside it all is as before', async () => {
    const net = shopNet({ spoil: withoutSignatures }, [
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

  test('is judged anew when anchors change', async () => {
    const net = shopNet();
    const validator = net.validator();
    const judge = () => validator.validate(net.input('www.shop.test.'), net.context());
    expect(await judge()).toMatchObject({ security: 'secure' });
    const anchor = { zone: parseName('.'), type: RRType.DS, rdata: dsRdata(parseName('.'), fixedKey('.')) };
    validator.setAnchors([anchor], [parseName('test.')]);
    expect(await judge()).toMatchObject({ security: 'insecure' });
    validator.setAnchors([], []);
    expect(await judge()).toMatchObject({ security: 'indeterminate' });
    validator.setAnchors([{ ...anchor, rdata: dsRdata(parseName('.'), fixedKey('wrong')) }], []);
    expect(await judge()).toMatchObject({ security: 'bogus' });
    validator.setAnchors([anchor], []);
    expect(await judge()).toMatchObject({ security: 'secure' });
  });

  test('keeps nothing that was begun under other anchors', async () => {
    const net = shopNet();
    const validator = net.validator();
    const running = validator.validate(net.input('www.shop.test.'), net.context());
    const wrong = dsRdata(parseName('.'), fixedKey('wrong'));
    validator.setAnchors([{ zone: parseName('.'), type: RRType.DS, rdata: wrong }], []);
    await running;
    const after = await validator.validate(net.input('www.shop.test.'), net.context());
    expect(after).toMatchObject({ security: 'bogus', ede: [{ code: Ede.DNSKEY_MISSING }] });
  });

  test('without an anchor above, data is indeterminate', async () => {
    const net = shopNet({});
    const rdata = dsRdata(parseName('elsewhere.'), fixedKey('x'));
    const validator = net.validator({ anchors: [{ zone: parseName('elsewhere.'), type: RRType.DS, rdata }] });
    expect(await validator.validate(net.input('www.shop.test.'), net.context())).toMatchObject({
      security: 'indeterminate',
    });
  });

  test('a DNSKEY serves as anchor too, and may stand below the root', async () => {
    const net = shopNet({});
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
    const net = shopNet({});
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
    const net = shopNet({});
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
    const net = shopNet({});
    net.clock.jumpWall(30 * DAY * 1000);
    expect(await net.judge('www.shop.test.')).toMatchObject({ security: 'bogus' });
    const validator = net.validator({ overrideDateMs: NOW_SEC * 1000 });
    expect(await validator.validate(net.input('www.shop.test.'), net.context())).toMatchObject({
      security: 'secure',
    });
  });
});
