/**
 * The shared memory of the stub cache, seen as words, doubles and octets.
 *
 * One `SharedArrayBuffer` goes to every thread; each makes its own views. What it holds is said in layout.ts.
 */
import { endianness } from 'node:os';
import {
  BLOCK_GENERATION,
  BLOCK_KEEP_UNTIL,
  CONTROL_WORDS,
  FIRST_SETS,
  LAYOUT_VERSION,
  layoutOf,
  MAGIC,
  SET_WORDS,
  SETS,
  type StubLayout,
} from './layout.js';

/** False on big-endian machines, where the heap's stub cache serves. */
export const sharedStubCacheRuns = endianness() === 'LE';

const WORD_VERSION = 1;
const WORD_PARTITIONS = 2;
const WORD_THREADS = 3;
const WORD_SEED = 4;
const WORD_OCTETS = 5;

export interface StubMemoryOptions {
  /** Of everything, the index and counters too. */
  readonly maxOctets: number;
  /** One for each thread that stores answers. */
  readonly partitions: number;
  /** Threads that read, each with counters of its own. */
  readonly threads: number;
  /** Secret: who knew it could make many names fall into one set, and so push one out. */
  readonly seed: number;
}

/** Makes the memory of an empty cache. */
export function createStubMemory(options: StubMemoryOptions): SharedArrayBuffer {
  const { maxOctets, partitions, threads, seed } = options;
  const layout = layoutOf(maxOctets, partitions, threads);
  const buffer = new SharedArrayBuffer(layout.octets);
  const words = new Int32Array(buffer);
  words[WORD_VERSION] = LAYOUT_VERSION;
  words[WORD_PARTITIONS] = partitions;
  words[WORD_THREADS] = threads;
  words[WORD_SEED] = seed | 0;
  words[WORD_OCTETS] = Math.min(maxOctets, 2 ** 31 - 1);
  for (let p = 0; p < partitions; p++) {
    words[layout.partitionsAt + p * layout.partitionWords + SETS] = Math.min(FIRST_SETS, layout.maxSets);
  }
  Atomics.store(words, 0, MAGIC);
  return buffer;
}

export class StubMemory {
  readonly words: Int32Array;
  readonly halves: Uint16Array;
  readonly doubles: Float64Array;
  readonly octets: Buffer;
  readonly layout: StubLayout;
  readonly seed: number;
  /** As it was asked for; the memory itself may be a little smaller. */
  readonly maxOctets: number;

  /** @throws {TypeError} for memory that `createStubMemory` did not make */
  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.halves = new Uint16Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.octets = Buffer.from(buffer);
    const { words } = this;
    if (words[0] !== MAGIC || words[WORD_VERSION] !== LAYOUT_VERSION) {
      throw new TypeError('this memory is not laid out as a stub cache');
    }
    this.seed = words[WORD_SEED]!;
    this.maxOctets = words[WORD_OCTETS]!;
    this.layout = layoutOf(this.maxOctets, words[WORD_PARTITIONS]!, words[WORD_THREADS]!);
  }

  /** First word of a partition: its control words. */
  partitionAt(partition: number): number {
    return this.layout.partitionsAt + partition * this.layout.partitionWords;
  }

  /** Word of the set that a hash belongs to now. */
  setAt(partitionWord: number, hash: number): number {
    // Linear hashing: sets past the last doubling exist up to `count`; hashes of those that do not yet fold back.
    const count = this.words[partitionWord + SETS]!;
    const mask = count < 2 ? 0 : (1 << (32 - Math.clz32(count - 1))) - 1;
    let set = hash & mask;
    if (set >= count) set &= mask >> 1;
    return partitionWord + CONTROL_WORDS + set * SET_WORDS;
  }

  /** Whether a block is of no use to who serves by this generation. A comparison that is false for a time that is no number. */
  isOver(block: number, generation: number, nowMs: number): boolean {
    const { words, doubles } = this;
    return (
      words[block + BLOCK_GENERATION] !== generation || !(doubles[(block + BLOCK_KEEP_UNTIL) >> 1]! > nowMs)
    );
  }

  /** Word of the first unit of a partition's arena. */
  arenaAt(partitionWord: number): number {
    return partitionWord + CONTROL_WORDS + this.layout.maxSets * SET_WORDS;
  }
}
