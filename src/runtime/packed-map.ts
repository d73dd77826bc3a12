/**
 * A map from octet strings to octet strings in memory that threads share: filled once, then only read.
 *
 * Entries lie one after another in one buffer, found through an open-addressed table of their offsets. Nothing is decoded
 * before it is asked for, so a thread that is handed a map of a million entries has nothing to do.
 * Limitations: nobody can change an entry; keys are compared in full, and hashed without a secret, since they come from
 * files of the operator.
 */
import { bufferOf, sharedOctets, sharedWords } from './shared-octets.js';

/** A map as it travels between threads. */
export interface PackedMapImage {
  /** Offsets of entries plus one; 0 is an empty slot. */
  readonly slots: Uint32Array;
  readonly octets: Uint8Array;
  readonly size: number;
}

/** In front of the key: its length and that of the value. */
const HEAD = 8;
const SLOTS_PER_ENTRY = 1.7;
const FIRST_BUFFER = 4096;

export class PackedMapBuilder {
  private buffer = Buffer.alloc(FIRST_BUFFER);
  private used = 0;
  private size = 0;

  /** Appends an entry; no key may come twice. Both are octet strings, one octet per char. */
  add(key: string, value: string): void {
    const end = this.used + HEAD + key.length + value.length;
    if (end > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(this.buffer.length * 2, end));
      this.buffer.copy(larger, 0, 0, this.used);
      this.buffer = larger;
    }
    this.buffer.writeUInt32LE(key.length, this.used);
    this.buffer.writeUInt32LE(value.length, this.used + 4);
    this.buffer.write(key, this.used + HEAD, 'latin1');
    this.buffer.write(value, this.used + HEAD + key.length, 'latin1');
    this.used = end;
    this.size++;
  }

  build(): PackedMapImage {
    const octets = sharedOctets(this.used);
    this.buffer.copy(octets, 0, 0, this.used);
    const slots = sharedWords(2 ** Math.ceil(Math.log2(this.size * SLOTS_PER_ENTRY + 2)));
    const mask = slots.length - 1;
    for (const at of offsets(octets)) {
      const key = keyAt(octets, at);
      let slot = hash(key) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = at + 1;
    }
    return { slots, octets, size: this.size };
  }
}

export class PackedMap {
  readonly size: number;
  private readonly slots: Uint32Array;
  private readonly octets: Buffer;

  constructor(image: PackedMapImage) {
    this.size = image.size;
    this.slots = image.slots;
    this.octets = bufferOf(image.octets);
  }

  /** What it takes in memory. */
  get sizeOctets(): number {
    return this.slots.byteLength + this.octets.byteLength;
  }

  has(key: string): boolean {
    return this.find(key) >= 0;
  }

  get(key: string): string | undefined {
    const at = this.find(key);
    return at < 0 ? undefined : valueAt(this.octets, at);
  }

  /** In the order in which they were added. */
  *keys(): Generator<string> {
    for (const at of offsets(this.octets)) yield keyAt(this.octets, at);
  }

  *entries(): Generator<readonly [key: string, value: string]> {
    for (const at of offsets(this.octets)) yield [keyAt(this.octets, at), valueAt(this.octets, at)];
  }

  private find(key: string): number {
    const { slots, octets } = this;
    const mask = slots.length - 1;
    for (let slot = hash(key) & mask; ; slot = (slot + 1) & mask) {
      const at = slots[slot]! - 1;
      if (at < 0 || isKey(octets, at, key)) return at;
    }
  }
}

function* offsets(octets: Buffer): Generator<number> {
  for (let at = 0; at < octets.length; ) {
    yield at;
    at += HEAD + octets.readUInt32LE(at) + octets.readUInt32LE(at + 4);
  }
}

function keyAt(octets: Buffer, at: number): string {
  return octets.toString('latin1', at + HEAD, at + HEAD + octets.readUInt32LE(at));
}

function valueAt(octets: Buffer, at: number): string {
  const from = at + HEAD + octets.readUInt32LE(at);
  return octets.toString('latin1', from, from + octets.readUInt32LE(at + 4));
}

function isKey(octets: Buffer, at: number, key: string): boolean {
  if (octets.readUInt32LE(at) !== key.length) return false;
  for (let i = 0; i < key.length; i++) if (octets[at + HEAD + i] !== key.charCodeAt(i)) return false;
  return true;
}

/** FNV-1a, its upper bits mixed into those that choose the slot. */
function hash(key: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}
