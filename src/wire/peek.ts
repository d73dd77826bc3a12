/**
 * Cheap looks into packets that are not, or not yet, decoded.
 *
 * On a query's way: the listener looks up the stub cache by what `peekQuestion` finds, and the transport
 * pairs responses with queries by `questionMatches` before it decodes anything.
 * RFC 1035 4.1, RFC 5452 9.1, draft-vixie-dnsext-dns0x20.
 */
import type { Name, Octets } from '../dns/name.js';
import { HEADER_OCTETS, headerOf } from './decode.js';
import type { Header } from './message.js';
import { foldName, foldOctet } from './names.js';
import { asBuffer } from './octets.js';

/** The first question of a packet, and the offset after it. */
export interface PeekedQuestion {
  readonly name: Name;
  readonly spelling: Octets;
  readonly type: number;
  readonly class: number;
  readonly end: number;
}

/** The header; undefined when the packet is shorter than one. */
export function peekHeader(wire: Uint8Array): Header | undefined {
  return wire.length < HEADER_OCTETS ? undefined : headerOf(wire);
}

/** Offset after the uncompressed name of the question; -1 when there is not exactly one question. */
function endOfQuestionName(wire: Uint8Array): number {
  if (wire.length < HEADER_OCTETS || wire[4] !== 0 || wire[5] !== 1) return -1;
  for (let at = HEADER_OCTETS; at - HEADER_OCTETS < 255; ) {
    const length = wire[at];
    if (length === undefined || length > 63) return -1;
    at += length + 1;
    if (length === 0) return at + 4 <= wire.length ? at : -1;
  }
  return -1;
}

/** The question, when the packet has exactly one and it is sound; what follows it is not looked at. */
export function peekQuestion(wire: Uint8Array): PeekedQuestion | undefined {
  const end = endOfQuestionName(wire);
  if (end === -1) return undefined;
  const spelling = asBuffer(wire).latin1Slice(HEADER_OCTETS, end);
  return {
    name: foldName(spelling),
    spelling,
    type: (wire[end]! << 8) | wire[end + 1]!,
    class: (wire[end + 2]! << 8) | wire[end + 3]!,
    end: end + 4,
  };
}

/**
 * Compares the question of a response with that of the query as it was sent.
 * `case-differs`: the same but for the letter case of QNAME. Anything else, also a response without
 * question, is `no`.
 */
export function questionMatches(response: Uint8Array, sentQuery: Uint8Array): 'same' | 'case-differs' | 'no' {
  const end = endOfQuestionName(sentQuery);
  if (end === -1 || end !== endOfQuestionName(response)) return 'no';
  let result: 'same' | 'case-differs' = 'same';
  for (let i = HEADER_OCTETS; i < end; i++) {
    const got = response[i]!;
    const sent = sentQuery[i]!;
    if (got === sent) continue;
    if (foldOctet(got) !== foldOctet(sent)) return 'no';
    result = 'case-differs';
  }
  for (let i = end; i < end + 4; i++) if (response[i] !== sentQuery[i]) return 'no';
  return result;
}
