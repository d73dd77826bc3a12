/**
 * The arena of one partition: blocks of any size, one after the other in a ring, and the hand that makes room.
 *
 * New blocks go to the tail. When the ring is full the hand at the head takes the oldest block: a dead one (no
 * slot leads to it any more) is passed over, one that was asked for since the hand came by last moves to the tail,
 * any other is evicted. That is CLOCK, with no fragments: only the end of the ring and dead blocks are ever idle.
 *
 * The version of a block's set is changed before its memory is used again, also when the block is dead, so that a
 * reader who still copies from there notices.
 *
 * Only the owner of the partition calls this. Limitations: with one put at most REPRIEVES blocks move, and 128 KiB of
 * them, so that a put stays short; past that a block goes although it was asked for.
 */
import {
  BLOCK_HASH,
  BLOCK_UNITS,
  ENTRIES,
  HEAD,
  LIVE,
  SET_MARKS,
  SET_SLOTS,
  SET_VERSION,
  TAIL,
  UNIT_OCTETS,
  UNIT_WORDS,
  USED,
  WAYS,
} from './layout.js';
import { Count, type SharedCounters } from './shared-counters.js';
import type { StubMemory } from './stub-memory.js';

const REPRIEVES = 256;
const REPRIEVED_UNITS = (128 * 1024) / UNIT_OCTETS;

export class ArenaRing {
  private readonly words: Int32Array;
  private readonly arena: number;
  readonly capacity: number;

  /** @param at first word of the partition */
  constructor(
    private readonly memory: StubMemory,
    private readonly at: number,
    private readonly counters: SharedCounters,
    /** Of the rules that the owner serves by. */
    private readonly served: { readonly generation: number },
  ) {
    this.words = memory.words;
    this.arena = memory.arenaAt(at);
    this.capacity = memory.layout.arenaUnits;
  }

  /**
   * Makes room at the tail and takes it; the caller writes the block there.
   * @param units at most half of the capacity
   * @returns its first unit
   */
  allocate(units: number, nowMs: number): number {
    const { words, at } = this;
    let reprieves = REPRIEVES;
    let left = REPRIEVED_UNITS;
    while (!this.fits(units)) {
      const moved = this.takeHead(nowMs, reprieves > 0 && left > 0);
      if (moved > 0) reprieves--;
      left -= moved;
    }
    const unit = words[at + TAIL]!;
    words[at + TAIL] = unit + units;
    words[at + USED]! += units;
    return unit;
  }

  /** Whether `units` are free in one piece at the tail; goes round the end of the ring to find them. */
  private fits(units: number): boolean {
    const { words, at, capacity } = this;
    const head = words[at + HEAD]!;
    const tail = words[at + TAIL]!;
    const used = words[at + USED]!;
    if (used === 0) {
      words[at + HEAD] = 0;
      words[at + TAIL] = 0;
      return true;
    }
    if (tail < head) return head - tail >= units;
    if (used === capacity) return false; // the tail has met the head
    if (capacity - tail >= units) return true;
    this.skipToStart(tail);
    return head >= units;
  }

  /** Fills the end of the ring with a dead block. */
  private skipToStart(tail: number): void {
    const { words, at, capacity } = this;
    if (tail < capacity) {
      const block = this.arena + tail * UNIT_WORDS;
      words[block + BLOCK_UNITS] = capacity - tail;
      words[block + BLOCK_HASH] = 0;
      words[at + USED]! += capacity - tail;
    }
    words[at + TAIL] = 0;
  }

  /** Takes the oldest block. Returns its units when it moved to the tail instead of going, else 0. */
  private takeHead(nowMs: number, mayMove: boolean): number {
    const { words, at, capacity, memory } = this;
    const head = words[at + HEAD]!;
    const block = this.arena + head * UNIT_WORDS;
    const units = words[block + BLOCK_UNITS]!;
    const hash = words[block + BLOCK_HASH]!;
    const set = memory.setAt(at, hash);
    const way = this.wayOf(set, hash, head + 1);
    words[at + HEAD] = head + units === capacity ? 0 : head + units;
    const over = memory.isOver(block, this.served.generation, nowMs);
    if (way >= 0 && mayMove && !over && (words[set + SET_MARKS]! & (1 << way)) !== 0) {
      this.move(set, way, head, units);
      return units;
    }
    Atomics.add(words, set + SET_VERSION, 1);
    if (way >= 0 && this.release(set, way, head + 1)) {
      this.counters.add(over ? Count.expirations : Count.evictions);
      this.counters.remember(hash, over ? 'expired' : 'evicted');
    }
    words[at + USED]! -= units;
    Atomics.add(words, set + SET_VERSION, 1);
    return 0;
  }

  /** Moves the block at the head, which HEAD has passed, to the tail; they may overlap. */
  private move(set: number, way: number, from: number, units: number): void {
    const { words, at, capacity, arena } = this;
    const slot = set + SET_SLOTS + 2 * way + 1;
    const to = words[at + TAIL] === capacity ? 0 : words[at + TAIL]!;
    Atomics.add(words, set + SET_VERSION, 1);
    if (to !== from) {
      const start = arena + from * UNIT_WORDS;
      words.copyWithin(arena + to * UNIT_WORDS, start, start + units * UNIT_WORDS);
      Atomics.compareExchange(words, slot, from + 1, to + 1); // unless another thread has purged it
    }
    words[set + SET_MARKS]! &= ~(1 << way);
    words[at + TAIL] = to + units;
    Atomics.add(words, set + SET_VERSION, 1);
  }

  /** The slot that leads to a block; -1 when the block is dead. */
  private wayOf(set: number, hash: number, place: number): number {
    const { words } = this;
    for (let way = 0; way < WAYS; way++) {
      const slot = set + SET_SLOTS + 2 * way;
      if (words[slot + 1] === place && words[slot] === hash) return way;
    }
    return -1;
  }

  /**
   * Empties a slot that leads to `place`. Any thread may; only one of them succeeds and counts.
   * @returns false when it no longer leads there
   */
  release(set: number, way: number, place: number): boolean {
    const { words, at } = this;
    const units = words[this.arena + (place - 1) * UNIT_WORDS + BLOCK_UNITS]!;
    const slot = set + SET_SLOTS + 2 * way + 1;
    if (Atomics.compareExchange(words, slot, place, 0) !== place) return false;
    Atomics.sub(words, at + ENTRIES, 1);
    Atomics.sub(words, at + LIVE, units);
    return true;
  }
}
