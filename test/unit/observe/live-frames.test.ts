import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StatsSnapshot } from '../../../src/observe/control.js';
import { Counters } from '../../../src/observe/counters.js';
import { frameBetween, type LiveFrame, LiveFrames } from '../../../src/observe/live-frames.js';
import { lookupClasses } from '../../../src/resolver/contract.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import type { QueryRecord } from '../../../src/runtime/recorder.js';
import { fullSnapshot } from './full-snapshot.js';

const query = (lookupClass: string, tookMs = 1): QueryRecord => ({
  lookupClass,
  missReason: lookupClass === 'walked' ? 'expired' : undefined,
  qtype: 1,
  rcode: 0,
  transport: 'udp',
  tookMs,
  client: '',
  qname: undefined,
});
const snapshotOf = (counters: Counters): StatsSnapshot => ({ ...fullSnapshot(), counters: counters.state() });
const place = { id: 1, atMs: 0, sec: 1 };

describe('a frame', () => {
  it('has the queries of its time alone, and its classes sum to them', () => {
    const batch = fc.array(fc.constantFrom(...lookupClasses), { maxLength: 50 });
    fc.assert(
      fc.property(batch, batch, (earlier, later) => {
        const counters = new Counters();
        for (const one of earlier) counters.record(query(one));
        const before = snapshotOf(counters);
        for (const one of later) counters.record(query(one));
        const frame = frameBetween(before, snapshotOf(counters), place);
        expect(frame.queries).toBe(later.length);
        for (const name of lookupClasses) {
          expect(frame.classes[name] ?? 0).toBe(later.filter((one) => one === name).length);
        }
        expect(frame.total).toBe(earlier.length + later.length);
      }),
    );
  });

  it('measures the latency of its own queries, not that of all since the start', () => {
    const counters = new Counters();
    for (let i = 0; i < 1000; i++) counters.record(query('walked', 900));
    const before = snapshotOf(counters);
    for (let i = 0; i < 10; i++) counters.record(query('stub', 1));
    const frame = frameBetween(before, snapshotOf(counters), place);
    expect(frame.p99Ms).toBeGreaterThanOrEqual(1);
    expect(frame.p99Ms).toBeLessThan(1.2);
    expect(frame.latency.reduce((sum, [, count]) => sum + count, 0)).toBe(10);
  });

  it('of a quiet second has no latency, and of a thread that was replaced no negative counts', () => {
    const counters = new Counters();
    counters.record(query('stub'));
    const busy = snapshotOf(counters);
    const frame = frameBetween(busy, snapshotOf(new Counters()), place);
    expect(frame).toMatchObject({ queries: 0, classes: {}, p50Ms: undefined, p99Ms: undefined });
  });
});

describe('live frames', () => {
  function started() {
    const clock = new VirtualClock();
    const counters = new Counters();
    const control = { failing: false, stats: async () => snapshotOf(counters) };
    const errors: unknown[] = [];
    const stats = async () => {
      if (control.failing) throw new Error('a bug');
      return control.stats();
    };
    const frames = new LiveFrames({ stats }, clock, (error) => errors.push(error));
    const seen: LiveFrame[] = [];
    const unsubscribe = frames.subscribe((frame) => seen.push(frame));
    frames.start();
    return { clock, counters, control, errors, frames, seen, unsubscribe };
  }

  it('come once a second, with growing ids', async () => {
    const { clock, counters, frames, seen } = started();
    await clock.advance(0);
    counters.record(query('stub'));
    await clock.advance(3500);
    expect(seen.map(({ id, sec, queries }) => [id, sec, queries])).toEqual([
      [1, 1, 1],
      [2, 1, 0],
      [3, 1, 0],
    ]);
    expect(seen[0]!.atMs).toBe(clock.wallMs() - 2500);
    frames.stop();
    expect(clock.pending).toBe(false);
  });

  it('are kept for five minutes and no longer', async () => {
    const { clock, frames } = started();
    await clock.advance(400_000);
    const history = frames.history();
    expect(history).toHaveLength(300);
    expect(history.at(-1)!.id).toBe(400);
    expect(frames.history(398).map(({ id }) => id)).toEqual([399, 400]);
    frames.stop();
  });

  it('go on after a snapshot could not be had', async () => {
    const { clock, control, errors, seen, frames } = started();
    await clock.advance(1000);
    control.failing = true;
    await clock.advance(2000);
    control.failing = false;
    await clock.advance(1000);
    expect(errors).toHaveLength(2);
    expect(seen.map(({ sec }) => sec)).toEqual([1, 3]);
    frames.stop();
  });

  it('do not come to who has left', async () => {
    const { clock, seen, unsubscribe, frames } = started();
    await clock.advance(1000);
    unsubscribe();
    await clock.advance(5000);
    expect(seen).toHaveLength(1);
    frames.stop();
  });
});
