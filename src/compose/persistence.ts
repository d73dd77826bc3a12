/**
 * Keeps the caches of one thread over a restart: a file at an interval and at stop, read at start.
 *
 * The stub cache goes in as its arena lies, the resolver, negative and delegation caches as a checked snapshot. All times
 * are wall times, so TTLs go on counting while nothing runs. What cannot be used is said in one line of the log, and the
 * caches start cold; serving never depends on the file.
 *
 * Thread 0 keeps `path`, thread N `path.N`. Of the stub cache each thread takes what belongs to its partition out of all
 * files; of the rest thread i of n takes the files i, i + n, and so on, so that the number of threads may change.
 * Limitations: what was flushed comes back when the process is killed before the next interval. Failures and what is known of
 * servers are not kept.
 */
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { dumpDefect } from '../cache/shared-stub-cache/dump.js';
import type { SharedStubCache } from '../cache/shared-stub-cache/shared-stub-cache.js';
import { dumpSnapshot, loadSnapshot, type SnapshotCaches } from '../cache/snapshot.js';
import type { PersistenceStats } from '../observe/control.js';
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { ServerLog } from '../server/log.js';
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

const PIECE_OCTETS = 65_536;
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

  constructor(private readonly options: PersistenceOptions) {
    this.thread = options.thread ?? 0;
    this.threads = options.threads ?? 1;
    this.ownPath = fileOf(options.path, this.thread);
  }

  /** Fills the caches from the files of the last run. Never throws; what cannot be used is logged. */
  restore(): RestoredCounts {
    const { clock } = this.options;
    const startedMs = clock.monotonicMs();
    let sum = NOTHING;
    for (const index of this.fileIndexes()) sum = added(sum, this.restoreFile(index));
    this.restored = sum;
    if (sum.answers + sum.entries > 0) {
      const tookMs = Math.round(clock.monotonicMs() - startedMs);
      this.options.log.info({ path: this.options.path, ...sum, tookMs }, 'caches restored from the snapshot');
    }
    return sum;
  }

  private restoreFile(index: number): RestoredCounts {
    const path = fileOf(this.options.path, index);
    const read = readSnapshotFile(path, this.options.fingerprint());
    if (!read.ok) return this.refuse(path, read.fault, read.detail);
    const [defect] = read.parts.flatMap((p) => (p.kind === Part.stub ? (dumpDefect(p.body) ?? []) : []));
    if (defect !== undefined) return this.refuse(path, 'damaged', `its answers: ${defect}`);
    let counts = NOTHING;
    if (index % this.threads === this.thread) {
      const snapshot = Buffer.concat(read.parts.filter((p) => p.kind === Part.caches).map((p) => p.body));
      const loaded = loadSnapshot(snapshot, this.options.caches, this.options.clock);
      if (!loaded.ok) return this.refuse(path, 'damaged', `its records: ${loaded.reason}`);
      counts = { answers: 0, entries: loaded.restored, dropped: loaded.skipped };
    }
    if (index >= this.threads) this.leftovers.add(path);
    return added(counts, this.restoreAnswers(read.parts));
  }

  private restoreAnswers(parts: readonly FilePart[]): RestoredCounts {
    let counts = NOTHING;
    for (const { kind, body } of parts) {
      if (kind !== Part.stub || !this.options.stub) continue;
      const { restored, dropped } = this.options.stub.restore(body);
      counts = added(counts, { answers: restored, entries: 0, dropped });
    }
    return counts;
  }

  /** Says why a file is not taken. */
  private refuse(path: string, fault: FileFault, detail: string): RestoredCounts {
    const { log } = this.options;
    const own = path === this.ownPath;
    if (own) this.oldFault = fault;
    if (fault === 'missing') {
      if (own) log.info({ path }, 'there is no snapshot yet; the caches start cold');
      return NOTHING;
    }
    this.refused = `${fault}: ${detail}`;
    const advice =
      fault === 'foreign'
        ? 'it is not overwritten: move it away, or set another cache.persist.path'
        : undefined;
    log.warn({ path, fault, detail, advice }, 'the snapshot cannot be used; the caches start cold');
    return NOTHING;
  }

  /** Numbers of the files that are there, this thread's own in any case. */
  private fileIndexes(): number[] {
    const indexes = new Set([this.thread, ...existingFiles(this.options.path)]);
    return [...indexes].sort((a, b) => a - b);
  }

  /** Writes at each interval from now on. */
  start(): void {
    this.cancelTimer = this.options.clock.after(this.options.intervalMs, () => {
      if (this.stopped) return;
      void this.write().finally(() => {
        if (!this.stopped) this.start();
      });
    });
  }

  /** Writes once more and ends. */
  async close(): Promise<void> {
    this.stopped = true;
    this.cancelTimer();
    await this.writing;
    await this.write();
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
    try {
      const sizeOctets = await replaceSnapshotFile(path, fingerprint(), this.parts(), keepOld);
      this.oldFault = undefined;
      this.last = { result: 'ok', atMs, sizeOctets, tookMs: clock.monotonicMs() - startedMs };
      if (before?.result === 'failed') log.info({ path }, 'the snapshot can be written again');
      if (this.thread === 0) await this.removeLeftovers();
    } catch (error) {
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
    for (const path of this.leftovers) await rm(path, { force: true });
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
