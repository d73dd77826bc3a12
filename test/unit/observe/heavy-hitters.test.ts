import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeavyHitters } from '../../../src/observe/heavy-hitters.js';

const stream = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 5 })), { maxLength: 400 });

function truth(adds: readonly (readonly [number, number])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [key, times] of adds) counts.set(String(key), (counts.get(String(key)) ?? 0) + times);
  return counts;
}

describe('the sketch of what occurs most', () => {
  it('is exact while there is room', () => {
    fc.assert(
      fc.property(stream, (adds) => {
        const sketch = new HeavyHitters(31);
        for (const [key, times] of adds) sketch.add(String(key), undefined, times);
        const found = sketch.top(100).map(({ key, count, error }) => [key, count, error]);
        const wanted = [...truth(adds)].map(([key, count]) => [key, count, 0]);
        expect(new Map(found.map((one) => [one[0], one]))).toEqual(
          new Map(wanted.map((one) => [one[0], one])),
        );
      }),
    );
  });

  it('never counts too low, says how much too high, and holds whatever is frequent', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 2, max: 10 }), (adds, capacity) => {
        const sketch = new HeavyHitters(capacity);
        for (const [key, times] of adds) sketch.add(String(key), undefined, times);
        const real = truth(adds);
        const total = adds.reduce((sum, [, times]) => sum + times, 0);
        const top = sketch.top(100);
        expect(top.length).toBeLessThanOrEqual(capacity);
        for (const { key, count, error } of top) {
          expect(count).toBeGreaterThanOrEqual(real.get(key)!);
          expect(count - error).toBeLessThanOrEqual(real.get(key)!);
        }
        const held = new Set(top.map(({ key }) => key));
        for (const [key, count] of real) if (count > total / capacity) expect(held.has(key), key).toBe(true);
        expect(top.map(({ count }) => count)).toEqual(
          top.map(({ count }) => count).toSorted((a, b) => b - a),
        );
      }),
    );
  });

  it('adds up over threads without ever counting too low what each of them held', () => {
    fc.assert(
      fc.property(stream, stream, (one, two) => {
        const parts = [one, two].map((adds) => {
          const sketch = new HeavyHitters(31);
          for (const [key, times] of adds) sketch.add(String(key), undefined, times);
          return structuredClone(sketch.top(31));
        });
        const sum = new HeavyHitters(31);
        for (const part of parts) sum.addAll(part);
        const real = truth([...one, ...two]);
        expect(new Map(sum.top(31).map(({ key, count }) => [key, count]))).toEqual(real);
      }),
    );
  });

  it('keeps the frequent ones through a flood of names that come once, in fixed memory', () => {
    const sketch = new HeavyHitters<string>(64);
    for (let i = 0; i < 20_000; i++) {
      sketch.add(`junk${i}`, 'once');
      if (i % 20 === 0) sketch.add('popular', `at ${i}`);
    }
    expect(sketch.size).toBe(64);
    const [first] = sketch.top(1);
    expect(first).toMatchObject({ key: 'popular', note: 'at 19980' });
    expect(first!.count).toBeGreaterThanOrEqual(1000);
  });
});
