/**
 * The running program where several workers serve: the mock internet and the operator's side here in main, all queries in
 * the workers.
 *
 * What an operator asks goes to the owner of the name or to all, and comes back as one. The stub cache is in shared memory,
 * so main reads and purges it by itself. Nothing here waits for a worker longer than it must: main serves the mock
 * internet and HTTP.
 */

import { randomBytes } from 'node:crypto';
import { addFlushCounts, concernsLayer, type Flush, type FlushCounts } from '../../cache/flush.js';
import { SharedStubCache } from '../../cache/shared-stub-cache/shared-stub-cache.js';
import { createStubMemory, sharedStubCacheRuns } from '../../cache/shared-stub-cache/stub-memory.js';
import type { Config } from '../../config/fields.js';
import { answersStand } from '../../config/live.js';
import { labelCount, type Name } from '../../dns/name.js';
import type { Outcome } from '../../dns/outcome.js';
import { Ede } from '../../dns/registry.js';
import type { Question } from '../../dns/rrset.js';
import type { CacheEntry, CacheLoad, Health, StatsSnapshot, TraceOptions } from '../../observe/control.js';
import { type Clock, systemClock } from '../../runtime/clock.js';
import { secureRandom } from '../../runtime/random.js';
import { SIPHASH_KEY_OCTETS } from '../../runtime/siphash.js';
import type { TraceSink } from '../../runtime/trace.js';
import { createRateMemory } from '../../server/client-rates.js';
import type { LoadableEntry } from '../entries/load-entries.js';
import type { LoadCounts } from '../entries/load-into-caches.js';
import { loadLines } from '../entries/load-lines.js';
import { MockInternet, type MockSummary } from '../mock-internet.js';
import { PolicyFiles } from '../policy/files.js';
import { type HeldPolicy, nextPolicy } from '../policy/parts.js';
import { recordAsFile } from '../recording/record-as-file.js';
import type { BoundListener, RunningServer } from '../running-server.js';
import type { StackOptions } from '../stack-options.js';
import { heapLimitMib } from './heap-watch.js';
import { NameOwners } from './owner.js';
import { portionOf, type WorkerSetup } from './protocol.js';
import { reservePorts } from './reserve-ports.js';
import { foldLost, sumStats } from './sum-stats.js';
import { Supervisor } from './supervisor.js';
import { startThread } from './worker-line.js';

export interface WorkerServerOptions extends Omit<StackOptions, 'place' | 'clock'> {
  /** At least 2. */
  readonly workers: number;
}

/** How long statistics wait for a busy worker. */
const STATS_WITHIN_MS = 1000;
const NO_WORKER: Outcome = {
  kind: 'failure',
  reason: 'internal',
  ede: [{ code: Ede.OTHER, text: 'no worker answers' }],
};

export class WorkerServer implements RunningServer {
  private readonly clock: Clock = systemClock;
  private readonly startedAtMs = systemClock.wallMs();
  private readonly ownerSeed: number;
  private readonly cookieSecret = new Uint8Array(randomBytes(SIPHASH_KEY_OCTETS));
  private readonly owners: NameOwners;
  private readonly stubMemory: SharedArrayBuffer | undefined;
  private readonly stubCache: SharedStubCache | undefined;
  private readonly rateMemory = createRateMemory(secureRandom().uint32());
  private readonly purges = new SharedArrayBuffer(4);
  private readonly supervisor: Supervisor;
  private config: Config;
  private status: Health['status'] = 'starting';
  private lost: Parameters<typeof sumStats>[1] = [];
  private nextDump = 0;
  listeners: readonly BoundListener[] = [];

  private mock: MockInternet | undefined;
  /** Loaded once for all workers, while the thread of the first one starts. */
  private policyFiles: PolicyFiles | undefined;
  private policy: HeldPolicy = { image: new Map(), generation: 0 };

