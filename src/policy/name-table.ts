/**
 * A million names in little memory: which rule holds for a name, or for the nearest name above it?
 *
 * Names lie one after another in one buffer, found through an open-addressed hash table of offsets; about 25
 * octets a name. The hash runs over labels from the right, so that one pass over a question probes all its
 * ancestors. Names are compared in full: two names never share a rule by accident of hashing.
 *
 * Used by lists of policy rules. Limitations: made once and then only read; a change makes a new table.
 */
import type { Name } from '../dns/name.js';

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

export class NameTableBuilder {
  private buffer: Buffer = Buffer.alloc(FIRST_BUFFER);
  private used = 0;
  private slots = new Uint32Array(1024);
  /** By slot; only while building, so that growing needs no look at the names. */
  private hashes = new Uint32Array(1024);
  private count = 0;

  /** Adds a rule. The first rule of a name stays; another reach of the same name is added to it. */
  add({ name, reach, rule }: TableEntry): void {
    if (this.count + 1 > this.slots.length * MAX_LOAD) this.grow();
    const hash = hashName(name);
    const slot = probe(this.slots, this.buffer, name, hash);
    if (slot.found !== 0) {
      const at = slot.found - 1;
      if (this.buffer[at + 1] === rule) this.buffer[at] = this.buffer[at]! | FLAGS[reach];
      return;
    }
    const offset = this.append(name, FLAGS[reach], rule);
    this.slots[slot.index] = offset + 1;
    this.hashes[slot.index] = hash;
    this.count++;
  }

  build(): NameTable {
    return new NameTable(this.slots, this.buffer.subarray(0, this.used), this.count);
  }

  private append(name: Name, flags: number, rule: number): number {
    const size = HEAD + name.length;
    if (this.used + size > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(this.buffer.length * 2, this.used + size));
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
    this.slots = new Uint32Array(mask + 1);
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

export interface TableHit {
  /** The name whose rule holds: the question's or one above it. */
  readonly name: Name;
  readonly rule: number;
}

export class NameTable {
  constructor(
    private readonly slots: Uint32Array,
    private readonly buffer: Buffer,
    readonly size: number,
  ) {}

  get octets(): number {
    return this.slots.byteLength + this.buffer.byteLength;
  }

  /** The rule of the nearest name at or above `name`. */
  find(name: Name): TableHit | undefined {
    if (this.size === 0) return undefined;
    let best: TableHit | undefined;
    for (const { suffix, hash } of suffixes(name)) {
      const { found } = probe(this.slots, this.buffer, suffix, hash);
      if (found === 0) continue;
      const wanted = suffix === name ? SELF : BELOW;
      if ((this.buffer[found - 1]! & wanted) !== 0) best = { name: suffix, rule: this.buffer[found]! };
    }
    return best;
  }
}

/** The suffixes of a name from the top down, with the hash of each. */
function* suffixes(name: Name): IterableIterator<{ suffix: Name; hash: number }> {
  const starts: number[] = [];
  for (let i = 0; i < name.length - 1; i += 1 + name.charCodeAt(i)) starts.push(i);
  let hash = HASH_START;
  let end = name.length - 1;
  for (let i = starts.length - 1; i >= 0; i--) {
    const start = starts[i]!;
    hash = hashLabel(name, start, end, hash);
    end = start;
    yield { suffix: name.slice(start) as Name, hash };
  }
}

const HASH_START = 0x811c9dc5;

/** FNV-1a over the octets of one label, its length included. */
function hashLabel(name: Name, start: number, end: number, hash: number): number {
  let h = hash;
  for (let i = start; i < end; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Where the labels of the name being hashed begin; a name has 127 at most. */
const labelStarts = new Uint8Array(128);

function hashName(name: Name): number {
  let labels = 0;
  for (let i = 0; i < name.length - 1; i += 1 + name.charCodeAt(i)) labelStarts[labels++] = i;
  let hash = HASH_START;
  let end = name.length - 1;
  for (let i = labels - 1; i >= 0; i--) {
    const start = labelStarts[i]!;
    hash = hashLabel(name, start, end, hash);
    end = start;
  }
  return hash;
}

/** Where a name is (`found`, an offset plus one) or, with `found` 0, where it would go. */
function probe(
  slots: Uint32Array,
  buffer: Buffer,
  name: Name,
  hash: number,
): { found: number; index: number } {
  const mask = slots.length - 1;
  for (let index = hash & mask; ; index = (index + 1) & mask) {
    const entry = slots[index]!;
    if (entry === 0) return { found: 0, index };
    if (isAt(buffer, entry - 1, name)) return { found: entry, index };
  }
}

function isAt(buffer: Buffer, offset: number, name: Name): boolean {
  if (buffer[offset + 2] !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (buffer[offset + HEAD + i] !== name.charCodeAt(i)) return false;
  return true;
}
