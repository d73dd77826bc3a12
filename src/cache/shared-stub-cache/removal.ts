/**
 * Taking answers out of the shared stub cache: by name, all of them, or because their time is over.
 *
 * Any thread may purge any partition: an answer goes when its slot is emptied, by one atomic exchange, which all
 * readers see from then on. The block stays as it is until its owner comes round to it. So nothing is locked, and
 * a thread that is killed in the middle has purged a part, no more.
 * Limitations: a purge looks at every answer, since one about an alias also holds the names it leads to; see 007 for how long.
 */
import { isSubdomain, type Name, ROOT } from '../../dns/name.js';
import { isNegativeAnswer } from '../negative-answer.js';
import type { StubPurge } from '../stub-cache.js';
import type { ArenaRing } from './arena-ring.js';
import type { BlockView, SetCopies } from './block-view.js';
import { holdsOwner } from './holds-owner.js';
import {
  BLOCK_GENERATION,
  BLOCK_HASH,
  BLOCK_KEEP_UNTIL,
  BLOCK_UNITS,
  CONTROL_WORDS,
  HEAD,
  SET_SLOTS,
  SET_WORDS,
  SETS,
  UNIT_WORDS,
  USED,
  WAYS,
} from './layout.js';
import { Count, type SharedCounters } from './shared-counters.js';
import type { StubMemory } from './stub-memory.js';

/** What a purge of `name` takes. */
export function purgeTest(name: Name, options: StubPurge): (view: BlockView) => boolean {
  const { subtree = false, type, negatives = false } = options;
  const concerns = (owner: Name, ownerType: number) =>
    (type === undefined || type === ownerType) && (subtree ? isSubdomain(owner, name) : owner === name);
  return (view) => {
    if (view.ownersAreQname && !view.nameEndsIn(name)) return false; // nearly all, without a string
    if (negatives && !isNegativeAnswer(view.wire)) return false;
    if (concerns(view.name, view.type)) return true;
    return holdsOwner(view.wire, concerns);
  };
}

/** What is to go from one partition, and what finds it there. */
export interface Removal {
  readonly memory: StubMemory;
  readonly ring: ArenaRing;
  readonly copies: SetCopies;
  /** First word of the partition. */
  readonly at: number;
  readonly counters: SharedCounters;
  readonly test: (view: BlockView) => boolean;
  /** In which all names end that `test` takes, so that others need no copy. */
  readonly end: Name;
}

/** Removes what `test` takes, whoever owns the partition. Returns how many went. */
export function removeWhere(removal: Removal): number {
  const { memory, copies, at, end } = removal;
  const arena = memory.arenaAt(at);
  let removed = 0;
  // The index may grow meanwhile: what moves, moves to a set that is still to come.
  for (let i = 0; i < memory.words[at + SETS]!; i++) {
    const set = at + CONTROL_WORDS + i * SET_WORDS;
    if (end === ROOT || copies.mayConcern(set, arena, end)) removed += removeFromSet(removal, set);
  }
  removal.counters.add(Count.purged, removed);
  return removed;
}

/**
 * The same, by the owner of the partition: in the order of memory instead of that of the index, which is several times
 * as fast. Nobody else writes blocks here.
 */
export function removeOwnWhere(removal: Removal): number {
  const { memory, ring, copies, at, end } = removal;
  const { words } = memory;
  const arena = memory.arenaAt(at);
  let removed = 0;
  let unit = words[at + HEAD]!;
  for (let left = words[at + USED]!; left > 0; ) {
    const block = arena + unit * UNIT_WORDS;
    const units = words[block + BLOCK_UNITS]!;
    if (copies.blockMayConcern(block, end)) {
      removed += removeFromSet(removal, memory.setAt(at, words[block + BLOCK_HASH]!));
    }
    left -= units;
    unit = unit + units === ring.capacity ? 0 : unit + units;
  }
  removal.counters.add(Count.purged, removed);
  return removed;
}

function removeFromSet({ memory, ring, copies, at, counters, test }: Removal, set: number): number {
  const arena = memory.arenaAt(at);
  let removed = 0;
  for (let again = true; again; ) {
    again = false;
    for (const view of copies.of(set, arena)) {
      if (!test(view)) continue;
      if (!ring.release(set, view.way, view.place)) {
        again = true; // it has just moved or gone
        continue;
      }
      counters.remember(view.hash, 'flushed');
      removed++;
    }
  }
  return removed;
}

/** Removes what is over, or was made under other rules, from one partition, a few sets at a call. Only for its owner. */
export class Sweep {
  private next = 0;

  constructor(
    private readonly memory: StubMemory,
    private readonly ring: ArenaRing,
    private readonly at: number,
    private readonly counters: SharedCounters,
    private readonly served: { readonly generation: number },
  ) {}

  /** Looks at up to `maxEntries` answers, and as many sets. Returns how many went. */
  run(maxEntries: number, nowMs: number): number {
    const { words } = this.memory;
    const sets = words[this.at + SETS]!;
    let left = maxEntries;
    let removed = 0;
    for (let steps = Math.min(sets, maxEntries); steps > 0 && left > 0; steps--) {
      if (this.next >= sets) this.next = 0;
      const set = this.at + CONTROL_WORDS + this.next++ * SET_WORDS;
      for (let way = 0; way < WAYS; way++) {
        const place = words[set + SET_SLOTS + 2 * way + 1]!;
        if (place === 0) continue;
        left--;
        if (this.removeIfOver(set, way, place, nowMs)) removed++;
      }
    }
    return removed;
  }

  private removeIfOver(set: number, way: number, place: number, nowMs: number): boolean {
    const { words, doubles } = this.memory;
    const block = this.memory.arenaAt(this.at) + (place - 1) * UNIT_WORDS;
    const flushed = words[block + BLOCK_GENERATION] !== this.served.generation;
    if (!flushed && doubles[(block + BLOCK_KEEP_UNTIL) >> 1]! > nowMs) return false;
    const hash = words[set + SET_SLOTS + 2 * way]!;
    if (!this.ring.release(set, way, place)) return false;
    this.counters.add(flushed ? Count.purged : Count.expirations);
    this.counters.remember(hash, flushed ? 'flushed' : 'expired');
    return true;
  }
}
