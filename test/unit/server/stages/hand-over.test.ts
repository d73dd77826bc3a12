/** Two pipelines, one of which hands over to the other: what a client gets is what it would get there. */
import { describe, expect, it } from 'vitest';
import { parseName } from '../../../../src/dns/name.js';
import { Ede, Rcode, RRType } from '../../../../src/dns/registry.js';
import { Policy } from '../../../../src/policy/policy.js';
import { responsePolicyZone } from '../../../../src/policy/rpz.js';
import { blockList } from '../../../../src/policy/rules.js';
import { NetworkSet, parseNetwork } from '../../../../src/runtime/networks.js';
import { answerHanded } from '../../../../src/server/answer-handed.js';
import type { HandedAnswer, HandedQuestion, HandOver } from '../../../../src/server/hand-over.js';
import { Pipeline } from '../../../../src/server/pipeline.js';
import { defaultServerSettings, type ServerSettings } from '../../../../src/server/settings.js';
import type { Message } from '../../../../src/wire/message.js';
import { parseZoneText } from '../../../../src/zone/parse.js';
import {
  type Answering,
  answerOf,
  aRecord,
  client,
  edeOf,
  edns,
  fakeRrsig,
  Harness,
  query,
  resolutionOf,
  rrset,
  soaRecord,
  tcpClient,
  udpClient,
} from '../../../support/server-harness.js';

/** A worker that owns no name, before one that owns them all. */
class Pair implements HandOver {
  readonly owner: Harness;
  readonly asker: Harness;
  readonly asked: HandedQuestion[] = [];
  /** What happens to a question on its way. */
  way: 'there' | 'unreachable' | 'lost' = 'there';

  constructor(answering: Answering, settings: Partial<ServerSettings> = {}) {
    this.owner = new Harness(answering, settings);
    this.asker = new Harness(answering, settings);
    const all = { ...defaultServerSettings, ...settings };
    this.asker.pipeline = new Pipeline({ ...this.asker.parts, handOver: this }, all);
  }

  ask(asked: HandedQuestion): Promise<HandedAnswer | undefined> | undefined {
    if (this.way === 'unreachable') return undefined;
    this.asked.push(asked);
    if (this.way === 'lost') return Promise.resolve(undefined);
    const { stages, settings } = this.owner.pipeline;
    return answerHanded(stages, settings, 0, structuredClone(asked)).then(
      (answer) => answer && { ...structuredClone(answer), wire: Buffer.from(answer.wire) },
    );
  }
}

const good: Answering = () =>
  resolutionOf(answerOf([aRecord('www.example.')]), {
    lookupClass: 'walked',
    missReason: 'expired',
    keepUntilMs: 1e15,
  });

const many = rrset(
  'big.example.',
  RRType.TXT,
  Array.from({ length: 30 }, (_, i) => `\x3c${String(i).padStart(60, 'x')}`),
  { signatures: [fakeRrsig(RRType.TXT, 'example.')] },
);
const outcomes: readonly (readonly [string, Answering])[] = [
  ['an answer', () => good({ name: query().questions[0]!.name, type: 1, class: 1 }, {})],
  [
    'a secure answer with signatures',
    () =>
      resolutionOf(
        answerOf([aRecord('www.example.', 1, { signatures: [fakeRrsig(RRType.A, 'example.')] })], {
          security: 'secure',
        }),
      ),
  ],
  [
    'a secure one that is too large',
    () => resolutionOf(answerOf([aRecord('www.example.'), many], { security: 'secure' })),
  ],
  ['one that is too large', () => resolutionOf(answerOf([many, aRecord('www.example.')]))],
  [
    'a denial',
    () =>
      resolutionOf({
        kind: 'nxdomain',
        aliases: [],
        proof: [],
        security: 'insecure',
        soa: soaRecord('example.'),
      }),
  ],
  [
    'a stale answer',
    () => resolutionOf(answerOf([aRecord('www.example.')], { stale: true }), { lookupClass: 'stale' }),
  ],
  [
    'a failure',
    () =>
      resolutionOf({
        kind: 'failure',
        reason: 'bogus',
        ede: [{ code: Ede.DNSSEC_BOGUS, text: 'the signature is wrong' }],
      }),
  ],
];
const queries: readonly (readonly [string, Partial<Message>])[] = [
  ['without EDNS', {}],
  ['with EDNS', { edns: edns() }],
  ['with DO', { edns: edns({ do: true }) }],
  ['with AD', { ad: true }],
  ['with CD', { cd: true, edns: edns({ do: true }) }],
  ['without RD', { rd: false }],
];

describe.each(outcomes)('%s that was handed over', (_, answering) => {
  it.each(queries)('is octet for octet what the owner would have sent to a client %s', async (__, more) => {
    for (const from of [udpClient, tcpClient]) {
      const pair = new Pair(answering);
      const alone = new Harness(answering);
      const message = query('wWw.exAmple.', RRType.A, more);
      const wire = await pair.asker.wire(message, from);
      expect(wire).toEqual(await alone.wire(message, from));
      expect(pair.asked).toHaveLength(1);
      expect(pair.asker.resolver.asked).toEqual([]);
      const recorded = ({ recorder }: Harness) =>
        recorder.records.map((record) => ({ ...record, tookMs: 0 }));
      expect(recorded(pair.asker)).toEqual(recorded(alone));
      expect(pair.owner.recorder.records).toEqual([]);
      expect([pair.asker.inFlight.count, pair.owner.inFlight.count]).toEqual([0, 0]);
    }
  });
});

