/**
 * Between octets in buffers and octet strings.
 *
 * Node's `latin1Slice` and `latin1Write` are what `toString('latin1')` and `write(.., 'latin1')` end in; called
 * directly they skip the look-up of the encoding's name, which is felt on the path of every record.
 * Node has had both since version 6, but its type definitions leave them out, hence the declaration below.
 */
import type { Octets } from '../dns/name.js';

declare global {
  interface Buffer {
    latin1Slice(start?: number, end?: number): string;
    latin1Write(text: string, offset?: number, length?: number): number;
  }
}

/** The same memory as a Buffer; no copy. */
export function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}

/** From here on the call into Node is cheaper than a loop over the chars. */
const LOOP_LIMIT = 24;

/** Writes an octet string at `offset`; returns the offset after it. The caller sees to the room. */
export function writeOctets(buffer: Buffer, offset: number, octets: Octets): number {
  const length = octets.length;
  if (length > LOOP_LIMIT) return offset + buffer.latin1Write(octets, offset, length);
  for (let i = 0; i < length; i++) buffer[offset + i] = octets.charCodeAt(i);
  return offset + length;
}

/** 16 bits, most significant octet first. */
export function u16At(octets: Octets, at: number): number {
  return (octets.charCodeAt(at) << 8) | octets.charCodeAt(at + 1);
}

/** 32 bits, most significant octet first, unsigned. */
export function u32At(octets: Octets, at: number): number {
  return u16At(octets, at) * 65536 + u16At(octets, at + 2);
}

/** `value` as two octets. */
export function u16Octets(value: number): Octets {
  return String.fromCharCode((value >> 8) & 255, value & 255);
}

/** `value` as four octets. */
export function u32Octets(value: number): Octets {
  return u16Octets(Math.floor(value / 65536)) + u16Octets(value % 65536);
}
