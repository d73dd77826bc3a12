/**
 * Entries of a dump, with a turn of the loop after a few milliseconds of work, so that queries are served meanwhile.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.js';

const SLICE_MS = 2;
const ENTRIES_PER_LOOK = 16;

export async function* inSlices<T>(entries: Iterable<T>, clock: Clock): AsyncGenerator<T> {
  let count = 0;
  let turnMs = clock.monotonicMs();
  for (const entry of entries) {
    yield entry;
    if (++count % ENTRIES_PER_LOOK !== 0 || clock.monotonicMs() - turnMs < SLICE_MS) continue;
    await nextTurn();
    turnMs = clock.monotonicMs();
  }
}
