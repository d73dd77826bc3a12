import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSubdomain, type Name, parseName } from '../../../src/dns/name.js';
import { NameTable, NameTableBuilder, type Reach, type TableEntry } from '../../../src/policy/name-table.js';

const reaches: readonly Reach[] = ['name', 'below', 'subtree'];

function table(entries: readonly TableEntry[]) {
  const builder = new NameTableBuilder();
  for (const entry of entries) builder.add(entry);
  return new NameTable(builder.build());
}

const name = (text: string) => parseName(text);

describe('a table of names', () => {
  it.each([
    ['name', 'a.test.', true],
    ['name', 'x.a.test.', false],
    ['below', 'a.test.', false],
    ['below', 'x.a.test.', true],
    ['below', 'y.x.a.test.', true],
    ['subtree', 'a.test.', true],
    ['subtree', 'x.a.test.', true],
    ['subtree', 'xa.test.', false],
    ['subtree', 'test.', false],
  ] as const)('with reach %s says of %s: %s', (reach, asked, expected) => {
    const made = table([{ name: name('a.test.'), reach, rule: 7 }]);
    expect(made.find(name(asked))?.rule).toBe(expected ? 7 : undefined);
  });

  it('lets the nearest name decide', () => {
    const made = table([
      { name: name('test.'), reach: 'subtree', rule: 1 },
      { name: name('a.test.'), reach: 'subtree', rule: 2 },
    ]);
    expect(made.find(name('x.a.test.'))).toEqual({ name: name('a.test.'), rule: 2 });
    expect(made.find(name('b.test.'))).toEqual({ name: name('test.'), rule: 1 });
  });

  it('is the same whatever size was expected', () => {
    const entries = Array.from({ length: 5000 }, (_, i) => ({
      name: name(`host${i}.test.`),
      reach: 'subtree' as const,
      rule: i % 200,
    }));
    for (const textOctets of [0, 100, 1_000_000]) {
      const builder = new NameTableBuilder(textOctets);
      for (const entry of entries) builder.add(entry);
      const made = new NameTable(builder.build());
      expect(made.size).toBe(5000);
      for (const { name: owner, rule } of entries) expect(made.find(owner)?.rule).toBe(rule);
      expect(made.find(name('host5000.test.'))).toBeUndefined();
    }
  });

  it('agrees with a map of what was added', () => {
    const label = fc.constantFrom('a', 'b', 'c', '\x03a', '__proto__', 'constructor');
    const names = fc.array(label, { minLength: 0, maxLength: 4 }).map((labels) => {
      const octets = labels.map((l) => String.fromCharCode(l.length) + l).join('');
      return `${octets}\0` as Name;
    });
    const entries = fc.uniqueArray(fc.record({ name: names, reach: fc.constantFrom(...reaches) }), {
      selector: (entry) => entry.name,
    });
    fc.assert(
      fc.property(entries, fc.array(names), (added, asked) => {
        const made = table(added.map((entry) => ({ ...entry, rule: 1 })));
        for (const one of asked) {
          const covering = added.filter(({ name: owner, reach }) =>
            owner === one ? reach !== 'below' : reach !== 'name' && isSubdomain(one, owner),
          );
          const nearest = covering.sort((x, y) => y.name.length - x.name.length)[0];
          expect(made.find(one)?.name).toBe(nearest?.name);
          const above = added.filter(({ name: owner }) => owner !== one && isSubdomain(one, owner));
          expect(made.lengthOfAbove(one)).toBe(Math.max(0, ...above.map(({ name: owner }) => owner.length)));
        }
      }),
    );
  });

  it('holds 100 000 names in less than 40 octets each and finds every one', () => {
    const builder = new NameTableBuilder();
    const at = (i: number) => name(`host-${i}.ads.example.`);
    for (let i = 0; i < 100_000; i++) builder.add({ name: at(i), reach: 'subtree', rule: i & 63 });
    const made = new NameTable(builder.build());
    expect(made.size).toBe(100_000);
    expect(made.octets / made.size).toBeLessThan(40);
    for (let i = 0; i < 100_000; i += 97) expect(made.find(at(i))?.rule).toBe(i & 63);
    expect(made.find(name('host-100000.ads.example.'))).toBeUndefined();
  });
});
