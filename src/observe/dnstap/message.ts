/**
 * One dnstap event in Protocol Buffers: the few fields of dnstap.proto that a server has of its clients.
 *
 * Field numbers and kinds are those of the schema at https://dnstap.info; a field that is left out is absent on the wire.
 */
import { addressOctets } from '../../runtime/networks.js';

/** Values of Message.Type. */
export const TapType = { CLIENT_QUERY: 5, CLIENT_RESPONSE: 6 } as const;

export interface TapEvent {
  readonly type: (typeof TapType)[keyof typeof TapType];
  readonly client: { readonly address: string; readonly port: number };
  /** Address that the listener was given. */
  readonly local: string;
  readonly transport: 'udp' | 'tcp';
  /** Wall time in ms, fractions allowed. */
  readonly queryAtMs: number;
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
  const from = addressOctets(event.client.address);
  const to = addressOctets(event.local);
  const isResponse = event.type === TapType.CLIENT_RESPONSE;
  const parts = [
    varint(1, event.type),
    varint(2, from?.length === 16 ? 2 : 1),
    varint(3, event.transport === 'udp' ? 1 : 2),
  ];
  if (from) parts.push(octets(4, from));
  if (to) parts.push(octets(5, to));
  parts.push(varint(6, event.client.port), ...time(8, event.queryAtMs));
  if (!isResponse) parts.push(octets(10, event.message));
  if (event.responseAtMs !== undefined) parts.push(...time(12, event.responseAtMs));
  if (isResponse) parts.push(octets(14, event.message));
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
