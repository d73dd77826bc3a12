/** Answers made from remembered NSEC3 records: what the zone would have said, where it pays, within the budget. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lookupZone } from '../../../src/authority/lookup.js';
import { type Name, parseName, prependLabel } from '../../../src/dns/name.js';
import { Rcode, RRType } from '../../../src/dns/registry.js';
import { AggressiveDenial } from '../../../src/dnssec/aggressive.js';
import { paysOff } from '../../../src/dnssec/aggressive-nsec3.js';
import type { Nsec3 } from '../../../src/dnssec/records.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { budgetOf } from '../../support/signed-data.js';
import { type NetZone, nsec3, optOut, SignedNet } from '../../support/signed-net.js';

const apex = parseName('shop.test.');
const shop = (denial: NetZone['denial'], extra: readonly string[] = []) =>
  new SignedNet([
    { apex: 'test.' },
    {
      apex: 'shop.test.',
      denial: denial!,
      records: [
        'b 300 IN A 192.0.2.1',
        'd.ent 300 IN A 192.0.2.1',
        '*.w 300 IN A 192.0.2.2',
        'x.w 300 IN A 192.0.2.3',
        'mail 300 IN CNAME b',
        'gone 300 IN DNAME new.test.',
        ...extra,
      ],
    },
    { apex: 'sub.shop.test.', denial: 'unsigned' },
  ]).zones.get(apex)!;
const salted = { ...nsec3, salt: '\xab\xcd' };
const zone = shop(salted);

function learn(memory: AggressiveDenial, of: typeof zone, name: Name, type: number): void {
  const { authority } = lookupZone(of, { name, type, class: 1 }, { do: true });
  for (const rrset of authority) {
    memory.addDenial(apex, rrset, rrset.ttlSec);
    if (rrset.type === RRType.SOA) memory.addSoa(apex, rrset, rrset.ttlSec);
  }
}

/** Remembers the denials of so many made-up names. */
function learnt(of = zone, count = 600): AggressiveDenial {
  const memory = new AggressiveDenial(1_000_000, new VirtualClock());
  for (let i = 0; i < count; i++) learn(memory, of, parseName(`n${i}.shop.test.`), RRType.A);
  return memory;
}

const questionOf = (name: string, type: number = RRType.A) => ({ name: parseName(name), type, class: 1 });

test('once a small zone is known, names it does not have are denied with the full proof', () => {
  const memory = learnt();
  for (let i = 0; i < 50; i++) {
    const made = memory.synthesise(questionOf(`other${i}.shop.test.`), budgetOf());
    expect(made).toMatchObject({ kind: 'nxdomain', zone: apex, soa: { type: RRType.SOA } });
    expect(made!.kind !== 'answer' && made!.proof.length).toBeGreaterThan(0);
  }
  expect(memory.synthesise(questionOf('b.shop.test.'), budgetOf())).toBeUndefined();
  expect(memory.synthesise(questionOf('b.shop.test.', RRType.MX), budgetOf())?.kind).toBe('nodata');
});

test('whatever was learnt in whatever order, a synthesised answer is the one the zone gives', () => {
  const labels = fc.constantFrom('a', 'b', 'c', 'd', 'ent', 'w', 'x', 'y', '*', 'mail', 'gone', 'sub', 'zz');
  const under = (path: readonly string[]) =>
    path.reduceRight<Name>((name, label) => prependLabel(label, name)!, apex);
  const name = fc.array(labels, { maxLength: 3 }).map(under);
  const type = fc.constantFrom<number>(RRType.A, RRType.AAAA, RRType.CNAME, RRType.DS);
  const question = fc.record({ name, type });
  let made = 0;
  fc.assert(
    fc.property(
      fc.array(question, { maxLength: 12 }),
      fc.array(question, { minLength: 5, maxLength: 20 }),
      (known, asked) => {
        const memory = new AggressiveDenial(1_000_000, new VirtualClock());
        for (const one of known) learn(memory, zone, one.name, one.type);
        for (const one of asked) {
          const synthesised = memory.synthesise({ ...one, class: 1 }, budgetOf());
          if (!synthesised) continue;
          made++;
          const real = lookupZone(zone, { ...one, class: 1 }, { do: true });
          expect(real.answer).toEqual([]);
          expect(real.aa).toBe(true);
          expect(synthesised.kind).toBe(real.rcode === Rcode.NXDOMAIN ? 'nxdomain' : 'nodata');
        }
      },
    ),
    { numRuns: 300, seed: 8 },
  );
  expect(made).toBeGreaterThan(300);
});

