/**
 * Where the TTLs of a message lie, so that the stub cache can age an answer without decoding it.
 * RFC 1035 4.1.3, RFC 6891 6.1.3 (the TTL field of OPT is none).
 */
import { RRType } from '../dns/registry.js';
import { HEADER_OCTETS } from './decode.js';
import { skipName } from './names.js';

/** Octets from TYPE to RDLENGTH. */
const FIXED_OCTETS = 10;

/** Offsets of the 32-bit TTLs of all records but OPT, ascending; undefined when the message is malformed. */
export function ttlOffsets(wire: Uint8Array): number[] | undefined {
  if (wire.length < HEADER_OCTETS) return undefined;
  const u16 = (at: number): number => (wire[at]! << 8) | wire[at + 1]!;
  let at = HEADER_OCTETS;
  for (let left = u16(4); left > 0; left--) {
    at = skipName(wire, at);
    if (at === -1 || at + 4 > wire.length) return undefined;
    at += 4;
  }
  const offsets: number[] = [];
  for (let left = u16(6) + u16(8) + u16(10); left > 0; left--) {
    at = skipName(wire, at);
    if (at === -1 || at + FIXED_OCTETS > wire.length) return undefined;
    if (u16(at) !== RRType.OPT) offsets.push(at + 4);
    at += FIXED_OCTETS + u16(at + 8);
    if (at > wire.length) return undefined;
  }
  return at === wire.length ? offsets : undefined;
}
