import { describe, expect, it } from 'vitest';
import { SharedStubCache } from '../../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { parseName } from '../../../src/dns/name.js';
import { EdnsOption, RRType } from '../../../src/dns/registry.js';
import { Counters } from '../../../src/observe/counters.js';
import { NetworkSet, parseNetwork } from '../../../src/runtime/networks.js';
import { ServerCookies } from '../../../src/server/cookies.js';
import { StubLane } from '../../../src/server/fast-lane.js';
import { DnsServer } from '../../../src/server/server.js';
import { defaultServerSettings, type ServerSettings } from '../../../src/server/settings.js';
import { NOT_TAKEN } from '../../../src/transport/fast-lane.js';
import type { Listener, PacketHandler } from '../../../src/transport/listener.js';
import { decodeMessage } from '../../../src/wire/decode.js';
import { encodeMessage } from '../../../src/wire/encode.js';
import type { Edns, EdnsOptionValue } from '../../../src/wire/message.js';
import { LanePacket } from '../../support/lane-packet.js';
import {
  answerOf,
  aRecord,
  edns,
  FakeLog,
  Harness,
  query,
  resolutionOf,
  udpClient,
} from '../../support/server-harness.js';

const CLIENT = '192.0.2.10';
const CLIENT_PART = { client: '8 octets', server: '' };
const cookie = (data: string): EdnsOptionValue => ({ code: EdnsOption.COOKIE, data });
const everyone = new NetworkSet(['0.0.0.0/0', '::/0'].map(parseNetwork));

/** A server with a lane, its sockets replaced by calls. */
class LaneServer {
  readonly h: Harness = new Harness((question) =>
    resolutionOf(answerOf([{ ...aRecord('www.example.'), name: question.name }]), {
      keepUntilMs: this.h.clock.wallMs() + 300_000,
    }),
  );
  readonly counters = new Counters();
  readonly cache = SharedStubCache.alone({ clock: this.h.clock, maxOctets: 1 << 18, seed: 3 });
  readonly lane = new StubLane(this.cache, this.h.clock, this.counters);
  readonly packet = new LanePacket();
  readonly server: DnsServer;
  private handler: PacketHandler = () => {};

  constructor(settings: Partial<ServerSettings> = {}, logQuery?: () => void) {
    const { h, counters: recorder, cache: stubCache, lane } = this;
    const listener = (transport: 'udp' | 'tcp'): Listener => ({
      address: '192.0.2.1',
      port: 53,
      transport,
      stats: () => ({
        received: 0,
        replied: 0,
        grouped: 0,
        sendErrors: 0,
        refused: 0,
        handlerErrors: 0,
        connections: 0,
      }),
      close: async () => {},
    });
    this.server = new DnsServer({
      resolver: h.resolver,
      stubCache,
      clock: h.clock,
      recorder,
      log: new FakeLog(),
      listen: [{ address: '192.0.2.1', port: 53 }],
      openUdp: async (_options, handler, fastLane) => {
        expect(fastLane).toBe(lane.take);
        this.handler = handler;
        return listener('udp');
      },
      openTcp: async () => listener('tcp'),
      settings: this.settings(settings),
      lane,
      logQuery,
    });
  }

  settings(more: Partial<ServerSettings>): ServerSettings {
    return { ...defaultServerSettings, clients: everyone, ...more };
  }

  async started(): Promise<this> {
    await this.server.start();
    return this;
  }

  /** As the batching listener does it. Says which way the packet went, and what came back. */
  async ask(
    name: string,
    type: number = RRType.A,
    from = CLIENT,
    opt?: Edns,
  ): Promise<{ by: string; wire?: Buffer }> {
    const wire = encodeMessage(query(name, type, { edns: opt }));
    const length = this.lane.take(this.packet.put(wire, from));
    if (length !== NOT_TAKEN) return { by: 'lane', wire: this.packet.taken(length) };
    let got: Buffer | undefined;
    this.handler(wire, { ...udpClient, address: from }, (response) => {
      got = response;
    });
    await this.h.clock.advance(0);
    return { by: 'pipeline', wire: got };
  }

