/**
 * Keeps the caches of one thread over a restart: a file at an interval and at stop, read at start.
 *
 * The stub cache goes in as its arena lies, the resolver, negative and delegation caches as a checked snapshot. All times
 * are wall times, so TTLs go on counting while nothing runs. What cannot be used is said in one line of the log, and the
 * caches start cold; serving never depends on the file.
 *
 * Reading takes a fixed time before the sockets listen, answers first; what is left comes in slices between queries.
 * What is flushed is noted in a journal beside the file (purge-journal.ts), so that a kill does not bring it back.
 *
 * Thread 0 keeps `path`, thread N `path.N`. Of the stub cache each thread takes what belongs to its partition out of all
 * files; of the rest thread i of n takes the files i, i + n, and so on, so that the number of threads may change.
 * Limitations: what is flushed while a crashed thread is being replaced can come back from its file. Failures and what is
 * known of servers are not kept.
 */
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Flush } from '../../cache/flush.js';
import { FlushFilter } from '../../cache/flush-filter.js';
import { dumpDefect } from '../../cache/shared-stub-cache/dump.js';
import type { SharedStubCache } from '../../cache/shared-stub-cache/shared-stub-cache.js';
import {
  dumpSnapshot,
  type KeepEntry,
  loadSnapshotSteps,
  type SnapshotCaches,
} from '../../cache/snapshot.js';
import type { PersistenceStats } from '../../observe/control.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { ServerLog } from '../../server/log.js';
import { journalPath, PurgeJournal, readJournal } from './purge-journal.js';
import {
  type FileFault,
  type FilePart,
  Part,
  readSnapshotFile,
  replaceSnapshotFile,
} from './snapshot-file.js';

export interface PersistenceOptions {
  readonly path: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: ServerLog;
  /** Undefined where the stub cache is on the heap; it is not kept then. */
  readonly stub: SharedStubCache | undefined;
  readonly caches: SnapshotCaches;
  /** Of the settings in force; see fingerprint.ts. */
  readonly fingerprint: () => Buffer;
  /** Which thread this is, and how many there are. Default: the only one. */
  readonly thread?: number;
  readonly threads?: number;
}

/** What files gave. */
export interface RestoredCounts {
  readonly answers: number;
  readonly entries: number;
  /** Over, of another thread, known better, or without room. */
  readonly dropped: number;
}

interface OpenFile {
  readonly index: number;
  readonly path: string;
  readonly parts: readonly FilePart[];
}

const PIECE_OCTETS = 65_536;
/** Steps of restoring between looks at the clock, and how long a slice of it may take while queries are served. */
const STEPS_PER_LOOK = 64;
const SLICE_MS = 3;
const NOTHING: RestoredCounts = { answers: 0, entries: 0, dropped: 0 };

export class Persistence {
  private readonly thread: number;
  private readonly threads: number;
  private readonly ownPath: string;
  private cancelTimer: CancelTimer = () => {};
  private writing: Promise<void> | undefined;
  private stopped = false;
  /** What is wrong with the file that is there; undefined once it is ours and good. */
  private oldFault: FileFault | undefined;
  private restored = NOTHING;
  private refused: string | undefined;
  /** Files of threads that are no more: what they held was taken over, and would come back though flushed. */
  private readonly leftovers = new Set<string>();
  private last: PersistenceStats['lastSnapshot'];
  /** What is left of the filling; undefined when nothing is. */
  private restoring: Generator<undefined, void> | undefined;
  /** What must not come back from the files. */
  private readonly flushed = new FlushFilter();
  private readonly journal: PurgeJournal;

  constructor(private readonly options: PersistenceOptions) {
    this.thread = options.thread ?? 0;
    this.threads = options.threads ?? 1;
    this.ownPath = fileOf(options.path, this.thread);
    this.journal = new PurgeJournal(this.ownPath, (reason) =>
      options.log.error(
        { path: journalPath(this.ownPath), reason },
        'a flush could not be noted: should the program be killed before the next snapshot, it comes back',
      ),
    );
  }

