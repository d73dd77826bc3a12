/**
 * Everything that serves in one thread, in one object: mock internet if asked for, engine, stub cache, listeners, and
 * the operator's side of it.
 *
 * It is the whole program where one thread serves, and one worker of several where `place` says so (workers/).
 * `start` opens every socket or none; `close` drains. The command line and HTTP know only `ServerControl`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { CacheRules } from '../cache/cache-rules.js';
import type { Flush, FlushCounts } from '../cache/flush.js';
import { HeapStubCache } from '../cache/heap-stub-cache.js';
import { SharedStubCache } from '../cache/shared-stub-cache/shared-stub-cache.js';
import { sharedStubCacheRuns } from '../cache/shared-stub-cache/stub-memory.js';
import type { StubCache } from '../cache/stub-cache.js';
import type { Config } from '../config/fields.js';
import { answersStand } from '../config/live.js';
import type { Name } from '../dns/name.js';
import type { Outcome } from '../dns/outcome.js';
import type { Question } from '../dns/rrset.js';
import type { CacheEntry, CacheLoad, Health, StatsSnapshot, TraceOptions } from '../observe/control.js';
import { Counters } from '../observe/counters.js';
import type { Dnstap } from '../observe/dnstap/tap.js';
import { type Clock, systemClock } from '../runtime/clock.js';
import { secureRandom } from '../runtime/random.js';
import { SIPHASH_KEY_OCTETS } from '../runtime/siphash.js';
import type { TraceSink } from '../runtime/trace.js';
import { TurnClock } from '../runtime/turn-clock.js';
import { ThreadWork } from '../runtime/work-slice.js';
import { StubLane } from '../server/fast-lane.js';
import type { HandedAnswer, HandedQuestion } from '../server/hand-over.js';
import { DnsServer } from '../server/server.js';
import type { ServerSettings } from '../server/settings.js';
import type { Listener } from '../transport/listener.js';
import { NetworkUpstream } from '../transport/network-upstream.js';
import { openTcpListener } from '../transport/tcp-listener.js';
import { openUdpListener } from '../transport/udp-listener.js';
import { Engine } from './engine.js';
import { cacheEntries, cacheStats, type EntryFilter, ruleEntry } from './entries/cache-views.js';
import { inSlices } from './entries/dump-slices.js';
import type { LoadableEntry } from './entries/load-entries.js';
import { type LoadCounts, loadIntoCaches } from './entries/load-into-caches.js';
import { loadLines } from './entries/load-lines.js';
import { answerFingerprint } from './fingerprint.js';
import { flushAll, purgeable } from './flush-caches.js';
import { MockInternet, type MockSummary } from './mock-internet.js';
import { Persistence } from './persistence/persistence.js';
import { imageStamp, PolicyFiles } from './policy/files.js';
import { type LoadedPolicy, openPolicy } from './policy/load.js';
import { type HeldPolicy, nextPolicy } from './policy/parts.js';
import { traceByRules } from './policy/trace.js';
import { recordAsFile } from './recording/record-as-file.js';
import type { RunningServer } from './running-server.js';
import { serverSettings } from './server-settings.js';
import { upstreamServers, upstreamStats } from './server-views.js';
import type { MockView, StackOptions, ThreadPlace } from './stack-options.js';
import { makeTap } from './stack-tap.js';
import { warnOfWildcards } from './wildcard-warning.js';

const SWEEP_EVERY_MS = 1000;
const SWEEP_ENTRIES = 5000;
const OLD_PER_TURN = 1000;
/** How long the sockets may wait for the caches to be filled; the rest comes while queries are served. */
const RESTORE_FIRST_MS = 200;

export class Stack implements RunningServer {
  /** What the thread does in parts. */
  readonly threadWork = new ThreadWork();
  private readonly clock: Clock;
  private readonly counters = new Counters();
  private readonly stubCache: StubCache;
  private readonly upstream: NetworkUpstream;
  private readonly engine: Engine;
  private readonly dns: DnsServer;
  private readonly persistence: Persistence | undefined;
  private readonly tap: Dnstap | undefined;
  private readonly mock: MockView | undefined;
  private readonly cookieSecret: Uint8Array;
  private readonly startedAtMs: number;
  private status: Health['status'] = 'starting';
  /** Undefined where main loads for all threads. */
  private readonly policyFiles: PolicyFiles | undefined;
  private policy: HeldPolicy;
  private rules: LoadedPolicy;
  private config: Config;
  private started = false;
  private cancelSweep: () => void = () => {};

