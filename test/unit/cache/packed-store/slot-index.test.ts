import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotIndex } from '../../../../src/cache/packed-store/slot-index.js';

function slotsOf(index: SlotIndex, hash: number): number[] {
  const found: number[] = [];
  for (let slot = index.first(hash); slot !== -1; slot = index.after(slot)) found.push(slot);
  return found.sort((a, b) => a - b);
}

describe('SlotIndex', () => {
  it('finds all slots of a hash, negative ones too, and no others', () => {
    // Few hashes, so that chains hold several slots of the same.
    const hashArb = fc.constantFrom(0, 1, -1, 17, 0x7fffffff, -0x80000000, 0x00010001, 0x12345678);
    const step = fc.record({ slot: fc.nat(300), hash: hashArb, removes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const index = new SlotIndex();
        const held = new Map<number, number>();
        for (const { slot, hash, removes } of steps) {
          if (held.delete(slot)) index.remove(slot);
          if (removes) continue;
          index.add(slot, hash);
          held.set(slot, hash);
        }
        for (const { hash } of steps) {
          const expected = [...held].filter(([, h]) => h === hash).map(([slot]) => slot);
          expect(slotsOf(index, hash)).toEqual(expected.sort((a, b) => a - b));
        }
      }),
    );
  });

  it('finds each of 100,000 slots after its tables have grown', () => {
    const index = new SlotIndex();
    const hashOf = (slot: number) => Math.imul(slot, 0x9e3779b1);
    for (let slot = 0; slot < 100_000; slot++) index.add(slot, hashOf(slot));
    for (let slot = 0; slot < 100_000; slot++) {
      if (index.first(hashOf(slot)) !== slot) expect.unreachable(`slot ${slot} is not found`);
    }
    index.clear();
    expect(index.first(hashOf(5))).toBe(-1);
  });
});
