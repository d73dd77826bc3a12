/**
 * One worker: a whole stack in a thread of its own, and what main may call.
 *
 * Calls begin in the order in which they come; those that wait do not hold up the next. Main supervises: whatever is not
 * caught here ends the thread, and a new one takes its place (supervisor.ts).
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { FlushCounts } from '../../cache/flush.js';
import type { Name } from '../../dns/name.js';
import type { Outcome } from '../../dns/outcome.js';
import type { CacheEntry, StatsSnapshot } from '../../observe/control.js';
import { systemClock } from '../../runtime/clock.js';
import type { QueryRecord } from '../../runtime/recorder.js';
import { FaultLog } from '../../server/fault-log.js';
import type { ServerLog } from '../../server/log.js';
import type { LoadCounts } from '../entries/load-into-caches.js';
import { servedBelow } from '../mock-internet.js';
import type { BoundListener } from '../running-server.js';
import { Stack } from '../stack.js';
import type { ThreadPlace } from '../stack-options.js';
import { NameOwners } from './owner.js';
import { OwnerHandOver } from './owner-hand-over.js';
import { PeerLink } from './peer-link.js';
import {
  type CallMessage,
  type CallName,
  type Calls,
  failureOf,
  type LogLevel,
  type Report,
  type WorkerSetup,
} from './protocol.js';
import { PurgeGuard } from './purge-guard.js';

type Result<K extends CallName> = Calls[K]['result'] | Promise<Calls[K]['result']>;
type Handlers = { readonly [K in CallName]: (args: Calls[K]['args'], id: number) => Result<K> };

/** Entries per message of a dump. */
const DUMP_STEP = 500;
/** Dumps that nobody goes on reading are forgotten past so many. */
const MAX_DUMPS = 8;

export class WorkerThread implements Handlers {
  private readonly log: ServerLog;
  private readonly handOver: OwnerHandOver;
  private readonly guard: PurgeGuard;
  private readonly faults: FaultLog;
  private readonly dumps = new Map<number, Iterator<CacheEntry>>();
  private readonly serving: Stack;
  private apexes: readonly Name[];
  private queries: QueryRecord[] = [];

  /**
   * Builds everything and begins to take calls.
   * @param main the line to the main thread
   */
  constructor(
    private readonly setup: WorkerSetup,
    private readonly main: MessagePort,
  ) {
    const { count, index, ownerSeed, purges } = setup;
    this.log = this.makeLog();
    this.faults = new FaultLog(this.log, systemClock);
    this.handOver = new OwnerHandOver(new NameOwners(ownerSeed, count), index);
    this.guard = new PurgeGuard(new Int32Array(purges), () => this.takeOne());
    this.apexes = setup.mock?.apexes ?? [];
    const { config, version, native, logQueries } = setup;
    this.serving = Stack.forPlace({
      config,
      version,
      native,
      log: this.log,
      logQuery: logQueries ? (query) => this.logQuery(query) : undefined,
      place: this.place(),
    });
    main.on('message', (message: CallMessage) => this.take(message));
    process.once('exit', () => this.serving.abandon());
  }

  private place(): ThreadPlace {
    const { index, count, stubMemory, rateMemory, cookieSecret, mock, policy, replaces } = this.setup;
    const { handOver, guard } = this;
    const serves = (name: Name) => servedBelow(this.apexes, name);
    return {
      index,
      count,
      stubMemory,
      rateMemory,
      cookieSecret,
      policy,
      replaces,
      handOver,
      mock: mock && { root: mock.root, serves },
      guard: (resolver) => guard.guard(resolver),
    };
  }

  // --- the line to main ------------------------------------------------------------------------------------

  private report(report: Report): void {
    this.main.postMessage(report);
  }

  /** Takes up one call that waits, before the loop comes to it. */
  private takeOne(): boolean {
    const waiting = receiveMessageOnPort(this.main) as { message: CallMessage } | undefined;
    if (waiting) this.take(waiting.message);
    return waiting !== undefined;
  }

