import { describe, expect, test } from 'vitest';
import { InternetBuilder } from '../../../src/authority/internet-builder.js';
import type { FaultFields } from '../../../src/authority/manifest.js';
import { MockUpstream } from '../../../src/authority/mock-upstream.js';
import type { ReachableServer } from '../../../src/authority/server.js';
import { parseName } from '../../../src/dns/name.js';
import { Rcode, RRClass, RRType } from '../../../src/dns/registry.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { seededRandom } from '../../../src/runtime/random.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from '../../../src/transport/upstream.js';
import type { Script } from '../../support/scripted-server.js';
import { queryTo, upstreamContract } from '../../support/upstream-contract.js';

upstreamContract('MockUpstream', ['udp', 'tcp'], async () => {
  const servers = new Map<string, ReachableServer>();
  const clock = new VirtualClock();
  const directory = { serverAt: (address: string) => servers.get(address) };
  const upstream = new MockUpstream(directory, clock, seededRandom(1));
  const serve = async (script: Script) => {
    const address = `192.0.2.${servers.size + 1}`;
    servers.set(address, {
      takesTcp: true,
      deliver: (packet, transport, _random, reply) => {
        void (async () => {
          for (const answer of await script(packet, transport)) if (answer !== 'close') reply(answer, 0);
        })();
      },
    });
    return { address, port: 53 };
  };
  return { upstream, clock, serve, close: () => upstream.close() };
});

const zone = `
example. 60 SOA ns.example. host.example. 1 2 3 4 5
example. 60 NS ns.example.
ns.example. 60 A 192.0.2.1
www.example. 60 A 192.0.2.7
`;

interface Net {
  readonly clock: VirtualClock;
  readonly upstream: Upstream;
  ask(overrides?: Partial<UpstreamQuery>): Promise<UpstreamResult>;
}

function netWith(faults: FaultFields): Net {
  const builder = new InternetBuilder();
  builder.addServer({ name: 'ns.example.', addresses: ['192.0.2.1'], zones: [zone], faults, root: true });
  const clock = new VirtualClock();
  const upstream = builder.build().upstream(clock, seededRandom(7));
  const question = { name: parseName('www.example.'), type: RRType.A, class: RRClass.IN };
  const endpoint = { address: '192.0.2.1', port: 53 };
  const ask = (overrides: Partial<UpstreamQuery> = {}) =>
    clock.runUntil(upstream.exchange(queryTo(endpoint, { question, ...overrides })));
  return { clock, upstream, ask };
}

async function answered(net: Net, overrides: Partial<UpstreamQuery> = {}) {
  const result = await net.ask(overrides);
  if (result.kind !== 'response') throw new Error(`fault ${result.fault}`);
  return { ...result, ...result.message };
}

async function faultOf(net: Net, overrides: Partial<UpstreamQuery> = {}): Promise<string> {
  const result = await net.ask(overrides);
  return result.kind === 'fault' ? result.fault : 'response';
}

describe('the upstream of an internet without sockets', () => {
  test('answers from the zones of the server at the address', async () => {
    const { aa, answer, rttMs } = await answered(netWith({}));
    expect([aa, answer[0]?.rdatas, rttMs]).toEqual([true, ['\xc0\x00\x02\x07'], 0]);
  });

  test('refuses a connection where no server is', async () => {
    const endpoint = { address: '192.0.2.99', port: 53 };
    expect(await faultOf(netWith({}), { endpoint })).toBe('connection-refused');
  });

  test('delay and jitter pass in virtual time', async () => {
    const { rttMs } = await answered(netWith({ delay: '20ms', jitter: '5ms' }));
    expect(rttMs).toBeGreaterThanOrEqual(20);
    expect(rttMs).toBeLessThanOrEqual(25);
  });

  test('a delay over the timeout is a timeout', async () => {
    expect(await faultOf(netWith({ delay: '2s' }))).toBe('timeout');
  });

  test('loss strikes UDP as often as told, and never TCP', async () => {
    const net = netWith({ loss: 0.3 });
    let lost = 0;
    for (let i = 0; i < 300; i++) if ((await faultOf(net)) === 'timeout') lost++;
    expect(lost).toBeGreaterThan(60);
    expect(lost).toBeLessThan(120);
    for (let i = 0; i < 20; i++) expect(await faultOf(net, { transport: 'tcp' })).toBe('response');
  });
});

describe('faults of a server, as a client sees them', () => {
  test.each<[string, FaultFields, Partial<UpstreamQuery>, string]>([
    ['silent', { silent: true }, {}, 'timeout'],
    ['silent by TCP', { silent: true }, { transport: 'tcp' }, 'timeout'],
    ['wrongId', { wrongId: 1 }, {}, 'near-miss'],
    ['wrongQuestion', { wrongQuestion: true }, {}, 'timeout'],
    ['malformed', { malformed: true }, {}, 'malformed'],
    ['noTcp', { noTcp: true }, { transport: 'tcp' }, 'connection-refused'],
    ['noTcp by UDP', { noTcp: true }, {}, 'response'],
    ['noEdns: drop', { noEdns: 'drop' }, {}, 'timeout'],
    ['noEdns: drop without EDNS', { noEdns: 'drop' }, { edns: undefined }, 'response'],
  ])('%s: %o', async (_name, faults, query, expected) => {
    expect(await faultOf(netWith(faults), query)).toBe(expected);
  });

  test.each<[string, FaultFields, number]>([
    ['refuse', { refuse: true }, Rcode.REFUSED],
    ['rcode', { rcode: 'SERVFAIL' }, Rcode.SERVFAIL],
    ['noEdns: formerr', { noEdns: 'formerr' }, Rcode.FORMERR],
    ['noEdns: notimp', { noEdns: 'notimp' }, Rcode.NOTIMP],
  ])('%s answers with its RCODE and no records', async (_name, faults, expected) => {
    const { rcode, answer } = await answered(netWith(faults));
    expect([rcode, answer]).toEqual([expected, []]);
  });

  test('noEdns answers a query without EDNS as if nothing were wrong, and sends no OPT with the error', async () => {
    const net = netWith({ noEdns: 'formerr' });
    expect((await answered(net)).edns).toBeUndefined();
    expect((await answered(net, { edns: undefined })).answer).toHaveLength(1);
  });

  test('lame refers to the root, without authority', async () => {
    const { aa, answer, authority } = await answered(netWith({ lame: true }));
    expect([aa, answer, authority.map((rrset) => rrset.name)]).toEqual([false, [], ['\0']]);
  });

  test('noAa gives the answer without AA', async () => {
    const { aa, answer } = await answered(netWith({ noAa: true }));
    expect([aa, answer.length]).toEqual([false, 1]);
  });

  test('lowercase breaks the random letter case of the question', async () => {
    expect((await answered(netWith({ lowercase: true }))).caseMatched).toBe(false);
    expect((await answered(netWith({}))).caseMatched).toBe(true);
  });

  test('truncate: udp sends TC and no records by UDP, and all by TCP', async () => {
    const net = netWith({ truncate: 'udp' });
    const udp = await answered(net);
    const tcp = await answered(net, { transport: 'tcp' });
    expect([udp.tc, udp.answer.length, tcp.tc, tcp.answer.length]).toEqual([true, 0, false, 1]);
  });

  test('truncate: always sends TC by TCP too', async () => {
    expect((await answered(netWith({ truncate: 'always' }), { transport: 'tcp' })).tc).toBe(true);
  });
});
