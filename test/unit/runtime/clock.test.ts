import { describe, expect, it } from 'vitest';
import { systemClock, VirtualClock } from '../../../src/runtime/clock.js';

describe('VirtualClock', () => {
  it('stands still until told, and both of its times advance together', async () => {
    const clock = new VirtualClock(1000);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1000, 0]);
    await clock.advance(250);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1250, 250]);
  });

  it('jumps the wall clock alone', () => {
    const clock = new VirtualClock(1000);
    clock.jumpWall(-500);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([500, 0]);
  });

  it('fires timers in order of time, then of creation, each at its own time', async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    const timer = (name: string, ms: number) =>
      clock.after(ms, () => fired.push(`${name}@${clock.monotonicMs()}`));
    timer('late', 20);
    timer('a', 10);
    timer('b', 10);
    timer('never', 31);
    await clock.advance(30);
    expect(fired).toEqual(['a@10', 'b@10', 'late@20']);
    expect(clock.pending).toBe(true);
  });

  it('settles promises between timers, so that a timer set by one fires too', async () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    clock.after(10, () => {
      void Promise.resolve().then(() => clock.after(5, () => fired.push(clock.monotonicMs())));
    });
    await clock.advance(20);
    expect(fired).toEqual([15]);
  });

  it('does not fire what was cancelled', async () => {
    const clock = new VirtualClock();
    const cancel = clock.after(5, () => expect.unreachable());
    cancel();
    cancel();
    await clock.advance(10);
    expect(clock.pending).toBe(false);
  });

  it('runs until a promise settles and no further', async () => {
    const clock = new VirtualClock();
    const done = new Promise<string>((resolve) => void clock.after(100, () => resolve('done')));
    clock.after(200, () => expect.unreachable());
    expect(await clock.runUntil(done)).toBe('done');
    expect(clock.monotonicMs()).toBe(100);
  });

  it('says so when work waits for nothing, and passes on a rejection', async () => {
    const clock = new VirtualClock();
    await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow(/nothing is scheduled/);
    await expect(clock.runUntil(Promise.reject(new Error('x')))).rejects.toThrow('x');
  });
});

describe('systemClock', () => {
  it('never goes back, and cancels', async () => {
    const before = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(5000);
    systemClock.after(0, () => expect.unreachable())();
  });
});
