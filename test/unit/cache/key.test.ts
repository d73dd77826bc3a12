import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answerKey,
  failureKey,
  nameOfKey,
  nxdomainKey,
  partsOfAnswerKey,
  rrsetKey,
} from '../../../src/cache/key.js';
import { formatName, type Name, parseName, prependLabel, ROOT } from '../../../src/dns/name.js';

const label = fc.string({
  minLength: 1,
  maxLength: 6,
  unit: fc.constantFrom('a', '\0', '\x01', '\xff', '.', '\x1c'),
});
const nameArb: fc.Arbitrary<Name> = fc
  .array(label, { maxLength: 3 })
  .map((labels) => labels.reduce<Name>((name, l) => prependLabel(l, name)!, ROOT));
const u16 = fc.integer({ min: 0, max: 65_535 });

describe('cache keys', () => {
  it('are equal exactly when name, type and class are, whatever octets the labels hold', () => {
    const question = fc.tuple(nameArb, u16, u16);
    fc.assert(
      fc.property(question, question, (a, b) => {
        const same = a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
        expect(rrsetKey(...a) === rrsetKey(...b)).toBe(same);
      }),
    );
    expect(rrsetKey(parseName('a.'), 1)).not.toBe(rrsetKey(parseName('a.'), 256));
    expect(rrsetKey(parseName('a.'), 1)).toBe(rrsetKey(parseName('a.'), 1, 1));
  });

  it('of an answer give back what they were made of', () => {
    fc.assert(
      fc.property(
        nameArb,
        u16,
        u16,
        fc.boolean(),
        fc.boolean(),
        fc.nat(63),
        (name, type, cls, doBit, cd, view) => {
          const parts = partsOfAnswerKey(answerKey(name, type, cls, doBit, cd, view));
          expect(parts).toEqual({ name, type, class: cls, do: doBit, cd, view });
        },
      ),
    );
  });

  it('give back their name', () => {
    const name = parseName('www.\\000example.');
    expect(formatName(nameOfKey(rrsetKey(name, 28, 3)))).toBe(formatName(name));
    expect(nameOfKey(nxdomainKey(name))).toBe(name);
  });

  it('tell NXDOMAIN and CD apart from everything else', () => {
    const name = parseName('a.');
    expect(nxdomainKey(name)).not.toBe(rrsetKey(name, 1));
    expect(failureKey(name, 1, 1, true)).not.toBe(failureKey(name, 1, 1, false));
  });
});
