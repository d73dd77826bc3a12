/**
 * What two workers say to each other: questions handed over, and their answers.
 *
 * One message carries all that one turn of the loop brought together, since a message costs more than what is in it.
 * Tuples and strings, because the structured clone of named properties and of buffers costs several times as much.
 */
import type { Name } from '../../dns/name.js';
import type { ExtendedError } from '../../dns/outcome.js';
import type { LookupClass } from '../../resolver/contract.js';
import type { MissReason } from '../../runtime/trace.js';
import type { HandedAnswer, HandedQuestion } from '../../server/hand-over.js';

const RD = 1;
const CD = 2;
const DO = 4;
const TCP = 8;
const PROVEN = 16;

/** `id` is the asker's. */
export type AskTuple = readonly [
  id: number,
  name: Name,
  type: number,
  cls: number,
  flags: number,
  client: string,
];

/** `wire` is an octet string; undefined: there is no answer, and the asker is to resolve by itself. */
export type ReplyTuple = readonly [
  id: number,
  wire: string | undefined,
  rcode: number,
  ede: readonly ExtendedError[],
  lookupClass: LookupClass,
  missReason: MissReason | undefined,
  limit: string | undefined,
];

export interface LinkMessage {
  readonly asks: readonly AskTuple[];
  readonly replies: readonly ReplyTuple[];
  /** Demands a message back, whatever it carries. */
  readonly ping: boolean;
}

export function askTuple(id: number, asked: HandedQuestion) {
  const { question, client } = asked;
  const flags =
    (asked.rd ? RD : 0) |
    (asked.cd ? CD : 0) |
    (asked.do ? DO : 0) |
    (asked.transport === 'tcp' ? TCP : 0) |
    (asked.isProven ? PROVEN : 0);
  return [id, question.name, question.type, question.class, flags, client] as const satisfies AskTuple;
}

export function askedOf([, name, type, cls, flags, client]: AskTuple): HandedQuestion {
  return {
    question: { name, type, class: cls },
    rd: (flags & RD) !== 0,
    cd: (flags & CD) !== 0,
    do: (flags & DO) !== 0,
    client,
    isProven: (flags & PROVEN) !== 0,
    transport: (flags & TCP) !== 0 ? 'tcp' : 'udp',
  };
}

export function replyTuple(id: number, answer: HandedAnswer | undefined): ReplyTuple {
  if (!answer) return [id, undefined, 0, [], 'failure', undefined, undefined];
  const { wire, rcode, ede, lookupClass, missReason, limit } = answer;
  return [id, wire.latin1Slice(), rcode, ede, lookupClass, missReason, limit];
}

export function answerOf([, wire, rcode, ede, lookupClass, missReason, limit]: ReplyTuple):
  | HandedAnswer
  | undefined {
  if (wire === undefined) return undefined;
  return { wire: Buffer.from(wire, 'latin1'), rcode, ede, lookupClass, missReason, limit };
}
