import { describe, expect, it } from 'vitest';
import { InFlight, Place } from '../../../src/server/in-flight.js';

const limits = { perClient: 2, total: 3 };

function take(inFlight: InFlight, client: string, nowMs = 0, wide = limits): Place {
  const place = inFlight.enter(client, wide, nowMs);
  if (!(place instanceof Place)) throw new Error(place);
  return place;
}

describe('InFlight', () => {
  it('names the limit that stands against a query', () => {
    const inFlight = new InFlight();
    take(inFlight, 'a');
    take(inFlight, 'a');
    expect(inFlight.enter('a', limits, 0)).toBe('per-client');
    take(inFlight, 'b');
    expect(inFlight.enter('c', limits, 0)).toBe('total');
    expect(inFlight.count).toBe(3);
  });

  it('takes nothing when it refuses, and gives places back, each once', () => {
    const inFlight = new InFlight();
    const first = take(inFlight, 'a');
    take(inFlight, 'a');
    inFlight.enter('a', limits, 0);
    first.leave();
    first.leave();
    expect(inFlight.count).toBe(1);
    take(inFlight, 'a');
  });

  it('remembers the rest of a client that gave back one of several places', () => {
    const inFlight = new InFlight();
    const wide = { perClient: 3, total: 100 };
    const [first, second] = [1, 2, 3].map(() => take(inFlight, 'a', 0, wide));
    first!.leave();
    second!.leave();
    take(inFlight, 'a', 0, wide);
    take(inFlight, 'a', 0, wide);
    expect(inFlight.enter('a', wide, 0)).toBe('per-client');
  });

  it('tells everyone who waits when nothing is under way any more', async () => {
    const inFlight = new InFlight();
    const a = take(inFlight, 'a');
    const b = take(inFlight, 'b');
    const told: string[] = [];
    const first = inFlight.whenIdle().then(() => told.push('first'));
    const second = inFlight.whenIdle().then(() => told.push('second'));
    a.leave();
    await Promise.resolve();
    expect(told).toEqual([]);
    b.leave();
    await Promise.all([first, second, inFlight.whenIdle()]);
    expect(told).toEqual(['first', 'second']);
  });
});

describe('a place that may give way', () => {
  const fill = (inFlight: InFlight, gone: string[]) =>
    ['a', 'b', 'c'].map((client, i) => {
      const place = take(inFlight, client, i);
      place.mayGiveWay(() => gone.push(client));
      return place;
    });

  it('goes to a new query when all are taken and it was held for a second, the oldest first', () => {
    const inFlight = new InFlight();
    const gone: string[] = [];
    fill(inFlight, gone);
    expect(inFlight.enter('d', limits, 999)).toBe('total');
    take(inFlight, 'd', 1000);
    expect(inFlight.enter('e', limits, 1000)).toBe('total');
    take(inFlight, 'e', 1001);
    expect(gone).toEqual(['a', 'b']);
    expect(inFlight.count).toBe(3);
  });

  it('does not while the client has all that it may have', () => {
    const inFlight = new InFlight();
    const gone: string[] = [];
    fill(inFlight, gone);
    take(inFlight, 'd', 5000);
    take(inFlight, 'd', 5000);
    expect(inFlight.enter('d', limits, 5000)).toBe('per-client');
    expect(gone).toEqual(['a', 'b']);
  });

  it('counts against the next ones until its work is over, so that work has a limit too', () => {
    const inFlight = new InFlight();
    const gone: string[] = [];
    const places = fill(inFlight, gone);
    for (const client of ['d', 'e', 'f']) take(inFlight, client, 5000).mayGiveWay(() => gone.push(client));
    expect(inFlight.enter('g', limits, 9000)).toBe('total');
    expect(gone).toEqual(['a', 'b', 'c']);
    places[0]!.leave();
    places[0]!.leave();
    take(inFlight, 'g', 9000);
    expect(inFlight.enter('h', limits, 9000)).toBe('total');
    expect(gone).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is not asked to once it was given back', () => {
    const inFlight = new InFlight();
    const gone: string[] = [];
    const [, b] = fill(inFlight, gone);
    b!.leave();
    take(inFlight, 'd', 5000);
    take(inFlight, 'e', 5000);
    take(inFlight, 'f', 5000);
    expect(gone).toEqual(['a', 'c']);
  });
});
