/** Puts packets together by hand, so that tests of the reader do not lean on the writer. */
import { nameToOctets } from '../../src/dns/name.js';
import { u16Octets, u32Octets } from '../../src/wire/octets.js';

export interface PacketParts {
  readonly id?: number;
  /** The 16 bits after the ID. */
  readonly flags?: number;
  /** QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT; those left out are 0. */
  readonly counts?: readonly number[];
  /** All that follows the header. */
  readonly body?: string;
}

export function packet({ id = 1, flags = 0x8180, counts = [], body = '' }: PacketParts): Buffer {
  const header = [id, flags, ...[0, 1, 2, 3].map((i) => counts[i] ?? 0)].map(u16Octets).join('');
  return Buffer.from(header + body, 'latin1');
}

/** A question; `name` is text. */
export function question(name: string, type = 1, rrclass = 1): string {
  return nameToOctets(name) + u16Octets(type) + u16Octets(rrclass);
}

/** A record; `owner` and `rdata` are octets as they go on the wire. */
export function record(owner: string, type: number, rdata: string, ttl = 300, rrclass = 1): string {
  return owner + u16Octets(type) + u16Octets(rrclass) + u32Octets(ttl) + u16Octets(rdata.length) + rdata;
}

/** A compression pointer. */
export function pointer(target: number): string {
  return u16Octets(0xc000 | target);
}

/** An OPT record. */
export function opt(options = '', udpSize = 1232, ttl = 0): string {
  return record('\0', 41, options, ttl, udpSize);
}
