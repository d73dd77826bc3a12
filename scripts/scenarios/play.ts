/**
 * Plays one scenario against the resolver in process: client packets go through the server's pipeline, the
 * servers are canned, and time is virtual.
 */
import { HeapStubCache } from '../../src/cache/heap-stub-cache.js';
import { Engine } from '../../src/compose/engine.js';
import type { Config } from '../../src/config/fields.js';
import { parseConfig } from '../../src/config/load.js';
import { formatName, parseName, ROOT } from '../../src/dns/name.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { seededRandom } from '../../src/runtime/random.js';
import { FaultLog } from '../../src/server/fault-log.js';
import { InFlight } from '../../src/server/in-flight.js';
import { silentLog } from '../../src/server/log.js';
import { Pipeline } from '../../src/server/pipeline.js';
import { defaultServerSettings } from '../../src/server/settings.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeMessage } from '../../src/wire/encode.js';
import type { Message } from '../../src/wire/message.js';
import { difference } from './check.js';
import { DsaVerifier } from './dsa-verifier.js';
import { matches, messageOf, ScenarioServers } from './net.js';
import type { Scenario, Step } from './parse.js';
import { policyNotDone, policyOf } from './policy.js';

export type Minimisation = 'off' | 'relaxed' | 'strict';
export type Result = { readonly verdict: 'pass' | 'fail' | 'skip'; readonly detail: string };

const CLIENT = { address: '127.0.0.1', port: 5353, transport: 'udp', local: '127.0.0.1' } as const;
/** How long a client's answer is waited for, in virtual time. */
const ANSWER_WITHIN_MS = 20_000;

/** Plays as recorded; what fails is played once more with unanswered questions completed. */
export async function play(scenario: Scenario, minimisation: Minimisation): Promise<Result> {
  const plain = await playOnce(scenario, minimisation, false);
  if (plain.verdict !== 'fail') return plain;
  const completed = await playOnce(scenario, minimisation, true);
  return completed.verdict === 'pass' ? completed : plain;
}