  private constructor(
    private readonly options: StackOptions,
    private readonly ownMock: MockInternet | undefined,
  ) {
    const { config, log, place } = options;
    this.config = config;
    this.clock = options.clock ?? systemClock;
    this.startedAtMs = this.clock.wallMs();
    this.mock = ownMock ?? place?.mock;
    this.cookieSecret = place?.cookieSecret ?? randomBytes(SIPHASH_KEY_OCTETS);
    const random = secureRandom();
    const { clock } = this;
    const turnClock = new TurnClock(clock);
    this.policyFiles = place ? undefined : new PolicyFiles(config, { clock, log });
    this.policy = place?.policy ?? { image: this.policyFiles!.image, generation: 0 };
    this.rules = openPolicy(config, this.policy.image);
    const { messages } = config.dnstap;
    this.tap = makeTap(options, clock);
    const thread = this.threadWork;
    this.upstream = new NetworkUpstream({
      clock: turnClock,
      random,
      thread,
      tap: messages === 'clients' ? undefined : this.tap,
    });
    this.engine = new Engine({
      config,
      clock: turnClock,
      random,
      upstream: this.upstream,
      mock: this.mock?.root,
      native: options.native,
      log,
      writesState: (place?.index ?? 0) === 0,
    });
    const { stubCache, lane } = this.makeStubCache(config.cache.stub.sizeOctets, random.uint32());
    this.stubCache = stubCache;
    const native = options.native === false ? false : 'auto';
    const reusePort = place !== undefined;
    const { engine } = this;
    const onOverload = () => this.counters.dropped('overload');
    this.dns = new DnsServer({
      resolver: place?.guard(engine) ?? engine,
      handOver: place?.handOver,
      stubCache: this.stubCache,
      clock,
      recorder: this.counters,
      log,
      logQuery: options.logQuery,
      tap: messages === 'servers' ? undefined : this.tap,
      listen: config.listen,
      openUdp: (listen, handler, fastLane) =>
        openUdpListener({ ...listen, native, fastLane, reusePort, thread, onOverload }, handler),
      openTcp: (listen, handler) => openTcpListener({ ...listen, clock, reusePort }, handler),
      settings: this.settingsOf(config),
      rateMemory: place?.rateMemory,
      lane,
    });
    this.persistence = this.makePersistence(config);
  }

  private makePersistence(config: Config): Persistence | undefined {
    const { path, intervalMs } = config.cache.persist;
    if (path === null) return undefined;
    const { clock, stubCache } = this;
    return new Persistence({
      path,
      intervalMs,
      clock,
      log: this.options.log,
      stub: stubCache instanceof SharedStubCache ? stubCache : undefined,
      caches: this.engine.caches,
      fingerprint: () => this.fingerprint(),
      thread: this.options.place?.index,
      threads: this.options.place?.count,
    });
  }

  /** Of all that decides what is answered: with the lists of the operator, since the file holds answers too. */
  private fingerprint(): Buffer {
    const { policy, views } = this.config;
    return createHash('sha256')
      .update(answerFingerprint(this.config, this.mock?.root))
      .update(JSON.stringify([policy, views, imageStamp(this.policy.image)]))
      .digest();
  }

  /** Answers in shared memory, and the lane that reads them there; on the heap where the machine forbids it. */
  private makeStubCache(maxOctets: number, seed: number): { stubCache: StubCache; lane?: StubLane } {
    const { clock, counters } = this;
    const { place } = this.options;
    if (!sharedStubCacheRuns || (place && !place.stubMemory)) {
      return { stubCache: new HeapStubCache({ clock, maxOctets }) };
    }
    const stubCache = place?.stubMemory
      ? new SharedStubCache({ clock, memory: place.stubMemory, thread: place.index, partition: place.index })
      : SharedStubCache.alone({ clock, maxOctets, seed });
    return { stubCache, lane: new StubLane(stubCache, clock, counters) };
  }

