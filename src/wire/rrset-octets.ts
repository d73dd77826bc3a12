/**
 * The RRsets of one owner as an octet string, and back: how local data lies in memory that threads share.
 *
 * Each RRset is type and class (16 bits each), TTL, and how many RDATA and RRSIGs follow (32 bits each); each of these has
 * its length (16 bits) in front. The owner is the key that the string is kept under.
 */
import type { Name, Octets } from '../dns/name.js';
import type { RRset } from '../dns/rrset.js';
import { u16At, u16Octets, u32At, u32Octets } from './octets.js';

const HEAD_OCTETS = 16;

export function packRRsets(rrsets: Iterable<Omit<RRset, 'name'>>): Octets {
  let packed = '';
  for (const { type, class: rrClass, ttlSec, rdatas, signatures } of rrsets) {
    packed += u16Octets(type) + u16Octets(rrClass) + u32Octets(ttlSec);
    packed += u32Octets(rdatas.length) + u32Octets(signatures.length);
    for (const rdata of rdatas) packed += u16Octets(rdata.length) + rdata;
    for (const rdata of signatures) packed += u16Octets(rdata.length) + rdata;
  }
  return packed;
}

/** @param name their owner */
export function unpackRRsets(packed: Octets, name: Name): RRset[] {
  const rrsets: RRset[] = [];
  for (let at = 0; at < packed.length; ) {
    const rdataCount = u32At(packed, at + 8);
    const signatureCount = u32At(packed, at + 12);
    const all: Octets[] = [];
    let next = at + HEAD_OCTETS;
    while (all.length < rdataCount + signatureCount) {
      const end = next + 2 + u16At(packed, next);
      all.push(packed.slice(next + 2, end));
      next = end;
    }
    rrsets.push({
      name,
      type: u16At(packed, at),
      class: u16At(packed, at + 2),
      ttlSec: u32At(packed, at + 4),
      rdatas: all.slice(0, rdataCount),
      signatures: all.slice(rdataCount),
    });
    at = next;
  }
  return rrsets;
}
