/**
 * Plays one scenario, step by step, on a ground.
 */
import { formatName } from '../../src/dns/name.js';
import { EdnsOption } from '../../src/dns/registry.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeMessage } from '../../src/wire/encode.js';
import type { Message } from '../../src/wire/message.js';
import { matches, messageOf } from './canned.js';
import { difference } from './check.js';
import type { Ground } from './ground.js';
import type { Scenario, Step } from './parse.js';
import { policyNotDone } from './policy.js';

export type Result = { readonly verdict: 'pass' | 'fail' | 'skip'; readonly detail: string };

/** Opens the ground of one play. */
export type OpenGround = (scenario: Scenario, completing: boolean) => Promise<Ground>;

/** How long a client's answer, or a query of the resolver, is waited for. */
const ANSWER_WITHIN_MS = 20_000;
const QUERY_WITHIN_MS = 8000;
/** How often is looked, and how long nothing must happen before all counts as done. */
const LOOK_MS = 10;
const QUIET_MS = 60;
const QUIET_WITHIN_MS = 3000;

/** Plays as recorded; what fails is played once more with unanswered questions completed. */
export async function play(scenario: Scenario, open: OpenGround): Promise<Result> {
  const reason = unplayable(scenario);
  if (reason) return { verdict: 'skip', detail: reason };
  const plain = await playOnce(scenario, await open(scenario, false));
  if (plain.verdict !== 'fail') return plain;
  const completed = await playOnce(scenario, await open(scenario, true));
  return completed.verdict === 'pass' ? completed : plain;
}

async function playOnce(scenario: Scenario, ground: Ground): Promise<Result> {
  const player = new Player(ground, scenario.policyZones.length === 0);
  try {
    for (const step of scenario.steps) {
      const problem = await player.step(step);
      if (!problem) continue;
      const asked = process.env.SCENARIO_LOG ? `\n    ${ground.servers.log.join('\n    ')}` : '';
      return { verdict: 'fail', detail: `step ${step.number}: ${problem}${asked}` };
    }
    return { verdict: 'pass', detail: '' };
  } finally {
    await ground.close();
  }
}

/** Which of the other resolvers' features a scenario cannot do without. */
function unplayable(scenario: Scenario): string | undefined {
  const has = (key: string) => scenario.options.get(key)?.at(-1);
  if (has('do-nat64') === 'yes' || scenario.options.has('nat64-prefix')) return 'NAT64 towards servers';
  const missing = policyNotDone(scenario);
  if (missing) return `response policy zones: ${missing}`;
  if (scenario.options.has('auth-zone') || scenario.options.has('zonefile'))
    return 'authority zone inside the resolver';
  const modules =
    scenario.policyZones.length > 0
      ? /dns64|subnet|cachedb|python|ipsecmod/
      : /dns64|respip|subnet|cachedb|python|ipsecmod/;
  if (has('module-config')?.match(modules)) return `module ${has('module-config')}`;
  return undefined;
}

class Player {
  private answers: Message[] = [];

  /** @param retries false with TCP-only rules, where a truncated answer is what is to be seen */
  constructor(
    private readonly ground: Ground,
    private readonly retries: boolean,
  ) {}

  /** What is wrong with a step; undefined when nothing is. */
  async step(step: Step): Promise<string | undefined> {
    const { ground } = this;
    const { servers } = ground;
    servers.step = step.number;
    switch (step.kind) {
      case 'QUERY':
        return this.query(step);
      case 'CHECK_ANSWER':
        return this.check(step);
      case 'TIME_PASSES':
        await ground.elapse(step.elapseSec);
        return undefined;
      case 'CHECK_OUT_QUERY':
        return this.until(
          () => servers.outstanding.some((o) => matches(step.entry!, o.query)),
          'no such query is outstanding',
        );
      case 'REPLY':
        return this.until(() => servers.answerOutstanding(step.entry!), 'no matching query is outstanding');
      case 'TIMEOUT':
        return this.until(() => servers.timeoutOutstanding(), 'no query is outstanding');
      default:
        await this.settle();
        return undefined;
    }
  }

  private async until(holds: () => boolean, otherwise: string): Promise<string | undefined> {
    for (let waited = 0; !holds(); waited += LOOK_MS) {
      if (waited > QUERY_WITHIN_MS) return otherwise;
      await this.ground.pass(LOOK_MS);
    }
    await this.settle();
    return undefined;
  }

  /** Lets the resolver work until it asks nothing more, or waits for a later step or a timeout. */
  private async settle(): Promise<void> {
    const { log } = this.ground.servers;
    let seen = log.length;
    for (let quiet = 0, waited = 0; quiet < QUIET_MS && waited < QUIET_WITHIN_MS; waited += LOOK_MS) {
      await this.ground.pass(LOOK_MS);
      quiet = log.length === seen ? quiet + LOOK_MS : 0;
      seen = log.length;
      if (this.answers.length > 0) quiet += LOOK_MS;
    }
  }

  private async query(step: Step): Promise<undefined> {
    const entry = step.entry!;
    const packet = entry.raw !== undefined ? Buffer.from(entry.raw, 'hex') : clientPacket(step);
    this.answers = [];
    this.ask(packet, entry.match.includes('tcp') ? 'tcp' : 'udp', step.address);
    // Raw packets come in thousands, and hardly one of them makes work.
    if (entry.raw !== undefined) await this.ground.pass(1);
    else await this.settle();
  }

  /** Sends a client's packet; a truncated answer makes the client come again by TCP. */
  private ask(packet: Buffer, transport: 'udp' | 'tcp', from: string | undefined): void {
    this.ground.ask({ packet, transport, from }, (wire) => {
      const decoded = decodeMessage(wire);
      if (decoded.ok && decoded.message.tc && transport === 'udp' && this.retries)
        this.ask(packet, 'tcp', from);
      else if (decoded.ok) this.answers.push(decoded.message);
    });
  }

  private async check(step: Step): Promise<string | undefined> {
    for (let waited = 0; this.answers.length === 0 && waited < ANSWER_WITHIN_MS; waited += LOOK_MS) {
      await this.ground.pass(LOOK_MS);
    }
    const answer = this.answers.pop();
    if (!answer) return 'no answer';
    if (answer.questions.length === 0) return 'an answer without question';
    const diff = difference(step.entry!, answer);
    const ede = (answer.edns?.options ?? [])
      .filter((o) => o.code === EdnsOption.EDE)
      .map((o) => `${o.data.charCodeAt(1)} ${o.data.slice(2)}`);
    return (
      diff &&
      `${formatName(answer.questions[0]!.name)}: ${diff}${ede.length > 0 ? ` (EDE ${ede.join('; ')})` : ''}`
    );
  }
}

function clientPacket(step: Step): Buffer {
  const entry = step.entry!;
  const question = entry.question!;
  const message = messageOf(entry, question, false);
  return encodeMessage({
    ...message,
    id: 4711,
    qr: false,
    rcode: 0,
    questions: [{ ...question, spelling: question.name }],
    // EDE can only come back when OPT was sent.
    edns: message.edns ?? { version: 0, udpSize: 4096, do: false, options: [] },
  });
}
