/**
 * The format of snapshots: its constants, and octets in and out, every read checked.
 *
 * Integers are big-endian; times are IEEE doubles, so that Infinity has a form; strings of octets carry their
 * length in front.
 */
import type { Name, Octets } from '../dns/name.js';
import { isSoundName } from './key.js';
import type { Origin } from './packed-store/origin-packing.js';

/** First octets of a snapshot; one is not ASCII and one is a line end, so that conversions show. */
export const MAGIC = Buffer.from('\x89STRATA\n', 'latin1');
export const VERSION = 2;
/** Magic, version and the time it was made. */
export const HEADER_OCTETS = MAGIC.length + 1 + 8;
/** Kind and length. */
export const RECORD_HEADER_OCTETS = 5;
/** SHA-256. */
export const DIGEST_OCTETS = 32;

/** Kinds of records. `end` has no body and is the last. */
export const Kind = { end: 0, origin: 1, rrset: 2, negative: 3, delegation: 4 } as const;

export interface SnapshotRecord {
  readonly kind: number;
  readonly body: Buffer;
}

/** How the DS of a delegation is given; the place of one is its number. */
export const dsForms = ['unknown', 'none', 'rrset'] as const;

/** The input does not hold what it should. Never leaves the snapshot reader. */
export class UnsoundSnapshot extends Error {}

/** Collects values; `take` gives them as one buffer and starts over. */
export class OctetWriter {
  private buffer = Buffer.allocUnsafe(4096);
  private used = 0;

  get length(): number {
    return this.used;
  }

  uint8(value: number): this {
    this.room(1);
    this.used = this.buffer.writeUInt8(value, this.used);
    return this;
  }

  uint32(value: number): this {
    this.room(4);
    this.used = this.buffer.writeUInt32BE(value, this.used);
    return this;
  }

  float64(value: number): this {
    this.room(8);
    this.used = this.buffer.writeDoubleBE(value, this.used);
    return this;
  }

  octets(octets: Octets): this {
    this.uint32(octets.length);
    this.room(octets.length);
    this.used += this.buffer.latin1Write(octets, this.used);
    return this;
  }

  raw(octets: Uint8Array): this {
    this.room(octets.length);
    this.buffer.set(octets, this.used);
    this.used += octets.length;
    return this;
  }

  take(): Buffer {
    const taken = Buffer.from(this.buffer.subarray(0, this.used));
    this.used = 0;
    return taken;
  }

  private room(octets: number): void {
    if (this.used + octets <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.used + octets));
    this.buffer.copy(larger, 0, 0, this.used);
    this.buffer = larger;
  }
}

/** Reads values in sequence. Each method throws {@link UnsoundSnapshot} when the input ends too early. */
export class OctetReader {
  private at = 0;

  constructor(private readonly buffer: Buffer) {}

  get left(): number {
    return this.buffer.length - this.at;
  }

  uint8(): number {
    return this.buffer.readUInt8(this.advance(1));
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.advance(4));
  }

  /** A time in ms, or Infinity; not NaN. */
  float64(): number {
    const value = this.buffer.readDoubleBE(this.advance(8));
    if (Number.isNaN(value)) throw new UnsoundSnapshot();
    return value;
  }

  octets(): Octets {
    const length = this.uint32();
    const start = this.advance(length);
    return this.buffer.latin1Slice(start, start + length);
  }

  raw(length: number): Buffer {
    const start = this.advance(length);
    return this.buffer.subarray(start, start + length);
  }

  end(): void {
    if (this.left !== 0) throw new UnsoundSnapshot();
  }

  private advance(length: number): number {
    const start = this.at;
    if (length > this.buffer.length - start) throw new UnsoundSnapshot();
    this.at = start + length;
    return start;
  }
}

const transports: readonly Origin['transport'][] = ['none', 'udp', 'tcp'];

/** An origin; what it may lack is written as an empty string, which is no name. */
export function writeOrigin(out: OctetWriter, origin: Origin): void {
  const { server, serverName = '', transport, zone, question } = origin;
  out.octets(server).octets(serverName).uint8(transports.indexOf(transport)).octets(zone);
  out.octets(question?.name ?? '').uint32((question?.type ?? 0) * 65_536 + (question?.class ?? 0));
}

/** @throws {UnsoundSnapshot} */
export function readOrigin(reader: OctetReader): Origin {
  const server = reader.octets();
  const serverName = readNameOrNothing(reader);
  const transport = transports[reader.uint8()];
  const zone = readName(reader);
  const name = readNameOrNothing(reader);
  const typeAndClass = reader.uint32();
  reader.end();
  if (transport === undefined) throw new UnsoundSnapshot();
  const question = name && { name, type: typeAndClass >>> 16, class: typeAndClass & 0xffff };
  return { server, serverName, transport, zone, question };
}

function readNameOrNothing(reader: OctetReader): Name | undefined {
  const octets = reader.octets();
  if (octets === '') return undefined;
  if (!isSoundName(octets)) throw new UnsoundSnapshot();
  return octets;
}

/** @throws {UnsoundSnapshot} */
export function readName(reader: OctetReader): Name {
  const name = readNameOrNothing(reader);
  if (name === undefined) throw new UnsoundSnapshot();
  return name;
}
