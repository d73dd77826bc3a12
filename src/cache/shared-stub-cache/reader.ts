/**
 * Lookups in the shared stub cache, from any thread, without locks.
 *
 * A set of the index has a version that its writer makes odd before it changes anything that the set leads to,
 * and even, and new, afterwards; memory of a block is not used again before the version of the set that led to
 * it has changed. So what was copied between two readings of the same even version was whole. Versions lie at
 * fixed places in the index and never among data that the network chooses.
 *
 * Written for speed: no objects, no strings, words copied one by one. Whatever memory holds, nothing is read
 * outside the arena and nothing written outside the given room: each length is checked on each reading.
 *
 * An answer of another generation than the reader's is not there for it: each thread changes its generation by itself, in
 * the step in which it changes its rules, so that what was answered by one set of rules is never given out by another.
 *
 * Limitations: a lookup that meets a writer four times in a row is a miss.
 */
import {
  BLOCK_GENERATION,
  BLOCK_HASH,
  BLOCK_HEAD_OCTETS,
  BLOCK_KEEP_UNTIL,
  BLOCK_KEY,
  BLOCK_LENGTHS,
  BLOCK_QUESTION,
  BLOCK_STORED_AT,
  BLOCK_UNITS,
  BLOCK_WIRE,
  KEY_APART,
  KEY_BITS,
  KEY_LENGTH_SHIFT,
  keyApartAt,
  OVERFLOWED,
  SET_MARKS,
  SET_SLOTS,
  SET_VERSION,
  UNIT_OCTETS,
  UNIT_WORDS,
  unitsOf,
  WAYS,
} from './layout.js';
import { QNAME_WORD, type QuestionKey } from './question-key.js';
import type { StubMemory } from './stub-memory.js';

/** There is no answer. */
export const NONE = 0;
/** There was one, whose time is over. */
export const OVER = -1;
/** There is one that is larger than the limit. */
export const TOO_LARGE = -2;

const TRIES = 4;

/**
 * x86 keeps the order of loads, so a load is enough to see that nothing changed. Elsewhere loads of the data may
 * come after it; a read-modify-write keeps them before.
 */
const LOADS_KEEP_ORDER = process.arch === 'x64';

/** Memory that a response is copied to, as octets and as words. `octets` begins with the first word. */
export class ResponseRoom {
  readonly words: Int32Array;

  /** @param octets at a multiple of four in its buffer */
  constructor(readonly octets: Uint8Array) {
    this.words = new Int32Array(octets.buffer, octets.byteOffset, octets.byteLength >> 2);
  }
}

export class StubReader {
  private readonly words: Int32Array;
  private readonly halves: Uint16Array;
  private readonly doubles: Float64Array;
  private readonly arenaUnits: number;
  /** Wall ms. In a typed array, since a number handed from function to function would be made an object. */
  private readonly now = new Float64Array(1);
  /** Of the rules that this thread serves by. */
  generation = 0;
  /** The last lookup that found nothing passed an answer of another generation. */
  passedOther = false;

  constructor(private readonly memory: StubMemory) {
    this.words = memory.words;
    this.halves = memory.halves;
    this.doubles = memory.doubles;
    this.arenaUnits = memory.layout.arenaUnits;
  }

  /** Sets the time of the lookups that follow. */
  setTime(wallMs: number): void {
    this.now[0] = wallMs;
  }

  /**
   * Copies the response to a question, its TTLs counted down.
   *
   * @param partition   that may hold it
   * @param limitOctets the most that may be written, rounded up to a word; the room has it from `at` on
   * @param at          octet in `room`, a multiple of four
   * @returns octets of the response, or NONE, OVER or TOO_LARGE
   */
  copy(key: QuestionKey, partition: number, room: ResponseRoom, at: number, limitOctets: number): number {
    const { words, memory } = this;
    if (this.arenaUnits === 0) return NONE;
    const partitionWord = memory.partitionAt(partition);
    const arena = memory.arenaAt(partitionWord);
    let hash = key.hash;
    this.passedOther = false;
    for (let tries = 0; tries < TRIES; tries++) {
      const set = memory.setAt(partitionWord, hash);
      const version = Atomics.load(words, set + SET_VERSION);
      if ((version & 1) !== 0) continue;
      const way = this.findWay(key, hash, set, arena);
      if (way < 0 && hash === key.hash && (words[set + SET_MARKS]! & OVERFLOWED) !== 0) {
        hash = key.otherHash;
        continue;
      }
      const length = way < 0 ? NONE : this.copyFrom(set, way, arena, room, at, limitOctets);
      if (this.versionAgain(set) !== version) continue;
      if (length > 0 && (words[set + SET_MARKS]! & (1 << way)) === 0) {
        Atomics.or(words, set + SET_MARKS, 1 << way);
      }
      return length;
    }
    return NONE;
  }

