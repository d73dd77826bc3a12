import { describe, expect, it } from 'vitest';
import { ChurningMap } from '../../../src/runtime/churning-map.js';
import { seededRandom } from '../../../src/runtime/random.js';

describe('ChurningMap', () => {
  it('holds what a Map holds, whatever is entered, replaced and deleted', () => {
    const random = seededRandom(7);
    const map = new ChurningMap<{ n: number }>();
    const model = new Map<string, { n: number }>();
    for (let step = 0; step < 6000; step++) {
      // More keys than buckets at first, so that chains are long and the table grows.
      const key = `key ${random.below(600)}`;
      if (random.below(3) === 0) {
        expect(map.delete(key)).toBe(model.delete(key));
      } else {
        const value = { n: step };
        map.set(key, value);
        model.set(key, value);
      }
      const asked = `key ${random.below(600)}`;
      expect(map.get(asked)).toBe(model.get(asked));
      expect(map.size).toBe(model.size);
    }
    for (let i = 0; i < 600; i++) expect(map.get(`key ${i}`)).toBe(model.get(`key ${i}`));
  });

  it('takes any octets as a key, the empty string and names of properties too', () => {
    const map = new ChurningMap<number>();
    const keys = ['', '\x00', '\x00\x00', '__proto__', 'constructor', '\xff\xfe', '1', '01'];
    for (const [i, key] of keys.entries()) {
      expect(map.get(key)).toBeUndefined();
      map.set(key, i + 1);
    }
    expect(keys.map((key) => map.get(key))).toEqual(keys.map((_, i) => i + 1));
    for (const key of keys) expect(map.delete(key)).toBe(true);
    expect(map.size).toBe(0);
    expect(map.delete('')).toBe(false);
  });
});
