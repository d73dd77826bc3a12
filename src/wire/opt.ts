/**
 * The OPT pseudo-record: EDNS(0).
 *
 * RFC 6891 6.1. Limitations: of an OPT with more than 64 options the rest is checked but not handed on.
 */
import { RRType } from '../dns/registry.js';
import { Malformed } from './malformed.js';
import type { Edns, EdnsOptionValue } from './message.js';
import { writeOctets } from './octets.js';

/** More options than this are no use to anyone but a flood. */
export const MAX_OPTIONS = 64;
/** Octets of an OPT without options: root name, type, class, TTL, RDLENGTH. */
export const OPT_FIXED_OCTETS = 11;
const DO_BIT = 0x8000;
const NO_OPTIONS: readonly EdnsOptionValue[] = [];

/** Reads the OPT whose CLASS, TTL and RDATA are given. Throws Malformed. */
export function readOpt(wire: Buffer, udpSize: number, ttl: number, offset: number, length: number): Edns {
  return {
    version: (ttl >>> 16) & 0xff,
    udpSize,
    do: (ttl & DO_BIT) !== 0,
    options: length === 0 ? NO_OPTIONS : readOptions(wire, offset, offset + length),
  };
}

function readOptions(wire: Buffer, offset: number, end: number): EdnsOptionValue[] {
  const options: EdnsOptionValue[] = [];
  for (let at = offset; at < end; ) {
    if (at + 4 > end) throw new Malformed('EDNS option is cut short', at);
    const next = at + 4 + wire.readUInt16BE(at + 2);
    if (next > end) throw new Malformed('EDNS option is longer than its OPT', at);
    if (options.length < MAX_OPTIONS) {
      options.push({ code: wire.readUInt16BE(at), data: wire.latin1Slice(at + 4, next) });
    }
    at = next;
  }
  return options;
}

/** Room that the OPT takes. */
export function optSizeOctets(edns: Edns): number {
  let size = OPT_FIXED_OCTETS;
  for (const option of edns.options) size += 4 + option.data.length;
  return size;
}

/** Writes the OPT with the upper 8 bits of `rcode`; returns the offset after it. */
export function writeOpt(buffer: Buffer, offset: number, edns: Edns, rcode: number): number {
  buffer[offset] = 0;
  buffer.writeUInt16BE(RRType.OPT, offset + 1);
  buffer.writeUInt16BE(edns.udpSize, offset + 3);
  buffer[offset + 5] = rcode >> 4;
  buffer[offset + 6] = edns.version;
  buffer.writeUInt16BE(edns.do ? DO_BIT : 0, offset + 7);
  let at = offset + OPT_FIXED_OCTETS;
  for (const { code, data } of edns.options) {
    buffer.writeUInt16BE(code, at);
    buffer.writeUInt16BE(data.length, at + 2);
    at = writeOctets(buffer, at + 4, data);
  }
  buffer.writeUInt16BE(at - offset - OPT_FIXED_OCTETS, offset + 9);
  return at;
}