  /** The version of a set, not read before anything that was read until now. */
  versionAgain(set: number): number {
    const { words } = this;
    return LOADS_KEEP_ORDER
      ? Atomics.load(words, set + SET_VERSION)
      : Atomics.or(words, set + SET_VERSION, 0);
  }

  /** The slot of a set that leads to the answer of this key by one of its hashes; -1 when none does. */
  findWay(key: QuestionKey, hash: number, set: number, arena: number): number {
    const { words } = this;
    for (let way = 0; way < WAYS; way++) {
      const slot = set + SET_SLOTS + 2 * way;
      if (words[slot] !== hash) continue;
      const unit = words[slot + 1]! - 1;
      if (this.isBlock(arena, unit) && this.isFor(key, hash, arena + unit * UNIT_WORDS)) return way;
    }
    return -1;
  }

  /** Whether a whole block, by its own lengths, lies at a unit of the arena. */
  isBlock(arena: number, unit: number): boolean {
    if (unit < 0 || unit + BLOCK_HEAD_OCTETS / UNIT_OCTETS > this.arenaUnits) return false;
    const { words } = this;
    const block = arena + unit * UNIT_WORDS;
    const units = words[block + BLOCK_UNITS]!;
    const lengths = words[block + BLOCK_LENGTHS]!;
    const key = words[block + BLOCK_KEY]!;
    const apart = (key & KEY_APART) === 0 ? 0 : (key >>> KEY_LENGTH_SHIFT) & 255;
    const needed = unitsOf(lengths & 0xffff, lengths >>> 16, apart);
    return needed <= units && unit + units <= this.arenaUnits;
  }

  private isFor(key: QuestionKey, hash: number, block: number): boolean {
    const { words } = this;
    if (words[block + BLOCK_QUESTION] !== key.question || words[block + BLOCK_HASH] !== hash) return false;
    const held = words[block + BLOCK_KEY]!;
    if ((held & KEY_BITS) !== key.bits || ((held >>> KEY_LENGTH_SHIFT) & 255) !== key.nameLength)
      return false;
    if (!this.sameName(key, held, block)) return false;
    if (words[block + BLOCK_GENERATION] === this.generation) return true;
    this.passedOther = true;
    return false;
  }

  private sameName(key: QuestionKey, held: number, block: number): boolean {
    const { words } = this;
    if ((held & KEY_APART) === 0) return key.sameName(words, block + BLOCK_WIRE + QNAME_WORD);
    const lengths = words[block + BLOCK_LENGTHS]!;
    return key.sameName(words, block + (keyApartAt(lengths & 0xffff, lengths >>> 16) >> 2));
  }

  private copyFrom(
    set: number,
    way: number,
    arena: number,
    room: ResponseRoom,
    at: number,
    limitOctets: number,
  ): number {
    const { words, doubles } = this;
    const unit = words[set + SET_SLOTS + 2 * way + 1]! - 1;
    const block = arena + unit * UNIT_WORDS;
    if (!this.isBlock(arena, unit)) return NONE; // the slot was written since
    const nowMs = this.now[0]!;
    if (!(doubles[(block + BLOCK_KEEP_UNTIL) >> 1]! > nowMs)) return OVER;
    const lengths = words[block + BLOCK_LENGTHS]!;
    const length = lengths & 0xffff;
    if (length > limitOctets) return TOO_LARGE;
    const to = room.words;
    const toWord = at >> 2;
    const from = block + BLOCK_WIRE;
    for (let i = (length - 1) >> 2; i >= 0; i--) to[toWord + i] = words[from + i]!;
    const ageSec = Math.floor((nowMs - doubles[(block + BLOCK_STORED_AT) >> 1]!) / 1000);
    if (ageSec > 0 && !this.age(block, lengths, ageSec, room.octets, at)) return NONE;
    return length;
  }

  /** Counts the TTLs of a copy down; false when an offset cannot be right. */
  private age(block: number, lengths: number, ageSec: number, out: Uint8Array, at: number): boolean {
    const { halves } = this;
    const length = lengths & 0xffff;
    const first = (block + BLOCK_WIRE) * 2 + ((length + 1) >> 1);
    const end = first + (lengths >>> 16);
    for (let i = first; i < end; i++) {
      const offset = halves[i]!;
      if (offset + 4 > length) return false;
      const ttl = at + offset;
      const held = ((out[ttl]! << 24) | (out[ttl + 1]! << 16) | (out[ttl + 2]! << 8) | out[ttl + 3]!) >>> 0;
      const left = held > ageSec ? held - ageSec : 0;
      out[ttl] = left >>> 24;
      out[ttl + 1] = left >>> 16;
      out[ttl + 2] = left >>> 8;
      out[ttl + 3] = left;
    }
    return true;
  }
}