  /**
   * Fills the caches from the files of the last run. Never throws; what cannot be used is logged.
   * @param withinMs ends after so long; `start` does the rest
   * @param leftOut what is not to come back whatever the files say
   */
  restore(withinMs = Number.POSITIVE_INFINITY, leftOut: readonly Flush[] = []): RestoredCounts {
    for (const flush of leftOut) this.flushed.add(flush);
    this.restoring = this.restoreSteps();
    this.restoreFor(withinMs);
    return this.restored;
  }

  /** True when nothing is left to do. */
  private restoreFor(withinMs: number): boolean {
    const { clock } = this.options;
    const endMs = clock.monotonicMs() + withinMs;
    for (let steps = 1; this.restoring; steps++) {
      if (this.restoring.next().done) this.restoring = undefined;
      if (steps % STEPS_PER_LOOK === 0 && clock.monotonicMs() >= endMs) break;
    }
    return this.restoring === undefined;
  }

  /** Leaves out what is still to come: it was learnt under settings that hold no more. */
  endRestore(): void {
    this.restoring = undefined;
  }

  private *restoreSteps(): Generator<undefined, void> {
    const { clock, log, path } = this.options;
    const startedMs = clock.monotonicMs();
    const files = this.fileIndexes().flatMap((index) => this.openFile(index) ?? []);
    for (const file of files) yield* this.restoreAnswers(file);
    for (const file of files) if (file.index % this.threads === this.thread) yield* this.restoreRecords(file);
    const { answers, entries } = this.restored;
    if (answers + entries === 0) return;
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    log.info({ path, ...this.restored, tookMs }, 'caches restored from the snapshot');
  }

  private openFile(index: number): OpenFile | undefined {
    const path = fileOf(this.options.path, index);
    const flushed = readJournal(journalPath(path));
    const own = index === this.thread;
    if (own && flushed.ok) this.journal.takeOver(flushed.flushes);
    const read = readSnapshotFile(path, this.options.fingerprint());
    if (!read.ok) return this.refuse(path, read.fault, read.detail);
    if (!flushed.ok) return this.refuse(path, flushed.fault, flushed.detail);
    const [defect] = read.parts.flatMap((p) => (p.kind === Part.stub ? (dumpDefect(p.body) ?? []) : []));
    if (defect !== undefined) return this.refuse(path, 'damaged', `its answers: ${defect}`);
    if (index >= this.threads) this.leftovers.add(path);
    for (const flush of flushed.flushes) this.flushed.add(flush);
    return { index, path, parts: read.parts };
  }

  private *restoreAnswers({ parts }: OpenFile): Generator<undefined, void> {
    const { stub } = this.options;
    for (const { kind, body } of parts) {
      if (kind !== Part.stub || !stub) continue;
      const { restored, dropped } = stub.restore(
        body,
        ({ key, wire }) => !this.flushed.coversAnswer(key, wire),
      );
      this.restored = added(this.restored, { answers: restored, entries: 0, dropped });
      for (let i = 0; i < STEPS_PER_LOOK; i++) yield; // a whole piece is long enough to look at the clock
    }
  }

  private *restoreRecords({ path, parts }: OpenFile): Generator<undefined, void> {
    const { caches, clock } = this.options;
    const snapshot = Buffer.concat(parts.filter((p) => p.kind === Part.caches).map((p) => p.body));
    const keep: KeepEntry = (layer, name, type) => !this.flushed.covers(layer, name, type);
    const loaded = yield* loadSnapshotSteps(snapshot, caches, clock, keep);
    if (!loaded.ok) return void this.refuse(path, 'damaged', `its records: ${loaded.reason}`);
    const { restored: entries, skipped: dropped } = loaded;
    this.restored = added(this.restored, { answers: 0, entries, dropped });
  }

  /** Says why a file is not taken. */
  private refuse(path: string, fault: FileFault, detail: string): undefined {
    const { log } = this.options;
    const own = path === this.ownPath;
    if (own) this.oldFault = fault;
    if (fault === 'missing') {
      if (own) log.info({ path }, 'there is no snapshot yet; the caches start cold');
      return;
    }
    this.refused = `${fault}: ${detail}`;
    const advice =
      fault === 'foreign'
        ? 'it is not overwritten: move it away, or set another cache.persist.path'
        : undefined;
    log.warn({ path, fault, detail, advice }, 'the snapshot cannot be used; the caches start cold');
  }