async function playOnce(
  scenario: Scenario,
  minimisation: Minimisation,
  completing: boolean,
): Promise<Result> {
  const reason = unplayable(scenario);
  if (reason) return { verdict: 'skip', detail: reason };
  const player = new Player(scenario, minimisation, completing);
  try {
    for (const step of scenario.steps) {
      const problem = await player.step(step);
      if (problem) {
        const asked = process.env.SCENARIO_LOG ? `\n    ${player.servers.log.join('\n    ')}` : '';
        return { verdict: 'fail', detail: `step ${step.number}: ${problem}${asked}` };
      }
    }
    return { verdict: 'pass', detail: '' };
  } finally {
    await player.close();
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
  readonly clock: VirtualClock;
  readonly servers: ScenarioServers;
  private readonly engine: Engine;
  private readonly pipeline: Pipeline;
  /** With TCP-only rules a truncated answer is what is to be seen. */
  private readonly retries: boolean;
  private answers: Message[] = [];

  constructor(scenario: Scenario, minimisation: Minimisation, completing: boolean) {
    this.clock = new VirtualClock(startTime(scenario));
    const { clock } = this;
    this.servers = new ScenarioServers(scenario, clock, completing);
    const config = configOf(scenario, minimisation);
    this.engine = new Engine({
      config,
      clock,
      random: seededRandom(7),
      upstream: this.servers,
      verifier: new DsaVerifier(),
    });
    this.pipeline = new Pipeline(
      {
        resolver: this.engine.resolver,
        stubCache: new HeapStubCache({ clock, maxOctets: 1024 * 1024 }),
        clock,
        recorder: { record() {}, dropped() {} },
        inFlight: new InFlight(),
        faults: new FaultLog(silentLog, clock),
      },
      { ...defaultServerSettings, specialUse: false, any: 'resolve', policy: policyOf(scenario) },
    );
    this.retries = scenario.policyZones.length === 0;
  }

  async step(step: Step): Promise<string | undefined> {
    this.servers.step = step.number;
    switch (step.kind) {
      case 'QUERY':
        return this.query(step);
      case 'CHECK_ANSWER':
        return this.check(step);
      case 'TIME_PASSES':
        await this.clock.advance(step.elapseSec * 1000);
        return undefined;
      case 'CHECK_OUT_QUERY':
        await this.clock.advance(5);
        return this.servers.outstanding.some((o) => matches(step.entry!, o.query))
          ? undefined
          : 'no such query is outstanding';
      case 'REPLY':
        await this.clock.advance(5);
        return this.servers.answerOutstanding(step.entry!)
          ? this.settle()
          : 'no matching query is outstanding';
      case 'TIMEOUT':
        await this.clock.advance(5);
        return this.servers.timeoutOutstanding() ? this.settle() : 'no query is outstanding';
      default:
        return this.settle();
    }
  }

  private async settle(): Promise<undefined> {
    await this.clock.advance(20);
  }

  private async query(step: Step): Promise<undefined> {
    const entry = step.entry!;
    const packet = entry.raw !== undefined ? Buffer.from(entry.raw, 'hex') : clientPacket(step);
    this.answers = [];
    this.ask(packet, entry.match.includes('tcp') ? 'tcp' : 'udp', step.address ?? CLIENT.address);
    await this.settle();
  }

  /** Sends a client's packet; a truncated answer makes the client come again by TCP. */
  private ask(packet: Buffer, transport: 'udp' | 'tcp', address: string): void {
    this.pipeline.handle(packet, { ...CLIENT, address, transport }, (wire) => {
      const decoded = decodeMessage(wire);
      if (decoded.ok && decoded.message.tc && transport === 'udp' && this.retries)
        this.ask(packet, 'tcp', address);
      else if (decoded.ok) this.answers.push(decoded.message);
    });
  }

  private async check(step: Step): Promise<string | undefined> {
    for (let waited = 0; this.answers.length === 0 && waited < ANSWER_WITHIN_MS; waited += 50) {
      await this.clock.advance(50);
    }
    const answer = this.answers.pop();
    if (!answer) return 'no answer';
    if (answer.questions.length === 0) return 'an answer without question';
    const diff = difference(step.entry!, answer);
    const ede = (answer.edns?.options ?? [])
      .filter((o) => o.code === 15)
      .map((o) => `${o.data.charCodeAt(1)} ${o.data.slice(2)}`);
    return (
      diff &&
      `${formatName(answer.questions[0]!.name)}: ${diff}${ede.length > 0 ? ` (EDE ${ede.join('; ')})` : ''}`
    );
  }

  async close(): Promise<void> {
    await this.engine.close();
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

function startTime(scenario: Scenario): number {
  const unix = scenario.options.get('val-override-timestamp')?.at(-1);
  if (unix && /^[0-9]+/.test(unix)) return Number.parseInt(unix, 10) * 1000;
  const date = scenario.options.get('val-override-date')?.at(-1);
  const parts = date && /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(date);
  if (!parts) return Date.UTC(2026, 0, 6);
  const [y, mo, d, h, mi, s] = parts.slice(1).map(Number) as [number, number, number, number, number, number];
  return Date.UTC(y, mo - 1, d, h, mi, s);
}

function configOf(scenario: Scenario, minimisation: Minimisation): Config {
  const last = (key: string) => scenario.options.get(key)?.at(-1);
  const yes = (key: string, fallback: boolean) =>
    last(key) === undefined ? fallback : last(key)!.startsWith('y');
  const anchors = (scenario.options.get('trust-anchor') ?? []).map((line) => line.trim());
  const validating =
    anchors.length > 0 && !(last('module-config') && !last('module-config')!.includes('validator'));
  const isRoot = (name: string) => parseName(name, ROOT) === ROOT;
  const hints = scenario.zones.filter((z) => z.kind === 'stub' && isRoot(z.name)).flatMap((z) => z.addresses);
  const zones = (kind: 'stub' | 'forward') =>
    scenario.zones
      .filter((z) => z.kind === kind && !(kind === 'stub' && isRoot(z.name)))
      .map((z) => ({ zone: z.name, servers: z.addresses }));
  const stale = yes('serve-expired', false);
  const wait = last('serve-expired-client-timeout');
  const yaml = {
    rootHints: hints.length > 0 ? [{ name: 'k.root-servers.net.', addresses: hints }] : 'builtin',
    dnssec: {
      mode: validating ? 'validate' : 'off',
      sha1: 'validate',
      ...(anchors.length > 0 ? { trustAnchors: anchors } : {}),
      negativeTrustAnchors: scenario.options.get('domain-insecure') ?? [],
      aggressive: yes('aggressive-nsec', true),
      clockSkew: 0,
    },
    specialUse: false,
    qnameMinimization: minimisation,
    upstream: {
      ipv4: yes('do-ip4', true),
      ipv6: yes('do-ip6', true),
      caseRandomization: false,
      doNotQuery: yes('do-not-query-localhost', true) ? 'builtin' : [],
    },
    forward: zones('forward'),
    stub: zones('stub'),
    cache: {
      ttl: { min: Number(last('cache-min-ttl') ?? 0), max: Number(last('cache-max-ttl') ?? 86_400) },
      prefetch: yes('prefetch', false),
      serveStale: {
        enabled: stale,
        replyTtl: Number(last('serve-expired-reply-ttl') ?? 30),
        clientWait: Number(wait ?? 1800),
        maxAge: Number(last('serve-expired-ttl') ?? 86_400) || 86_400,
      },
    },
  };
  return parseConfig(JSON.stringify(yaml), 'scenario');
}
