/**
 * Keeps N workers running: starts one and then the others, connects each with each, and starts again whatever ends.
 *
 * A worker that throws, runs out of memory or hangs is replaced after a pause that doubles with each crash in a row; the
 * others go on, and resolve by themselves what was its. What it had counted up to its last report stays in the sums.
 * Limitations: counts of the last two seconds before a crash are lost, and so are its RRsets; the stub cache survives.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Config } from '../../config/fields.js';
import type { StatsSnapshot } from '../../observe/control.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { QueryRecord } from '../../runtime/recorder.js';
import type { ServerLog } from '../../server/log.js';
import type { BoundListener } from '../running-server.js';
import type { CallName, Calls, WorkerSetup } from './protocol.js';
import { type ThreadHandle, WorkerLine } from './worker-line.js';

export interface SupervisorParts {
  readonly count: number;
  readonly clock: Clock;
  readonly log: ServerLog;
  readonly logQuery?: (query: QueryRecord) => void;
  /** Starts the thread of one worker; asked again when it is replaced. */
  readonly startThread: (index: number) => ThreadHandle;
  readonly setupOf: (index: number, replaces: boolean) => Omit<WorkerSetup, 'watches'>;
  /** Takes the last statistics of a worker that has ended. */
  readonly onLost: (last: StatsSnapshot) => void;
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
/** A worker that ran for so long has no crash in a row. */
const STABLE_AFTER_MS = 60_000;
const LOOK_EVERY_MS = 2000;
/** A worker that has not answered main for so long is stuck. */
const STUCK_AFTER_MS = 10_000;
/** How long the start waits for the workers behind the first. */
const ALL_UP_MS = 10_000;
/** What a worker gets to close its connections and to write its snapshot. */
const LAST_WORK_MS = 10_000;

interface Slot {
  line: WorkerLine;
  /** It listens. */
  up: boolean;
  startedMs: number;
  crashesInRow: number;
  lastStats: StatsSnapshot | undefined;
  /** When main asked for what it has not had yet. */
  askedMs: number | undefined;
}

export class Supervisor {
  private slots: Slot[] = [];
  private listen: Config['listen'] = [];
  private stopping = false;
  private started = false;
  private readonly timers = new Set<CancelTimer>();

  /** Starts the thread of the first worker, which reads its modules meanwhile. */
  constructor(private readonly parts: SupervisorParts) {
    this.slots.push(this.newSlot(0, 0));
  }

  /** Workers that listen. */
  get up(): number {
    return this.slots.filter((slot) => slot.up).length;
  }

  /**
   * Opens the first worker's sockets, or none, then those of the others: on a busy machine all at once would be in each
   * other's way, and clients wait. Ends when all listen, since what belongs to one that does not is not kept in the stub
   * cache; one that cannot is tried again while the others serve.
   * @throws {ListenError}, or what kept the first worker from beginning
   */
  async start(listen: Config['listen']): Promise<readonly BoundListener[]> {
    this.listen = listen;
    const first = this.slots[0]!;
    first.line.begin(this.parts.setupOf(0, false));
    let bound: readonly BoundListener[];
    try {
      bound = await first.line.call('listen', { listen });
    } catch (error) {
      await this.terminateAll();
      throw error;
    }
    first.up = true;
    this.started = true;
    this.look();
    const others = Array.from({ length: this.parts.count - 1 }, (_, i) => this.bring(i + 1, 0, false));
    await this.within(ALL_UP_MS, Promise.all(others));
    return bound;
  }

  private newSlot(index: number, crashesInRow: number): Slot {
    const { log, logQuery, startThread, clock } = this.parts;
    const line = new WorkerLine({
      thread: startThread(index),
      clock,
      log,
      logQuery,
      onEnd: (why) => this.ended(index, why),
    });
    const startedMs = clock.monotonicMs();
    return { line, up: false, startedMs, crashesInRow, lastStats: undefined, askedMs: undefined };
  }

  /** Lines between a worker and all others that are up. */
  private async connect(index: number): Promise<void> {
    const calls: Promise<void>[] = [];
    for (const [peer, slot] of this.slots.entries()) {
      if (peer === index || !slot.up) continue;
      const { port1, port2 } = new MessageChannel();
      const ends = [
        [index, peer, port1],
        [peer, index, port2],
      ] as const;
      for (const [from, to, port] of ends) {
        const call = this.slots[from]!.line.call('peer', { peer: to, port }, { transfer: [port] });
        calls.push(call.catch(() => port.close())); // it has ended, and is connected anew with its replacement
      }
    }
    await Promise.all(calls);
  }

