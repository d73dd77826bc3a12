/**
 * The rule of the fast lane: a packet that it takes gets what the pipeline would have sent, octet for octet.
 *
 * Random queries, and such with a random octet changed, go to the lane, to the pipeline that fills its cache, and to
 * a pipeline whose stub cache holds nothing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeapStubCache } from '../../src/cache/heap-stub-cache.js';
import { SharedStubCache } from '../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { EdnsOption, RRType } from '../../src/dns/registry.js';
import { NetworkSet, parseNetwork } from '../../src/runtime/networks.js';
import { ClientRates } from '../../src/server/client-rates.js';
import { ServerCookies } from '../../src/server/cookies.js';
import { StubLane } from '../../src/server/fast-lane.js';
import { Pipeline } from '../../src/server/pipeline.js';
import { defaultServerSettings, type ServerSettings } from '../../src/server/settings.js';
import { NOT_TAKEN } from '../../src/transport/fast-lane.js';
import { encodeMessage } from '../../src/wire/encode.js';
import { LanePacket } from '../support/lane-packet.js';
import { client, edns, Harness, query } from '../support/server-harness.js';
import { anyStep, cachingResolver } from '../support/stub-lane-world.js';

const allowed = new NetworkSet(['192.0.2.0/24', '2001:db8::/32'].map(parseNetwork));

const clientAddresses = [
  '192.0.2.10',
  '192.0.2.77',
  '2001:db8::9',
  '::ffff:192.0.2.10',
  '198.51.100.1',
  '2001:db9::1',
];
const clients = fc.constantFrom(...clientAddresses);

/** Mostly none; else an octet of the packet, counted from its start or its end, and its new value. */
const anyDamage = fc.oneof(
  { weight: 5, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.record({ at: fc.integer({ min: -16, max: 40 }), value: fc.integer({ min: 0, max: 255 }) }),
  },
);

const steps = fc.array(
  fc.record({ step: anyStep, plainOpt: fc.boolean(), rd: fc.boolean(), from: clients, damage: anyDamage }),
  {
    minLength: 40,
    maxLength: 120,
    size: 'max',
  },
);

const secret = (fill: number) => Buffer.alloc(16, fill);
const cookies = new ServerCookies([secret(1), secret(2)]);
const makers = [cookies, new ServerCookies([secret(2)]), new ServerCookies([secret(3)])];

/** A cookie that the server gave, or one that it would not know, and what became of it on the way. */
interface AskedCookie {
  readonly client: string;
  /** Undefined: the client's part alone. */
  readonly server:
    | { readonly maker: ServerCookies; readonly for: string | undefined; readonly ageSec: number }
    | undefined;
  /** Octets behind it, or missing from it. */
  readonly longerBy: number;
  readonly wrongOctet: number | undefined;
}

/** One value four times out of five. */
function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  const other = fc.constantFrom(...others);
  return fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
}

const anyCookie: fc.Arbitrary<AskedCookie> = fc.record({
  client: fc.constantFrom('8 octets', '\0\x01\xfe\xff\x80\x7f\r\n'),
  server: fc.option(
    fc.record({
      maker: mostly(cookies, ...makers),
      for: mostly(undefined, ...clientAddresses),
      ageSec: mostly(0, 1, 1800, 1801, 3600, 3601, 100_000, -1, -300, -301),
    }),
    { nil: undefined, freq: 3 },
  ),
  longerBy: mostly(0, -17, -9, -8, -7, -1, 1, 7, 8, 16, 17),
  wrongOctet: mostly(undefined, 0, 8, 9, 12, 15, 16, 23),
});

const anotherCookie = { code: EdnsOption.COOKIE, data: 'a second' };
const nsidAsked = { code: EdnsOption.NSID, data: '' };

/** The data of the option. */
function cookieData(
  { client: own, server, longerBy, wrongOctet }: AskedCookie,
  from: string,
  nowSec: number,
) {
  const made = server?.maker.settle({ client: own, server: '' }, server.for ?? from, nowSec - server.ageSec);
  const octets = Buffer.from(made?.given ?? own, 'latin1');
  if (wrongOctet !== undefined && wrongOctet < octets.length) octets[wrongOctet]! ^= 0x40;
  const sized = Buffer.alloc(Math.max(0, octets.length + longerBy), 0x5a);
  octets.copy(sized);
  return sized.latin1Slice();
}

const stepsWithCookies = fc.array(
  fc.record({
    name: fc.constantFrom('www.example.', 'Alias.Example.', 'gone.example.', 'big.example.'),
    dnssecOk: fc.boolean(),
    udpSize: mostly(1232, 0, 512, 700, 65_535),
    from: clients,
    cookie: fc.option(anyCookie, { nil: undefined, freq: 9 }),
    nsid: mostly('none', 'before', 'behind'),
    another: mostly(undefined, anotherCookie),
    waitSec: mostly(0, 1),
    damage: anyDamage,
  }),
  { minLength: 40, maxLength: 120, size: 'max' },
);

