/**
 * Counters of the shared stub cache, and the memory of why questions left it.
 *
 * Each thread counts into a block of its own, without atomics; whoever wants the sum adds the blocks up. A
 * thread that is started again goes on with the block of the one before.
 * Limitations: the miss memory is a hint for statistics. It forgets, and threads may overwrite each other's.
 */
import type { MissReason } from '../../runtime/trace.js';
import type { RemovalCause } from '../miss-memory.js';
import type { CacheLayerStats } from '../stats.js';
import { COUNTER_DOUBLES } from './layout.js';
import type { StubMemory } from './stub-memory.js';

export const Count = {
  hits: 0,
  neverSeen: 1,
  expired: 2,
  evicted: 3,
  flushed: 4,
  inserts: 5,
  evictions: 6,
  expirations: 7,
  purged: 8,
  refused: 9,
} as const;

const causes: readonly (RemovalCause | undefined)[] = [undefined, 'expired', 'evicted', 'flushed'];
const CAUSE_MASK = 3;

export class SharedCounters {
  private readonly at: number;
  private readonly doubles: Float64Array;

  constructor(
    private readonly memory: StubMemory,
    thread: number,
  ) {
    this.doubles = memory.doubles;
    this.at = memory.layout.counters / 2 + thread * COUNTER_DOUBLES;
  }

  add(which: number, amount = 1): void {
    this.doubles[this.at + which]! += amount;
  }

  /** Notes why a question has left. */
  remember(hash: number, cause: RemovalCause): void {
    this.memory.words[this.slotOf(hash)] = (hash & ~CAUSE_MASK) | causes.indexOf(cause);
  }

  /** Counts a miss by what is remembered; `over` says that the answer is still there, its time over. */
  miss(hash: number, over: boolean): void {
    const reason = over ? 'expired' : this.reasonFor(hash);
    this.add(Count[missCounts[reason]]);
  }

  private reasonFor(hash: number): Exclude<MissReason, 'bypassed'> {
    const held = this.memory.words[this.slotOf(hash)]!;
    if ((held ^ hash) >>> 2 !== 0) return 'never-seen';
    return causes[held & CAUSE_MASK] ?? 'never-seen';
  }

  private slotOf(hash: number): number {
    const { missMemory, missSlots } = this.memory.layout;
    return missMemory + ((Math.imul(hash, 0x9e3779b1) >>> 16) & (missSlots - 1));
  }

  /** Of all threads. */
  sum(entries: number, octets: number): CacheLayerStats {
    const { counters, threads } = this.memory.layout;
    const total = (which: number) => {
      let sum = 0;
      for (let t = 0; t < threads; t++) sum += this.doubles[counters / 2 + t * COUNTER_DOUBLES + which]!;
      return sum;
    };
    return {
      entries,
      octets,
      maxOctets: this.memory.maxOctets,
      stale: 0,
      hits: total(Count.hits),
      misses: {
        'never-seen': total(Count.neverSeen),
        expired: total(Count.expired),
        evicted: total(Count.evicted),
        flushed: total(Count.flushed),
        bypassed: 0,
      },
      inserts: total(Count.inserts),
      evictions: total(Count.evictions),
      expirations: total(Count.expirations),
      purged: total(Count.purged),
      refused: total(Count.refused),
    };
  }
}

const missCounts = {
  'never-seen': 'neverSeen',
  expired: 'expired',
  evicted: 'evicted',
  flushed: 'flushed',
} as const;
