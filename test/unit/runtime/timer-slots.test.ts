import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerSlots } from '../../../src/runtime/timer-slots.js';

/** A runtime with one timer that stands still until told. */
class Runtime {
  nowMs = 0;
  armed = 0;
  private timer: { readonly atMs: number; readonly fire: () => void } | undefined;
  readonly slots = new TimerSlots(
    () => this.nowMs,
    (delayMs, fire) => {
      this.armed++;
      const timer = { atMs: this.nowMs + delayMs, fire };
      this.timer = timer;
      return () => {
        if (this.timer === timer) this.timer = undefined;
      };
    },
  );

  get waiting(): boolean {
    return this.timer !== undefined;
  }

  passTo(endMs: number): void {
    while (this.timer && this.timer.atMs <= endMs) {
      const { atMs, fire } = this.timer;
      this.nowMs = Math.max(this.nowMs, atMs);
      this.timer = undefined;
      fire();
    }
    this.nowMs = endMs;
  }
}

describe('deadlines on one timer', () => {
  it('meets each deadline once, never early and at most 4 ms late, and none that was cancelled', () => {
    const waits = fc.array(fc.record({ ms: fc.nat(500), cancel: fc.boolean(), startMs: fc.nat(200) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(waits, (all) => {
        const runtime = new Runtime();
        const met: { startMs: number; ms: number; atMs: number }[] = [];
        for (const { ms, cancel, startMs } of [...all].sort((a, b) => a.startMs - b.startMs)) {
          runtime.passTo(startMs);
          const stop = runtime.slots.after(ms, () => met.push({ startMs, ms, atMs: runtime.nowMs }));
          if (cancel) stop();
        }
        runtime.passTo(1000);
        expect(met).toHaveLength(all.filter((one) => !one.cancel).length);
        for (const { startMs, ms, atMs } of met) {
          expect(atMs).toBeGreaterThanOrEqual(startMs + ms);
          expect(atMs).toBeLessThan(startMs + ms + 4);
        }
        expect(runtime.waiting).toBe(false);
      }),
    );
  });

  it('asks the runtime for one timer only while no nearer deadline comes', () => {
    const runtime = new Runtime();
    for (let ms = 50; ms < 550; ms++) runtime.slots.after(ms, () => {});
    expect(runtime.armed).toBe(1);
  });

  it('lets a callback cancel its neighbour and set another deadline', () => {
    const runtime = new Runtime();
    const met: string[] = [];
    const second = { cancel: () => {} };
    runtime.slots.after(10, () => {
      met.push('first');
      second.cancel();
      runtime.slots.after(5, () => met.push('third'));
    });
    second.cancel = runtime.slots.after(10, () => met.push('second'));
    runtime.passTo(100);
    expect(met).toEqual(['first', 'third']);
  });

  it('goes on with the others when a callback throws', () => {
    const runtime = new Runtime();
    const met: string[] = [];
    runtime.slots.after(10, () => {
      throw new Error('broken');
    });
    runtime.slots.after(10, () => met.push('other'));
    expect(() => runtime.passTo(100)).toThrow('broken');
    runtime.passTo(200);
    expect(met).toEqual(['other']);
  });

  it('waits for what is further away than a timer of the runtime reaches', () => {
    const runtime = new Runtime();
    let met = false;
    runtime.slots.after(2 ** 33, () => {
      met = true;
    });
    runtime.passTo(2 ** 33 - 10);
    expect(met).toBe(false);
    runtime.passTo(2 ** 33 + 10);
    expect(met).toBe(true);
    expect(runtime.armed).toBeLessThan(10);
  });
});
