/** Clients with rules of their own: separate answers, in the pipeline, through the fast lane, and in every cache. */
import { describe, expect, it } from 'vitest';
import { SharedStubCache } from '../../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { parseName } from '../../../src/dns/name.js';
import { Rcode, RRType } from '../../../src/dns/registry.js';
import { Counters } from '../../../src/observe/counters.js';
import { Policy } from '../../../src/policy/policy.js';
import { responsePolicyZone } from '../../../src/policy/rpz.js';
import { blockList } from '../../../src/policy/rules.js';
import { NetworkSet, parseNetwork } from '../../../src/runtime/networks.js';
import { ClientRates } from '../../../src/server/client-rates.js';
import { StubLane } from '../../../src/server/fast-lane.js';
import { Pipeline } from '../../../src/server/pipeline.js';
import { defaultServerSettings, type ServerSettings, type View } from '../../../src/server/settings.js';
import { NOT_TAKEN } from '../../../src/transport/fast-lane.js';
import { decodeMessage } from '../../../src/wire/decode.js';
import { encodeMessage } from '../../../src/wire/encode.js';
import { parseZoneText } from '../../../src/zone/parse.js';
import { LanePacket } from '../../support/lane-packet.js';
import { answerOf, client, Harness, query, resolutionOf, rrset } from '../../support/server-harness.js';

const KID = '192.0.2.11';
const GUEST = '198.51.100.7';
const OTHER = '203.0.113.1';
const everyone = new NetworkSet(['0.0.0.0/0', '::/0'].map(parseNetwork));

const blocking = (names: string) => new Policy({ lists: [blockList('l', names, 'domains', 'nxdomain')] });
const view = (index: number, name: string, network: string, policy?: Policy): View => ({
  index,
  name,
  clients: new NetworkSet([parseNetwork(network)]),
  policy,
});
const views = [
  view(1, 'kids', '192.0.2.0/24', blocking('games.example')),
  view(2, 'guests', '198.51.100.0/24'),
  view(3, 'never', '192.0.2.0/25', blocking('www.example')),
];
const settings: ServerSettings = {
  ...defaultServerSettings,
  clients: everyone,
  policy: blocking('news.example'),
  views,
};

/** A pipeline and a lane over one stub cache in shared memory. */
class World {
  readonly h: Harness = new Harness((question) =>
    resolutionOf(
      answerOf(
        [rrset('www.example.', RRType.A, ['\xc0\0\x02\x01'])].map((r) => ({ ...r, name: question.name })),
      ),
      {
        keepUntilMs: this.h.clock.wallMs() + 300_000,
      },
    ),
  );
  readonly cache = SharedStubCache.alone({ clock: this.h.clock, maxOctets: 1 << 18, seed: 3 });
  readonly counters = new Counters();
  readonly lane = new StubLane(this.cache, this.h.clock, this.counters);
  private readonly packet = new LanePacket();

  constructor(by: ServerSettings = settings) {
    this.h.pipeline = new Pipeline({ ...this.h.parts, stubCache: this.cache, recorder: this.counters }, by);
    this.lane.open(by, new ClientRates(this.h.clock, 0));
  }

  /** RCODE, and whether the lane gave it. */
  async ask(
    name: string,
    address: string,
    transport: 'udp' | 'tcp' = 'udp',
  ): Promise<[number, 'lane' | 'pipeline']> {
    const wire = encodeMessage(query(name));
    if (transport === 'udp') {
      const length = this.lane.take(this.packet.put(wire, address));
      if (length !== NOT_TAKEN && length > 0) {
        const decoded = decodeMessage(this.packet.taken(length));
        return [decoded.ok ? decoded.message.rcode : -1, 'lane'];
      }
    }
    const response = await this.h.ask(wire, client(address, transport));
    return [response!.rcode, 'pipeline'];
  }
}

const { NOERROR, NXDOMAIN } = Rcode;

