import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../src/dns/name.js';
import { formatType } from '../../src/dns/registry.js';
import {
  canonicalRdata,
  checkRdata,
  formatGeneric,
  formatRdata,
  fromBase32Hex,
  knownTypes,
  parseRdata,
  rdataNames,
  toBase32Hex,
} from '../../src/wire/rdata/registry.js';
import { rdataValue } from '../../src/wire/rdata/value.js';
import { rdataTokens } from '../support/rdata-tokens.js';
import { nameOctets, octets, rdataOf } from '../support/wire-arbitraries.js';

describe.each(knownTypes().map((type) => [formatType(type), type] as const))('%s', (_mnemonic, type) => {
  const seed = type;

  it('is read from its text as the same octets, and has a text form of its own', () => {
    fc.assert(
      fc.property(rdataOf(type), (rdata) => {
        const text = formatRdata(type, rdata);
        if (rdata !== '') expect(text).not.toBe(formatGeneric(rdata));
        expect(parseRdata(type, rdataTokens(text), ROOT)).toBe(rdata);
        expect(text).toMatch(/^[\x20-\x7e]+$/);
      }),
      { numRuns: 60, seed },
    );
  });

  it('keeps its octets through the text, whatever they are', () => {
    fc.assert(
      fc.property(octets(0, 80), (rdata) => {
        if (checkRdata(type, rdata) !== undefined) return;
        expect(parseRdata(type, rdataTokens(formatRdata(type, rdata)), ROOT)).toBe(rdata);
      }),
      { numRuns: 200, seed },
    );
  });

  it('has a canonical form that is valid, of equal length and its own canonical form', () => {
    fc.assert(
      fc.property(rdataOf(type), (rdata) => {
        const canonical = canonicalRdata(type, rdata);
        expect(canonical.length).toBe(rdata.length);
        expect(canonical.toLowerCase()).toBe(rdata.toLowerCase());
        expect(checkRdata(type, canonical)).toBeUndefined();
        expect(canonicalRdata(type, canonical)).toBe(canonical);
        for (const { start, end } of rdataNames(type, rdata))
          expect(rdata.charCodeAt(end - 1)).toBe(0 * start);
      }),
      { numRuns: 60, seed },
    );
  });

  it('has a value that JSON can hold', () => {
    fc.assert(
      fc.property(rdataOf(type), (rdata) => {
        const value = rdataValue(type, rdata);
        expect(JSON.parse(JSON.stringify(value))).toEqual(value);
      }),
      { numRuns: 40, seed },
    );
  });
});

describe('types without layout', () => {
  it('keep their octets through the generic form', () => {
    fc.assert(
      fc.property(octets(0, 200), (rdata) => {
        expect(parseRdata(65280, rdataTokens(formatRdata(65280, rdata)), ROOT)).toBe(rdata);
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

describe('base32hex', () => {
  it('gives the octets back', () => {
    fc.assert(
      fc.property(octets(0, 40), (raw) => {
        expect(fromBase32Hex(toBase32Hex(raw).toLowerCase())).toBe(raw);
      }),
      { seed: 1 },
    );
  });
});

describe('names in RDATA', () => {
  it('are found where they are', () => {
    fc.assert(
      fc.property(nameOctets, nameOctets, (a, b) => {
        const rdata = `${a}${b}${'\x01'.repeat(20)}`;
        expect(rdataNames(6, rdata).map(({ start, end }) => rdata.slice(start, end))).toEqual([a, b]);
      }),
      { seed: 1 },
    );
  });
});
