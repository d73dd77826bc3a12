import { describe, expect, it } from 'vitest';
import { InFlight } from '../../../src/server/in-flight.js';

const limits = { perClient: 2, total: 3 };

describe('InFlight', () => {
  it('names the limit that stands against a query', () => {
    const inFlight = new InFlight();
    expect(inFlight.enter('a', limits)).toBeUndefined();
    expect(inFlight.enter('a', limits)).toBeUndefined();
    expect(inFlight.enter('a', limits)).toBe('per-client');
    expect(inFlight.enter('b', limits)).toBeUndefined();
    expect(inFlight.enter('c', limits)).toBe('total');
    expect(inFlight.count).toBe(3);
  });

  it('takes nothing when it refuses, and gives places back', () => {
    const inFlight = new InFlight();
    inFlight.enter('a', limits);
    inFlight.enter('a', limits);
    inFlight.enter('a', limits);
    inFlight.leave('a');
    expect(inFlight.count).toBe(1);
    expect(inFlight.enter('a', limits)).toBeUndefined();
  });

  it('remembers the rest of a client that gave back one of several places', () => {
    const inFlight = new InFlight();
    const wide = { perClient: 3, total: 100 };
    for (let i = 0; i < 3; i++) inFlight.enter('a', wide);
    inFlight.leave('a');
    inFlight.leave('a');
    expect([1, 2, 3].map(() => inFlight.enter('a', wide))).toEqual([undefined, undefined, 'per-client']);
  });

  it('tells everyone who waits when nothing is under way any more', async () => {
    const inFlight = new InFlight();
    inFlight.enter('a', limits);
    inFlight.enter('b', limits);
    const told: string[] = [];
    const first = inFlight.whenIdle().then(() => told.push('first'));
    const second = inFlight.whenIdle().then(() => told.push('second'));
    inFlight.leave('a');
    await Promise.resolve();
    expect(told).toEqual([]);
    inFlight.leave('b');
    await Promise.all([first, second, inFlight.whenIdle()]);
    expect(told).toEqual(['first', 'second']);
  });
});
