/**
 * A million names in little memory: which rule holds for a name, or for the nearest name above it?
 *
 * Names lie one after another in one buffer, found through an open-addressed hash table of offsets; about 11
 * octets a name beside its own. The hash runs over labels from the right, so that one pass over a question probes all its
 * ancestors. Names are compared in full: two names never share a rule by accident of hashing.
 *
 * Used by lists of policy rules. It lies in memory that threads share, so one thread reads a list for all.
 * Limitations: made once and then only read; a change makes a new table.
 */
import { type Name, toName } from '../dns/name.js';
import { bufferOf, sharedOctets, sharedWords } from '../runtime/shared-octets.js';

/** For what a rule at a name counts: the name itself, all below it, or both. */
export type Reach = 'name' | 'below' | 'subtree';

/** Rules are small numbers that the maker gives meaning to, 0 to 255. */
export interface TableEntry {
  readonly name: Name;
  readonly reach: Reach;
  readonly rule: number;
}

const SELF = 1;
const BELOW = 2;
const FLAGS: Record<Reach, number> = { name: SELF, below: BELOW, subtree: SELF | BELOW };
/** Octets in front of a name in the buffer: flags, rule, length. */
const HEAD = 3;
const MAX_LOAD = 0.6;
const FIRST_BUFFER = 4096;
const FIRST_SLOTS = 1024;
/** Of lists as they are: a name in a line. */
const TEXT_OCTETS_PER_NAME = 26;
const BUFFER_PER_TEXT = 1.3;

export class NameTableBuilder {
  private buffer: Buffer;
  private used = 0;
  private slots: Uint32Array;
  /** By slot; only while building, so that growing needs no look at the names. */
  private hashes: Uint32Array;
  private count = 0;

  /** @param textOctets of the list that the names come from, so that growing, which takes long, is seldom needed */
  constructor(textOctets = 0) {
    const slots = Math.max(FIRST_SLOTS, textOctets / TEXT_OCTETS_PER_NAME / MAX_LOAD);
    this.buffer = sharedOctets(Math.max(FIRST_BUFFER, Math.ceil(textOctets * BUFFER_PER_TEXT)));
    this.slots = sharedWords(2 ** Math.ceil(Math.log2(slots)));
    this.hashes = new Uint32Array(this.slots.length);
  }

  /** Adds a rule. The first rule of a name stays; another reach of the same name is added to it. */
  add({ name, reach, rule }: TableEntry): void {
    if (this.count + 1 > this.slots.length * MAX_LOAD) this.grow();
    const hash = hashName(name);
    const slot = probe(this.slots, this.buffer, name, 0, hash);
    if (slot >= 0) {
      const at = this.slots[slot]! - 1;
      if (this.buffer[at + 1] === rule) this.buffer[at] = this.buffer[at]! | FLAGS[reach];
      return;
    }
    const offset = this.append(name, FLAGS[reach], rule);
    const free = slot + this.slots.length;
    this.slots[free] = offset + 1;
    this.hashes[free] = hash;
    this.count++;
  }

  has(name: Name): boolean {
    return probe(this.slots, this.buffer, name, 0, hashName(name)) >= 0;
  }

  /** In the order in which they were added. */
  *names(): Generator<Name> {
    const { buffer } = this;
    for (let at = 0; at < this.used; ) {
      const end = at + HEAD + buffer[at + 2]!;
      yield toName(buffer.latin1Slice(at + HEAD, end));
      at = end;
    }
  }

  build(): NameTableImage {
    // What is left of the buffer was never touched, so that the system has no memory there.
    return { slots: this.slots, octets: this.buffer.subarray(0, this.used), size: this.count };
  }

  private append(name: Name, flags: number, rule: number): number {
    const size = HEAD + name.length;
    if (this.used + size > this.buffer.length) {
      const larger = sharedOctets(Math.max(this.buffer.length * 2, this.used + size));
      this.buffer.copy(larger, 0, 0, this.used);
      this.buffer = larger;
    }
    const offset = this.used;
    this.buffer[offset] = flags;
    this.buffer[offset + 1] = rule;
    this.buffer[offset + 2] = name.length;
    this.buffer.latin1Write(name, offset + HEAD);
    this.used += size;
    return offset;
  }