  /** Numbers of the files that are there, this thread's own in any case. */
  private fileIndexes(): number[] {
    const indexes = new Set([this.thread, ...existingFiles(this.options.path)]);
    return [...indexes].sort((a, b) => a - b);
  }

  /** Fills what is left to be filled, and then writes at each interval. */
  start(): void {
    if (this.restoring) void this.restoreRest();
    else this.schedule();
  }

  private async restoreRest(): Promise<void> {
    while (!this.stopped && !this.restoreFor(SLICE_MS)) await nextTurn();
    if (!this.stopped) this.schedule();
  }

  private schedule(): void {
    this.cancelTimer = this.options.clock.after(this.options.intervalMs, () => {
      if (this.stopped) return;
      void this.write().finally(() => {
        if (!this.stopped) this.schedule();
      });
    });
  }

  /** Notes what was flushed: it must not come back from the file. */
  purged(flushes: readonly Flush[]): void {
    if (this.restoring) for (const flush of flushes) this.flushed.add(flush);
    if (this.oldFault !== 'foreign') this.journal.add(flushes);
  }

  /** Writes once more and ends. */
  async close(): Promise<void> {
    this.stopped = true;
    this.cancelTimer();
    await this.writing;
    // A file that is not taken over yet holds more than the caches.
    if (!this.restoring) await this.write();
  }

  /** One snapshot; a call while one is being written waits for that. Never rejects. */
  write(): Promise<void> {
    this.writing ??= this.writeNow().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  private async writeNow(): Promise<void> {
    if (this.oldFault === 'foreign') return;
    const { clock, log, fingerprint } = this.options;
    const path = this.ownPath;
    const startedMs = clock.monotonicMs();
    const atMs = clock.wallMs();
    const keepOld = this.oldFault === 'damaged' || this.oldFault === 'truncated';
    const before = this.last;
    this.journal.snapshotBegins();
    try {
      const sizeOctets = await replaceSnapshotFile(path, fingerprint(), this.parts(), keepOld);
      this.oldFault = undefined;
      this.journal.snapshotEnds(true);
      this.last = { result: 'ok', atMs, sizeOctets, tookMs: clock.monotonicMs() - startedMs };
      if (before?.result === 'failed') log.info({ path }, 'the snapshot can be written again');
      if (this.thread === 0) await this.removeLeftovers();
    } catch (error) {
      this.journal.snapshotEnds(false);
      const reason = error instanceof Error ? error.message : String(error);
      this.last = {
        result: 'failed',
        atMs,
        sizeOctets: 0,
        tookMs: clock.monotonicMs() - startedMs,
        error: reason,
      };
      if (before?.result !== 'failed') {
        log.error(
          { path, reason },
          'the snapshot cannot be written; the one before stays, and it is tried again',
        );
      }
    }
  }

  private *parts(): Generator<FilePart> {
    const { stub, caches, clock } = this.options;
    for (const body of stub?.serializeOwn(PIECE_OCTETS) ?? []) yield { kind: Part.stub, body };
    for (const body of dumpSnapshot(caches, clock)) yield { kind: Part.caches, body };
  }

  private async removeLeftovers(): Promise<void> {
    for (const path of this.leftovers) {
      await rm(path, { force: true });
      await rm(journalPath(path), { force: true });
    }
    this.leftovers.clear();
  }

  stats(): PersistenceStats {
    return { path: this.ownPath, restored: this.restored, refused: this.refused, lastSnapshot: this.last };
  }
}

function fileOf(path: string, index: number): string {
  return index === 0 ? path : `${path}.${index}`;
}

function existingFiles(path: string): number[] {
  const name = basename(path);
  try {
    return readdirSync(dirname(path)).flatMap((entry) => {
      if (entry === name) return [0];
      const match = entry.startsWith(`${name}.`) && /^[1-9][0-9]{0,2}$/.exec(entry.slice(name.length + 1));
      return match ? [Number(match[0])] : [];
    });
  } catch {
    return []; // reading the file itself will say what is wrong
  }
}

function added(a: RestoredCounts, b: RestoredCounts): RestoredCounts {
  return {
    answers: a.answers + b.answers,
    entries: a.entries + b.entries,
    dropped: a.dropped + b.dropped,
  };
}
