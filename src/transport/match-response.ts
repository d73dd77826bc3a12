/**
 * Decides whether a packet from the right address and port is the response to a query.
 *
 * Every packet that a server sends us passes here before anything else looks at it. A packet that fails is
 * dropped by the caller; only a wrong ID has a meaning of its own. The order of the checks is from cheap to
 * dear: nothing is decoded before ID, QR, opcode and question agree.
 * RFC 5452 9.1; RFC 7873 5.3 (cookies); draft-vixie-dnsext-dns0x20.
 */
import { EdnsOption, Opcode, Rcode } from '../dns/registry.js';
import { decodeMessage, HEADER_OCTETS } from '../wire/decode.js';
import type { Message } from '../wire/message.js';
import { findOption } from '../wire/options.js';
import { questionMatches } from '../wire/peek.js';
import type { OutgoingQuery } from './outgoing-query.js';

export type Match =
  | { readonly kind: 'match'; readonly message: Message; readonly caseMatched: boolean }
  /** A response, but its ID is not that of the query: what a guesser's packets look like. */
  | { readonly kind: 'wrong-id' }
  /** A response that lacks the cookie which this server is known to send. */
  | { readonly kind: 'no-cookie' }
  /** A DNS message that does not belong to this query. */
  | { readonly kind: 'mismatch' }
  /** No DNS message, or broken on the way through it. */
  | { readonly kind: 'malformed' };

const WRONG_ID: Match = { kind: 'wrong-id' };
const NO_COOKIE: Match = { kind: 'no-cookie' };
const MISMATCH: Match = { kind: 'mismatch' };
const MALFORMED: Match = { kind: 'malformed' };

export function matchResponse(packet: Buffer, query: OutgoingQuery): Match {
  if (packet.length < HEADER_OCTETS) return MALFORMED;
  const isResponse = (packet[2]! & 0x80) !== 0;
  if (!isResponse) return MISMATCH;
  if (packet.readUInt16BE(0) !== query.id) return WRONG_ID;
  if (((packet[2]! >> 3) & 0x0f) !== Opcode.QUERY) return MISMATCH;

  const questions = packet.readUInt16BE(4);
  if (questions === 0 && mayOmitQuestion(packet[3]! & 0x0f)) return decoded(packet, query, true);
  if (questions !== 1) return MISMATCH;
  const spelling = questionMatches(packet, query.wire);
  if (spelling === 'no') return MISMATCH;
  return decoded(packet, query, spelling === 'same' || !query.randomCase, query.questionEnd);
}

/** Servers that could not or would not read the question may leave it out. */
function mayOmitQuestion(rcode: number): boolean {
  return (
    rcode === Rcode.FORMERR || rcode === Rcode.SERVFAIL || rcode === Rcode.NOTIMP || rcode === Rcode.REFUSED
  );
}

/** RFC 7873 5.3. What is cut has lost its OPT, and nothing of it is used. */
function judgeCookie(
  { edns, tc }: Message,
  { clientCookie, demandsCookie }: OutgoingQuery,
): Match | undefined {
  if (clientCookie === undefined) return undefined;
  const option = findOption(edns, EdnsOption.COOKIE);
  if (option) return option.data.startsWith(clientCookie) ? undefined : MISMATCH;
  return demandsCookie && !tc ? NO_COOKIE : undefined;
}

function decoded(packet: Buffer, query: OutgoingQuery, caseMatched: boolean, questionEnd?: number): Match {
  const whole = decodeMessage(packet);
  if (whole.ok)
    return judgeCookie(whole.message, query) ?? { kind: 'match', message: whole.message, caseMatched };
  const truncated = (packet[2]! & 0x02) !== 0;
  if (!truncated || questionEnd === undefined) return MALFORMED;
  // Some servers cut in the middle of a record when they set TC. Nothing of a truncated response is used
  // (RFC 2181 9), so its header and question are enough to make the caller ask by TCP.
  const head = Buffer.from(packet.subarray(0, questionEnd));
  head.fill(0, 6, HEADER_OCTETS);
  const rest = decodeMessage(head);
  return rest.ok ? { kind: 'match', message: rest.message, caseMatched } : MALFORMED;
}
