import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reservedOctets, SegmentLog } from '../../../../src/cache/packed-store/segment-log.js';

const MIB = 1 << 20;

/** A log whose records hold their slot in every word after the first two. */
function makeLog(maxOctets: number) {
  const places = new Map<number, number>();
  const sizes = new Map<number, number>();
  const log = new SegmentLog({
    maxOctets,
    placeOf: (slot) => places.get(slot),
    moved: (slot, place) => places.set(slot, place),
  });
  const release = (slot: number) => {
    const place = places.get(slot);
    if (place === undefined) return;
    log.release(place);
    places.delete(slot);
    sizes.delete(slot);
  };
  const add = (slot: number, octets: number) => {
    release(slot);
    const place = log.append(slot, octets);
    log.segment.words.fill(slot, (log.at >> 2) + 2, (log.at + octets) >> 2);
    places.set(slot, place);
    sizes.set(slot, octets);
  };
  const isWhole = (slot: number) => {
    log.find(places.get(slot)!);
    const { words } = log.segment;
    const octets = sizes.get(slot)!;
    const body = words.subarray((log.at >> 2) + 2, (log.at + octets) >> 2);
    return words[log.at >> 2] === slot && body.every((word) => word === slot);
  };
  const liveOctets = () => [...sizes.values()].reduce((sum, octets) => sum + octets, 0);
  return { log, add, release, isWhole, liveOctets, slots: () => [...places.keys()] };
}

describe('SegmentLog', () => {
  it('keeps every record whole while others come, go and change their size', () => {
    const operation = fc.record({
      slot: fc.nat(200),
      units: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 3000 })),
      releases: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(operation, { minLength: 500, maxLength: 1500 }), (operations) => {
        const { add, release, isWhole, slots } = makeLog(MIB);
        for (const { slot, units, releases } of operations) {
          if (releases) release(slot);
          else add(slot, units * 8);
        }
        expect(slots().every(isWhole)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('holds little more than what lives and its share of holes, whatever is replaced', () => {
    const { log, add, isWhole, liveOctets, slots } = makeLog(16 * MIB);
    for (let i = 0; i < 400_000; i++) add((i * 7919) % 20_000, 64 + ((i * 31) % 60) * 8);
    expect(slots()).toHaveLength(20_000);
    expect(slots().every(isWhole)).toBe(true);
    const spareOctets = 3 * 262_144;
    expect(log.octets).toBeLessThan(reservedOctets(liveOctets()) + spareOctets);
  });

  it('gives memory back when records go', () => {
    const { log, add, release } = makeLog(16 * MIB);
    for (let slot = 0; slot < 50_000; slot++) add(slot, 160);
    expect(log.octets).toBeGreaterThan(8_000_000);
    for (let slot = 0; slot < 50_000; slot++) release(slot);
    expect(log.octets).toBeLessThanOrEqual(262_144);
  });

  it('gives a large record memory of its own, and takes it back', () => {
    const { log, add, release, isWhole } = makeLog(16 * MIB);
    add(1, 160);
    const before = log.octets;
    add(2, 260_000);
    expect(log.octets).toBe(before + 260_000);
    expect(isWhole(2)).toBe(true);
    release(2);
    expect(log.octets).toBe(before);
    expect(isWhole(1)).toBe(true);
  });
});
