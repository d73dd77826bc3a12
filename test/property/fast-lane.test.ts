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
import { NetworkSet, parseNetwork } from '../../src/runtime/networks.js';
import { ClientRates } from '../../src/server/client-rates.js';
import { StubLane } from '../../src/server/fast-lane.js';
import { Pipeline } from '../../src/server/pipeline.js';
import { defaultServerSettings, type ServerSettings } from '../../src/server/settings.js';
import { NOT_TAKEN } from '../../src/transport/fast-lane.js';
import { encodeMessage } from '../../src/wire/encode.js';
import { LanePacket } from '../support/lane-packet.js';
import { client, edns, Harness, query } from '../support/server-harness.js';
import { anyStep, cachingResolver } from '../support/stub-lane-world.js';

const allowed = new NetworkSet(['192.0.2.0/24', '2001:db8::/32'].map(parseNetwork));

const clients = fc.constantFrom(
  '192.0.2.10',
  '192.0.2.77',
  '2001:db8::9',
  '::ffff:192.0.2.10',
  '198.51.100.1',
  '2001:db9::1',
);

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

  it('leaves packets that are cut short, whatever stands behind them in memory', async () => {
    const lanes = new Lanes();
    const wire = encodeMessage(query('www.example.', 1, { edns: edns() }));
    await lanes.fill(wire, '192.0.2.10');
    expect(lanes.take(wire, '192.0.2.10')).toBeDefined();
    for (let length = 0; length < wire.length; length++) {
      expect(lanes.take(wire.subarray(0, length), '192.0.2.10')).toBeUndefined();
    }
  });
});
