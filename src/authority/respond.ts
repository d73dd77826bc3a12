/**
 * One query packet to one response packet: what an authoritative server does around the lookup.
 *
 * server.ts calls it, for sockets and for the mock internet without sockets alike.
 * RFC 1035 4.1.1, 6891 6 and 7 (EDNS, BADVERS), 6895 3.1 (meta types), 2181 9 (TC).
 * Limitations: QUERY only; no zone transfer, no cookies, no NSID.
 */
import { isMetaType, Opcode, Rcode, RRType } from '../dns/registry.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import { decodeMessage } from '../wire/decode.js';
import { encodeMessage, MAX_MESSAGE_OCTETS } from '../wire/encode.js';
import type { Edns, Header, Message, WireQuestion } from '../wire/message.js';
import { lookup } from './lookup.js';
import type { ZoneSet } from './zone-set.js';

/** UDP payload size that we say we take (RFC 9715: no fragments). */
const OUR_UDP_OCTETS = 1232;
const PLAIN_UDP_OCTETS = 512;
/** More than this never leaves by UDP, whatever the client offers. */
const MAX_UDP_OCTETS = 4096;

/** A query that can be answered, or the response that says why not; undefined for what gets none. */
export type Received =
  | { readonly kind: 'query'; readonly message: Message; readonly question: WireQuestion }
  | { readonly kind: 'error'; readonly packet: Buffer }
  | undefined;

/** Decodes and vets a packet. Responses and packets without a header get no answer. */
export function receive(packet: Uint8Array): Received {
  const decoded = decodeMessage(packet);
  if (!decoded.ok) {
    if (!decoded.header || decoded.header.qr) return undefined;
    return { kind: 'error', packet: encodeMessage(errorWithoutQuestion(decoded.header, Rcode.FORMERR)) };
  }
  const { message } = decoded;
  if (message.qr) return undefined;
  const rcode = vet(message);
  if (rcode !== undefined) return { kind: 'error', packet: encodeMessage(responseTo(message, rcode)) };
  return { kind: 'query', message, question: message.questions[0]! };
}

function vet(message: Message): number | undefined {
  if (message.opcode !== Opcode.QUERY) return Rcode.NOTIMP;
  if (message.questions.length !== 1) return Rcode.FORMERR;
  if (message.edns && message.edns.version > 0) return Rcode.BADVERS;
  const { type } = message.questions[0]!;
  if (type === RRType.OPT || type === 0) return Rcode.FORMERR;
  if (type === RRType.AXFR || type === RRType.IXFR) return Rcode.REFUSED;
  return isMetaType(type) && type !== RRType.ANY ? Rcode.NOTIMP : undefined;
}

function errorWithoutQuestion(header: Header, rcode: number): Message {
  const { id, opcode, rd } = header;
  return { ...emptyMessage, id, opcode, rd, rcode };
}

const emptyMessage: Message = {
  id: 0,
  qr: true,
  opcode: Opcode.QUERY,
  aa: false,
  tc: false,
  rd: false,
  ra: false,
  ad: false,
  cd: false,
  rcode: Rcode.NOERROR,
  questions: [],
  answer: [],
  authority: [],
  additional: [],
  edns: undefined,
};

/** A response with empty sections: header and question of the query, OPT when the query had one. */
export function responseTo(query: Message, rcode: number): Message {
  const { id, opcode, rd, questions } = query;
  return { ...emptyMessage, id, opcode, rd, rcode, questions, edns: query.edns && ourEdns(query.edns) };
}

function ourEdns(theirs: Edns): Edns {
  return { version: 0, udpSize: OUR_UDP_OCTETS, do: theirs.do, options: [] };
}

/** The response from the zones of a server. */
export function respond(zones: ZoneSet, query: Message, question: WireQuestion): Message {
  const answer = lookup(zones, question, { do: query.edns?.do ?? false });
  return { ...responseTo(query, answer.rcode), ...answer };
}

/** Encodes in the room that the client has. What is only a courtesy is left out before TC is set. */
export function encodeToFit(response: Message, query: Message, transport: UpstreamTransport): Buffer {
  const limit = transport === 'tcp' ? MAX_MESSAGE_OCTETS : udpLimit(query.edns);
  const packet = encodeMessage(response, limit);
  if (!isTruncated(packet) || response.tc || !isCourtesy(response)) return packet;
  return encodeMessage({ ...response, authority: [], additional: [] }, limit);
}

function udpLimit(edns: Edns | undefined): number {
  return edns ? Math.min(Math.max(edns.udpSize, PLAIN_UDP_OCTETS), MAX_UDP_OCTETS) : PLAIN_UDP_OCTETS;
}

function isTruncated(packet: Buffer): boolean {
  return (packet[2]! & 2) !== 0;
}

/** True when the authority section of a positive answer has no more than the NS of the zone. */
function isCourtesy(response: Message): boolean {
  return response.answer.length > 0 && response.authority.every((rrset) => rrset.type === RRType.NS);
}
