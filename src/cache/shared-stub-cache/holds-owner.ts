/**
 * Which names a held response speaks of, for purges.
 */
import { type Name, toName } from '../../dns/name.js';
import { readName, skipName } from '../../wire/names.js';

const HEADER_OCTETS = 12;
const FIXED_OCTETS = 10;

/** True when a record of the answer or authority section has an owner and type that `concerns` takes. */
export function holdsOwner(wire: Buffer, concerns: (owner: Name, type: number) => boolean): boolean {
  let at = HEADER_OCTETS;
  for (let left = wire.readUInt16BE(4); left > 0; left--) {
    const question = readName(wire, at);
    if (!question.ok) return true; // unreadable: better gone
    at = question.end + 4;
  }
  for (let left = wire.readUInt16BE(6) + wire.readUInt16BE(8); left > 0; left--) {
    const owner = readName(wire, at);
    if (!owner.ok || owner.end + FIXED_OCTETS > wire.length) return true;
    if (concerns(toName(owner.octets), wire.readUInt16BE(owner.end))) return true;
    at = owner.end + FIXED_OCTETS + wire.readUInt16BE(owner.end + 8);
  }
  return false;
}

/** True when every owner is a compression pointer to the question. The message is well-formed. */
export function ownersAreQuestion(wire: Uint8Array): boolean {
  const u16 = (at: number): number => (wire[at]! << 8) | wire[at + 1]!;
  if (u16(4) !== 1) return false;
  let at = skipName(wire, HEADER_OCTETS) + 4;
  for (let left = u16(6) + u16(8) + u16(10); left > 0; left--) {
    if (u16(at) !== (0xc000 | HEADER_OCTETS)) return false;
    at += 2 + FIXED_OCTETS + u16(at + 2 + 8);
  }
  return true;
}