  private grow(): void {
    const { slots, hashes } = this;
    const mask = slots.length * 2 - 1;
    this.slots = sharedWords(mask + 1);
    this.hashes = new Uint32Array(mask + 1);
    for (let i = 0; i < slots.length; i++) {
      if (slots[i] === 0) continue;
      let index = hashes[i]! & mask;
      while (this.slots[index] !== 0) index = (index + 1) & mask;
      this.slots[index] = slots[i]!;
      this.hashes[index] = hashes[i]!;
    }
  }
}

/** A table as it travels between threads. */
export interface NameTableImage {
  readonly slots: Uint32Array;
  readonly octets: Uint8Array;
  readonly size: number;
}

export interface TableHit {
  /** The name whose rule holds: the question's or one above it. */
  readonly name: Name;
  readonly rule: number;
}

export class NameTable {
  /** Of what `deepest` last found. */
  private foundRule = 0;

  readonly size: number;
  private readonly slots: Uint32Array;
  private readonly buffer: Buffer;

  constructor(image: NameTableImage) {
    this.size = image.size;
    this.slots = image.slots;
    this.buffer = bufferOf(image.octets);
  }

  get octets(): number {
    return this.slots.byteLength + this.buffer.byteLength;
  }

  /** The rule of the nearest name at or above `name`. */
  find(name: Name): TableHit | undefined {
    const start = this.deepest(name, SELF, BELOW);
    return start < 0 ? undefined : { name: name.slice(start) as Name, rule: this.foundRule };
  }

  /** Octets of the longest name above `name` that is here, whatever its reach; 0 when none is. */
  lengthOfAbove(name: Name): number {
    const start = this.deepest(name, 0, SELF | BELOW);
    return start < 0 ? 0 : name.length - start;
  }

  /**
   * Where the longest suffix of `name` begins that is here with one of the wanted flags; -1 when none is.
   * @param own   wanted of the whole name
   * @param above wanted of those above it
   */
  private deepest(name: Name, own: number, above: number): number {
    if (this.size === 0) return -1;
    const { slots, buffer } = this;
    const labels = splitLabels(name);
    let deepest = -1;
    let hash = HASH_START;
    let end = name.length - 1;
    for (let i = labels; i >= 0; i--) {
      const start = i === labels ? end : labelStarts[i]!;
      hash = hashLabel(name, start, end, hash);
      end = start;
      const slot = probe(slots, buffer, name, start, hash);
      if (slot < 0) continue;
      const entry = slots[slot]! - 1;
      if ((buffer[entry]! & (start === 0 ? own : above)) === 0) continue;
      deepest = start;
      this.foundRule = buffer[entry + 1]!;
    }
    return deepest;
  }
}

const HASH_START = 0x811c9dc5;

/** FNV-1a over the octets of one label, its length included. */
function hashLabel(name: Name, start: number, end: number, hash: number): number {
  let h = hash;
  for (let i = start; i < end; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Where the labels of the name last split begin; a name has 127 at most. */
const labelStarts = new Uint8Array(128);

/** Returns how many labels there are. */
function splitLabels(name: Name): number {
  let labels = 0;
  for (let i = 0; i < name.length - 1; i += 1 + name.charCodeAt(i)) labelStarts[labels++] = i;
  return labels;
}

function hashName(name: Name): number {
  let hash = HASH_START;
  let end = name.length - 1;
  for (let i = splitLabels(name) - 1; i >= 0; i--) {
    const start = labelStarts[i]!;
    hash = hashLabel(name, start, end, hash);
    end = start;
  }
  return hash;
}

/** The slot of the name that begins at `start`; with it absent the slot where it would go, less the number of slots. */
function probe(slots: Uint32Array, buffer: Buffer, name: Name, start: number, hash: number): number {
  const mask = slots.length - 1;
  for (let index = hash & mask; ; index = (index + 1) & mask) {
    const entry = slots[index]!;
    if (entry === 0) return index - slots.length;
    if (isAt(buffer, entry - 1, name, start)) return index;
  }
}

function isAt(buffer: Buffer, offset: number, name: Name, start: number): boolean {
  const length = name.length - start;
  if (buffer[offset + 2] !== length) return false;
  for (let i = 0; i < length; i++) if (buffer[offset + HEAD + i] !== name.charCodeAt(start + i)) return false;
  return true;
}
