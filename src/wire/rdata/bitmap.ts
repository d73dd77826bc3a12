/**
 * The type bitmap of NSEC, NSEC3 and CSYNC: windows of 256 types, each with up to 32 octets.
 * RFC 4034 4.1.2, RFC 5155 3.2.1, RFC 7477 2.1.1.2.
 * Limitations: zero octets at a window's end are let through when read, though they should not be sent; such a
 * bitmap has no text form.
 */
import type { Octets } from '../../dns/name.js';
import { formatType, parseType } from '../../dns/registry.js';
import { type Field, rest } from './field.js';

/** Offset after the bitmap, which is the end of `rdata`; -1 when its windows are out of order or do not fit. */
function endOfBitmap(rdata: Octets, from: number): number {
  let last = -1;
  let at = from;
  while (at < rdata.length) {
    const window = rdata.charCodeAt(at);
    const length = rdata.charCodeAt(at + 1);
    if (window <= last || !(length >= 1 && length <= 32)) return -1;
    last = window;
    at += 2 + length;
  }
  return at === rdata.length ? at : -1;
}

/** The types whose bits are set, in ascending order. `bitmap` must be well formed. */
export function bitmapTypes(bitmap: Octets): number[] {
  const types: number[] = [];
  for (let at = 0; at < bitmap.length; ) {
    const window = bitmap.charCodeAt(at) * 256;
    const length = bitmap.charCodeAt(at + 1);
    for (let bit = 0; bit < length * 8; bit++) {
      if (bitmap.charCodeAt(at + 2 + (bit >> 3)) & (0x80 >> (bit & 7))) types.push(window + bit);
    }
    at += 2 + length;
  }
  return types;
}

/** True when the bit of `type` is set in the bitmap that starts at `from`. `rdata` must be well formed. */
export function bitmapHas(rdata: Octets, from: number, type: number): boolean {
  for (let at = from; at < rdata.length; at += 2 + rdata.charCodeAt(at + 1)) {
    if (rdata.charCodeAt(at) !== type >> 8) continue;
    const octet = (type & 255) >> 3;
    return (
      octet < rdata.charCodeAt(at + 1) && (rdata.charCodeAt(at + 2 + octet) & (0x80 >> (type & 7))) !== 0
    );
  }
  return false;
}

/** The bitmap with the bits of `types` set. */
export function encodeBitmap(types: Iterable<number>): Octets {
  const windows = new Map<number, Uint8Array>();
  for (const type of types) {
    const octets = windows.get(type >> 8) ?? new Uint8Array(32);
    windows.set(type >> 8, octets);
    octets[(type & 255) >> 3]! |= 0x80 >> (type & 7);
  }
  let out = '';
  for (const [window, octets] of [...windows].sort(([a], [b]) => a - b)) {
    const length = octets.findLastIndex((octet) => octet !== 0) + 1;
    out += String.fromCharCode(window, length, ...octets.subarray(0, length));
  }
  return out;
}

/** A type bitmap to the end; it may be empty. */
export function bitmap(label: string): Field {
  const base = rest(
    label,
    0,
    (octets) => {
      const types = bitmapTypes(octets);
      return encodeBitmap(types) === octets ? types.map(formatType).join(' ') : undefined;
    },
    (tokens) => {
      const types: number[] = [];
      while (!tokens.atEnd) {
        const { text } = tokens.next(label);
        const type = parseType(text);
        if (type === undefined) throw tokens.fail('BAD_TYPE', `${label}: "${text}" is not an RR type`);
        types.push(type);
      }
      return encodeBitmap(types);
    },
  );
  return { ...base, end: endOfBitmap };
}
