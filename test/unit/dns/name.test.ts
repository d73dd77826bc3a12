import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ancestorWithLabels,
  commonAncestor,
  compareNames,
  formatName,
  isStrictSubdomain,
  isSubdomain,
  isWildcard,
  labelCount,
  labelsOf,
  type Name,
  NameError,
  nameToOctets,
  parentName,
  parseName,
  prependLabel,
  ROOT,
  replaceSuffix,
  toName,
  wildcardOf,
} from '../../../src/dns/name.js';
import { canonicalName, nameOctets } from '../../support/wire-arbitraries.js';

const name = (text: string): Name => parseName(text);

function errorOf(text: string): NameError {
  try {
    nameToOctets(text);
  } catch (error) {
    if (error instanceof NameError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

describe('nameToOctets', () => {
  it.each([
    ['.', '\0'],
    ['a.', '\x01a\0'],
    ['a', '\x01a\0'],
    ['Www.Example.', '\x03Www\x07Example\0'],
    ['a\\.b.c.', '\x03a.b\x01c\0'],
    ['\\000\\255.', '\x02\0\xff\0'],
    ['a\\\\.', '\x02a\\\0'],
    ['\\097\\A.', '\x02aA\0'],
    ['é.', '\x02\xc3\xa9\0'],
    ['a b.', '\x03a b\0'],
    ['@.', '\x01@\0'],
  ])('reads %s', (text, octets) => {
    expect(nameToOctets(text)).toBe(octets);
  });

  it('completes relative names with the origin, absolute ones not', () => {
    const origin = nameToOctets('Example.test.');
    expect(nameToOctets('www', origin)).toBe('\x03www\x07Example\x04test\0');
    expect(nameToOctets('www.', origin)).toBe('\x03www\0');
    expect(nameToOctets('.', origin)).toBe('\0');
    expect(nameToOctets('www\\.', origin)).toBe('\x04www.\x07Example\x04test\0');
  });

  it('takes labels of 63 octets and names of 255', () => {
    expect(nameToOctets(`${'x'.repeat(63)}.`).length).toBe(65);
    expect(nameToOctets('a.'.repeat(127)).length).toBe(255);
  });

  it.each([
    ['', 'EMPTY_NAME', 0],
    ['..', 'EMPTY_LABEL', 0],
    ['.a', 'EMPTY_LABEL', 0],
    ['a..b', 'EMPTY_LABEL', 2],
    [`${'x'.repeat(64)}.`, 'LABEL_TOO_LONG', 63],
    ['a.'.repeat(128), 'NAME_TOO_LONG', 256],
    ['a\\', 'BAD_ESCAPE', 1],
    ['a\\25', 'BAD_ESCAPE', 1],
    ['a\\256', 'BAD_ESCAPE', 1],
    ['a\\1x2', 'BAD_ESCAPE', 1],
  ])('refuses %s', (text, code, offset) => {
    expect(errorOf(text)).toMatchObject({ code, offset });
  });
});

describe('formatName', () => {
  it.each([
    ['.', '.'],
    ['WWW.Example', 'WWW.Example.'],
    ['a\\.b.c.', 'a\\.b.c.'],
    ['\\000\\032\\127\\255.', '\\000\\032\\127\\255.'],
    ['\\"\\(\\)\\;\\@\\$\\\\.', '\\"\\(\\)\\;\\@\\$\\\\.'],
  ])('writes %s as %s', (text, written) => {
    expect(formatName(nameToOctets(text))).toBe(written);
  });

  it('is read back to the same octets, whatever they are', () => {
    fc.assert(
      fc.property(nameOctets, (octets) => {
        const text = formatName(octets);
        expect(nameToOctets(text)).toBe(octets);
        expect(text).toMatch(/^[\x21-\x7e]+\.$|^\.$/);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('toName', () => {
  it('folds ASCII letters only (RFC 4343)', () => {
    expect(toName('\x04aBZ[\x02\xc4@\0')).toBe('\x04abz[\x02\xc4@\0');
  });

  it('leaves length octets alone, and is its own fold', () => {
    fc.assert(
      fc.property(nameOctets, (octets) => {
        const folded = toName(octets);
        expect(toName(folded)).toBe(folded);
        expect(labelsOf(folded).map((label) => label.length)).toEqual(
          labelsOf(octets).map((label) => label.length),
        );
      }),
      { seed: 1 },
    );
  });
});

describe('the tree', () => {
  it('has parents up to the root, which is its own', () => {
    expect(parentName(name('www.example.test.'))).toBe(name('example.test.'));
    expect(parentName(name('test.'))).toBe(ROOT);
    expect(parentName(ROOT)).toBe(ROOT);
  });

  it('counts labels without the root (RFC 4034 3.1.3)', () => {
    expect([ROOT, name('a.'), name('*.a\\.b.c.')].map(labelCount)).toEqual([0, 1, 3]);
  });

  it.each([
    ['www.example.test.', 'example.test.', true],
    ['example.test.', 'example.test.', true],
    ['example.test.', '.', true],
    ['.', '.', true],
    ['badexample.test.', 'example.test.', false],
    ['test.', 'example.test.', false],
    ['a\\007example.test.', 'example.test.', false],
    ['\\007example\\004test.', 'test.', false],
  ])('%s below %s: %s', (lower, upper, below) => {
    expect(isSubdomain(name(lower), name(upper))).toBe(below);
    expect(isStrictSubdomain(name(lower), name(upper))).toBe(below && lower !== upper);
  });

  it('finds ancestors by number of labels', () => {
    expect(ancestorWithLabels(name('a.b.c.'), 2)).toBe(name('b.c.'));
    expect(ancestorWithLabels(name('a.b.c.'), 0)).toBe(ROOT);
    expect(ancestorWithLabels(name('a.b.c.'), 9)).toBe(name('a.b.c.'));
  });

  it.each([
    ['a.b.test.', 'c.b.test.', 'b.test.'],
    ['b.test.', 'a.b.test.', 'b.test.'],
    ['a.test.', 'a.example.', '.'],
    ['xb.test.', 'b.test.', 'test.'],
  ])('%s and %s meet at %s', (a, b, ancestor) => {
    expect(commonAncestor(name(a), name(b))).toBe(name(ancestor));
    expect(commonAncestor(name(b), name(a))).toBe(name(ancestor));
  });

  it('prepends labels while the name stays legal', () => {
    expect(prependLabel('WWW', name('test.'))).toBe(name('www.test.'));
    expect(prependLabel('', name('test.'))).toBeUndefined();
    expect(prependLabel('x'.repeat(64), name('test.'))).toBeUndefined();
    const long = name('a.'.repeat(126));
    expect(prependLabel('b', long)?.length).toBe(255);
    expect(prependLabel('bb', long)).toBeUndefined();
  });

  it('replaces the end of a name for DNAME (RFC 6672 2.2), unless it gets too long', () => {
    expect(replaceSuffix(name('a.b.old.test.'), name('old.test.'), name('new.'))).toBe(name('a.b.new.'));
    expect(replaceSuffix(name('a.'), ROOT, name('b.'))).toBe(name('a.b.'));
    expect(replaceSuffix(name(`${'a.'.repeat(100)}x.`), name('x.'), name('b.'.repeat(100)))).toBeUndefined();
  });

  it('knows a wildcard by its first label alone (RFC 4592 2.1.1)', () => {
    expect(['*.a.', '*.', 'a.*.', '**.a.', '\\*a.'].map((text) => isWildcard(name(text)))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(wildcardOf(name('a.'))).toBe(name('*.a.'));
    expect(wildcardOf(name('a.'.repeat(127)))).toBeUndefined();
  });
});

describe('compareNames', () => {
  it('sorts the example of RFC 4034 6.1', () => {
    const sorted = [
      'example.',
      'a.example.',
      'yljkjljk.a.example.',
      'Z.a.example.',
      'zABC.a.EXAMPLE.',
      'z.example.',
      '\\001.z.example.',
      '*.z.example.',
      '\\200.z.example.',
    ].map(name);
    expect([...sorted].reverse().sort(compareNames)).toEqual(sorted);
  });

  it('is an order: total, antisymmetric, transitive, ancestors first', () => {
    fc.assert(
      fc.property(canonicalName, canonicalName, canonicalName, (a, b, c) => {
        expect(Math.sign(compareNames(a, b))).toBe(-Math.sign(compareNames(b, a)) + 0);
        expect(compareNames(a, b) === 0).toBe(a === b);
        if (compareNames(a, b) < 0 && compareNames(b, c) < 0) expect(compareNames(a, c)).toBeLessThan(0);
        expect(compareNames(parentName(a), a)).toBeLessThanOrEqual(0);
        if (isStrictSubdomain(a, b)) expect(compareNames(a, b)).toBeGreaterThan(0);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