  private constructor(private readonly options: WorkerServerOptions) {
    const { config, workers, log, logQuery } = options;
    this.config = config;
    this.ownerSeed = secureRandom().uint32();
    this.owners = new NameOwners(this.ownerSeed, workers);
    if (sharedStubCacheRuns) {
      const maxOctets = config.cache.stub.sizeOctets;
      const threads = workers + 1; // main counts too
      this.stubMemory = createStubMemory({ maxOctets, partitions: workers, threads, seed: this.ownerSeed });
      this.stubCache = new SharedStubCache({ clock: this.clock, memory: this.stubMemory, thread: workers });
    }
    const heapMib = heapLimitMib(config, workers);
    this.supervisor = new Supervisor({
      count: workers,
      clock: this.clock,
      log,
      logQuery,
      startThread: (index) => startThread(index, heapMib),
      setupOf: (index, replaces) => this.setupOf(index, replaces),
      onLost: (last) => {
        this.lost = [foldLost([...this.lost, last])];
      },
    });
  }

  /**
   * With `zonesDir` opens the mock internet's sockets.
   * @throws {ZonesError}, {InternetError}, {PolicyFileError}
   */
  static async create(options: WorkerServerOptions): Promise<WorkerServer> {
    const { config, zonesDir, log, mockPort } = options;
    const clock = systemClock;
    const server = new WorkerServer(options); // its first thread starts while the zones and lists are read
    try {
      if (zonesDir) server.mock = await MockInternet.open(zonesDir, clock, secureRandom(), log, mockPort);
      server.policyFiles = new PolicyFiles(config, { clock, log });
      server.policy = { image: server.policyFiles.image, generation: 0 };
      return server;
    } catch (error) {
      await server.close(0);
      throw error;
    }
  }

  private setupOf(index: number, replaces: boolean): Omit<WorkerSetup, 'watches'> {
    const { version, native, logQuery, workers } = this.options;
    const { stubMemory, rateMemory, ownerSeed, cookieSecret, purges, mock, policy } = this;
    return {
      index,
      count: workers,
      config: portionOf(this.config, workers),
      version,
      native,
      logQueries: logQuery !== undefined,
      stubMemory,
      rateMemory,
      ownerSeed,
      cookieSecret,
      purges,
      mock: mock && { root: mock.root, apexes: mock.apexes },
      policy,
      replaces,
    };
  }

  async start(): Promise<void> {
    const native = this.options.native === false ? false : 'auto';
    const listen = await reservePorts(this.config.listen, this.clock, native);
    this.listeners = await this.supervisor.start(listen);
    this.mock?.watch(this.clock, this.options.log, (_apexes, names) => {
      void this.flush(names.map((name) => ({ name, subtree: true })));
    });
    const { policyFiles } = this;
    policyFiles?.watch(() => {
      this.policy = nextPolicy(this.policy, policyFiles.image, false);
      void this.supervisor.callAll('policy', { policy: this.policy });
    });
    this.status = 'ok';
  }

  get mockInternet(): MockSummary | undefined {
    return this.mock?.summary;
  }

  /** Every thread changes rules and configuration in one step; done when all have. */
  async reload(config: Config): Promise<void> {
    const image = await this.policyFiles!.reload(config);
    const policy = nextPolicy(this.policy, image, answersStand(this.config, config));
    // For workers that are told now, and for those that start later.
    this.policy = policy;
    this.config = config;
    await this.supervisor.callAll('reload', { config: portionOf(config, this.options.workers), policy });
  }

  async close(graceMs: number): Promise<void> {
    this.status = 'draining';
    this.policyFiles?.stop();
    await this.supervisor.stop(graceMs);
    this.listeners = [];
    await this.mock?.close();
  }

  /** Ends one worker as a crash would: to see that the others go on. */
  crashWorker(index: number): Promise<void> {
    return this.supervisor.crash(index);
  }

