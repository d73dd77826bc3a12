/** DNS cookies with programs of others: dig as client, NSD as server. */
import { afterAll, describe, expect, it } from 'vitest';
import { SharedStubCache } from '../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { parseName } from '../../src/dns/name.js';
import { EdnsOption, RRClass, RRType } from '../../src/dns/registry.js';
import { systemClock } from '../../src/runtime/clock.js';
import { loopbackNetworks } from '../../src/runtime/networks.js';
import { secureRandom } from '../../src/runtime/random.js';
import { ServerCookies } from '../../src/server/cookies.js';
import { StubLane } from '../../src/server/fast-lane.js';
import { loadLibc } from '../../src/transport/native/libc.js';
import { NetworkUpstream } from '../../src/transport/network-upstream.js';
import type { UpstreamQuery } from '../../src/transport/upstream.js';
import { findOption } from '../../src/wire/options.js';
import { startLive } from '../support/live-server.js';
import { hasNsd, Nsd } from '../support/nsd.js';
import { answerOf, aRecord, FakeRecorder, resolutionOf } from '../support/server-harness.js';

it('dig finds that the cookie is a good one, and the same for its next query', async () => {
  const cookies = new ServerCookies([Buffer.alloc(16, 1)]);
  const live = await startLive(() => resolutionOf(answerOf([aRecord('www.example.')])), { cookies });
  try {
    const first = await live.dig('+cookie=0102030405060708', 'www.example.', 'A');
    expect(first).toMatch(/status: NOERROR/);
    const given = /COOKIE: ([0-9a-f]{48}) \(good\)/.exec(first)![1]!;
    expect(given).toMatch(/^0102030405060708/);
    const second = await live.dig(`+cookie=${given}`, '+tcp', 'www.example.', 'A');
    expect(second).toContain(`COOKIE: ${given} (good)`);
    expect(await live.dig('+nocookie', 'www.example.', 'A')).not.toContain('COOKIE');
    expect(await live.dig('+ednsopt=10:0102', '+nocookie', 'www.example.', 'A')).toMatch(/status: FORMERR/);
  } finally {
    await live.server.close(0);
  }
});

it.skipIf(loadLibc() === undefined)(
  'dig as it is gets its cookie by the fast lane, and brings it back there',
  async () => {
    const cookies = new ServerCookies([Buffer.alloc(16, 1)]);
    const recorder = new FakeRecorder();
    const stubCache = SharedStubCache.alone({ clock: systemClock, maxOctets: 1 << 18, seed: 3 });
    const lane = new StubLane(stubCache, systemClock, recorder);
    const answering = () =>
      resolutionOf(answerOf([aRecord('www.example.')]), { keepUntilMs: systemClock.wallMs() + 300_000 });
    const settings = { cookies, clients: loopbackNetworks };
    const live = await startLive(answering, settings, {}, { stubCache, lane });
    try {
      expect(await live.dig('www.example.', 'A')).toMatch(/COOKIE: [0-9a-f]{48} \(good\)/);
      const second = await live.dig('www.example.', 'A');
      const given = /COOKIE: ([0-9a-f]{48}) \(good\)/.exec(second)![1]!;
      const third = await live.dig(`+cookie=${given}`, 'www.example.', 'A');
      expect(third).toContain(`COOKIE: ${given} (good)`);
      expect(third).toContain('192.0.2.1');
      live.server.flushCounts();
      expect(recorder.records.map((record) => record.lookupClass)).toEqual(['stub', 'stub']);
      expect(live.recorder.records.map((record) => record.lookupClass)).toEqual(['resolver']);
    } finally {
      await live.server.close(0);
    }
  },
);

describe.skipIf(!hasNsd())('NSD', () => {
  const upstream = new NetworkUpstream({ clock: systemClock, random: secureRandom() });
  afterAll(() => upstream.close());

  it('answers a query with cookie by one that is believed, and takes its own back', async () => {
    const soa = '@ 3600 IN SOA ns.test. host.test. 1 2 3 4 5';
    const text = `$ORIGIN test.\n${soa}\n@ 3600 IN NS ns\nns 3600 IN A 192.0.2.1\nwww 3600 IN A 192.0.2.2\n`;
    const nsd = await Nsd.start([{ apex: 'test.', text }]);
    try {
      const ask = (cookie: string): UpstreamQuery => ({
        endpoint: { address: '127.0.0.1', port: nsd.port },
        transport: 'udp',
        question: { name: parseName('www.test.'), type: RRType.A, class: RRClass.IN },
        rd: false,
        cd: false,
        edns: { udpSize: 1232, do: false, cookie },
        randomCase: true,
        timeoutMs: 5000,
      });
      const cookieFor = async (cookie: string) => {
        const result = await upstream.exchange(ask(cookie));
        if (result.kind !== 'response') throw new Error(result.fault);
        expect(result.message.answer).toHaveLength(1);
        return findOption(result.message.edns, EdnsOption.COOKIE)?.data;
      };
      const given = await cookieFor('8 octets');
      expect(given).toMatch(/^8 octets/);
      expect(given).toHaveLength(24);
      expect(await cookieFor(given!)).toBe(given);
    } finally {
      await nsd.stop();
    }
  });
});
