import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldPackets, PacketPlace } from '../../../../src/transport/native/held-packets.js';

/** A packet somewhere in a batch's memory, all of it told by one number. */
function packet(n: number, length: number): PacketPlace {
  const place = new PacketPlace();
  place.memory = Buffer.alloc(8192, 0xee);
  place.start = 4096;
  place.length = length;
  for (let i = 0; i < length; i++) place.memory[4096 + i] = n + i;
  place.nameWords = Uint32Array.from({ length: 64 }, (_, i) => n * 100 + i);
  place.nameAt = 8;
  place.controlWords = Uint32Array.from({ length: 64 }, (_, i) => n * 1000 + i);
  place.controlAt = 16;
  place.controlLength = n % 65;
  return place;
}

function seen(place: PacketPlace) {
  const { memory, start, length, nameWords, nameAt, controlWords, controlAt, controlLength } = place;
  return {
    octets: memory.subarray(start, start + length).toString('hex'),
    name: [...nameWords.subarray(nameAt, nameAt + 8)],
    control: [...controlWords.subarray(controlAt, controlAt + 16)],
    controlLength,
  };
}

describe('HeldPackets', () => {
  it('gives packets back in the order in which they came, with all that came with them', () => {
    const held = new HeldPackets();
    for (let n = 0; n < 100; n++) expect(held.hold(packet(n, n * 7))).toBe(true);
    expect(held.size).toBe(100);
    for (let n = 0; n < 100; n++) expect(seen(held.take()!)).toEqual(seen(packet(n, n * 7)));
    expect(held.size).toBe(0);
    expect(held.take()).toBeUndefined();
  });

  it('shows the client in the memory that the address is read from', () => {
    const held = new HeldPackets();
    held.hold(packet(3, 20));
    const { names, nameWords, nameAt } = held.take()!;
    expect(names.readUInt32LE(nameAt * 4)).toBe(nameWords[nameAt]);
  });

  it('turns away what it has no room for, and only that', () => {
    const held = new HeldPackets(1024);
    let count = 0;
    while (held.hold(packet(count, 60))) count++;
    expect(count).toBe(Math.floor(1024 / 164));
    held.take();
    expect(held.hold(packet(0, 60))).toBe(true);
    expect(held.hold(packet(0, 60))).toBe(false);
  });

  it('is a queue of bounded size, whatever comes and goes', () => {
    const step = fc.oneof(
      fc.record({ n: fc.nat(255), length: fc.nat(300) }),
      fc.record({ n: fc.nat(255), length: fc.nat(300) }),
      fc.constant('take' as const),
    );
    const run = fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.integer({ min: 90, max: 500 }),
      (steps, words) => {
        const capacity = words * 4;
        const held = new HeldPackets(capacity);
        const model: ReturnType<typeof seen>[] = [];
        for (const one of steps) {
          if (one === 'take') {
            const taken = held.take();
            expect(taken && seen(taken)).toEqual(model.shift());
          } else if (held.hold(packet(one.n, one.length))) {
            model.push(seen(packet(one.n, one.length)));
          } else {
            // No room only where a good part is taken; the ring wastes less than one packet at its end.
            const used = model.reduce((sum, { octets }) => sum + 104 + octets.length / 2, 0);
            expect(used + 2 * (104 + 304)).toBeGreaterThan(capacity - 4 * model.length);
          }
          expect(held.size).toBe(model.length);
        }
        for (const expected of model) expect(seen(held.take()!)).toEqual(expected);
      },
    );
    fc.assert(run, { numRuns: 300 });
  });
});
