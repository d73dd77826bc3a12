/**
 * Stage 1: octets to a client query.
 *
 * A response is never answered: two servers that did would talk for ever, and an answer to a forged response is
 * a reflection. Nor is a packet without a whole header. Anything else gets a query object, though its
 * `defect` may say that only FORMERR will follow; access and rate limits still apply to it.
 * RFC 1035 4.1.1, RFC 9619 (one question), RFC 8906 3 (what broken queries deserve).
 *
 * Limitations: TSIG and SIG(0) in a query are not looked at; records in the additional section are ignored.
 */
import { RRType } from '../../dns/registry.js';
import { decodeMessage, HEADER_OCTETS, headerOf } from '../../wire/decode.js';
import type { Message } from '../../wire/message.js';
import type { ClientQuery, Exchange, Stage, Verdict } from '../exchange.js';

export class ParseStage implements Stage {
  readonly name = 'parse';

  run(exchange: Exchange): Verdict {
    const { packet } = exchange;
    if (packet.length < HEADER_OCTETS) return exchange.drop('too-short');
    if ((packet[2]! & 0x80) !== 0) return exchange.drop('not-a-query');
    const decoded = decodeMessage(packet);
    exchange.query = decoded.ok ? readQuery(decoded.message) : queryOfHeader(packet, decoded.reason);
    return 'next';
  }
}

function readQuery(message: Message): ClientQuery {
  return {
    id: message.id,
    opcode: message.opcode,
    rd: message.rd,
    ad: message.ad,
    cd: message.cd,
    question: message.questions.length === 1 ? message.questions[0] : undefined,
    edns: message.edns,
    defect: findDefect(message),
  };
}

function findDefect(message: Message): string | undefined {
  if (message.questions.length !== 1) return `${message.questions.length} questions instead of one`;
  if (message.answer.length > 0) return 'records in the answer section of a query';
  const isIxfr = message.questions[0]!.type === RRType.IXFR; // it carries its SOA there (RFC 1995 3)
  if (message.authority.length > 0 && !isIxfr) return 'records in the authority section of a query';
  return undefined;
}

/** What an error response needs, from a packet that is broken after the header. It has at least 12 octets. */
export function queryOfHeader(packet: Uint8Array, defect: string): ClientQuery {
  const { id, opcode, rd, cd } = headerOf(packet);
  return { id, opcode, rd, ad: false, cd, question: undefined, edns: undefined, defect };
}
