/**
 * Keeps the process alive while somebody waits for something.
 *
 * The clock's timers and the upstream's sockets do not hold the process, since a server has listeners that
 * do. The library has none, and `await resolver.resolve(...)` must not end a script in the middle.
 */

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class KeepAlive {
  private waiting = 0;
  private timer: NodeJS.Timeout | undefined;

  /** Holds the process until `work` settles, and hands its result on. */
  async during<T>(work: Promise<T>): Promise<T> {
    if (this.waiting++ === 0) this.timer = setInterval(() => {}, LONGEST_TIMER_MS);
    try {
      return await work;
    } finally {
      if (--this.waiting === 0) clearInterval(this.timer);
    }
  }
}