describe('nothing is made', () => {
  test.each([
    ['opt-out spans, which deny nothing', optOut],
    ['records with iterations', { ...nsec3, iterations: 1 }],
  ])('from %s', (_what, denial) => {
    const memory = learnt(shop(denial));
    expect(memory.count).toBe(1); // the SOA
    expect(memory.synthesise(questionOf('other.shop.test.'), budgetOf())).toBeUndefined();
  });

  test('of names deep below the apex, and then nothing is hashed', () => {
    const memory = learnt();
    const budget = budgetOf();
    expect(memory.synthesise(questionOf('a.b.c.d.other.shop.test.'), budget)).toBeUndefined();
    expect(budget.usedOf('nsec3Hashes')).toBe(0);
    expect(memory.synthesise(questionOf('a.b.c.other.shop.test.'), budget)?.kind).toBe('nxdomain');
    expect(budget.usedOf('nsec3Hashes')).toBeGreaterThan(0);
  });

  test('when half of the hashes of the query are used up', () => {
    const memory = learnt();
    const budget = budgetOf({ nsec3Hashes: 10 });
    budget.spend('nsec3Hashes', 6);
    expect(memory.synthesise(questionOf('new.shop.test.'), budget)).toBeUndefined();
    expect(budget.usedOf('nsec3Hashes')).toBe(6);
  });

  test('once the zone has another salt, from records with the old one', () => {
    const memory = learnt();
    const before = memory.count;
    learn(memory, shop({ ...nsec3, salt: '\x01' }), parseName('other.shop.test.'), RRType.A);
    expect(memory.count).toBeLessThan(before);
    memory.forget(apex);
    expect([memory.count, memory.sizeOctets]).toEqual([0, 0]);
  });
});

describe('a record is worth keeping', () => {
  const hash = (first: number) => String.fromCharCode(first >> 8, first & 255) + '\0'.repeat(18);
  const record = (from: number, to: number, change: Partial<Nsec3> = {}): Nsec3 => ({
    owner: apex,
    zone: apex,
    hash: hash(from),
    nextHash: hash(to),
    hashAlgorithm: 1,
    flags: 0,
    iterations: 0,
    salt: '',
    types: '',
    ...change,
  });

  test('when a random name hits its span once in 2048 times or more, round the end too', () => {
    expect(paysOff(record(0, 32), apex)).toBe(true);
    expect(paysOff(record(0, 31), apex)).toBe(false);
    expect(paysOff(record(65_520, 16), apex)).toBe(true);
    expect(paysOff(record(65_520, 0), apex)).toBe(false);
    expect(paysOff(record(7, 7), apex)).toBe(true);
  });

  test('when it is of the zone, hashed by SHA-1 once, and without flags', () => {
    expect(paysOff(record(0, 4000, { zone: parseName('test.') }), apex)).toBe(false);
    expect(paysOff(record(0, 4000, { hashAlgorithm: 2 }), apex)).toBe(false);
    expect(paysOff(record(0, 4000, { iterations: 1 }), apex)).toBe(false);
    expect(paysOff(record(0, 4000, { flags: 1 }), apex)).toBe(false);
    expect(paysOff(record(0, 4000, { hash: 'short', nextHash: 'shorz' }), apex)).toBe(false);
  });
});