  /**
   * Builds everything and, with `zonesDir`, opens the mock internet's sockets.
   * @throws {ZonesError}, {InternetError}
   */
  static async create(options: StackOptions): Promise<Stack> {
    const clock = options.clock ?? systemClock;
    const mock = options.zonesDir
      ? await MockInternet.open(options.zonesDir, clock, secureRandom(), options.log, options.mockPort)
      : undefined;
    return new Stack(options, mock);
  }

  /** Builds one of several, whose mock internet is in main. */
  static forPlace(options: StackOptions & { readonly place: ThreadPlace }): Stack {
    return new Stack(options, undefined);
  }

  private settingsOf(config: Config): ServerSettings {
    const { rules, policy, cookieSecret, mock, options } = this;
    const { version } = options;
    const { generation } = policy;
    return serverSettings(config, { ...rules, mock, cookieSecret, version, generation });
  }

  /**
   * Opens the listeners.
   * @param listen in the place of the configured ones
   * @throws {ListenError} with nothing left open
   */
  async start(listen?: Config['listen']): Promise<void> {
    if (!this.options.place?.replaces) this.restore();
    await this.dns.start(listen);
    if ((this.options.place?.index ?? 0) === 0) warnOfWildcards(this.config.listen, this.options);
    this.tap?.open();
    this.persistence?.start();
    this.ownMock?.watch(this.clock, this.options.log, (_apexes, names) => this.forget(names));
    const { policyFiles } = this;
    policyFiles?.watch(() => this.usePolicy(nextPolicy(this.policy, policyFiles.image, false)));
    this.scheduleSweep();
    this.started = true;
    this.status = 'ok';
  }

  /** From the snapshot. Whole answers in it were kept by the rules of then, so those of names with rules are left out. */
  private restore(): void {
    const ruled = this.config.cache.rules.map(
      ({ name }): Flush => ({ name, subtree: true, layers: ['stub'] }),
    );
    this.persistence?.restore(RESTORE_FIRST_MS, ruled);
  }

  /** Serves by other rules from the next packet on. */
  usePolicy(policy: HeldPolicy): void {
    this.serveBy(this.config, policy);
  }

  private serveBy(config: Config, policy: HeldPolicy): void {
    // What is still to be restored was answered by the rules of before.
    this.persistence?.endRestore();
    this.config = config;
    this.policy = policy;
    this.rules = openPolicy(config, policy.image);
    this.dns.reconfigure(this.settingsOf(config));
    this.sweepOld();
  }

  /** Takes out what was answered under other rules, a little in each turn: nobody is given it any more, but it is counted. */
  private sweepOld(): void {
    if (this.stubCache.sweep(OLD_PER_TURN) > 0) setImmediate(() => this.sweepOld());
  }

  /** Data of edited zones must not outlive the edit: all that hangs below the changed names goes. */
  private forget(names: readonly Name[]): void {
    this.flush(names.map((name) => ({ name, subtree: true })));
  }

  /** Forgets in every cache that the flushes concern, and sees to it that nothing of it comes back after a kill. */
  flush(flushes: readonly Flush[]): FlushCounts {
    const removed = flushAll(
      flushes,
      purgeable(this.stubCache, this.options.place !== undefined),
      this.engine,
    );
    this.persistence?.purged(flushes);
    return removed;
  }

  private scheduleSweep(): void {
    this.cancelSweep = this.clock.after(SWEEP_EVERY_MS, () => {
      this.stubCache.sweep(SWEEP_ENTRIES);
      this.scheduleSweep();
    });
  }

  /** The listeners with their real addresses and ports. */
  get listeners(): readonly Listener[] {
    return this.dns.listeners;
  }

  /** The mock internet, for log lines; undefined on the real one. */
  get mockInternet(): MockSummary | undefined {
    return this.ownMock?.summary;
  }

