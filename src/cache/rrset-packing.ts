/**
 * RRsets packed into one octet string each.
 *
 * An RRset as an object with arrays of strings takes about 200 octets of heap over its content, packed about
 * 20. Caches hold the packed form and unpack on a hit; what comes out is made of slices of the packed string,
 * which is small and belongs to the cache, so that costs no copy. Dumps hold the same form.
 *
 * Records: TTL (4 octets), number of RDATAs (2), of signatures (2), then each as length (2) and octets.
 * An RRset: its name, type (2), class (2), records.
 */
import { MAX_NAME_OCTETS, type Name, type Octets } from '../dns/name.js';
import type { RRset } from '../dns/rrset.js';

/** Largest packed form. Four times a DNS message, since names in RDATA are expanded. */
export const MAX_PACKED_OCTETS = 262_144;
const MAX_UINT16 = 65_535;

/** Shared by all packing; nothing outlives the call that wrote it. */
const scratch = Buffer.allocUnsafeSlow(MAX_PACKED_OCTETS);
const none: readonly Octets[] = Object.freeze([]);

/** A packed string and a place in it. */
export interface PackedReader {
  readonly packed: Octets;
  at: number;
}

/**
 * The records of `rrset`, without its name, type and class, and then whole RRsets.
 * @returns undefined when it would be larger than 256 kB
 */
export function packRecords(rrset: RRset, others: readonly RRset[] = []): Octets | undefined {
  let size = recordsSize(rrset);
  for (const other of others) size += other.name.length + 4 + recordsSize(other);
  if (size > MAX_PACKED_OCTETS) return undefined;
  let at = writeRecords(0, rrset);
  for (const other of others) at = writeRRset(at, other);
  return scratch.latin1Slice(0, at);
}

/** Whole RRsets; undefined when they would be larger than 256 kB. */
export function packRRsets(rrsets: readonly RRset[]): Octets | undefined {
  let size = 0;
  for (const rrset of rrsets) size += rrset.name.length + 4 + recordsSize(rrset);
  if (size > MAX_PACKED_OCTETS) return undefined;
  let at = 0;
  for (const rrset of rrsets) at = writeRRset(at, rrset);
  return scratch.latin1Slice(0, at);
}

function recordsSize({ rdatas, signatures }: RRset): number {
  if (rdatas.length > MAX_UINT16 || signatures.length > MAX_UINT16) return Infinity;
  let size = 8;
  for (const rdata of rdatas) size += rdata.length > MAX_UINT16 ? Infinity : 2 + rdata.length;
  for (const rdata of signatures) size += rdata.length > MAX_UINT16 ? Infinity : 2 + rdata.length;
  return size;
}

function writeRRset(start: number, rrset: RRset): number {
  let at = start + scratch.latin1Write(rrset.name, start);
  at = scratch.writeUInt16BE(rrset.type, at);
  at = scratch.writeUInt16BE(rrset.class, at);
  return writeRecords(at, rrset);
}

function writeRecords(start: number, rrset: RRset): number {
  let at = scratch.writeUInt32BE(rrset.ttlSec, start);
  at = scratch.writeUInt16BE(rrset.rdatas.length, at);
  at = scratch.writeUInt16BE(rrset.signatures.length, at);
  for (const rdata of rrset.rdatas) at = writeRdata(at, rdata);
  for (const rdata of rrset.signatures) at = writeRdata(at, rdata);
  return at;
}

function writeRdata(start: number, rdata: Octets): number {
  const at = scratch.writeUInt16BE(rdata.length, start);
  return at + scratch.latin1Write(rdata, at);
}

/** Reads what {@link packRecords} wrote first, under the given identity. The input must be sound. */
export function unpackRecords(reader: PackedReader, name: Name, type: number, cls: number): RRset {
  const { packed, at } = reader;
  const ttlSec = u16(packed, at) * 65_536 + u16(packed, at + 2);
  const rdataCount = u16(packed, at + 4);
  const signatureCount = u16(packed, at + 6);
  reader.at = at + 8;
  const rdatas = readStrings(reader, rdataCount);
  return { name, type, class: cls, ttlSec, rdatas, signatures: readStrings(reader, signatureCount) };
}

/** Moves past what {@link unpackRecords} would read. */
export function skipRecords(reader: PackedReader): void {
  const { packed } = reader;
  let left = u16(packed, reader.at + 4) + u16(packed, reader.at + 6);
  for (reader.at += 8; left > 0; left--) reader.at += 2 + u16(packed, reader.at);
}

/** Reads whole RRsets to the end of the packed string. The input must be sound. */
export function unpackRRsets(reader: PackedReader): readonly RRset[] {
  const rrsets: RRset[] = [];
  while (reader.at < reader.packed.length) {
    const name = readName(reader);
    const type = u16(reader.packed, reader.at);
    const cls = u16(reader.packed, reader.at + 2);
    reader.at += 4;
    rrsets.push(unpackRecords(reader, name, type, cls));
  }
  return rrsets;
}

/**
 * True when octets from outside are what {@link packRecords} (`records`) or {@link packRRsets} (`rrsets`)
 * write, so that the readers here can take them. A set of `records` holds at least one RDATA.
 */
export function isSoundPacked(packed: Octets, form: 'records' | 'rrsets'): boolean {
  let at = 0;
  if (form === 'records') at = soundRecordsEnd(packed, 0);
  while (at !== -1 && at < packed.length) {
    const nameEnd = soundNameEnd(packed, at);
    at = nameEnd === -1 ? -1 : soundRecordsEnd(packed, nameEnd + 4);
  }
  return at === packed.length;
}

/** Where the records that start at `start` end; -1 when they are not whole. */
function soundRecordsEnd(packed: Octets, start: number): number {
  if (start + 8 > packed.length) return -1;
  const rdatas = u16(packed, start + 4);
  let at = start + 8;
  for (let left = rdatas + u16(packed, start + 6); left > 0; left--) {
    if (at + 2 > packed.length) return -1;
    at += 2 + u16(packed, at);
  }
  return rdatas === 0 || at > packed.length ? -1 : at;
}

function soundNameEnd(packed: Octets, start: number): number {
  for (let at = start; at < packed.length && at - start < MAX_NAME_OCTETS; ) {
    const length = packed.charCodeAt(at);
    at += 1 + length;
    if (length === 0) return at;
    if (length > 63) return -1;
  }
  return -1;
}

function readName(reader: PackedReader): Name {
  const { packed, at: start } = reader;
  let at = start;
  for (let length = packed.charCodeAt(at); length > 0; length = packed.charCodeAt(at)) at += 1 + length;
  reader.at = at + 1;
  return packed.slice(start, at + 1) as Name;
}

function readStrings(reader: PackedReader, count: number): readonly Octets[] {
  if (count === 0) return none;
  const { packed } = reader;
  const strings = new Array<Octets>(count);
  for (let i = 0; i < count; i++) {
    const start = reader.at + 2;
    reader.at = start + u16(packed, reader.at);
    strings[i] = packed.slice(start, reader.at);
  }
  return strings;
}

function u16(octets: Octets, at: number): number {
  return (octets.charCodeAt(at) << 8) | octets.charCodeAt(at + 1);
}
