import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secureRandom } from '../../../src/runtime/random.js';
import { ThreadWork } from '../../../src/runtime/work-slice.js';
import { loadLibc } from '../../../src/transport/native/libc.js';
import { isWideRange, NativeSockets } from '../../../src/transport/native/sockets.js';
import { UdpUpstream } from '../../../src/transport/udp-upstream.js';
import type { UpstreamResult } from '../../../src/transport/upstream.js';
import { NetworkHarness, socketKinds } from '../../support/network-harness.js';
import { altered, answerTo, queryTo, summary, turns } from '../../support/upstream-contract.js';

/** The statistic of Pearson for equally likely buckets. */
function chiSquare(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const expected = total / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function bucketed(values: readonly number[], low: number, high: number, buckets: number): number[] {
  const counts = new Array<number>(buckets).fill(0);
  for (const value of values) counts[Math.floor(((value - low) * buckets) / (high - low))]!++;
  return counts;
}

describe.each(socketKinds)('UdpUpstream with %s', (kind, makeSockets) => {
  let net: NetworkHarness<UdpUpstream>;
  const limits = { maxSockets: 64, maxQueued: 3 };
  beforeEach(() => {
    net = new NetworkHarness(
      (clock, random) => new UdpUpstream({ clock, random, sockets: makeSockets(random), ...limits }),
    );
  });
  afterEach(() => net.close());

  it('ends as near-miss on a wrong ID from the right server, and counts it', async () => {
    const server = await net.start((query) => [
      altered(answerTo(query, 66), (p) => (p[1]! ^= 1)),
      answerTo(query, 1),
    ]);
    expect(await net.upstream.exchange(queryTo(server.endpoint))).toMatchObject({ fault: 'near-miss' });
    expect(net.upstream.counters.faults['near-miss']).toBe(1);
  });

  it('does not take a query with another ID for a near miss', async () => {
    const server = await net.start((query) => [altered(query, (p) => (p[1]! ^= 1)), answerTo(query, 1)]);
    expect(summary(await net.upstream.exchange(queryTo(server.endpoint)))).toBe('answer:1');
    expect(net.upstream.counters.mismatched).toBe(1);
  });

  it('does not see what another address or port sends, were it all right', async () => {
    const spoofers = [createSocket('udp4'), createSocket('udp4')];
    spoofers[0]!.bind(0, '127.0.0.1');
    spoofers[1]!.bind(0, '127.0.0.2');
    await Promise.all(spoofers.map((spoofer) => once(spoofer, 'listening')));
    const server = await net.start(async (query) => {
      const { fromPort } = server.seen.at(-1)!;
      for (const spoofer of spoofers) {
        await new Promise((sent) => spoofer.send(answerTo(query, 66), fromPort, '127.0.0.1', sent));
        const guess = altered(answerTo(query, 66), (p) => (p[0]! ^= 1));
        await new Promise((sent) => spoofer.send(guess, fromPort, '127.0.0.1', sent));
      }
      await turns();
      return [answerTo(query, 5)];
    });
    expect(summary(await net.upstream.exchange(queryTo(server.endpoint)))).toBe('answer:5');
    expect(net.upstream.counters).toMatchObject({ mismatched: 0, malformed: 0 });
    for (const spoofer of spoofers) spoofer.close();
  });

  it('is not confused by what a former server sends late', async () => {
    const ports: number[] = [];
    const chatty = await net.start((query) => {
      ports.push(chatty.seen.at(-1)!.fromPort);
      return [
        answerTo(query, 1),
        ...Array.from({ length: 20 }, (_, i) => altered(answerTo(query, 66), (p) => (p[1] = i))),
      ];
    });
    const quiet = await net.start((query) => [answerTo(query, 2)]);
    for (let i = 0; i < 20; i++) {
      expect(summary(await net.upstream.exchange(queryTo(chatty.endpoint)))).toBe('answer:1');
      expect(summary(await net.upstream.exchange(queryTo(quiet.endpoint)))).toBe('answer:2');
    }
    expect(net.upstream.counters.faults['near-miss']).toBe(0);
  });

  it('takes a truncated response though it was cut inside a record', async () => {
    const server = await net.start((query) => [
      altered(answerTo(query), (p) => (p[2]! |= 0x02)).subarray(0, -3),
    ]);
    const result = await net.upstream.exchange(queryTo(server.endpoint));
    expect(result).toMatchObject({ kind: 'response', message: { tc: true, answer: [] } });
  });

  it('reports at once that nobody listens there', async () => {
    const server = await net.start(() => []);
    const { endpoint } = server;
    await server.close();
    net.servers.length = 0;
    expect(await net.upstream.exchange(queryTo(endpoint))).toMatchObject({ fault: 'connection-refused' });
  });

  it('an ICMP error about one query says nothing of others (SAD DNS, CVE-2020-25705)', async () => {
    const gone = await net.start(() => []);
    const { endpoint } = gone;
    await gone.close();
    net.servers.length = 0;
    const server = await net.start(async (query) => {
      await turns();
      return [answerTo(query, 4)];
    });
    const others = Array.from({ length: 10 }, () => net.upstream.exchange(queryTo(server.endpoint)));
    const refused = await Promise.all(
      Array.from({ length: 10 }, () => net.upstream.exchange(queryTo(endpoint))),
    );
    expect(refused.map(summary)).toEqual(Array(10).fill('fault:connection-refused'));
    expect((await Promise.all(others)).map(summary)).toEqual(Array(10).fill('answer:4'));
  });

  it.each([
    ['not an address', 53],
    ['127.0.0.1', 0],
    ['127.0.0.1', 65536],
    ['255.255.255.255', 53],
  ])('reports %s port %i as unreachable and does not throw', async (address, port) => {
    const result = await net.upstream.exchange(queryTo({ address, port }));
    expect(result).toMatchObject({ kind: 'fault', fault: 'unreachable' });
    expect(net.upstream.load).toEqual({ open: 0, queued: 0 });
  });

  it('queues queries over the cap, and fails those over the queue at once', async () => {
    const held: Array<() => void> = [];
    const server = await net.start(
      (query) => new Promise((resolve) => held.push(() => resolve([answerTo(query, 3)]))),
    );
    const results: Array<Promise<UpstreamResult>> = [];
    for (let i = 0; i < 67; i++) results.push(net.upstream.exchange(queryTo(server.endpoint)));
    expect(net.upstream.load).toEqual({ open: 64, queued: 3 });
    expect(await net.upstream.exchange(queryTo(server.endpoint))).toEqual({
      kind: 'fault',
      fault: 'no-socket',
      afterMs: 0,
    });
    while (held.length < 67) {
      held[held.length - 1]?.();
      for (const answer of held) answer();
      await turns();
    }
    for (const answer of held) answer();
    expect((await Promise.all(results)).map(summary)).toEqual(results.map(() => 'answer:3'));
    expect(net.upstream.load).toEqual({ open: 0, queued: 0 });
  });

  it('does not blame the server for a deadline that passed in the queue', async () => {
    const server = await net.start(() => []);
    const first = Array.from({ length: 64 }, () => net.upstream.exchange(queryTo(server.endpoint)));
    const late = net.upstream.exchange(queryTo(server.endpoint, { timeoutMs: 400 }));
    await net.clock.advance(400);
    expect(await late).toEqual({ kind: 'fault', fault: 'no-socket', afterMs: 400 });
    await net.clock.advance(600);
    expect((await Promise.all(first)).map(summary)).toEqual(first.map(() => 'fault:timeout'));
  });

  it('draws port, ID and letter case anew for each query, all values alike', async () => {
    const server = await net.start((query) => [answerTo(query)]);
    const queries = 3000;
    for (let i = 0; i < queries; i += 50) {
      const batch = Array.from({ length: 50 }, () => net.upstream.exchange(queryTo(server.endpoint)));
      expect((await Promise.all(batch)).every((result) => result.kind === 'response')).toBe(true);
    }
    const ids = server.seen.map(({ packet }) => packet.readUInt16BE(0));
    const ports = server.seen.map(({ fromPort }) => fromPort);
    // 31 degrees of freedom: a fair source is over 100 once in 10^8 runs.
    expect(chiSquare(bucketed(ids, 0, 65536, 32))).toBeLessThan(100);
    const [low, high] =
      kind === 'kept sockets' ? [Math.min(...ports), Math.max(...ports) + 1] : [1024, 65536];
    expect(chiSquare(bucketed(ports, low, high, 32))).toBeLessThan(100);
    expect(high - low).toBeGreaterThan(20_000);
    expect(new Set(ports).size).toBeGreaterThan(2700);
    expect(new Set(ids).size).toBeGreaterThan(2850);
    const upper = server.seen.filter(({ packet }) => packet[13] === 'W'.charCodeAt(0)).length;
    expect(Math.abs(upper - queries / 2)).toBeLessThan(200);
    const steps = new Set(ports.map((port, i) => port - (ports[i - 1] ?? 0)));
    expect(steps.size).toBeGreaterThan(2500);
  });

  it('leaves letter case alone when told', async () => {
    const server = await net.start((query) => [answerTo(query)]);
    for (let i = 0; i < 5; i++) {
      await net.upstream.exchange(queryTo(server.endpoint, { randomCase: false }));
    }
    for (const { packet } of server.seen) expect(packet.latin1Slice(13, 16)).toBe('www');
  });

  it('draws a port for each query over IPv6 too', async () => {
    const six = new NetworkHarness(
      (clock, random) => new UdpUpstream({ clock, random, sockets: makeSockets(random) }),
      '::1',
    );
    const server = await six.start((query) => [answerTo(query)]);
    for (let i = 0; i < 40; i++) {
      expect(summary(await six.upstream.exchange(queryTo(server.endpoint)))).toBe('answer:1');
    }
    expect(new Set(server.seen.map(({ fromPort }) => fromPort)).size).toBeGreaterThan(35);
    await six.close();
  });
});

describe('isWideRange', () => {
  it.each([
    ['32768\t60999\n', false],
    ['1024\t65535\n', true],
    ['1024 60000', false],
    ['5000 65535', true],
    ['', false],
    ['nonsense', false],
  ])('takes %j as %s', (range, wide) => {
    expect(isWideRange(range)).toBe(wide);
  });
});

describe.runIf(loadLibc())('NativeSockets', () => {
  it('hands over as many responses per turn as fit into a slice of time, all in the end', async () => {
    const countOf = 120;
    let ms = 0;
    const thread = new ThreadWork(() => ms);
    const sockets = new NativeSockets(loadLibc()!, secureRandom(), { thread });
    const server = createSocket('udp4');
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    const asked: number[] = [];
    server.on('message', (_, from) => asked.push(from.port));
    let turn = 0;
    const turnOf: number[] = [];
    const leases = Array.from({ length: countOf }, () =>
      sockets.send({ address: '127.0.0.1', port }, Buffer.from('q'), {
        onPacket: () => {
          ms += 1000;
          turnOf.push(turn);
        },
        onFault: () => {},
      }),
    );
    const next = () => new Promise((resolve) => setImmediate(resolve));
    while (asked.length < countOf) await next();
    // They all come before the first is taken up.
    await Promise.all(asked.map((to) => new Promise((sent) => server.send('r', to, '127.0.0.1', sent))));
    while (turnOf.length < countOf) {
      await next();
      turn++;
    }
    const perTurn = turnOf.map((one) => turnOf.filter((other) => other === one).length);
    // The first turn knows no better than to take several.
    expect(perTurn.slice(60).every((count) => count <= 2)).toBe(true);
    for (const lease of leases) lease.close();
    sockets.close();
    server.close();
  });
});
