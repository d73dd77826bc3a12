/**
 * Main's line to one worker: starts the thread, makes calls, and says when it ends.
 *
 * A call whose worker ends before it has answered rejects; so does every later one.
 */
import { type Transferable, Worker } from 'node:worker_threads';
import { assertNever } from '../../dns/outcome.js';
import type { Clock } from '../../runtime/clock.js';
import type { QueryRecord } from '../../runtime/recorder.js';
import type { TraceSink } from '../../runtime/trace.js';
import type { ServerLog } from '../../server/log.js';
import { silenceWatches } from '../../transport/native/readiness.js';
import {
  type CallMessage,
  type CallName,
  type Calls,
  errorOf,
  type Report,
  WorkerError,
  type WorkerSetup,
} from './protocol.js';

/** What a line needs of a worker; Node's own fits. */
export interface ThreadHandle {
  postMessage(message: WorkerSetup | CallMessage, transfer?: Transferable[]): void;
  on(event: 'message', listener: (report: Report) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<number>;
}

export interface WorkerLineParts {
  readonly thread: ThreadHandle;
  readonly clock: Clock;
  readonly log: ServerLog;
  readonly logQuery: ((query: QueryRecord) => void) | undefined;
  /** Called once; `why` is what it threw, or undefined. */
  readonly onEnd: (why: unknown) => void;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly sink: TraceSink | undefined;
}

interface CallOptions {
  readonly transfer?: Transferable[];
  /** Takes the events that the call reports. */
  readonly sink?: TraceSink;
}

/** Listeners and upstream sockets have a watch each; those past so many are not listed. */
const WATCHES = 256;
/** A worker that is not stuck ends at once. */
const ENDS_WITHIN_MS = 1000;

const entry = new URL('./worker-main.js', import.meta.url);

/** Starts the thread of a worker. */
export function startThread(index: number, heapMib: number): ThreadHandle {
  const resourceLimits = { maxOldGenerationSizeMb: heapMib };
  return new Worker(entry, { name: `stratadns worker ${index}`, resourceLimits });
}

export class WorkerLine {
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private ended: Error | undefined;
  private readonly exited: Promise<void>;
  private watches: SharedArrayBuffer | undefined;
  private closeSilenced = () => {};
  private why: unknown;

  constructor(private readonly parts: WorkerLineParts) {
    const { thread } = parts;
    thread.on('message', (report) => this.take(report));
    thread.on('error', (error) => {
      this.why = error;
    });
    this.exited = new Promise((resolve) => {
      thread.on('exit', () => {
        this.end(new WorkerError('WORKER_ENDED', 'the worker has ended'));
        resolve();
      });
    });
  }

  /** Gives the worker what it is made from; once, and before any call. */
  begin(setup: Omit<WorkerSetup, 'watches'>): void {
    this.watches = new SharedArrayBuffer(WATCHES * 4);
    this.parts.thread.postMessage({ ...setup, watches: this.watches });
  }

  call<K extends CallName>(
    call: K,
    args: Calls[K]['args'],
    options: CallOptions = {},
  ): Promise<Calls[K]['result']> {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, sink: options.sink });
      this.parts.thread.postMessage({ id, call, args } as CallMessage, options.transfer);
    });
  }

  /**
   * Ends the thread, in the middle of its work though not of a step of it; one that is stuck in a step, from outside.
   * Settles when it has ended.
   */
  async terminate(): Promise<void> {
    if (this.watches && !(await this.endsByItself())) this.closeSilenced = silenceWatches(this.watches);
    await this.parts.thread.terminate();
  }

  private endsByItself(): Promise<boolean> {
    this.call('end', undefined).catch(() => {});
    return new Promise((resolve) => {
      const cancel = this.parts.clock.after(ENDS_WITHIN_MS, () => resolve(false));
      void this.exited.then(() => {
        cancel();
        resolve(true);
      });
    });
  }

  private take(report: Report): void {
    const { log, logQuery } = this.parts;
    switch (report.is) {
      case 'result':
        this.settle(report.id)?.resolve(report.value as never);
        break;
      case 'failed':
        this.settle(report.id)?.reject(errorOf(report.failure));
        break;
      case 'event':
        this.waiting.get(report.id)?.sink?.emit(report.event);
        break;
      case 'log':
        log[report.level](report.fields, report.message);
        break;
      case 'queries':
        for (const query of report.queries) logQuery?.(query);
        break;
      case 'stillborn':
        this.why = errorOf(report.failure);
        this.rejectAll(errorOf(report.failure));
        break;
      default:
        assertNever(report);
    }
  }

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }

  private rejectAll(error: Error): void {
    this.ended ??= error;
    const all = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of all) reject(error);
  }

  private end(error: Error): void {
    this.rejectAll(error);
    this.closeSilenced();
    this.parts.onEnd(this.why);
  }
}
