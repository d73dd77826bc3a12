import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../../src/observe/histogram.js';

const durations = fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), {
  minLength: 1,
  maxLength: 300,
});

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('a histogram', () => {
  it('gives quantiles that are at most an eighth (and a microsecond) too high, and never too low', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.9, 0.99, 1), (values, share) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(share * values.length) - 1]!;
        const found = filled(values).quantileMs(share);
        expect(found).toBeGreaterThanOrEqual(exact - 0.0006);
        expect(found).toBeLessThanOrEqual(exact * 1.126 + 0.002);
      }),
    );
  });

  it('adds up over threads to what one thread would have counted', () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const sum = filled(a);
        sum.add(structuredClone(filled(b).state()));
        const whole = filled([...a, ...b]);
        expect(sum.state().buckets).toEqual(whole.state().buckets);
        expect(sum.summary().p99Ms).toBe(whole.summary().p99Ms);
        expect(sum.summary().count).toBe(a.length + b.length);
      }),
    );
  });

  it('is of fixed size whatever it is given', () => {
    const histogram = filled([-5, 0, 1e-9, 1e12, Number.MAX_VALUE, Number.NaN]);
    expect(histogram.summary().count).toBe(6);
    expect(histogram.state().buckets.length).toBeLessThan(7);
    expect(histogram.countUpToMs(1e9)).toBe(6);
  });

  it('counts up to a limit', () => {
    expect(filled([0.5, 1, 2, 50]).countUpToMs(10)).toBe(3);
    expect(filled([]).summary()).toEqual({ count: 0, meanMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 });
  });
});
