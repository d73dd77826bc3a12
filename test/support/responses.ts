/** Decoded responses made by hand, for tests of what may be believed of them. */
import { parseName } from '../../src/dns/name.js';
import { parseType, RRClass } from '../../src/dns/registry.js';
import type { Question } from '../../src/dns/rrset.js';
import type { Message } from '../../src/wire/message.js';
import { type ReplyParts, reply } from './world.js';

/** A question from `name TYPE`. */
export function asking(text: string): Question {
  const [name = '', type = 'A'] = text.split(' ');
  return { name: parseName(name), type: parseType(type)!, class: RRClass.IN };
}

export function responseTo(question: Question, parts: ReplyParts): Message {
  const result = reply(
    {
      endpoint: { address: '192.0.2.1', port: 53 },
      transport: 'udp',
      question,
      rd: false,
      cd: false,
      edns: undefined,
      randomCase: false,
      timeoutMs: 1000,
    },
    parts,
  );
  if (result.kind !== 'response') throw new Error('not a response');
  return result.message;
}