  private ended(index: number, why: unknown): void {
    const slot = this.slots[index];
    if (!slot) return;
    slot.up = false;
    if (slot.lastStats) this.parts.onLost(slot.lastStats);
    if (this.stopping || !this.started) return;
    const { clock, log } = this.parts;
    const stable = clock.monotonicMs() - slot.startedMs >= STABLE_AFTER_MS;
    const crashesInRow = stable ? 1 : slot.crashesInRow + 1;
    const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (crashesInRow - 1));
    log.error({ worker: index, err: why, crashesInRow, pauseMs }, 'a worker has ended and is started again');
    this.later(pauseMs, () => void this.bring(index, crashesInRow, true));
  }

  /** Starts a worker beside those that serve. Until it listens, others resolve what is its. */
  private async bring(index: number, crashesInRow: number, replaces: boolean): Promise<void> {
    if (this.stopping) return;
    const slot = this.newSlot(index, crashesInRow);
    this.slots[index] = slot;
    slot.line.begin(this.parts.setupOf(index, replaces));
    try {
      await slot.line.call('listen', { listen: this.listen });
      if (this.stopping) return;
      slot.up = true;
      await this.connect(index);
      if (replaces) this.parts.log.info({ worker: index }, 'a worker answers again');
    } catch (error) {
      this.parts.log.error({ worker: index, err: error }, 'a worker cannot listen');
      await slot.line.terminate(); // and so comes back to `ended`
    }
  }

  private later(ms: number, work: () => void): void {
    const cancel = this.parts.clock.after(ms, () => {
      this.timers.delete(cancel);
      work();
    });
    this.timers.add(cancel);
  }

  /** Asks each worker for its statistics, to have them should it end, and to see that it answers. */
  private look(): void {
    this.later(LOOK_EVERY_MS, () => {
      const nowMs = this.parts.clock.monotonicMs();
      for (const [index, slot] of this.slots.entries()) {
        if (!slot.up) continue;
        if (slot.askedMs === undefined) {
          void this.statsOf(slot);
        } else if (nowMs - slot.askedMs >= STUCK_AFTER_MS) {
          slot.up = false;
          this.parts.log.error({ worker: index }, 'a worker does not answer and is ended');
          void slot.line.terminate();
        }
      }
      this.look();
    });
  }

  private async statsOf(slot: Slot): Promise<StatsSnapshot | undefined> {
    slot.askedMs ??= this.parts.clock.monotonicMs();
    try {
      slot.lastStats = await slot.line.call('stats', undefined);
      slot.askedMs = undefined;
    } catch {
      // It has ended; the sums have its last ones.
      return undefined;
    }
    return slot.lastStats;
  }

  /** Fresh statistics of every worker that is up; of one that keeps us waiting its last ones. */
  async stats(withinMs: number): Promise<readonly StatsSnapshot[]> {
    const all = this.slots.filter((slot) => slot.up).map((slot) => this.fresh(slot, withinMs));
    return (await Promise.all(all)).filter((stats) => stats !== undefined);
  }

  private fresh(slot: Slot, withinMs: number): Promise<StatsSnapshot | undefined> {
    return new Promise((resolve) => {
      const cancel = this.parts.clock.after(withinMs, () => resolve(slot.lastStats));
      void this.statsOf(slot).then((stats) => {
        cancel();
        resolve(stats);
      });
    });
  }

  /** Calls every worker that has not ended; what those give that answer. */
  async callAll<K extends CallName>(call: K, args: Calls[K]['args']): Promise<readonly Calls[K]['result'][]> {
    const settled = await Promise.allSettled(this.slots.map((slot) => slot.line.call(call, args)));
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** The line to a worker that is up: this one, or the next; undefined when there is none. */
  lineTo(index: number): WorkerLine | undefined {
    const { slots } = this;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[(index + i) % slots.length]!;
      if (slot.up) return slot.line;
    }
    return undefined;
  }

  /** Those that are up, in order. */
  get lines(): readonly WorkerLine[] {
    return this.slots.filter((slot) => slot.up).map((slot) => slot.line);
  }

  /** Ends one worker as a crash would. */
  async crash(index: number): Promise<void> {
    await this.slots[index]?.line.terminate();
  }

  /** Drains all workers together, lets them save, and ends them. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    if (this.started) {
      await this.within(graceMs + LAST_WORK_MS, this.callAll('drain', { graceMs }));
      // Only now does nobody hand anything over any more.
      await this.within(LAST_WORK_MS, this.callAll('finish', undefined));
    }
    await this.terminateAll();
  }

  /** A worker that is stuck must not keep the program from ending. */
  private within(limitMs: number, work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.parts.clock.after(limitMs, resolve);
      void work.finally(() => {
        cancel();
        resolve();
      });
    });
  }

  private async terminateAll(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.slots.map((slot) => slot.line.terminate()));
  }
}