describe('a question of another worker', () => {
  it('is kept in the stub cache by its owner, who then has it for everybody', async () => {
    const pair = new Pair(good);
    await pair.asker.ask(query());
    expect(pair.owner.stubCache.stats().entries).toBe(1);
    expect(pair.asker.stubCache.stats().entries).toBe(0);
  });

  it('is resolved here when the owner cannot be reached, or does not answer', async () => {
    for (const way of ['unreachable', 'lost'] as const) {
      const pair = new Pair(good);
      pair.way = way;
      expect((await pair.asker.ask(query()))?.answer).toHaveLength(1);
      expect(pair.asker.resolver.asked).toHaveLength(1);
      expect(pair.asker.inFlight.count).toBe(0);
    }
  });

  it('counts for its client at the owner too', async () => {
    const pair = new Pair(good);
    pair.owner.pipeline = new Pipeline(pair.owner.parts, {
      ...defaultServerSettings,
      inFlight: { perClient: 0, total: 10 },
    });
    const response = await pair.asker.ask(query('www.example.', RRType.A, { edns: edns() }));
    expect(edeOf(response)).toEqual(['0 too many queries of this client are being resolved']);
    expect(pair.asker.recorder.records).toMatchObject([
      { lookupClass: 'refused', limit: 'inFlight-per-client' },
    ]);
  });

  it('is not sent on when its UDP client has surely gone', async () => {
    const pair = new Pair(good);
    pair.owner.resolver.answering = async () => {
      await pair.asker.clock.advance(defaultServerSettings.udpAnswerWithinMs + 1);
      return good({ name: query().questions[0]!.name, type: 1, class: 1 }, {});
    };
    let replies = 0;
    pair.asker.pipeline.handle(
      (await import('../../../../src/wire/encode.js')).encodeMessage(query()),
      udpClient,
      () => {
        replies++;
      },
    );
    await pair.owner.clock.advance(0);
    await pair.asker.clock.advance(0);
    expect(pair.asker.recorder.drops).toEqual(['too-late']);
    expect(replies).toBe(0);
  });
});

it('the stage stands between the stub cache and the resolver', () => {
  const names = new Pair(good).asker.pipeline.stages.map((stage) => stage.name);
  expect(names.slice(names.indexOf('stub-cache'))).toEqual([
    'stub-cache',
    'hand-over',
    'resolve',
    'answer-policy',
    'follow',
    'rebinding',
    'finish',
    'fit',
  ]);
});

describe('rules for clients', () => {
  const apex = parseName('rpz.');
  const text = '32.1.2.0.192.rpz-ip 60 CNAME .\n32.9.2.0.192.rpz-client-ip 60 CNAME rpz-passthru.\n';
  const judging = new Policy({
    lists: [responsePolicyZone('rpz', apex, parseZoneText(text, { origin: apex }).records)],
  });
  const kids = new NetworkSet([parseNetwork('198.51.100.0/24')]);
  const views = [{ name: 'kids', index: 1, clients: kids }];
  const from = (address: string) => client(address, 'udp');

  it('are obeyed by the owner, who keeps nothing that they changed', async () => {
    const pair = new Pair(good, { policy: judging, views });
    const asked = async (address: string) =>
      (await pair.asker.ask(query('www.example.', RRType.A, { edns: edns() }), from(address)))!;
    const changed = await asked('192.0.2.10');
    expect(changed).toMatchObject({ rcode: Rcode.NXDOMAIN });
    expect(edeOf(changed)).toEqual(['15 list rpz, rule 32.1.2.0.192.rpz-ip.']);
    expect(pair.owner.stubCache.stats().entries).toBe(0);
    expect(await asked('198.51.100.7')).toMatchObject({ rcode: Rcode.NOERROR });
    expect([...pair.owner.stubCache.entries()].map((entry) => entry.view)).toEqual([1]);
    expect(await asked('192.0.2.9')).toMatchObject({ rcode: Rcode.NOERROR });
    expect([...pair.owner.stubCache.entries()].map((entry) => entry.view)).toEqual([1]);
    expect(pair.asker.resolver.asked).toEqual([]);
  });

  it('of before a reload and of after it are kept apart', async () => {
    const aparts = [1, 2].map(async (generation) => {
      const pair = new Pair(good, { generation });
      await pair.asker.ask(query());
      return pair.asked[0]!.apart;
    });
    const [before, after] = await Promise.all(aparts);
    expect(before).not.toBe(after);
  });

  it('keep questions apart that are handed over at the same time', async () => {
    const pair = new Pair(good, { policy: judging, views });
    for (const address of ['192.0.2.10', '192.0.2.11', '192.0.2.9', '198.51.100.7']) {
      await pair.asker.ask(query(), from(address));
    }
    expect(new Set(pair.asked.map(({ apart }) => apart)).size).toBe(3);
    const plain = new Pair(good, {
      policy: new Policy({ lists: [blockList('l', 'x.\n', 'domains', 'nodata')] }),
    });
    await plain.asker.ask(query(), udpClient);
    await plain.asker.ask(query(), tcpClient);
    expect(plain.asked[0]!.apart).toBe(plain.asked[1]!.apart);
  });
});
