/**
 * Lines of a dump into the caches, in slices between which queries are served.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CacheLoad } from '../../observe/control.js';
import { type LoadableEntry, readDumpLine } from './load-entries.js';
import type { LoadCounts } from './load-into-caches.js';

/** Lines read in one slice: a few ms. */
const SLICE_LINES = 64;

/** @param put stores entries, wherever they belong */
export async function loadLines(
  lines: readonly string[],
  put: (entries: readonly LoadableEntry[]) => LoadCounts | Promise<LoadCounts>,
): Promise<CacheLoad> {
  const sum = { loaded: 0, skipped: 0, leftOut: 0, bad: [] as { line: number; reason: string }[] };
  for (let from = 0; from < lines.length; from += SLICE_LINES) {
    const entries: LoadableEntry[] = [];
    for (const [i, text] of lines.slice(from, from + SLICE_LINES).entries()) {
      if (text.trim() === '') continue;
      const read = readDumpLine(text);
      if (read.kind === 'entry') entries.push(read.entry);
      else if (read.kind === 'left-out') sum.leftOut++;
      else sum.bad.push({ line: from + i + 1, reason: read.reason });
    }
    const { loaded, skipped } = await put(entries);
    sum.loaded += loaded;
    sum.skipped += skipped;
    await nextTurn();
  }
  return sum;
}
