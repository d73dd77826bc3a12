/**
 * Time. The only place that reads clocks or sets timers.
 *
 * Two clocks on purpose: the wall clock dates TTLs and signatures, so that it may jump (suspend, NTP, a
 * clock shifted from outside) and cached data ages with it; the monotonic clock drives timeouts and RTT,
 * so that a jump cannot stall or flood upstream servers.
 * Limitations: timers come up to 5 ms late (timer-slots.ts), or when the event loop gets to them.
 */
import { performance } from 'node:perf_hooks';
import { TimerSlots } from './timer-slots.js';

/** Cancels its timer; calling it again does nothing. */
export type CancelTimer = () => void;

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. May jump. */
  wallMs(): number;
  /** Milliseconds since some start. Never goes back. */
  monotonicMs(): number;
  /** Calls `fn` once after at least `ms` milliseconds of monotonic time. */
  after(ms: number, fn: () => void): CancelTimer;
}

const monotonicMs = () => performance.now();

const timers = new TimerSlots(monotonicMs, (delayMs, fire) => {
  const timer = setTimeout(fire, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
});

/** The machine's clocks. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs,
  after: (ms, fn) => timers.after(ms, fn),
};

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fn: () => void;
}

/**
 * A clock that stands still until told: for scenarios and tests.
 * Timers fire in order of due time, then of creation, with promises settled between them.
 */
export class VirtualClock implements Clock {
  private elapsedMs = 0;
  private wallOffsetMs: number;
  private created = 0;
  private timers: Timer[] = [];

  constructor(startWallMs = Date.UTC(2026, 0, 6)) {
    this.wallOffsetMs = startWallMs;
  }

  wallMs(): number {
    return this.wallOffsetMs + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  after(ms: number, fn: () => void): CancelTimer {
    const timer: Timer = { atMs: this.elapsedMs + Math.max(0, ms), order: this.created++, fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  }

  /** Moves only the wall clock, as an operator who sets the date does. */
  jumpWall(ms: number): void {
    this.wallOffsetMs += ms;
  }

  /** True while a timer waits. */
  get pending(): boolean {
    return this.timers.length > 0;
  }

  /** Lets `ms` pass, firing the timers due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsedMs + ms;
    await settle();
    for (let next = this.next(); next && next.atMs <= end; next = this.next()) {
      this.fire(next);
      await settle();
    }
    this.elapsedMs = end;
    await settle();
  }

  /** Fires timers until `done` settles; rejects when nothing is left to fire and it still waits. */
  async runUntil<T>(done: Promise<T>): Promise<T> {
    let finished = false;
    const mark = () => {
      finished = true;
    };
    done.then(mark, mark);
    await settle();
    while (!finished) {
      const next = this.next();
      if (!next) throw new Error('virtual clock: nothing is scheduled and the work has not finished');
      this.fire(next);
      await settle();
    }
    return done;
  }

  private next(): Timer | undefined {
    let best: Timer | undefined;
    for (const t of this.timers) {
      if (!best || t.atMs < best.atMs || (t.atMs === best.atMs && t.order < best.order)) best = t;
    }
    return best;
  }

  private fire(timer: Timer): void {
    this.timers = this.timers.filter((t) => t !== timer);
    this.elapsedMs = Math.max(this.elapsedMs, timer.atMs);
    timer.fn();
  }
}

/** Lets promise callbacks, crypto callbacks and immediates that are ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