describe('two views of one name', () => {
  const transports = ['udp', 'tcp'] as const;
  const orders = [
    [KID, GUEST, OTHER],
    [GUEST, OTHER, KID],
    [OTHER, KID, GUEST],
  ];
  it.each(orders.flatMap((order) => transports.map((transport) => [order, transport] as const)))(
    'get separate answers, asked in the order %j over %s',
    async (order, transport) => {
      const world = new World();
      for (let round = 0; round < 3; round++) {
        for (const address of order) {
          const rcode = async (name: string) => (await world.ask(name, address, transport))[0];
          expect([address, await rcode('games.example.')]).toEqual([
            address,
            address === KID ? NXDOMAIN : NOERROR,
          ]);
          expect([address, await rcode('news.example.')]).toEqual([
            address,
            address === OTHER ? NXDOMAIN : NOERROR,
          ]);
          expect(await rcode('www.example.')).toBe(NOERROR);
        }
      }
    },
  );

  it('have a part of the stub cache each, which the fast lane serves from', async () => {
    const world = new World();
    for (const address of [KID, GUEST, OTHER]) {
      expect(await world.ask('www.example.', address)).toEqual([NOERROR, 'pipeline']);
      expect(await world.ask('www.example.', address)).toEqual([NOERROR, 'lane']);
    }
    expect([...world.cache.entries()].map((entry) => entry.view).sort()).toEqual([0, 1, 2]);
    expect(world.cache.purge(parseName('www.example.'))).toBe(3);
  });

  it('are kept apart in a dump of the cache as well', async () => {
    const world = new World();
    await world.ask('games.example.', GUEST);
    const restored = new World();
    expect(restored.cache.restore(world.cache.serialize())).toMatchObject({ restored: 1 });
    expect(await restored.ask('games.example.', KID)).toEqual([NXDOMAIN, 'pipeline']);
    expect(await restored.ask('games.example.', GUEST)).toEqual([NOERROR, 'lane']);
    expect(await restored.ask('games.example.', OTHER)).toEqual([NOERROR, 'pipeline']);
  });

  it('are named in the record of each query and counted, in the lane too', async () => {
    const world = new World();
    for (let i = 0; i < 3; i++) await world.ask('www.example.', KID);
    await world.ask('www.example.', GUEST);
    await world.ask('www.example.', OTHER);
    world.lane.flushCounts();
    world.lane.flushCounts();
    expect(world.counters.stats()).toMatchObject({ total: 5, views: { kids: 3, guests: 1 } });
  });
});

describe('a view', () => {
  it('may have special-use names of its own as local data', async () => {
    const local = { rcode: 0, answer: [rrset('nas.home.arpa.', RRType.A, ['\x0a\0\0\x01'])], authority: [] };
    const own: View = {
      ...view(1, 'home', '192.0.2.0/24'),
      localData: ({ name }) => (name === parseName('nas.home.arpa.') ? local : undefined),
      serves: (name) => name.endsWith(parseName('home.arpa.')),
    };
    const world = new World({ ...settings, views: [own] });
    expect((await world.ask('nas.home.arpa.', KID))[0]).toBe(NOERROR);
    expect((await world.ask('nas.home.arpa.', OTHER))[0]).toBe(NXDOMAIN);
  });
});

describe('rules about clients', () => {
  const text = '32.11.2.0.192.rpz-client-ip 60 CNAME .\n32.12.2.0.192.rpz-client-ip 60 CNAME rpz-tcp-only.\n';
  const apex = parseName('rpz.');
  const list = responsePolicyZone('rpz', apex, parseZoneText(text, { origin: apex }).records);
  const judged = { ...defaultServerSettings, clients: everyone, policy: new Policy({ lists: [list] }) };

  it('hold though the fast lane has an answer for others, whoever asks first', async () => {
    const world = new World(judged);
    expect((await world.ask('www.example.', KID))[0]).toBe(NXDOMAIN);
    expect(await world.ask('www.example.', OTHER)).toEqual([NOERROR, 'pipeline']);
    expect(await world.ask('www.example.', OTHER)).toEqual([NOERROR, 'lane']);
    expect(await world.ask('www.example.', KID)).toEqual([NXDOMAIN, 'pipeline']);
  });

  it('that send a client to TCP keep what it gets there out of the cache', async () => {
    const world = new World(judged);
    const udp = await world.h.ask(query('www.example.'), client('192.0.2.12', 'udp'));
    expect(udp).toMatchObject({ tc: true, answer: [] });
    const tcp = await world.h.ask(query('www.example.'), client('192.0.2.12', 'tcp'));
    expect(tcp).toMatchObject({ tc: false, answer: [{ type: RRType.A }] });
    expect(world.cache.stats().entries).toBe(0);
  });
});
