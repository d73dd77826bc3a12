/**
 * Hostile packets against the pipeline.
 *
 * The rules, for any octets: a packet shorter than a header or with QR set gets nothing; every other gets exactly
 * one response, which is well-formed, has QR set, the packet's ID and opcode, no more than 1232 octets by UDP, and
 * repeats the question if it has one. No exception, and the next plain query is answered.
 */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { RRType } from '../../src/dns/registry.js';
import { type Random, seededRandom } from '../../src/runtime/random.js';
import { encodeMessage } from '../../src/wire/encode.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';
import {
  aRecord,
  decoded,
  edns,
  Harness,
  query,
  soaRecord,
  tcpClient,
  udpClient,
} from '../support/server-harness.js';
import { hasSharedData, sharedPath } from '../support/shared-data.js';

const HEADER_OCTETS = 12;

function seeds(): Buffer[] {
  const options = [
    { code: 3, data: '' },
    { code: 10, data: 'x'.repeat(8) },
  ];
  return [
    query(),
    query('WwW.eXample.', RRType.AAAA, { edns: edns({ do: true, options }) }),
    query('localhost.', RRType.A, { ad: true, cd: true }),
    query('version.bind.', RRType.TXT, { edns: edns({ udpSize: 512 }) }),
    query('example.', RRType.IXFR, { authority: [soaRecord('example.')] }),
    query('a.b.c.d.e.f.10.in-addr.arpa.', RRType.PTR),
    query('www.example.', RRType.ANY, {
      answer: [aRecord('x.example.')],
      additional: [aRecord('y.example.')],
    }),
    query('.', RRType.NS),
  ].map((message) => encodeMessage(message));
}

function mutate(random: Random, seed: Buffer): Buffer {
  const packet = Buffer.from(seed);
  for (let i = random.below(6); i >= 0; i--) {
    const at = random.below(packet.length);
    if (random.below(3) === 0) packet[at] = random.below(256);
    else packet[at]! ^= 1 << random.below(8);
  }
  const cut = random.below(8);
  if (cut === 0) return packet.subarray(0, random.below(packet.length + 1));
  if (cut === 1) return Buffer.concat([packet, Buffer.alloc(random.below(40), random.below(256))]);
  return packet;
}

function noise(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.below(90) }, () => random.below(256)));
}

async function check(h: Harness, packet: Buffer, tcp: boolean): Promise<void> {
  const shown = packet.toString('hex');
  const wire = await h.wire(Buffer.from(packet), tcp ? tcpClient : udpClient);
  const answerable = packet.length >= HEADER_OCTETS && (packet[2]! & 0x80) === 0;
  expect(wire !== undefined, shown).toBe(answerable);
  if (!wire) return;
  const response = decoded(wire);
  expect(response, shown).toMatchObject({
    id: packet.readUInt16BE(0),
    qr: true,
    opcode: (packet[2]! >> 3) & 15,
  });
  if (!tcp) expect(wire.length, shown).toBeLessThanOrEqual(1232);
  const asked = response.questions[0];
  if (asked) {
    const echoed = packet.toString('latin1', HEADER_OCTETS, HEADER_OCTETS + asked.spelling.length);
    expect(asked.spelling, shown).toBe(echoed);
  }
}

async function survives(packets: Iterable<Buffer>): Promise<void> {
  const h = new Harness();
  let count = 0;
  for (const packet of packets) await check(h, packet, count++ % 3 === 0);
  expect(h.faults.count).toBe(0);
  expect(h.log.lines).toEqual([]);
  expect(h.inFlight.count).toBe(0);
  expect(h.recorder.records.length + h.recorder.drops.length).toBe(count);
  expect((await h.ask(query()))?.answer).toHaveLength(1);
}

describe('the pipeline', () => {
  it('keeps its rules for 6,000 mutated queries', { timeout: fuzzTimeoutMs }, async () => {
    const random = seededRandom(fuzzSeed(20_261_123));
    const from = seeds();
    await survives(
      Array.from({ length: fuzzRounds(6000) }, () => mutate(random, from[random.below(from.length)]!)),
    );
  });

  it('keeps its rules for 2,000 packets of noise', { timeout: fuzzTimeoutMs }, async () => {
    const random = seededRandom(fuzzSeed(53));
    await survives(Array.from({ length: fuzzRounds(2000) }, () => noise(random)));
  });

  it('keeps its rules for every prefix of a query', async () => {
    await survives(
      seeds().flatMap((seed) => Array.from({ length: seed.length }, (_, end) => seed.subarray(0, end))),
    );
  });

  it('keeps its rules for every value of the four octets of flags and QDCOUNT', async () => {
    const packets = [2, 3, 4, 5].flatMap((at) =>
      Array.from({ length: 256 }, (_, value) => {
        const packet = Buffer.from(seeds()[1]!);
        packet[at] = value;
        return packet;
      }),
    );
    await survives(packets);
  });

  const corpus = 'wire/wire-corpus.jsonl.gz';
  it.skipIf(!hasSharedData(corpus))('keeps its rules for recorded messages (from shared data)', async () => {
    const lines = gunzipSync(readFileSync(sharedPath(corpus)))
      .toString('utf8')
      .trim()
      .split('\n');
    const packets = lines.map((line) => Buffer.from((JSON.parse(line) as { hex: string }).hex, 'hex'));
    for (const packet of packets) if (packet.length > 2) packet[2]! &= 0x7f;
    expect(packets.length).toBeGreaterThan(2000);
    await survives(packets);
  });
});
