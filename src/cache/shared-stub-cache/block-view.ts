/**
 * Copies of whole blocks, for whoever looks at what the shared stub cache holds: purge, dump, lists.
 *
 * A set is copied with all its blocks under one version, as readers do, so that what is looked at afterwards
 * stands still. The copies are reused from set to set.
 */
import { type Name, toName } from '../../dns/name.js';
import type { StubEntryInfo } from '../stub-cache.js';
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
  KEY_APART,
  KEY_LENGTH_SHIFT,
  keyApartAt,
  OWNERS_ARE_QNAME,
  SET_SLOTS,
  SET_VERSION,
  UNIT_OCTETS,
  UNIT_WORDS,
  WAYS,
} from './layout.js';
import { QNAME_AT, VIEW_SHIFT } from './question-key.js';
import type { StubReader } from './reader.js';
import type { StubMemory } from './stub-memory.js';

/** A writer is through with a set in well under a microsecond; one that was killed there never is. */
const TRIES = 10_000;

const LOOP_OCTETS = 512;

/** One block in memory of its own. Its lengths agree with its size; what it holds is not checked. */
export class BlockView {
  way = 0;
  /** As the slot has it: the unit plus one. */
  place = 0;
  octets: Buffer = Buffer.alloc(0);
  private words = new Int32Array(0);

  /**
   * @param maxUnits from the block to the end of the arena. A writer may have changed the size of the block since
   *   somebody looked at it, so it is read once and checked here
   * @returns whether it was copied
   */
  fill(memory: StubMemory, block: number, maxUnits: number): boolean {
    const units = memory.words[block + BLOCK_UNITS]!;
    if (units < BLOCK_HEAD_OCTETS / UNIT_OCTETS || units > maxUnits) return false;
    const size = units * UNIT_OCTETS;
    if (this.octets.length < size) {
      this.words = new Int32Array(size / 2); // twice what is needed
      this.octets = Buffer.from(this.words.buffer);
    }
    // Most blocks are small: a loop beats the call into Node.
    if (size > LOOP_OCTETS) memory.octets.copy(this.octets, 0, block * 4, block * 4 + size);
    else for (let i = 0; i < size / 4; i++) this.words[i] = memory.words[block + i]!;
    return true;
  }

  private word(at: number): number {
    return this.words[at]!;
  }

  get sizeOctets(): number {
    return this.word(BLOCK_UNITS) * UNIT_OCTETS;
  }
  get hash(): number {
    return this.word(BLOCK_HASH);
  }
  get generation(): number {
    return this.word(BLOCK_GENERATION);
  }
  get wireLength(): number {
    return this.word(BLOCK_LENGTHS) & 0xffff;
  }
  get ownersAreQname(): boolean {
    return (this.word(BLOCK_KEY) & OWNERS_ARE_QNAME) !== 0;
  }
  get keyIsApart(): boolean {
    return (this.word(BLOCK_KEY) & KEY_APART) !== 0;
  }
  get type(): number {
    return this.word(BLOCK_QUESTION) >>> 16;
  }
  get keepUntilMs(): number {
    return this.octets.readDoubleLE(BLOCK_KEEP_UNTIL * 4);
  }
  get storedAtMs(): number {
    return this.octets.readDoubleLE(BLOCK_STORED_AT * 4);
  }

  private get nameAt(): number {
    const lengths = this.word(BLOCK_LENGTHS);
    return this.keyIsApart ? keyApartAt(lengths & 0xffff, lengths >>> 16) : BLOCK_HEAD_OCTETS + QNAME_AT;
  }

  private get nameLength(): number {
    return (this.word(BLOCK_KEY) >>> KEY_LENGTH_SHIFT) & 255;
  }

  get name(): Name {
    const at = this.nameAt;
    return toName(this.octets.latin1Slice(at, at + this.nameLength));
  }

