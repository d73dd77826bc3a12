/**
 * Delegations packed into two octet strings each.
 *
 * As objects with arrays of strings they were most of what a walk leaves behind, and so of what the garbage
 * collector moves. The cache holds the packed form and unpacks on use; what comes out is made of slices of it.
 *
 * Servers: their number (2 octets), then for each its name, its addresses and its spare ones; a list is its
 * number (1) and the strings, a string its length (1) and octets. RRsets, of the DS and of what denies it, are in
 * the form of rrset-packing.ts.
 */
import type { Name, Octets } from '../dns/name.js';
import type { Delegation, DelegationServer } from './delegation.js';
import { securities } from './packed-entry.js';
import { packRRsets, unpackRRsets } from './rrset-packing.js';
import { dsForms } from './snapshot-codec.js';

export interface PackedDelegation {
  readonly servers: Octets;
  /** The DS RRset, if there is one, and the proof. */
  readonly rrsets: Octets;
  /** Place in {@link dsForms}, and from bit 2 in {@link securities}. */
  readonly status: number;
}

/** Some hundred servers with all their addresses; a message holds no more. */
const MAX_SERVERS_OCTETS = 131_072;
const MAX_UINT8 = 255;
const MAX_UINT16 = 65_535;

/** Shared by all packing; nothing outlives the call that wrote it. */
const scratch = Buffer.allocUnsafeSlow(MAX_SERVERS_OCTETS);
const none: readonly string[] = Object.freeze([]);

/** Undefined when it is too large, which none is that came in a message. */
export function packDelegation({ servers, ds, dsProof, security }: Delegation): PackedDelegation | undefined {
  const packedServers = packServers(servers);
  const hasDs = typeof ds !== 'string';
  const rrsets = hasDs || dsProof.length > 0 ? packRRsets(hasDs ? [ds, ...dsProof] : dsProof) : '';
  if (packedServers === undefined || rrsets === undefined) return undefined;
  const status = dsForms.indexOf(hasDs ? 'rrset' : ds) | (securities.indexOf(security) << 2);
  return { servers: packedServers, rrsets, status };
}

function packServers(servers: readonly DelegationServer[]): Octets | undefined {
  let size = 2;
  for (const { name, addresses, spare } of servers)
    size += sizeOfString(name) + sizeOfList(addresses) + (spare ? sizeOfList(spare) : 1);
  if (size > MAX_SERVERS_OCTETS || servers.length > MAX_UINT16) return undefined;
  let at = scratch.writeUInt16BE(servers.length, 0);
  for (const { name, addresses, spare } of servers)
    at = writeList(writeList(writeString(at, name), addresses), spare ?? none);
  return scratch.latin1Slice(0, at);
}

function sizeOfList(strings: readonly string[]): number {
  let size = strings.length > MAX_UINT8 ? Infinity : 1;
  for (const one of strings) size += sizeOfString(one);
  return size;
}

function sizeOfString({ length }: string): number {
  return length > MAX_UINT8 ? Infinity : 1 + length;
}

function writeList(start: number, strings: readonly string[]): number {
  scratch[start] = strings.length;
  let at = start + 1;
  for (const one of strings) at = writeString(at, one);
  return at;
}

/** Octet by octet: these strings are so short that a call out of JavaScript costs more. */
function writeString(start: number, text: string): number {
  scratch[start] = text.length;
  let at = start + 1;
  for (let i = 0; i < text.length; i++) scratch[at++] = text.charCodeAt(i);
  return at;
}

/** What {@link packDelegation} packed. */
export function unpackDelegation(
  { servers, rrsets, status }: PackedDelegation,
  zone: Name,
  leaseUntilMs: number,
): Delegation {
  const form = dsForms[status & 3]!;
  const [first, ...others] = unpackRRsets({ packed: rrsets, at: 0 });
  return {
    zone,
    servers: unpackServers(servers),
    ds: form === 'rrset' ? first! : form,
    dsProof: form === 'rrset' || first === undefined ? others : [first, ...others],
    leaseUntilMs,
    security: securities[status >> 2]!,
  };
}

function unpackServers(packed: Octets): readonly DelegationServer[] {
  const reader = { packed, at: 2 };
  const servers = new Array<DelegationServer>((packed.charCodeAt(0) << 8) | packed.charCodeAt(1));
  for (let i = 0; i < servers.length; i++) {
    const name = readString(reader) as Name;
    const addresses = readList(reader);
    const spare = readList(reader);
    servers[i] = spare.length > 0 ? { name, addresses, spare } : { name, addresses };
  }
  return servers;
}

interface Reader {
  readonly packed: Octets;
  at: number;
}

function readList(reader: Reader): readonly string[] {
  const count = reader.packed.charCodeAt(reader.at++);
  if (count === 0) return none;
  const strings = new Array<string>(count);
  for (let i = 0; i < count; i++) strings[i] = readString(reader);
  return strings;
}

function readString(reader: Reader): string {
  const start = reader.at + 1;
  reader.at = start + reader.packed.charCodeAt(reader.at);
  return reader.packed.slice(start, reader.at);
}