  /**
   * Forgets names everywhere. When this returns, before it is awaited, nobody is answered from old data any more: the stub
   * cache is purged here, and workers look at the word before they resolve (purge-guard.ts).
   */
  private async flush(flushes: readonly Flush[]): Promise<FlushCounts> {
    const word = new Int32Array(this.purges);
    const count = (Atomics.load(word, 0) + 1) | 0;
    const apexes = this.mock?.apexes;
    const told = this.supervisor.callAll('flush', { flushes, count, apexes });
    Atomics.store(word, 0, count);
    let stub = 0;
    for (const flush of flushes) {
      if (concernsLayer(flush, 'stub')) stub += this.stubCache?.purge(flush.name, flush) ?? 0;
    }
    let removed: FlushCounts = stub > 0 ? { stub } : {};
    for (const fromWorker of await told) removed = addFlushCounts(removed, fromWorker);
    return removed;
  }

  // --- ServerControl ---------------------------------------------------------------------------------------

  async health(): Promise<Health> {
    const { up } = this.supervisor;
    return { status: this.status === 'ok' && up === 0 ? 'starting' : this.status, workers: up };
  }

  async stats(): Promise<StatsSnapshot> {
    const running = await this.supervisor.stats(STATS_WITHIN_MS);
    const sum = sumStats(running, this.lost);
    const { stubCache } = this;
    // All workers report the same of what they share.
    const caches = sum.caches.map((layer) =>
      layer.layer === 'stub' && stubCache ? { ...layer, ...stubCache.stats() } : layer,
    );
    return {
      ...sum,
      caches,
      version: this.options.version,
      startedAtMs: this.startedAtMs,
      uptimeSec: Math.floor((this.clock.wallMs() - this.startedAtMs) / 1000),
      workers: this.supervisor.up,
    };
  }

  async showCache(name: Name, type?: number): Promise<readonly CacheEntry[]> {
    const { lines } = this.supervisor;
    const shown = await Promise.allSettled(
      lines.map((line, i) => line.call('show', { name, type, stub: this.showsStub(i) })),
    );
    return shown.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  }

  /** One shows what is shared; what is not, each. */
  private showsStub(line: number): boolean {
    return line === 0 || this.stubCache === undefined;
  }

  flushCache(flush: Flush): Promise<FlushCounts> {
    return this.flush([flush]);
  }

  async *dumpCache(): AsyncIterable<CacheEntry> {
    const dump = this.nextDump++;
    for (const [i, line] of this.supervisor.lines.entries()) {
      const stub = this.showsStub(i);
      try {
        for (;;) {
          const step = await line.call('dump', { dump, stub }).catch(() => []);
          if (step.length === 0) break;
          yield* step;
        }
      } finally {
        void line.call('endDump', { dump }).catch(() => {});
      }
    }
  }

  loadCache(lines: readonly string[]): Promise<CacheLoad> {
    return loadLines(lines, (entries) => this.load(entries));
  }

  /** To the owners of names. What stands above them (the root, TLDs) each worker knows by itself. */
  private async load(entries: readonly LoadableEntry[]): Promise<LoadCounts> {
    const counts = { loaded: 0, skipped: 0 };
    const common = entries.filter(({ name }) => labelCount(name) < 2);
    for (let index = 0; index < this.options.workers; index++) {
      const own = entries.filter(({ name }) => this.owners.of(name) === index);
      const line = this.supervisor.lineTo(index);
      const others = common.filter((entry) => !own.includes(entry));
      if (others.length > 0) await line?.call('load', { entries: others });
      if (own.length === 0) continue;
      const { loaded, skipped } = (await line?.call('load', { entries: own })) ?? {
        loaded: 0,
        skipped: own.length,
      };
      counts.loaded += loaded;
      counts.skipped += skipped;
    }
    return counts;
  }

  async trace(question: Question, sink: TraceSink, options: TraceOptions = {}): Promise<Outcome> {
    const line = this.supervisor.lineTo(this.owners.of(question.name));
    if (!line) return NO_WORKER;
    return line.call('trace', { question, options }, { sink }).catch(() => NO_WORKER);
  }

  /** In the main thread, since it needs nothing of the workers. */
  record(question: Question): Promise<string> {
    return recordAsFile(question, this.config, this.mock?.root, this.options.version);
  }
}
