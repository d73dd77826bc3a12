/**
 * Domain names on the wire: reading with decompression, skipping, writing without compression.
 *
 * On a query's way: under every other reader of this folder, so it sees each octet of a name an attacker sends.
 * A compression pointer must point strictly backwards, before the place where the part that holds it began,
 * so no chain of them has a cycle. A name has at most 255 octets (hence at most 127 labels) and at most 127
 * pointers, so reading it has a fixed bound whatever the message's size. Label types 01 and 10 are refused.
 *
 * RFC 1035 3.1 and 4.1.4, RFC 9267 (what goes wrong here), RFC 6891 5 (extended label types are dead).
 * Limitations: pointers may point at any earlier octet, not only at a name that was read before.
 */
import { MAX_NAME_OCTETS, type Name, type Octets } from '../dns/name.js';
import { Malformed } from './malformed.js';
import { asBuffer, writeOctets } from './octets.js';

const POINTER = 0xc0;
const MAX_POINTERS = 127;

/** A name that was read, its letter case kept, and the offset after it; or what is wrong and where. */
export type NameRead =
  | { readonly ok: true; readonly octets: Octets; readonly end: number }
  | { readonly ok: false; readonly reason: string; readonly offset: number };

/** Reads one name of a message. Never throws. */
export function readName(wire: Uint8Array, offset: number): NameRead {
  try {
    const reader = new NameReader(asBuffer(wire));
    const octets = reader.read(offset);
    return { ok: true, octets, end: reader.end };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { ok: false, reason: error.reason, offset: Math.min(error.offset, wire.length) };
  }
}

/** Writes a name without compression; returns the offset after it. */
export function writeName(buffer: Buffer, offset: number, name: Octets): number {
  return writeOctets(buffer, offset, name);
}

/** ASCII fold of an octet. */
export function foldOctet(octet: number): number {
  return octet >= 65 && octet <= 90 ? octet + 32 : octet;
}

/** Shared by all readers; no read outlives the call that began it. */
const scratch = Buffer.alloc(MAX_NAME_OCTETS + 1);

/**
 * Reads names out of one message. `end` is the offset after the name read last.
 * @throws {Malformed}
 */
export class NameReader {
  end = 0;
  /**
   * Octets before this offset are folded to lower case when a pointer leads to them. The decoder sets it to
   * the end of the question: its letter case is the asker's (it may be random, 0x20), not that of the data.
   */
  foldBefore = 0;

  constructor(private readonly wire: Buffer) {}

  /** The name at `offset`, letter case kept but for `foldBefore`. */
  read(offset: number): Octets {
    const at = this.endOfPart(offset);
    if (this.wire[at] === 0) {
      this.end = at + 1;
      if (this.end - offset > MAX_NAME_OCTETS) throw new Malformed('name is longer than 255 octets', offset);
      return this.wire.latin1Slice(offset, this.end);
    }
    return scratch.latin1Slice(0, this.gather(offset, at, scratch, 0));
  }

  /** Writes the name at `offset` to `target`, decompressed; returns the offset in `target` after it. */
  copy(offset: number, target: Buffer, targetAt: number): number {
    return this.gather(offset, this.endOfPart(offset), target, targetAt);
  }

  /** Copies the labels from `start` to the pointer or root at `at`, then those that the pointer leads to. */
  private gather(start: number, at: number, target: Buffer, targetAt: number): number {
    const { wire } = this;
    const limit = targetAt + MAX_NAME_OCTETS - 1; // room for the root label
    let size = targetAt;
    let partStart = start;
    let partEnd = at;
    for (let pointers = 0; ; pointers++) {
      if (size + partEnd - partStart > limit) throw new Malformed('name is longer than 255 octets', start);
      this.copyPart(partStart, partEnd, target, size);
      size += partEnd - partStart;
      if (wire[partEnd] === 0) break;
      if (pointers === MAX_POINTERS) throw new Malformed('name has too many compression pointers', start);
      const low = wire[partEnd + 1];
      if (low === undefined) throw new Malformed('compression pointer is cut short', partEnd);
      const next = ((wire[partEnd]! & 0x3f) << 8) | low;
      if (next >= partStart) throw new Malformed('compression pointer does not point backwards', partEnd);
      partStart = next;
      partEnd = this.endOfPart(next);
    }
    target[size] = 0;
    this.end = wire[at] === 0 ? at + 1 : at + 2;
    return size + 1;
  }

  /** Offset of the root label or of the pointer that ends the run of labels at `offset`. */
  private endOfPart(offset: number): number {
    for (let at = offset; ; ) {
      const length = this.wire[at];
      if (length === undefined) throw new Malformed('name is cut short', at);
      if (length === 0 || length >= POINTER) return at;
      if (length > 63) throw new Malformed('label type is not known', at);
      at += length + 1;
      if (at - offset > MAX_NAME_OCTETS) throw new Malformed('name is longer than 255 octets', offset);
    }
  }

  private copyPart(start: number, end: number, target: Buffer, targetAt: number): void {
    const { wire } = this;
    const shift = targetAt - start;
    if (start < this.foldBefore) {
      for (let i = start; i < end; i++) target[i + shift] = foldOctet(wire[i]!);
    } else {
      for (let i = start; i < end; i++) target[i + shift] = wire[i]!;
    }
  }
}

/**
 * The canonical name, as `toName` gives it, but as one flat string: names read here live in caches, and a string
 * that was put together from pieces keeps them alive.
 */
export function foldName(octets: Octets): Name {
  let i = 0;
  while (i < octets.length && foldOctet(octets.charCodeAt(i)) === octets.charCodeAt(i)) i++;
  if (i === octets.length) return octets as Name;
  for (i = 0; i < octets.length; i++) scratch[i] = foldOctet(octets.charCodeAt(i));
  return scratch.latin1Slice(0, octets.length) as Name;
}

/** Offset after the name at `offset`, its pointer not followed; -1 when it is broken or runs past the end. */
export function skipName(wire: Uint8Array, offset: number): number {
  for (let at = offset; ; ) {
    const length = wire[at];
    if (length === undefined) return -1;
    if (length === 0) return at + 1;
    if (length >= POINTER) return at + 2 <= wire.length ? at + 2 : -1;
    if (length > 63) return -1;
    at += length + 1;
    if (at - offset > MAX_NAME_OCTETS) return -1;
  }
}

/** Offset after the uncompressed name at `at` of an octet string; -1 when there is no valid one. */
export function endOfName(octets: Octets, at: number): number {
  for (let i = at; i < octets.length; ) {
    const length = octets.charCodeAt(i);
    if (length > 63) return -1;
    i += length + 1;
    if (i - at > MAX_NAME_OCTETS) return -1;
    if (length === 0) return i;
  }
  return -1;
}
