/**
 * One dnstap event in Protocol Buffers: the fields of dnstap.proto that this program has of clients and servers.
 *
 * Field numbers and kinds are those of the schema at https://dnstap.info; a field that is left out is absent on the wire.
 */
import type { Octets } from '../../dns/name.js';
import { addressOctets } from '../../runtime/networks.js';

/** Values of Message.Type. */
export const TapType = {
  RESOLVER_QUERY: 3,
  RESOLVER_RESPONSE: 4,
  CLIENT_QUERY: 5,
  CLIENT_RESPONSE: 6,
  FORWARDER_QUERY: 7,
  FORWARDER_RESPONSE: 8,
} as const;

/** One end of an exchange; what is not known is left out. */
export interface TapEnd {
  /** Literal. */
  readonly address: string;
  readonly port?: number;
}

export interface TapEvent {
  readonly type: (typeof TapType)[keyof typeof TapType];
  /** Who asks: a client, or this resolver. */
  readonly asker?: TapEnd | undefined;
  /** Who is asked: this resolver, or a server. */
  readonly asked: TapEnd;
  readonly transport: 'udp' | 'tcp';
  /** The zone that a server is asked for. */
  readonly zone?: Octets | undefined;
  /** Wall time in ms, fractions allowed. */
  readonly queryAtMs: number;
  /** Set in responses. */
  readonly responseAtMs?: number;
  /** The DNS message: of the query or of the response, as the type says. */
  readonly message: Buffer;
}

const VARINT = 0;
const OCTETS = 2;
const FIXED32 = 5;
/** Dnstap.Type. */
const MESSAGE = 1;

/** @param head of this server, see {@link tapHead} */
export function encodeTap(head: Buffer, event: TapEvent): Buffer {
  const message = encodeMessage(event);
  return Buffer.concat([head, octets(14, message), varint(15, MESSAGE)]);
}

/** Identity and version of the server, which every event begins with. */
export function tapHead(identity: string, version: string): Buffer {
  return Buffer.concat([octets(1, Buffer.from(identity)), octets(2, Buffer.from(version))]);
}

function encodeMessage(event: TapEvent): Buffer {
  const { asker, asked, zone, responseAtMs } = event;
  const from = asker && addressOctets(asker.address);
  const to = addressOctets(asked.address);
  const parts = [
    varint(1, event.type),
    varint(2, (from ?? to)?.length === 16 ? 2 : 1),
    varint(3, event.transport === 'udp' ? 1 : 2),
  ];
  if (from) parts.push(octets(4, from));
  if (to) parts.push(octets(5, to));
  if (asker?.port !== undefined) parts.push(varint(6, asker.port));
  if (asked.port !== undefined) parts.push(varint(7, asked.port));
  parts.push(...time(8, event.queryAtMs));
  if (responseAtMs === undefined) parts.push(octets(10, event.message));
  if (zone !== undefined) parts.push(octets(11, Buffer.from(zone, 'latin1')));
  if (responseAtMs !== undefined) parts.push(...time(12, responseAtMs), octets(14, event.message));
  return Buffer.concat(parts);
}

/** Seconds in `field`, nanoseconds in the one after it. */
function time(field: number, atMs: number): Buffer[] {
  const seconds = Math.floor(atMs / 1000);
  const fixed = Buffer.allocUnsafe(4);
  fixed.writeUInt32LE(Math.min(999_999_999, Math.floor((atMs - seconds * 1000) * 1e6)));
  return [varint(field, seconds), Buffer.concat([key(field + 1, FIXED32), fixed])];
}

function octets(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([key(field, OCTETS), number(value.length), value]);
}

function varint(field: number, value: number): Buffer {
  return Buffer.concat([key(field, VARINT), number(value)]);
}

function key(field: number, kind: number): Buffer {
  return number(field * 8 + kind);
}

/** Seven bits an octet, the least first. Numbers up to 2^53. */
function number(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