  private take({ id, call, args }: CallMessage): void {
    const handler = this[call].bind(this) as (args: unknown, id: number) => Result<CallName>;
    // Begun at once: a purge must be over before the next question.
    new Promise<Calls[CallName]['result']>((resolve) => resolve(handler(args, id))).then(
      (value) => this.report({ is: 'result', id, value }),
      (error: unknown) => this.report({ is: 'failed', id, failure: failureOf(error) }),
    );
  }

  private makeLog(): ServerLog {
    const at = (level: LogLevel) => (fields: object, message: string) => {
      const worker = this.setup.index;
      try {
        this.report({ is: 'log', level, fields: { worker, ...fields }, message });
      } catch {
        this.report({ is: 'log', level, fields: { worker, about: String(fields) }, message });
      }
    };
    return { error: at('error'), warn: at('warn'), info: at('info') };
  }

  /** Many go in one message. */
  private logQuery(query: QueryRecord): void {
    if (this.queries.push(query) > 1) return;
    setImmediate(() => {
      const { queries } = this;
      this.queries = [];
      this.report({ is: 'queries', queries });
    });
  }

  // --- calls -----------------------------------------------------------------------------------------------

  async listen({ listen }: Calls['listen']['args']): Promise<readonly BoundListener[]> {
    await this.serving.start(listen);
    return this.serving.listeners.map(({ address, port, transport }) => ({ address, port, transport }));
  }

  peer({ peer, port }: Calls['peer']['args']): undefined {
    const link = new PeerLink({
      port,
      clock: systemClock,
      answer: (asked) => this.serving.answerHanded(asked),
      onFault: (error) => this.faults.note(error, 'a question of another worker ended in an exception'),
      work: this.serving.threadWork.newSource(),
    });
    this.handOver.connect(peer, link);
  }

  async reload({ config, policy }: Calls['reload']['args']): Promise<undefined> {
    await this.serving.reload(config, policy);
  }

  policy({ policy }: Calls['policy']['args']): undefined {
    this.serving.usePolicy(policy);
  }

  flush({ flushes, count, apexes }: Calls['flush']['args']): FlushCounts {
    if (apexes) this.apexes = apexes;
    const removed = this.serving.flush(flushes);
    this.guard.caughtUp(count);
    return removed;
  }

  stats(): Promise<StatsSnapshot> {
    return this.serving.stats();
  }

  show(filter: Calls['show']['args']): readonly CacheEntry[] {
    return [...this.serving.entries(filter)];
  }

  dump({ dump, stub }: Calls['dump']['args']): readonly CacheEntry[] {
    const entries = this.dumps.get(dump) ?? this.serving.entries({ stub });
    this.dumps.set(dump, entries);
    const [oldest] = this.dumps.keys();
    if (this.dumps.size > MAX_DUMPS && oldest !== undefined) this.dumps.delete(oldest);
    const step: CacheEntry[] = [];
    while (step.length < DUMP_STEP) {
      const next = entries.next();
      if (next.done) break;
      step.push(next.value);
    }
    return step;
  }

  load({ entries }: Calls['load']['args']): LoadCounts {
    return this.serving.load(entries);
  }

  endDump({ dump }: Calls['endDump']['args']): undefined {
    this.dumps.delete(dump);
  }

  trace({ question, options }: Calls['trace']['args'], id: number): Promise<Outcome> {
    return this.serving.trace(
      question,
      { emit: (event) => this.report({ is: 'event', id, event }) },
      options,
    );
  }

  async drain({ graceMs }: Calls['drain']['args']): Promise<undefined> {
    await this.serving.drain(graceMs);
  }

  async finish(): Promise<undefined> {
    this.handOver.close();
    await this.serving.close(0);
  }

  /** From outside a thread cannot be ended safely while it watches sockets; see transport/native/readiness.ts. */
  end(): undefined {
    setImmediate(() => process.exit());
  }
}