  /** Whether QNAME ends in these octets, which need not begin with a label there. */
  nameEndsIn(end: Name): boolean {
    const from = this.nameLength - end.length;
    if (from < 0) return false;
    const at = this.nameAt + from;
    for (let i = end.length - 1; i >= 0; i--) if (this.octets[at + i] !== end.charCodeAt(i)) return false;
    return true;
  }

  /** The response; valid until the view is filled again. */
  get wire(): Buffer {
    return this.octets.subarray(BLOCK_HEAD_OCTETS, BLOCK_HEAD_OCTETS + this.wireLength);
  }

  info(): StubEntryInfo {
    const bits = this.word(BLOCK_KEY);
    return {
      name: this.name,
      type: this.type,
      class: this.word(BLOCK_QUESTION) & 0xffff,
      do: (bits & 1) !== 0,
      cd: (bits & 2) !== 0,
      view: bits >>> VIEW_SHIFT,
      sizeOctets: this.wireLength,
      storedAtMs: this.storedAtMs,
      keepUntilMs: this.keepUntilMs,
      response: () => this.wire,
    };
  }
}

export class SetCopies {
  private readonly views = Array.from({ length: WAYS }, () => new BlockView());

  constructor(
    private readonly memory: StubMemory,
    private readonly reader: StubReader,
  ) {}

  /** The same, without what this thread does not serve. */
  servedOf(set: number, arena: number): readonly BlockView[] {
    const { generation } = this.reader;
    return this.of(set, arena).filter((view) => view.generation === generation);
  }

  /** Copies what a set leads to. The views are valid until the next call; none when a writer never lets go. */
  of(set: number, arena: number): readonly BlockView[] {
    const { words } = this.memory;
    for (let tries = 0; tries < TRIES; tries++) {
      const version = Atomics.load(words, set + SET_VERSION);
      if ((version & 1) !== 0) continue;
      const count = this.copyAll(set, arena);
      if (this.reader.versionAgain(set) === version) return this.views.slice(0, count);
    }
    return [];
  }

  /**
   * Looks where the blocks are, without a copy, at what nearly all of them are ruled out by.
   *
   * @returns false when every answer of the set is about its QNAME alone, and none of these ends in the octets of `end`
   */
  mayConcern(set: number, arena: number, end: Name): boolean {
    const { words } = this.memory;
    const version = Atomics.load(words, set + SET_VERSION);
    if ((version & 1) !== 0) return true;
    for (let way = 0; way < WAYS; way++) {
      const place = words[set + SET_SLOTS + 2 * way + 1]!;
      if (place === 0 || !this.reader.isBlock(arena, place - 1)) continue;
      if (this.blockMayConcern(arena + (place - 1) * UNIT_WORDS, end)) return true;
    }
    return this.reader.versionAgain(set) !== version;
  }

  /** The same of one block, which the owner must not be changing meanwhile; of a dead one it may say anything. */
  blockMayConcern(block: number, end: Name): boolean {
    const { words, octets } = this.memory;
    const key = words[block + BLOCK_KEY]!;
    if ((key & (OWNERS_ARE_QNAME | KEY_APART)) !== OWNERS_ARE_QNAME) return true;
    const from = ((key >>> KEY_LENGTH_SHIFT) & 255) - end.length;
    if (from < 0) return false;
    const at = block * 4 + BLOCK_HEAD_OCTETS + QNAME_AT + from;
    for (let i = 0; i < end.length; i++) if (octets[at + i] !== end.charCodeAt(i)) return false;
    return true;
  }

  private copyAll(set: number, arena: number): number {
    const { words, layout } = this.memory;
    let count = 0;
    for (let way = 0; way < WAYS; way++) {
      const place = words[set + SET_SLOTS + 2 * way + 1]!;
      if (place === 0 || !this.reader.isBlock(arena, place - 1)) continue;
      const view = this.views[count]!;
      view.way = way;
      view.place = place;
      const maxUnits = layout.arenaUnits - (place - 1);
      if (view.fill(this.memory, arena + (place - 1) * UNIT_WORDS, maxUnits)) count++;
    }
    return count;
  }
}
