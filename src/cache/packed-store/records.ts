/**
 * The records of entries in a segment log: their layout, and octets in and out.
 *
 * Four words: slot; size in units of 8 octets (16 bits) and hits (16); length of the key (16) and of the packed origin
 * (16); length of what is packed (20), status (7). Three doubles: stored, expires, lease, in wall ms. Then key, packed,
 * origin, and up to 7 octets of nothing.
 */
import type { Octets } from '../../dns/name.js';
import type { EntryFields, EntryTimes } from '../packed-entry.js';
import { SegmentLog } from './segment-log.js';

const HEADER_OCTETS = 40;
const MAX_HITS = 0xffff;
const STATUS_SHIFT = 20;
const PACKED_MASK = (1 << STATUS_SHIFT) - 1;
/** Strings up to so many octets are copied faster by a loop than by a call. */
const LOOP_OCTETS = 24;

/** Octets of a record with strings of these lengths. */
export function recordOctets(key: number, packed: number, origin: number): number {
  return (HEADER_OCTETS + key + packed + origin + 7) & ~7;
}

/** Reads and writes the record that the log points to. */
export class Records extends SegmentLog {
  /** @returns the place of the new record */
  add(slot: number, key: Octets, packed: Octets, origin: Octets, times: EntryTimes, status: number): number {
    const place = this.append(slot, recordOctets(key.length, packed.length, origin.length));
    const { segment, at } = this;
    const word = at >> 2;
    segment.words[word + 2] = (key.length << 16) | origin.length;
    segment.words[word + 3] = (status << STATUS_SHIFT) | packed.length;
    const double = (at >> 3) + 2;
    segment.doubles[double] = times.storedAtMs;
    segment.doubles[double + 1] = times.expiresAtMs;
    segment.doubles[double + 2] = times.leaseUntilMs;
    const start = at + HEADER_OCTETS;
    write(segment.octets, key, start);
    write(segment.octets, packed, start + key.length);
    write(segment.octets, origin, start + key.length + packed.length);
    return place;
  }

  get expiresAtMs(): number {
    return this.segment.doubles[(this.at >> 3) + 3]!;
  }

  get leaseUntilMs(): number {
    return this.segment.doubles[(this.at >> 3) + 4]!;
  }

  get status(): number {
    return this.segment.words[(this.at >> 2) + 3]! >>> STATUS_SHIFT;
  }

  addStatus(bits: number): void {
    this.segment.words[(this.at >> 2) + 3]! |= bits << STATUS_SHIFT;
  }

  /** Two octets of type, as key.ts has them at the end of a key, before two of class. */
  get type(): number {
    const { octets } = this.segment;
    const at = this.at + HEADER_OCTETS + this.keyLength - 4;
    return (octets[at]! << 8) | octets[at + 1]!;
  }

  get keyLength(): number {
    return this.segment.words[(this.at >> 2) + 2]! >>> 16;
  }

  countHit(): void {
    const { words } = this.segment;
    const word = (this.at >> 2) + 1;
    if (words[word]! >>> 16 < MAX_HITS) words[word]! += 0x10000;
  }

  set hits(hits: number) {
    const { words } = this.segment;
    const word = (this.at >> 2) + 1;
    words[word] = (words[word]! & 0xffff) | (hits << 16);
  }

  hasKey(key: Octets): boolean {
    if (this.keyLength !== key.length) return false;
    const { octets } = this.segment;
    const start = this.at + HEADER_OCTETS;
    for (let i = key.length - 1; i >= 0; i--) if (octets[start + i] !== key.charCodeAt(i)) return false;
    return true;
  }

  /** Whether the key's name is `name`, or with `subtree` also one below it. */
  isNamed(name: Octets, subtree: boolean): boolean {
    const nameLength = this.keyLength - 4;
    if (subtree ? nameLength < name.length : nameLength !== name.length) return false;
    const { octets } = this.segment;
    const start = this.at + HEADER_OCTETS;
    const above = start + nameLength - name.length;
    for (let i = 0; i < name.length; i++) if (octets[above + i] !== name.charCodeAt(i)) return false;
    let label = start;
    while (label < above) label += 1 + octets[label]!;
    return label === above;
  }

  key(): Octets {
    const start = this.at + HEADER_OCTETS;
    return this.segment.octets.latin1Slice(start, start + this.keyLength);
  }

  /** All but the key, in strings of their own. */
  fields(): EntryFields {
    const { segment, at } = this;
    const word = at >> 2;
    const double = (at >> 3) + 2;
    const lengths = segment.words[word + 2]!;
    const last = segment.words[word + 3]!;
    const packedAt = at + HEADER_OCTETS + (lengths >>> 16);
    const originAt = packedAt + (last & PACKED_MASK);
    return {
      packed: segment.octets.latin1Slice(packedAt, originAt),
      packedOrigin: segment.octets.latin1Slice(originAt, originAt + (lengths & 0xffff)),
      storedAtMs: segment.doubles[double]!,
      expiresAtMs: segment.doubles[double + 1]!,
      leaseUntilMs: segment.doubles[double + 2]!,
      status: last >>> STATUS_SHIFT,
      hits: segment.words[word + 1]! >>> 16,
    };
  }
}

function write(octets: Buffer, string: Octets, at: number): void {
  if (string.length > LOOP_OCTETS) octets.latin1Write(string, at);
  else for (let i = 0; i < string.length; i++) octets[at + i] = string.charCodeAt(i);
}
