/**
 * The packet of one outgoing query, with what its response must agree with.
 *
 * ID and letter case are all the entropy besides the port that a guesser has to meet (RFC 5452 4) at a server
 * without DNS cookies, so both come from `Random`. Letter case is drawn per letter (draft-vixie-dnsext-dns0x20).
 */
import type { Octets } from '../dns/name.js';
import { EdnsOption } from '../dns/registry.js';
import type { Random } from '../runtime/random.js';
import { HEADER_OCTETS } from '../wire/decode.js';
import { encodeQuery } from '../wire/encode.js';
import type { EdnsOptionValue } from '../wire/message.js';
import { CLIENT_COOKIE_OCTETS } from '../wire/options.js';
import type { UpstreamQuery } from './upstream.js';

export interface OutgoingQuery {
  readonly id: number;
  readonly wire: Buffer;
  /** Offset after the question in `wire`. */
  readonly questionEnd: number;
  readonly randomCase: boolean;
  /** Our part of the cookie that was sent; undefined without. */
  readonly clientCookie: Octets | undefined;
  /** A response without cookie is not believed. */
  readonly demandsCookie: boolean;
}

const NO_OPTIONS: readonly EdnsOptionValue[] = [];

export function prepareQuery(query: UpstreamQuery, id: number, random: Random): OutgoingQuery {
  const { question, rd, cd, edns, randomCase } = query;
  const cookie = edns?.cookie;
  const wire = encodeQuery({
    id,
    question,
    rd,
    cd,
    edns: edns && {
      version: 0,
      udpSize: edns.udpSize,
      do: edns.do,
      options: cookie === undefined ? NO_OPTIONS : [{ code: EdnsOption.COOKIE, data: cookie }],
    },
  });
  const nameEnd = HEADER_OCTETS + question.name.length;
  if (randomCase) drawLetterCase(wire, nameEnd, random);
  return {
    id,
    wire,
    questionEnd: nameEnd + 4,
    randomCase,
    clientCookie: cookie?.slice(0, CLIENT_COOKIE_OCTETS),
    demandsCookie: cookie !== undefined && cookie.length > CLIENT_COOKIE_OCTETS && query.transport === 'udp',
  };
}

/** QNAME is lower case when it comes here. Length octets are at most 63 and so never taken for letters. */
function drawLetterCase(wire: Buffer, nameEnd: number, random: Random): void {
  let bits = 0;
  let left = 0;
  for (let i = HEADER_OCTETS; i < nameEnd; i++) {
    const octet = wire[i]!;
    if (octet < 97 || octet > 122) continue;
    if (left === 0) {
      bits = random.uint32();
      left = 32;
    }
    if (bits & 1) wire[i] = octet - 32;
    bits >>>= 1;
    left--;
  }
}
