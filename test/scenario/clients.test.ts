/** What clients do to the whole: the pipeline over a resolver over a mock internet. Reference/attacks, as clients see it. */
import { describe, expect, it } from 'vitest';
import { HeapStubCache } from '../../src/cache/heap-stub-cache.js';
import { EdnsOption, Opcode, Rcode, RRType } from '../../src/dns/registry.js';
import { FaultLog } from '../../src/server/fault-log.js';
import { InFlight } from '../../src/server/in-flight.js';
import { Pipeline } from '../../src/server/pipeline.js';
import { defaultServerSettings } from '../../src/server/settings.js';
import type { ClientAddress } from '../../src/transport/listener.js';
import { encodeMessage } from '../../src/wire/encode.js';
import type { Message } from '../../src/wire/message.js';
import type { ScenarioNet } from '../support/scenario-net.js';
import { client, decoded, edns, FakeLog, FakeRecorder, query, udpClient } from '../support/server-harness.js';
import { world, zone } from '../support/world.js';

const zones = [
  zone('.', '192.0.2.1', 'test. NS ns.test.\nns.test. A 192.0.2.2\nslow. NS ns.slow.\nns.slow. A 192.0.2.3'),
  zone('test.', '192.0.2.2', 'www A 198.51.100.1\n* A 198.51.100.2'),
  zone('slow.', '192.0.2.3', '* A 198.51.100.3'),
];

/** A server over the net: every response that a client gets is in `got`. */
class Served {
  readonly recorder = new FakeRecorder();
  readonly log = new FakeLog();
  readonly inFlight = new InFlight();
  readonly got: { readonly to: ClientAddress; readonly message: Message; readonly atMs: number }[] = [];
  private readonly pipeline: Pipeline;

  constructor(readonly net: ScenarioNet) {
    const { clock, engine } = net;
    this.pipeline = new Pipeline(
      {
        resolver: engine,
        stubCache: new HeapStubCache({ clock, maxOctets: 1 << 20 }),
        clock,
        recorder: this.recorder,
        inFlight: this.inFlight,
        faults: new FaultLog(this.log, clock),
      },
      // Names below test. are resolved here.
      { ...defaultServerSettings, specialUse: false },
    );
  }

  send(message: Message, to: ClientAddress = udpClient): void {
    const atMs = () => this.net.clock.monotonicMs();
    this.pipeline.handle(encodeMessage(message), to, (wire) => {
      if (wire.length > 0) this.got.push({ to, message: decoded(wire), atMs: atMs() });
    });
  }

  async ask(message: Message, to: ClientAddress = udpClient): Promise<Message | undefined> {
    const before = this.got.length;
    this.send(message, to);
    for (let i = 0; i < 100 && this.got.length === before; i++) await this.net.clock.advance(100);
    return this.got[before]?.message;
  }
}

const ecs = (i: number) =>
  edns({ options: [{ code: EdnsOption.ECS, data: `\0\x01\x18\0\x0a${String.fromCharCode(i)}\0` }] });

describe('RebirthDay: client subnets (CVE-2025-5994)', () => {
  it('100 of them at once make one query upstream, which names none', async () => {
    const net = world(zones, {
      tamper: (packet, { query: sent }) => {
        expect(decoded(sent).edns?.options.filter(({ code }) => code === EdnsOption.ECS)).toEqual([]);
        return [packet];
      },
    });
    const served = new Served(net);
    await served.ask(query('a.test.'));
    net.resetQueries();
    for (let i = 0; i < 100; i++) served.send(query('www.test.', RRType.A, { edns: ecs(i) }));
    await net.clock.advance(1000);
    expect(net.asked).toEqual(['www.test. A']);
    const answers = served.got.slice(1);
    expect(answers).toHaveLength(100);
    for (const { message } of answers) {
      expect(message.answer).toHaveLength(1);
      // Not a word on the subnet: the answer is the same for everybody.
      expect(message.edns?.options).toEqual([]);
    }
  });
});

describe('what would change a server (CVE-2025-59030)', () => {
  it.each([
    ['NOTIFY', Opcode.NOTIFY],
    ['UPDATE', Opcode.UPDATE],
  ])('a %s by UDP or TCP is NOTIMP and leaves the caches as they are', async (_name, opcode) => {
    const net = world(zones);
    const served = new Served(net);
    await served.ask(query('www.test.'));
    net.resetQueries();
    for (const transport of ['udp', 'tcp'] as const) {
      const notice = query('test.', RRType.SOA, { opcode });
      expect((await served.ask(notice, client('192.0.2.10', transport)))?.rcode).toBe(Rcode.NOTIMP);
    }
    expect((await served.ask(query('www.test.')))?.answer).toHaveLength(1);
    expect(served.recorder.records.at(-1)?.lookupClass).toBe('stub');
    expect(net.queries).toEqual([]);
  });
});

describe('DNSBomb (CVE-2024-33655)', () => {
  const held = (net: ScenarioNet) => {
    net.forge = (sent) => (sent.endpoint.address === '192.0.2.3' ? 'silence' : undefined);
  };

  it('answers that are held back are few, and none is let go at an address that waits no more', async () => {
    const net = world(zones);
    const served = new Served(net);
    held(net);
    for (let i = 0; i < 2000; i++) served.send(query(`n${i}.slow.`), client('203.0.113.9', 'udp'));
    const refused = served.got.length;
    expect(refused).toBe(1800);
    expect(served.inFlight.count).toBe(200);
    await net.clock.advance(20_000);
    const burst = served.got.slice(refused);
    expect(burst.length).toBeLessThanOrEqual(200);
    expect(served.inFlight.count).toBe(0);
    // What comes is small: failures, no amplification.
    for (const { message } of burst) expect(message.answer).toEqual([]);
  });
});

describe('responses that are no answer', () => {
  it('TuDoor: five broken packets before the good one change nothing', async () => {
    const net = world(zones, {
      tamper: (packet, { query: sent, address }) => {
        if (address !== '192.0.2.2') return [packet];
        const change = (at: number, value: number) => {
          const copy = Buffer.from(packet);
          copy[at] = value;
          return copy;
        };
        return [
          packet.subarray(0, 20),
          change(7, 9), // more records than there are
          change(2, packet[2]! & 0x7f), // QR 0
          change(5, 2), // two questions
          change(13, packet[13]! ^ 1), // another name
          Buffer.from(sent),
          packet,
        ];
      },
    });
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.asked.filter((asked) => asked === 'www.test. A')).toHaveLength(1);
  });

  it('forged answers with one field wrong each are never kept', async () => {
    const lie = (packet: Buffer) => {
      const { answer, ...rest } = decoded(packet);
      return encodeMessage({
        ...rest,
        answer: answer.map((r) => ({ ...r, rdatas: ['\xcb\0\x71\x42'] })),
      } as Message);
    };
    for (const [at, change] of [
      [2, 0x80],
      [2, 0x08],
      [5, 0x03],
      [14, 0x01],
    ] as const) {
      const net = world(zones, {
        tamper: (packet, { address, query: sent }) => {
          if (address !== '192.0.2.2' || decoded(sent).questions[0]!.type !== RRType.A) return [packet];
          const forged = lie(packet);
          forged[at] = forged[at]! ^ change;
          return [forged, packet];
        },
      });
      expect(await net.say('www.test.')).toBe('198.51.100.1');
    }
  });
});
