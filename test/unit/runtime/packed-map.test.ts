import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackedMap, PackedMapBuilder } from '../../../src/runtime/packed-map.js';

const octets = (longest: number) =>
  fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength: longest })
    .map((codes) => String.fromCharCode(...codes));

function packed(entries: Iterable<readonly [string, string]>) {
  const builder = new PackedMapBuilder();
  for (const [key, value] of entries) builder.add(key, value);
  return builder.build();
}

describe('a packed map', () => {
  it('says what a map says, here and in a thread that it was sent to', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(octets(6), octets(40))), octets(6), (pairs, other) => {
        const map = new Map(pairs);
        const image = packed(map);
        for (const made of [new PackedMap(image), new PackedMap(structuredClone(image))]) {
          expect(made.size).toBe(map.size);
          expect([...made.entries()]).toEqual([...map]);
          expect([...made.keys()]).toEqual([...map.keys()]);
          for (const [key, value] of map) expect(made.get(key)).toBe(value);
          expect(made.get(other)).toBe(map.get(other));
          expect(made.has(other)).toBe(map.has(other));
        }
      }),
    );
  });

  it('finds each of 50 000 keys, and has long values', () => {
    const value = 'x'.repeat(100_000);
    const keys = Array.from({ length: 50_000 }, (_, i) => `key ${i}`);
    const made = new PackedMap(packed([...keys.map((key) => [key, key] as const), ['long', value]]));
    expect(keys.every((key) => made.get(key) === key)).toBe(true);
    expect(made.get('long')).toBe(value);
    expect(made.get('key 50000')).toBeUndefined();
  });

  it('goes to another thread without a copy', () => {
    const image = packed([['a', 'b']]);
    expect(image.octets.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(image.slots.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});
