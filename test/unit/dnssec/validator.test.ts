/** The validator on a small tree of signed zones: answers and denials of every form. */
import { describe, expect, test } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { Ede, RRType } from '../../../src/dns/registry.js';
import type { ValidationInput } from '../../../src/dnssec/verdict.js';
import { nsec3, optOut, shopNet, withoutSignatures } from '../../support/signed-net.js';

describe.each([
  ['NSEC', { kind: 'nsec' } as const],
  ['NSEC3', nsec3],
  ['NSEC3 with salt and iterations', { ...nsec3, salt: '\xab\xcd', iterations: 7 }],
])('zones with %s', (_name, denial) => {
  const net = shopNet({ denial }, [
    { apex: '.', denial },
    { apex: 'test.', denial },
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

  test('a denial whose SOA was changed is bogus', async () => {
    const change = (input: ValidationInput): ValidationInput => ({
      ...input,
      authority: input.authority.map((r) =>
        r.type === RRType.SOA ? { ...r, rdatas: [`${r.rdatas[0]!.slice(0, -1)}x`] } : r,
      ),
    });
    const verdict = await net.judge('none.shop.test.', 'A', change);
    expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.DNSSEC_BOGUS }] });
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
  const net = shopNet({}, [
    { apex: 'test.', denial: optOut },
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
