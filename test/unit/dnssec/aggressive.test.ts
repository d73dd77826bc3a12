/** Answers made from remembered NSEC records: always what the zone would have said, or nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lookupZone } from '../../../src/authority/lookup.js';
import { compareNames, type Name, parseName, prependLabel } from '../../../src/dns/name.js';
import { Rcode, RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { AggressiveDenial } from '../../../src/dnssec/aggressive.js';
import { orderKey } from '../../../src/dnssec/denial-store.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { encodeBitmap } from '../../../src/wire/rdata/bitmap.js';
import { budgetOf } from '../../support/signed-data.js';
import { SignedNet } from '../../support/signed-net.js';

const apex = parseName('shop.test.');
const net = new SignedNet([
  { apex: 'test.' },
  {
    apex: 'shop.test.',
    records: [
      'b 300 IN A 192.0.2.1',
      'd.ent 300 IN A 192.0.2.1',
      '*.w 300 IN A 192.0.2.2',
      'x.w 300 IN A 192.0.2.3',
      'mail 300 IN CNAME b',
      'gone 300 IN DNAME new.test.',
    ],
  },
  { apex: 'sub.shop.test.', denial: 'unsigned' },
]);
const zone = net.zones.get(apex)!;

/** Remembers what validated answers to these questions bring along. */
function learntFrom(
  clock: VirtualClock,
  ...questions: (readonly [name: string, type: number])[]
): AggressiveDenial {
  const memory = new AggressiveDenial(1_000_000, clock);
  for (const [name, type] of questions) learn(memory, parseName(name), type);
  return memory;
}

function learn(memory: AggressiveDenial, name: Name, type: number): void {
  const { authority } = lookupZone(zone, { name, type, class: 1 }, { do: true });
  for (const rrset of authority) {
    if (rrset.type === RRType.NSEC) memory.addNsec(apex, rrset, rrset.ttlSec);
    if (rrset.type === RRType.SOA) memory.addSoa(apex, rrset, rrset.ttlSec);
  }
}

/** The labels in front of the apex. */
function under(labels: readonly string[]): Name {
  return labels.reduceRight<Name>((name, label) => prependLabel(label, name)!, apex);
}

const ask = (memory: AggressiveDenial, name: string, type: number = RRType.A) =>
  memory.synthesise({ name: parseName(name), type, class: 1 }, budgetOf());

describe('synthesis', () => {
  test('a name error denies its neighbours in the same gap, for as long as its records live', () => {
    const clock = new VirtualClock();
    const memory = learntFrom(clock, ['c.shop.test.', RRType.A]);
    expect(ask(memory, 'cc.shop.test.')).toMatchObject({ kind: 'nxdomain', zone: apex, ttlSec: 900 });
    clock.jumpWall(600_000);
    expect(ask(memory, 'deep.below.cc.shop.test.', RRType.AAAA)).toMatchObject({
      kind: 'nxdomain',
      ttlSec: 300,
    });
    clock.jumpWall(301_000);
    expect(ask(memory, 'cc.shop.test.')).toBeUndefined();
    expect(memory.count).toBeLessThan(3);
  });

  test('nothing is said of names in other gaps, of names that exist, or without the SOA', () => {
    const memory = learntFrom(new VirtualClock(), ['c.shop.test.', RRType.A]);
    for (const name of ['zz.shop.test.', 'b.shop.test.', 'w.shop.test.', 'other.test.']) {
      expect(ask(memory, name), name).toBeUndefined();
    }
    const bare = new AggressiveDenial(1_000_000, new VirtualClock());
    const { authority } = lookupZone(
      zone,
      { name: parseName('c.shop.test.'), type: 1, class: 1 },
      { do: true },
    );
    for (const rrset of authority) bare.addNsec(apex, rrset, 300);
    expect(ask(bare, 'cc.shop.test.')).toBeUndefined();
  });

  test('no data is denied for other types of the same name', () => {
    const memory = learntFrom(new VirtualClock(), ['b.shop.test.', RRType.AAAA]);
    expect(ask(memory, 'b.shop.test.', RRType.MX)).toMatchObject({ kind: 'nodata' });
    expect(ask(memory, 'b.shop.test.', RRType.A)).toBeUndefined();
    expect(ask(memory, 'b.shop.test.', RRType.ANY)).toBeUndefined();
  });

  test('an empty non-terminal is no data, not a name error', () => {
    const memory = learntFrom(new VirtualClock(), ['ent.shop.test.', RRType.A]);
    expect(ask(memory, 'ent.shop.test.', RRType.TXT)).toMatchObject({ kind: 'nodata' });
  });

  test('a name below a delegation or DNAME is never denied by the zone above it', () => {
    const memory = learntFrom(
      new VirtualClock(),
      ['sub.shop.test.', RRType.DS],
      ['gone.shop.test.', RRType.A],
    );
    expect(ask(memory, 'www.sub.shop.test.')).toBeUndefined();
    expect(ask(memory, 'sub.shop.test.')).toBeUndefined();
    expect(ask(memory, 'sub.shop.test.', RRType.DS)).toMatchObject({ kind: 'nodata' });
    expect(ask(memory, 'www.gone.shop.test.')).toBeUndefined();
  });

  test('a wildcard answers for names in a known gap, with that gap as proof', () => {
    const clock = new VirtualClock();
    const memory = learntFrom(clock, ['y.w.shop.test.', RRType.AAAA]);
    const seen = lookupZone(
      zone,
      { name: parseName('y.w.shop.test.'), type: RRType.A, class: 1 },
      { do: true },
    );
    memory.addWildcard(apex, parseName('w.shop.test.'), seen.answer[0]!, 60);
    const made = ask(memory, 'yy.w.shop.test.');
    expect(made).toMatchObject({
      kind: 'answer',
      ttlSec: 60,
      rrset: { name: parseName('yy.w.shop.test.'), rdatas: ['\xc0\0\x02\x02'] },
    });
    expect(made?.proof).toHaveLength(1);
    expect(ask(memory, 'x.w.shop.test.')).toBeUndefined();
    expect(ask(memory, 'yy.w.shop.test.', RRType.MX)).toMatchObject({ kind: 'nodata' });
  });

  test('NSEC that reach out of the zone, and those that deny one name only, are not kept', () => {
    const memory = new AggressiveDenial(1_000_000, new VirtualClock());
    const nsec = (owner: string, next: Name): RRset => ({
      name: parseName(owner),
      type: RRType.NSEC,
      class: 1,
      ttlSec: 300,
      rdatas: [next + encodeBitmap([1])],
      signatures: ['s'],
    });
    memory.addNsec(apex, nsec('a.shop.test.', parseName('b.other.')), 300);
    memory.addNsec(apex, nsec('a.other.', parseName('b.shop.test.')), 300);
    memory.addNsec(apex, nsec('a.shop.test.', prependLabel('\0', parseName('a.shop.test.'))!), 300);
    memory.addNsec(apex, nsec('a.shop.test.', parseName('b.shop.test.')), 0);
    memory.addNsec(apex, { ...nsec('a.shop.test.', apex), rdatas: ['garbage'] }, 300);
    expect(memory.count).toBe(0);
  });

  test('forgetting a name forgets its zone', () => {
    const memory = learntFrom(new VirtualClock(), ['c.shop.test.', RRType.A]);
    memory.forget(parseName('elsewhere.test.'));
    expect(ask(memory, 'cc.shop.test.')).toBeDefined();
    memory.forget(parseName('www.shop.test.'));
    expect(ask(memory, 'cc.shop.test.')).toBeUndefined();
    expect([memory.count, memory.sizeOctets]).toEqual([0, 0]);
  });
});

