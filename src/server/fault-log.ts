/**
 * Exceptions while serving: counted all, logged at most once per second, so that a packet that provokes one
 * cannot fill the disk. Each is a bug. Shared by all pipelines of one server.
 */
import type { Clock } from '../runtime/clock.js';
import type { ServerLog } from './log.js';

const LOG_EVERY_MS = 1000;

export class FaultLog {
  /** Exceptions so far. */
  count = 0;
  private loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly log: ServerLog,
    private readonly clock: Clock,
  ) {}

  note(error: unknown, message: string): void {
    this.count++;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.loggedAtMs < LOG_EVERY_MS) return;
    this.loggedAtMs = nowMs;
    this.log.error({ err: error, exceptions: this.count }, message);
  }
}
