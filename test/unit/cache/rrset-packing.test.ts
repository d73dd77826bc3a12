import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isSoundPacked,
  MAX_PACKED_OCTETS,
  packRecords,
  packRRsets,
  skipRecords,
  unpackRecords,
  unpackRRsets,
} from '../../../src/cache/rrset-packing.js';
import { parseName } from '../../../src/dns/name.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { rrset } from '../../support/cache-fixtures.js';

const octets = fc.string({ unit: fc.constantFrom('\0', '\xff', 'a', '\x3f'), maxLength: 300 });
const rrsetArb: fc.Arbitrary<RRset> = fc.record({
  name: fc.constantFrom('.', 'a.', 'www.\\255\\000.example.').map((n) => parseName(n)),
  type: fc.integer({ min: 0, max: 65_535 }),
  class: fc.integer({ min: 0, max: 65_535 }),
  ttlSec: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  rdatas: fc.array(octets, { minLength: 1, maxLength: 4 }),
  signatures: fc.array(octets, { maxLength: 3 }),
});

describe('packed RRsets', () => {
  it('come back as they were, alone and behind records', () => {
    fc.assert(
      fc.property(rrsetArb, fc.array(rrsetArb, { maxLength: 3 }), (first, others) => {
        const packed = packRecords(first, others)!;
        const reader = { packed, at: 0 };
        expect(unpackRecords(reader, first.name, first.type, first.class)).toEqual(first);
        expect(unpackRRsets(reader)).toEqual(others);
        const skipper = { packed, at: 0 };
        skipRecords(skipper);
        expect(unpackRRsets(skipper)).toEqual(others);
        expect(isSoundPacked(packed, 'records')).toBe(true);
        expect(isSoundPacked(packRRsets(others)!, 'rrsets')).toBe(true);
      }),
    );
  });

  it('are told from what was cut: a part is sound only at the end of an RRset', () => {
    const [first, second] = [rrset('a.', 300, 1, ['1234', '5678']), rrset('b.c.', 60, 46, ['x'])];
    const whole = packRRsets([first, second])!;
    const firstOctets = packRRsets([first])!.length;
    for (let length = 1; length <= whole.length; length++) {
      const sound = length === firstOctets || length === whole.length;
      expect(isSoundPacked(whole.slice(0, length), 'rrsets')).toBe(sound);
    }
    const records = packRecords(first)!;
    for (let length = 0; length < records.length; length++) {
      expect(isSoundPacked(records.slice(0, length), 'records')).toBe(false);
    }
    expect(isSoundPacked(packRecords({ ...first, rdatas: [] })!, 'records')).toBe(false);
  });

  it('are not made of what is too large', () => {
    const rdata = 'x'.repeat(65_000);
    expect(packRecords(rrset('a.', 300, 1, Array(4).fill(rdata)))).toBeDefined();
    expect(packRecords(rrset('a.', 300, 1, Array(5).fill(rdata)))).toBeUndefined();
    expect(packRRsets([rrset('a.', 300, 1, ['x'.repeat(65_536)])])).toBeUndefined();
    expect(MAX_PACKED_OCTETS).toBe(262_144);
  });
});