test('whatever was learnt in whatever order, a synthesised answer is the one the zone gives', () => {
  const labels = fc.constantFrom('a', 'b', 'c', 'd', 'ent', 'w', 'x', 'y', '*', 'mail', 'gone', 'sub', 'zz');
  const names = fc.array(labels, { maxLength: 3 }).map(under);
  const types = fc.constantFrom<number>(RRType.A, RRType.AAAA, RRType.CNAME, RRType.DS, RRType.NSEC);
  const question = fc.record({ name: names, type: types });
  let made = 0;
  fc.assert(
    fc.property(
      fc.array(question, { maxLength: 12 }),
      fc.array(question, { minLength: 5, maxLength: 20 }),
      (learnt, asked) => {
        const memory = new AggressiveDenial(1_000_000, new VirtualClock());
        for (const { name, type } of learnt) learn(memory, name, type);
        for (const { name, type } of asked) {
          const synthesised = memory.synthesise({ name, type, class: 1 }, budgetOf());
          if (!synthesised) continue;
          made++;
          const real = lookupZone(zone, { name, type, class: 1 }, { do: true });
          expect(real.answer).toEqual([]);
          expect(real.aa).toBe(true);
          expect(synthesised.kind).toBe(real.rcode === Rcode.NXDOMAIN ? 'nxdomain' : 'nodata');
        }
      },
    ),
    { numRuns: 500, seed: 8 },
  );
  expect(made).toBeGreaterThan(500);
});

describe('the memory', () => {
  test('stays within its limit, keeping what was used last', () => {
    const memory = new AggressiveDenial(20_000, new VirtualClock());
    const label = (i: number): string => `n${String(i).padStart(5, '0')}`;
    const nsec = (i: number): RRset => ({
      name: parseName(`${label(i)}.big.test.`),
      type: RRType.NSEC,
      class: 1,
      ttlSec: 300,
      rdatas: [parseName(`${label(i)}5.big.test.`) + encodeBitmap([1])],
      signatures: ['s'.repeat(96)],
    });
    const big = parseName('big.test.');
    const soa = zone.soa;
    memory.addSoa(big, { ...soa, name: big }, 300);
    for (let i = 0; i < 1000; i++) {
      memory.addNsec(big, nsec(i), 300);
      expect(memory.sizeOctets).toBeLessThanOrEqual(20_000);
      // Asking for no data of the first name keeps it and the SOA in use.
      expect(ask(memory, `${label(0)}.big.test.`, RRType.MX), String(i)).toMatchObject({ kind: 'nodata' });
    }
    expect(ask(memory, `${label(1)}.big.test.`, RRType.MX)).toBeUndefined();
    expect(ask(memory, `${label(999)}.big.test.`, RRType.MX)).toMatchObject({ kind: 'nodata' });
  });

  test('the same NSEC learnt again replaces the old one', () => {
    const memory = learntFrom(new VirtualClock(), ['c.shop.test.', RRType.A], ['c.shop.test.', RRType.A]);
    expect(memory.count).toBe(learntFrom(new VirtualClock(), ['c.shop.test.', RRType.A]).count);
  });

  test('its order is the canonical order of names', () => {
    const label = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((o) => Buffer.from(o).toString('latin1'));
    const name = fc.array(label, { maxLength: 4 }).map(under);
    fc.assert(
      fc.property(name, name, (a, b) => {
        const [x, y] = [orderKey(a), orderKey(b)];
        expect(Math.sign(compareNames(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
      }),
      { numRuns: 2000, seed: 3 },
    );
  });
});
