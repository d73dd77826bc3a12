/**
 * The owner's side of a hand-over: a question of another thread's client passes the stages from `resolve` to `finish`.
 *
 * So whatever is done to answers between the two is done to these, and limits by client count here as well. Nothing
 * is recorded: the thread that has the client does that.
 */
import { Opcode } from '../dns/registry.js';
import type { ClientAddress } from '../transport/listener.js';
import type { Edns } from '../wire/message.js';
import { type ClientQuery, Exchange, type Stage } from './exchange.js';
import type { HandedAnswer, HandedQuestion } from './hand-over.js';
import type { ServerSettings } from './settings.js';

const NO_PACKET = Buffer.alloc(0);
const DNSSEC_OK: Edns = { version: 0, udpSize: 1232, do: true, options: [] };
const noReply = () => {};

/**
 * @param stages of a pipeline
 * @returns undefined when no answer is to be given any more
 * @throws what a stage throws, which is a bug
 */
export async function answerHanded(
  stages: readonly Stage[],
  settings: ServerSettings,
  nowMs: number,
  asked: HandedQuestion,
): Promise<HandedAnswer | undefined> {
  const exchange = new Exchange(NO_PACKET, clientOf(asked), noReply, settings, nowMs);
  exchange.query = queryOf(asked);
  exchange.isProven = asked.isProven;
  const at = (name: string) => stages.findIndex((stage) => stage.name === name);
  const finish = at('finish');
  const rest = stages.slice(at('resolve'), finish + 1);
  // Rules are looked up again: what they say of the answer depends on the client.
  const rules = stages.slice(0, at('resolve')).filter(({ name }) => name === 'view' || name === 'policy');
  let answered = false;
  for (const stage of [...rules, ...rest]) {
    if (answered && stage.name !== 'finish') continue;
    const verdict = await stage.run(exchange);
    if (verdict === 'done') return undefined;
    answered ||= verdict === 'answered';
  }
  const { image, draft, resolution } = exchange;
  return {
    ...image!,
    lookupClass: draft!.lookupClass,
    missReason: draft!.missReason,
    limit: exchange.limit ?? resolution?.budget?.limit,
  };
}

function clientOf({ client, transport }: HandedQuestion): ClientAddress {
  return { address: client, port: 0, transport, local: '' };
}

function queryOf({ question, rd, cd, do: dnssecOk }: HandedQuestion): ClientQuery {
  return {
    id: 0,
    opcode: Opcode.QUERY,
    rd,
    ad: false,
    cd,
    question: { ...question, spelling: question.name },
    edns: dnssecOk ? DNSSEC_OK : undefined,
    defect: undefined,
  };
}
