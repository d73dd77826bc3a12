/**
 * Stores answers in one partition of the shared stub cache: the only thread that changes blocks and sets there.
 *
 * A put writes the block where no slot leads to, then makes a slot lead to it under an odd version of its set. An
 * answer that is learnt again and has about the size of the old one takes its place. The index grows by one set
 * at a time (linear hashing, W. Litwin 1980): a few slots move with a put, and never all.
 *
 * A writer that was killed leaves BUSY set; the next one empties the partition, since nobody knows how far the
 * change had come. Limitations: an answer goes when both sets that could lead to it are full, though the arena may
 * have room: one put in some thousands.
 */
import { ArenaRing } from './arena-ring.js';
import {
  BLOCK_GENERATION,
  BLOCK_HASH,
  BLOCK_KEEP_UNTIL,
  BLOCK_KEY,
  BLOCK_LENGTHS,
  BLOCK_QUESTION,
  BLOCK_STORED_AT,
  BLOCK_UNITS,
  BLOCK_WIRE,
  BUSY,
  CONTROL_WORDS,
  ENTRIES,
  HEAD,
  KEY_APART,
  KEY_LENGTH_SHIFT,
  keyApartAt,
  LIVE,
  OVERFLOWED,
  OWNERS_ARE_QNAME,
  SET_MARKS,
  SET_SLOTS,
  SET_VERSION,
  SET_WORDS,
  SETS,
  TAIL,
  ttlsAt,
  UNIT_WORDS,
  USED,
  unitsOf,
  WAYS,
} from './layout.js';
import { QNAME_AT, type QuestionKey } from './question-key.js';
import type { StubReader } from './reader.js';
import { Count, type SharedCounters } from './shared-counters.js';
import type { StubMemory } from './stub-memory.js';

/** Answers per set at which the index grows. A set that is yet to be split holds up to twice as many, of seven. */
const MEAN_LOAD = 2;

/** A response made ready by the caller. */
export interface Storable {
  readonly wire: Uint8Array;
  readonly ttlOffsets: readonly number[];
  /** Its question is the key, octet for octet. */
  readonly holdsKey: boolean;
  readonly ownersAreQname: boolean;
  readonly storedAtMs: number;
  readonly keepUntilMs: number;
}

export class PartitionWriter {
  readonly ring: ArenaRing;
  private readonly words: Int32Array;
  private readonly arena: number;

  /** @param at first word of the partition */
  constructor(
    private readonly memory: StubMemory,
    readonly at: number,
    private readonly reader: StubReader,
    private readonly counters: SharedCounters,
  ) {
    this.words = memory.words;
    this.arena = memory.arenaAt(at);
    this.ring = new ArenaRing(memory, at, counters, reader);
    if (this.words[at + BUSY] !== 0) this.reset();
  }

  /** Empties a partition of which nothing is known. */
  private reset(): void {
    const { words, at } = this;
    for (let i = 0; i < words[at + SETS]!; i++) {
      const set = at + CONTROL_WORDS + i * SET_WORDS;
      const version = words[set + SET_VERSION]! | 1;
      Atomics.exchange(words, set + SET_VERSION, version);
      for (let way = 0; way < WAYS; way++) Atomics.store(words, set + SET_SLOTS + 2 * way + 1, 0);
      Atomics.exchange(words, set + SET_VERSION, (version + 1) | 0);
    }
    for (const word of [HEAD, TAIL, USED, LIVE, ENTRIES, BUSY]) Atomics.store(words, at + word, 0);
  }

  /** False when the answer is too large for this partition. */
  put(key: QuestionKey, answer: Storable, nowMs: number): boolean {
    const { words, at } = this;
    const { wire, ttlOffsets, holdsKey } = answer;
    const units = unitsOf(wire.length, ttlOffsets.length, holdsKey ? 0 : key.nameLength);
    if (units > this.ring.capacity / 2) return false;
    Atomics.store(words, at + BUSY, 1);
    if (!this.replace(key, key.hash, answer, units) && !this.replace(key, key.otherHash, answer, units)) {
      const unit = this.ring.allocate(units, nowMs);
      const block = this.arena + unit * UNIT_WORDS;
      words[block + BLOCK_UNITS] = units;
      words[block + BLOCK_HASH] = this.chooseHash(key, nowMs);
      this.write(block, key, answer);
      this.lead(words[block + BLOCK_HASH]!, unit + 1, units, nowMs);
    }
    Atomics.store(words, at + BUSY, 0);
    return true;
  }

  /** Writes over the answer to the same question if the new one fits there well; else that one goes. */
  private replace(key: QuestionKey, hash: number, answer: Storable, units: number): boolean {
    const { words, arena } = this;
    const set = this.memory.setAt(this.at, hash);
    const way = this.reader.findWay(key, hash, set, arena);
    if (way < 0) return false;
    const place = words[set + SET_SLOTS + 2 * way + 1]!;
    const block = arena + (place - 1) * UNIT_WORDS;
    const room = words[block + BLOCK_UNITS]!;
    if (place === 0 || units > room || units < room * 0.8) {
      if (place !== 0) this.ring.release(set, way, place);
      return false;
    }
    Atomics.add(words, set + SET_VERSION, 1);
    this.write(block, key, answer);
    Atomics.add(words, set + SET_VERSION, 1);
    return true;
  }