  /** Sends options; says which way the query went, and which options came back. */
  async askWith(...options: EdnsOptionValue[]): Promise<{ by: string; options: readonly EdnsOptionValue[] }> {
    const { by, wire } = await this.ask('a.', RRType.A, CLIENT, edns({ options }));
    const decoded = decodeMessage(wire!);
    if (!decoded.ok) throw new Error(decoded.reason);
    return { by, options: decoded.message.edns!.options };
  }

  async ways(...names: string[]): Promise<string[]> {
    const ways: string[] = [];
    for (const name of names) ways.push((await this.ask(name)).by);
    return ways;
  }
}

describe('the fast lane', () => {
  it('answers from the second time on', async () => {
    const s = await new LaneServer().started();
    expect(await s.ways('a.', 'a.', 'b.', 'a.', 'b.')).toEqual([
      'pipeline',
      'lane',
      'pipeline',
      'lane',
      'lane',
    ]);
  });

  it('gives a cookie that the next query may bring, until it is half an hour old', async () => {
    const cookies = new ServerCookies([Buffer.alloc(16, 1)]);
    const s = await new LaneServer({ cookies }).started();
    await s.askWith();
    const first = await s.askWith(cookie('8 octets'));
    expect(first.by).toBe('lane');
    const given = first.options[0]!;
    expect(given.data).toBe(cookies.settle(CLIENT_PART, CLIENT, s.h.clock.wallMs() / 1000).given);
    await s.h.clock.advance(200_000);
    expect(await s.askWith(given)).toEqual({ by: 'lane', options: [given] });
    await s.h.clock.advance(1_601_000);
    await s.askWith();
    const renewed = await s.askWith(given);
    expect(renewed).toEqual({ by: 'lane', options: [cookie(expect.stringMatching(/^8 octets.{16}$/s))] });
    expect(renewed.options).not.toEqual([given]);
  });

  it('gives the cookie of the settings in force, and none when they say so', async () => {
    const of = (fill: number) => new ServerCookies([Buffer.alloc(16, fill)]);
    const s = await new LaneServer({ cookies: of(1) }).started();
    const asked = async () => {
      await s.askWith();
      return s.askWith(cookie('8 octets'));
    };
    const before = await asked();
    s.server.reconfigure(s.settings({ cookies: of(2) }));
    const after = await asked();
    expect(after.options).toHaveLength(1);
    expect(after.options).not.toEqual(before.options);
    s.server.reconfigure(s.settings({}));
    expect(await asked()).toEqual({ by: 'lane', options: [] });
  });

  it.each([
    ['a cookie of 7 octets', [cookie('7 octet')]],
    ['a cookie of 15 octets', [cookie('x'.repeat(15))]],
    ['a cookie of 41 octets', [cookie('x'.repeat(41))]],
    ['two cookies', [cookie('8 octets'), cookie('8 octets')]],
    ['a cookie and another option', [cookie('8 octets'), { code: EdnsOption.NSID, data: '' }]],
    ['another option', [{ code: EdnsOption.NSID, data: '8 octets' }]],
  ])('leaves %s to the pipeline', async (_what, options) => {
    const s = await new LaneServer({ cookies: new ServerCookies([Buffer.alloc(16, 1)]) }).started();
    await s.askWith();
    expect((await s.askWith(...options)).by).toBe('pipeline');
    expect((await s.askWith()).by).toBe('lane');
  });

  it('counts each query once, so that classes, types, RCODEs and transports sum to the queries', async () => {
    const s = await new LaneServer().started();
    for (let i = 0; i < 1000; i++) await s.ask(`n${i % 10}.`, i % 20 < 10 ? RRType.A : RRType.AAAA);
    s.server.flushCounts();
    s.server.flushCounts();
    const { total, byClass, types, rcodes, transports, latency } = s.counters.stats();
    expect(total).toBe(1000);
    expect(byClass).toMatchObject({ stub: 980, resolver: 20 });
    expect(types).toEqual({ A: 500, AAAA: 500 });
    expect(rcodes).toEqual({ NOERROR: 1000 });
    expect(transports).toEqual({ udp: 1000 });
    expect(latency.stub!.count).toBe(980);
    expect(s.cache.stats()).toMatchObject({ hits: 980, misses: { 'never-seen': 20 } });
  });

  it('leaves clients that may not ask to the pipeline', async () => {
    const clients = new NetworkSet([parseNetwork('192.0.2.0/24')]);
    const s = await new LaneServer({ clients, allowed: (a) => clients.hasClient(a) }).started();
    await s.ask('a.');
    expect((await s.ask('a.')).by).toBe('lane');
    const refused = await s.ask('a.', RRType.A, '198.51.100.1');
    expect(refused.by).toBe('pipeline');
    expect(refused.wire![3]! & 15).toBe(5);
  });

  it('draws on the same rate as the pipeline', async () => {
    const s = await new LaneServer({ perClientQps: 5 }).started();
    expect(await s.ways('a.', 'a.', 'a.', 'b.', 'a.')).toEqual([
      'pipeline',
      'lane',
      'lane',
      'pipeline',
      'lane',
    ]);
    expect((await s.ask('a.')).by).toBe('pipeline'); // where every second one is dropped, the others truncated
    expect((await s.ask('a.')).wire![2]! & 2).toBe(2);
    expect((await s.ask('a.', RRType.A, '2001:db8::1')).by).toBe('lane');
    await s.h.clock.advance(1000);
    expect((await s.ask('a.')).by).toBe('lane');
  });

  it('forgets what was answered under other settings, also by queries that were under way', async () => {
    const s = await new LaneServer({ specialUse: false }).started();
    expect(await s.ways('host.test.', 'host.test.')).toEqual(['pipeline', 'lane']);
    let answer: () => void = () => {};
    const { answering } = s.h.resolver;
    s.h.resolver.answering = (question, options) =>
      new Promise((resolve) => {
        answer = () => resolve(answering(question, options));
      });
    await s.ask('late.test.');
    s.server.reconfigure(s.settings({ specialUse: true, generation: 1 }));
    answer();
    await s.h.clock.advance(0);
    for (const name of ['host.test.', 'late.test.']) {
      const { by, wire } = await s.ask(name);
      expect(by).toBe('pipeline');
      expect(wire![3]! & 15).toBe(3); // NXDOMAIN, from the locally served zone
    }
    expect([...s.cache.entries()]).toEqual([]);
  });

  it('gives nothing that was purged', async () => {
    const s = await new LaneServer().started();
    await s.ways('www.a.', 'www.a.');
    s.cache.purge(parseName('a.'), { subtree: true });
    expect(await s.ways('www.a.')).toEqual(['pipeline']);
  });

  it('gives nothing whose time is over', async () => {
    const s = await new LaneServer().started();
    await s.ways('a.');
    await s.h.clock.advance(299_999);
    expect(await s.ways('a.')).toEqual(['lane']);
    await s.h.clock.advance(1);
    expect(await s.ways('a.')).toEqual(['pipeline']);
  });

  it('leaves all to the pipeline for a query log, and when the server drains', async () => {
    const logged = await new LaneServer({}, () => {}).started();
    expect(await logged.ways('a.', 'a.')).toEqual(['pipeline', 'pipeline']);
    const s = await new LaneServer().started();
    await s.ways('a.');
    const closed = s.server.close(0);
    expect((await s.ask('a.')).wire).toBeUndefined();
    await s.h.clock.advance(1);
    await closed;
    expect(s.counters.stats().dropped).toEqual({ draining: 1 });
  });
});
