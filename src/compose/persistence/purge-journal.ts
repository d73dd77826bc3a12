/**
 * What was flushed since the last snapshot, in a small file beside it, so that a kill does not bring it back.
 *
 * A line is on its way to the disk before the flush is answered, and is taken out when a snapshot that was begun later is whole.
 * A journal that cannot be read says nothing of what the snapshot may still hold, so the caches start cold then.
 * Limitations: lines survive the end of the process, not that of the machine, since nobody waits for the disk.
 */
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type Flush, flushEverything, flushLayers } from '../../cache/flush.js';
import { MAX_KEPT_FLUSHES } from '../../cache/flush-filter.js';
import { formatName, NameError, parseName } from '../../dns/name.js';
import { unfinishedPath } from './snapshot-file.js';

const HEAD = '{"stratadns":"flushes","version":1}';

export type JournalRead =
  | { readonly ok: true; readonly flushes: readonly Flush[] }
  | { readonly ok: false; readonly fault: 'foreign' | 'damaged' | 'unreadable'; readonly detail: string };

/** Where the journal of a snapshot is. */
export function journalPath(snapshotPath: string): string {
  return `${snapshotPath}.flushes`;
}

/** Never throws for what is on the disk. */
export function readJournal(path: string): JournalRead {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { ok: true, flushes: [] };
    return { ok: false, fault: 'unreadable', detail: `${path}: ${message}` };
  }
  const lines = text.split('\n');
  const end = lines.pop();
  if (lines[0] !== HEAD && !HEAD.startsWith(text)) {
    return { ok: false, fault: 'foreign', detail: `${path} is no list of flushes` };
  }
  const flushes: Flush[] = [];
  for (const [i, line] of lines.slice(1).entries()) {
    const flush = flushOf(line);
    if (!flush) return { ok: false, fault: 'damaged', detail: `${path}: line ${i + 2} cannot be right` };
    flushes.push(flush);
  }
  if (end !== '') return { ok: false, fault: 'damaged', detail: `${path} is cut short` };
  return { ok: true, flushes };
}

function lineOf({ name, ...rest }: Flush): string {
  return `${JSON.stringify({ name: formatName(name), ...rest })}\n`;
}

function flushOf(line: string): Flush | undefined {
  try {
    const { name, subtree, type, layers, negatives, ...others } = JSON.parse(line) as Record<string, unknown>;
    const known = Array.isArray(layers) && layers.every((layer) => flushLayers.includes(layer as never));
    if (Object.keys(others).length > 0 || typeof name !== 'string' || typeof subtree !== 'boolean') return;
    if (type !== undefined && !(Number.isInteger(type) && Number(type) > 0 && Number(type) < 65_536)) return;
    if ((layers !== undefined && !known) || (negatives !== undefined && negatives !== true)) return;
    return { name: parseName(name), subtree, type, layers, negatives } as Flush;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NameError || error instanceof TypeError) return;
    throw error;
  }
}

export class PurgeJournal {
  private readonly path: string;
  private kept: Flush[] = [];
  /** How many of `kept` the snapshot under way was begun after; undefined: none is under way. */
  private before: number | undefined;

  constructor(
    snapshotPath: string,
    /** Told why a flush could not be noted. */
    private readonly onFault: (reason: string) => void,
  ) {
    this.path = journalPath(snapshotPath);
  }

  /** Goes on with what a run before has left. */
  takeOver(flushes: readonly Flush[]): void {
    this.kept = [...flushes];
  }

  /** Notes flushes that have been done. */
  add(flushes: readonly Flush[]): void {
    if (this.kept.length + flushes.length > MAX_KEPT_FLUSHES) {
      this.kept = [flushEverything];
      this.before = this.before === undefined ? undefined : 0;
      this.attempt(() => this.rewrite());
      return;
    }
    const first = this.kept.length === 0;
    this.kept.push(...flushes);
    this.attempt(() => {
      if (first) this.rewrite();
      else appendFileSync(this.path, flushes.map(lineOf).join(''));
    });
  }

  /** A snapshot is begun: what is flushed from now on it may still hold. */
  snapshotBegins(): void {
    this.before = this.kept.length;
  }

  /** That snapshot is whole on the disk, or has failed. */
  snapshotEnds(written: boolean): void {
    const { before = 0 } = this;
    this.before = undefined;
    if (!written) return;
    this.kept.splice(0, before);
    this.attempt(() => {
      if (this.kept.length === 0) rmSync(this.path, { force: true });
      else this.rewrite();
    });
  }

  private rewrite(): void {
    const unfinished = unfinishedPath(this.path);
    rmSync(unfinished, { force: true });
    const text = `${HEAD}\n${this.kept.map(lineOf).join('')}`;
    writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx' });
    renameSync(unfinished, this.path);
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.onFault(error instanceof Error ? error.message : String(error));
    }
  }
}
