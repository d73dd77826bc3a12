/**
 * A clock that is looked at once for many short steps.
 *
 * One query asks some twenty times what time it is, and reading the machine's clock is what such a step costs most.
 * Here a reading holds until the program lets go: what runs without a pause, and the callbacks of promises that were
 * waiting for it, share one. Timers are those of the clock behind.
 * Limitations: work that does not pause sees no time go by, so whoever limits itself by time needs the clock behind.
 */
import type { CancelTimer, Clock } from './clock.js';

const settled = Promise.resolve();

export class TurnClock implements Clock {
  private wallKnown = false;
  private monotonicKnown = false;
  private atWallMs = 0;
  private atMonotonicMs = 0;

  constructor(private readonly behind: Clock) {}

  wallMs(): number {
    if (this.wallKnown) return this.atWallMs;
    if (!this.monotonicKnown) settled.then(this.forget);
    this.wallKnown = true;
    this.atWallMs = this.behind.wallMs();
    return this.atWallMs;
  }

  monotonicMs(): number {
    if (this.monotonicKnown) return this.atMonotonicMs;
    if (!this.wallKnown) settled.then(this.forget);
    this.monotonicKnown = true;
    this.atMonotonicMs = this.behind.monotonicMs();
    return this.atMonotonicMs;
  }

  after(ms: number, fn: () => void): CancelTimer {
    return this.behind.after(ms, fn);
  }

  private readonly forget = (): void => {
    this.wallKnown = false;
    this.monotonicKnown = false;
  };
}