class Lanes {
  readonly h: Harness = new Harness(cachingResolver(() => this.h));
  readonly cache = SharedStubCache.alone({ clock: this.h.clock, maxOctets: 1 << 18, seed: 99 });
  readonly lane = new StubLane(this.cache, this.h.clock, this.h.recorder);
  readonly packet = new LanePacket();
  private readonly filling: Pipeline;
  private readonly plain: Pipeline;

  constructor(settings: Partial<ServerSettings> = {}) {
    const { h } = this;
    const all: ServerSettings = {
      ...defaultServerSettings,
      allowed: (address) => allowed.hasClient(address),
      clients: allowed,
      ...settings,
    };
    this.lane.open(all, new ClientRates(h.clock, all.perClientQps));
    this.filling = new Pipeline({ ...h.parts, stubCache: this.cache }, all);
    const stubCache = new HeapStubCache({ clock: h.clock, maxOctets: 1 });
    this.plain = new Pipeline({ ...h.parts, stubCache }, all);
  }

  take(wire: Buffer, from: string): Buffer | undefined {
    const length = this.lane.take(this.packet.put(wire, from));
    expect(this.packet.spilt).toBe(false);
    return length === NOT_TAKEN ? undefined : this.packet.taken(length);
  }

  fill(wire: Buffer, from: string): Promise<Buffer | undefined> {
    this.h.pipeline = this.filling;
    return this.h.wire(wire, client(from, 'udp'));
  }

  expected(wire: Buffer, from: string): Promise<Buffer | undefined> {
    this.h.pipeline = this.plain;
    return this.h.wire(wire, client(from, 'udp'));
  }
}

describe('the fast lane', () => {
  it('sends what the pipeline sends, octet for octet, or leaves the packet', async () => {
    let taken = 0;
    let left = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const lanes = new Lanes();
        for (const { step, plainOpt, rd, from, damage } of all) {
          const { name, type, waitSec, edns: opt, id, ad, cd } = step;
          if (rd) await lanes.h.clock.advance(waitSec * 1000); // else most answers would be over
          const wire = encodeMessage(
            query(name, type, {
              id,
              ad,
              cd,
              rd,
              edns: opt && edns(plainOpt ? { ...opt, options: [] } : opt),
            }),
          );
          if (damage) wire[damage.at < 0 ? wire.length + damage.at : damage.at] = damage.value;
          const got = lanes.take(wire, from);
          if (got === undefined) {
            left++;
            await lanes.fill(wire, from);
          } else {
            taken++;
            expect(got.toString('hex')).toBe((await lanes.expected(wire, from))?.toString('hex'));
          }
        }
      }),
      { numRuns: 80, seed: 20_261_124 },
    );
    expect(taken).toBeGreaterThan(250); // or the property says nothing
    expect(left).toBeGreaterThan(250);
  });

  it('gives the cookie that the pipeline gives, octet for octet, or leaves the packet', async () => {
    const kept = { same: 0, anew: 0, left: 0 };
    await fc.assert(
      fc.asyncProperty(stepsWithCookies, mostly(true, false), async (all, given) => {
        const lanes = new Lanes(given ? { cookies } : {});
        for (const { name, from, dnssecOk, udpSize, cookie, nsid, another, waitSec, damage } of all) {
          await lanes.h.clock.advance(waitSec * 1000);
          const data = cookie && cookieData(cookie, from, Math.floor(lanes.h.clock.wallMs() / 1000));
          const options = [
            ...(nsid === 'before' ? [nsidAsked] : []),
            ...(data === undefined ? [] : [{ code: EdnsOption.COOKIE, data }]),
            ...(another ? [another] : []),
            ...(nsid === 'behind' ? [nsidAsked] : []),
          ];
          const wire = encodeMessage(
            query(name, RRType.A, { edns: edns({ udpSize, do: dnssecOk, options }) }),
          );
          if (damage) wire[damage.at < 0 ? wire.length + damage.at : damage.at] = damage.value;
          const got = lanes.take(wire, from);
          if (got === undefined) {
            kept.left++;
            await lanes.fill(wire, from);
            continue;
          }
          expect(got.toString('hex')).toBe((await lanes.expected(wire, from))?.toString('hex'));
          if (data !== undefined && given) kept[got.latin1Slice().endsWith(data) ? 'same' : 'anew']++;
        }
      }),
      { numRuns: 120, seed: 20_261_128 },
    );

    for (const count of Object.values(kept)) expect(count).toBeGreaterThan(250); // or the property says nothing
  });

  it('leaves packets that are cut short, whatever stands behind them in memory', async () => {
    const lanes = new Lanes({ cookies });
    for (const data of [undefined, '8 octets', '16 octets or more']) {
      const options = data === undefined ? [] : [{ code: EdnsOption.COOKIE, data }];
      const wire = encodeMessage(query('www.example.', 1, { edns: edns({ options }) }));
      await lanes.fill(wire, '192.0.2.10');
      expect(lanes.take(wire, '192.0.2.10')).toBeDefined();
      for (let length = 0; length < wire.length; length++) {
        expect(lanes.take(wire.subarray(0, length), '192.0.2.10')).toBeUndefined();
      }
    }
  });
});