  /**
   * Serves by another configuration from the next packet on; `liveConfig` says what of it can change. Rules and stub cache
   * change in one step; until the rules are loaded the old ones hold. Rejects with a `PolicyFileError` and changes nothing
   * when they cannot be.
   * @param given by main, which has loaded it for all threads
   */
  async reload(config: Config, given?: HeldPolicy): Promise<void> {
    // Without a pause where main gives them, so that calls take effect in their order.
    const policy = given ?? (await this.loadFor(config));
    this.engine.reload(config);
    this.serveBy(config, policy);
  }

  private async loadFor(config: Config): Promise<HeldPolicy> {
    const image = await this.policyFiles!.reload(config);
    return nextPolicy(this.policy, image, answersStand(this.config, config));
  }

  /** Answers a question that another worker hands over; after `drain` as well. A rejection is a bug. */
  answerHanded(asked: HandedQuestion): Promise<HandedAnswer | undefined> {
    return this.dns.answerHanded(asked);
  }

  /** Takes no new queries, answers what is under way for up to `graceMs`, and closes the listeners. */
  async drain(graceMs: number): Promise<void> {
    this.status = 'draining';
    this.cancelSweep();
    this.policyFiles?.stop();
    await this.dns.close(graceMs);
  }

  /** Drains, then frees every socket. */
  async close(graceMs: number): Promise<void> {
    await this.drain(graceMs);
    await this.tap?.close();
    if (this.started) await this.persistence?.close();
    await this.engine.close();
    await this.ownMock?.close();
  }

  /** Frees at once what the system would not: for a thread that is about to end by an exception. */
  abandon(): void {
    void this.upstream.close();
  }

  // --- ServerControl ---------------------------------------------------------------------------------------

  async health(): Promise<Health> {
    return { status: this.status, workers: 1 };
  }

  async stats(): Promise<StatsSnapshot> {
    this.dns.flushCounts();
    return {
      version: this.options.version,
      startedAtMs: this.startedAtMs,
      uptimeSec: Math.floor((this.clock.wallMs() - this.startedAtMs) / 1000),
      workers: 1,
      counters: this.counters.state(),
      caches: cacheStats(this.engine.caches, this.stubCache, this.config.cache.resolver.eviction),
      upstream: upstreamStats(this.upstream.stats()),
      servers: upstreamServers(this.engine.caches, this.clock),
      prefetch: this.engine.prefetches,
      persistence: this.persistence?.stats(),
      shared: this.engine.sharedStats,
      inFlight: this.dns.inFlightCount,
    };
  }

  /** What the caches hold, under one name or all; without `stub` only what this thread alone holds. */
  *entries(options: EntryFilter & { readonly stub: boolean }): IterableIterator<CacheEntry> {
    const { name, stub } = options;
    const stubCache = stub ? this.stubCache : undefined;
    if (name !== undefined && stub) yield* ruleEntry(CacheRules.of(this.config.cache.rules), name);
    yield* cacheEntries(this.engine.caches, stubCache, this.clock.wallMs(), options);
  }

  async showCache(name: Name, type?: number): Promise<readonly CacheEntry[]> {
    return [...this.entries({ name, type, stub: true })];
  }

  async flushCache(flush: Flush): Promise<FlushCounts> {
    return this.flush([flush]);
  }

  dumpCache(): AsyncIterable<CacheEntry> {
    return inSlices(this.entries({ stub: true }), this.clock);
  }

  /** Entries of a dump whose names belong to this thread. */
  load(entries: readonly LoadableEntry[]): LoadCounts {
    return loadIntoCaches(entries, this.engine.caches, this.clock.wallMs());
  }

  loadCache(lines: readonly string[]): Promise<CacheLoad> {
    return loadLines(lines, (entries) => this.load(entries));
  }

  trace(question: Question, sink: TraceSink, options: TraceOptions = {}): Promise<Outcome> {
    return traceByRules(this.rules, this.engine.resolver, question, sink, options);
  }

  record(question: Question): Promise<string> {
    return recordAsFile(question, this.config, this.mock?.root, this.options.version);
  }
}
