import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { TurnClock } from '../../../src/runtime/turn-clock.js';

/** A clock that a step of work makes go on, as a busy machine's does. */
class BusyClock extends VirtualClock {
  readings = 0;
  private workedMs = 0;

  work(ms: number): void {
    this.workedMs += ms;
  }

  override wallMs(): number {
    this.readings++;
    return super.wallMs() + this.workedMs;
  }

  override monotonicMs(): number {
    this.readings++;
    return super.monotonicMs() + this.workedMs;
  }
}

describe('TurnClock', () => {
  it('reads each of its times once for work that does not pause', () => {
    const behind = new BusyClock(1000);
    const clock = new TurnClock(behind);
    const seen: number[] = [];
    for (let step = 0; step < 3; step++) {
      seen.push(clock.wallMs(), clock.monotonicMs());
      behind.work(5);
    }
    expect(seen).toEqual([1000, 0, 1000, 0, 1000, 0]);
    expect(behind.readings).toBe(2);
  });

  it.each([
    ['wall', (clock: TurnClock) => clock.wallMs() - 1000],
    ['monotonic', (clock: TurnClock) => clock.monotonicMs()],
  ])('reads the %s time anew once the work has paused', async (_, read) => {
    const behind = new BusyClock(1000);
    const clock = new TurnClock(behind);
    const seen: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      seen.push(read(clock));
      behind.work(5);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen).toEqual([0, 5, 10]);
  });

  it('reads anew after a mere promise, so that no callback of the system finds an old reading', async () => {
    const behind = new BusyClock(1000);
    const clock = new TurnClock(behind);
    clock.wallMs();
    behind.work(5);
    await Promise.resolve();
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1005, 5]);
  });

  it('leaves timers to the clock behind', async () => {
    const behind = new VirtualClock();
    const clock = new TurnClock(behind);
    const fired: number[] = [];
    clock.after(10, () => fired.push(clock.monotonicMs()));
    clock.after(10, () => fired.push(-1))();
    await behind.advance(20);
    expect(fired).toEqual([10]);
  });
});