  /** Fills a block, whose size and hash stand. */
  private write(block: number, key: QuestionKey, answer: Storable): void {
    const { words } = this;
    const { doubles, octets, halves } = this.memory;
    const { wire, ttlOffsets, holdsKey, ownersAreQname } = answer;
    const flags = (holdsKey ? 0 : KEY_APART) | (ownersAreQname ? OWNERS_ARE_QNAME : 0);
    words[block + BLOCK_LENGTHS] = wire.length | (ttlOffsets.length << 16);
    words[block + BLOCK_KEY] = key.bits | flags | (key.nameLength << KEY_LENGTH_SHIFT);
    words[block + BLOCK_QUESTION] = key.question;
    words[block + BLOCK_GENERATION] = this.reader.generation;
    doubles[(block + BLOCK_STORED_AT) >> 1] = answer.storedAtMs;
    doubles[(block + BLOCK_KEEP_UNTIL) >> 1] = answer.keepUntilMs;
    octets.set(wire, (block + BLOCK_WIRE) * 4);
    const half = (block * 4 + ttlsAt(wire.length)) >> 1;
    for (let i = 0; i < ttlOffsets.length; i++) halves[half + i] = ttlOffsets[i]!;
    if (holdsKey) return;
    const apart = block * 4 + keyApartAt(wire.length, ttlOffsets.length);
    key.octets.copy(octets, apart, QNAME_AT, QNAME_AT + key.nameLength);
  }

  /** By which of its hashes a new answer is found: the other one only if that saves the life of another answer. */
  private chooseHash(key: QuestionKey, nowMs: number): number {
    const { words, at, memory } = this;
    const set = memory.setAt(at, key.hash);
    if (this.hasRoom(set, nowMs) || !this.hasRoom(memory.setAt(at, key.otherHash), nowMs)) return key.hash;
    Atomics.or(words, set + SET_MARKS, OVERFLOWED);
    return key.otherHash;
  }

  private hasRoom(set: number, nowMs: number): boolean {
    for (let way = 0; way < WAYS; way++) {
      const place = this.words[set + SET_SLOTS + 2 * way + 1]!;
      if (place === 0 || this.isOver(place, nowMs)) return true;
    }
    return false;
  }

  /** Makes a slot lead to a new block. */
  private lead(hash: number, place: number, units: number, nowMs: number): void {
    const { words, at } = this;
    const set = this.memory.setAt(at, hash);
    const way = this.freeWay(set, nowMs);
    const slot = set + SET_SLOTS + 2 * way;
    Atomics.add(words, set + SET_VERSION, 1);
    words[slot] = hash;
    words[set + SET_MARKS]! &= ~(1 << way);
    Atomics.store(words, slot + 1, place);
    Atomics.add(words, set + SET_VERSION, 1);
    Atomics.add(words, at + LIVE, units);
    const entries = Atomics.add(words, at + ENTRIES, 1) + 1;
    if (entries > words[at + SETS]! * MEAN_LOAD) this.split();
  }

  /** An empty slot, made by eviction if need be: of what is over, then of what nobody asked for, then any. */
  private freeWay(set: number, nowMs: number): number {
    const { words } = this;
    let victim = 0;
    let worst = -1;
    for (let way = 0; way < WAYS; way++) {
      const place = words[set + SET_SLOTS + 2 * way + 1]!;
      if (place === 0) return way;
      const badness = this.isOver(place, nowMs) ? 2 : (words[set + SET_MARKS]! & (1 << way)) === 0 ? 1 : 0;
      if (badness > worst) {
        worst = badness;
        victim = way;
      }
    }
    const slot = set + SET_SLOTS + 2 * victim;
    const hash = words[slot]!;
    if (this.ring.release(set, victim, words[slot + 1]!)) {
      this.counters.add(worst === 2 ? Count.expirations : Count.evictions);
      this.counters.remember(hash, worst === 2 ? 'expired' : 'evicted');
    }
    return victim;
  }

  /** By its time, or because rules have changed since. */
  private isOver(place: number, nowMs: number): boolean {
    const { memory, reader } = this;
    return memory.isOver(this.arena + (place - 1) * UNIT_WORDS, reader.generation, nowMs);
  }

  /** Adds a set, and moves to it what now belongs there from the one set that held it until now. */
  private split(): void {
    const { words, at } = this;
    const added = words[at + SETS]!;
    if (added >= this.memory.layout.maxSets) return;
    const first = at + CONTROL_WORDS;
    const bit = 1 << (31 - Math.clz32(added));
    const from = first + (added - bit) * SET_WORDS;
    const to = first + added * SET_WORDS;
    Atomics.add(words, from + SET_VERSION, 1);
    for (let way = 0; way < WAYS; way++) {
      const slot = SET_SLOTS + 2 * way;
      words[to + slot + 1] = 0;
      const hash = words[from + slot]!;
      if ((hash & bit) === 0) continue;
      words[to + slot] = hash;
      Atomics.store(words, to + slot + 1, Atomics.exchange(words, from + slot + 1, 0));
    }
    words[to + SET_MARKS] = words[from + SET_MARKS]!;
    Atomics.store(words, at + SETS, added + 1);
    Atomics.add(words, from + SET_VERSION, 1);
  }
}
