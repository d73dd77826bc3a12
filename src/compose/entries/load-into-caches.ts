/**
 * Puts entries that were read from a dump into the caches of one thread.
 */
import { labelCount } from '../../dns/name.js';
import type { EngineCaches } from '../engine-caches.js';
import type { LoadableEntry } from './load-entries.js';

export interface LoadCounts {
  readonly loaded: number;
  /** Over, known already, or without room. */
  readonly skipped: number;
}

export function loadIntoCaches(
  entries: readonly LoadableEntry[],
  caches: EngineCaches,
  nowMs: number,
): LoadCounts {
  let loaded = 0;
  // Parents first, so that a lease is never longer than that of the delegation above it.
  const depth = (entry: LoadableEntry) => (entry.layer === 'delegation' ? labelCount(entry.name) : 256);
  for (const entry of [...entries].sort((a, b) => depth(a) - depth(b))) {
    if (loadOne(entry, caches, nowMs)) loaded++;
  }
  return { loaded, skipped: entries.length - loaded };
}

function loadOne(entry: LoadableEntry, { delegations, rrsets, negative }: EngineCaches, nowMs: number) {
  if (entry.layer === 'delegation') return delegations.restore(entry.delegation, nowMs);
  const cache = entry.layer === 'resolver' ? rrsets : negative;
  return cache.restore({ ...entry.saved, security: 'unchecked' }, nowMs);
}
