/**
 * Which held responses say that something does not exist.
 */
import { skipName } from '../wire/names.js';

const HEADER_OCTETS = 12;
const FIXED_OCTETS = 10;
const NXDOMAIN = 3;
const ANY = 255;

/**
 * True for NXDOMAIN and NODATA: nothing of the type that was asked for, though aliases may lead there.
 * @param wire a well-formed response with one question
 */
export function isNegativeAnswer(wire: Uint8Array): boolean {
  const u16 = (at: number): number => (wire[at]! << 8) | wire[at + 1]!;
  const rcode = wire[3]! & 15;
  if (rcode !== 0) return rcode === NXDOMAIN;
  if (u16(4) !== 1) return false;
  const nameEnd = skipName(wire, HEADER_OCTETS);
  const qtype = u16(nameEnd);
  let at = nameEnd + 4;
  for (let left = u16(6); left > 0; left--) {
    const owner = skipName(wire, at);
    if (qtype === ANY || u16(owner) === qtype) return false;
    at = owner + FIXED_OCTETS + u16(owner + 8);
  }
  return true;
}
