/** What a server on real sockets goes through, and that it still answers afterwards. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.js';
import { type Random, seededRandom } from '../../src/runtime/random.js';
import { DnsServer } from '../../src/server/server.js';
import { ListenError } from '../../src/transport/listener.js';
import { openTcpListener } from '../../src/transport/tcp-listener.js';
import { openUdpListener } from '../../src/transport/udp-listener.js';
import { encodeMessage } from '../../src/wire/encode.js';
import { type LiveServer, readDig, startLive } from '../support/live-server.js';
import { answerOf, aRecord, Harness, query, resolutionOf } from '../support/server-harness.js';

let live: LiveServer;
beforeAll(async () => {
  live = await startLive(() => resolutionOf(answerOf([aRecord('www.example.')])));
});
afterAll(() => live.server.close(0));

async function expectAlive(): Promise<void> {
  for (const transport of ['+notcp', '+tcp']) {
    const answer = readDig(await live.dig(transport, 'www.example.', 'A'));
    expect(answer.status).toBe('NOERROR');
    expect(answer.section('ANSWER')).toHaveLength(1);
  }
  expect(live.server.internalErrors).toBe(0);
  expect(live.log.lines).toEqual([]);
}

function hostile(random: Random): Buffer {
  const packet = encodeMessage(query());
  for (let i = 0; i < 4; i++) packet[random.below(packet.length)] = random.below(256);
  const octets = random.below(2) === 0 ? packet : packet.map(() => random.below(256));
  return Buffer.from(octets.subarray(0, 1 + random.below(octets.length)));
}

describe('a server under fire', () => {
  it('answers a plain query after 1,000 random and mutated packets by UDP', async () => {
    const random = seededRandom(1);
    const socket = createSocket('udp4');
    for (let i = 0; i < 1000; i++) {
      await new Promise((sent) => socket.send(hostile(random), live.port, '127.0.0.1', sent));
    }
    socket.close();
    await expectAlive();
    expect(live.recorder.drops.length).toBeGreaterThan(100);
  });

  it('answers a plain query after 100 TCP connections that sent nonsense and went away', async () => {
    const random = seededRandom(2);
    for (let i = 0; i < 100; i++) await sendAndLeave(live.port, frames(random));
    await expectAlive();
  });
});

/** Framed nonsense, the last frame cut short or announcing more than it holds. */
function frames(random: Random): Buffer {
  const parts = Array.from({ length: 3 }, () => {
    const packet = hostile(random);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(random.below(4) === 0 ? random.below(65_536) : packet.length);
    return Buffer.concat([length, packet]);
  });
  return Buffer.concat(parts);
}

function sendAndLeave(port: number, data: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(data, () => socket.destroy()));
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
}

it('a port that is taken is a clear error, and nothing stays open', async () => {
  const first = { address: '127.0.0.1', port: 0 };
  const taken = { address: '127.0.0.1', port: live.port };
  const h = new Harness();
  const server = new DnsServer({
    ...h.parts,
    clock: systemClock,
    log: h.log,
    listen: [first, taken],
    openUdp: openUdpListener,
    openTcp: openTcpListener,
  });
  const error: unknown = await server.start().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ListenError);
  expect(error).toMatchObject({ code: 'EADDRINUSE', port: live.port });
  expect(server.listeners).toEqual([]);
});
