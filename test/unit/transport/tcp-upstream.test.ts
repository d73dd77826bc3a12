import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { frameMessage } from '../../../src/transport/tcp-framing.js';
import { TcpUpstream } from '../../../src/transport/tcp-upstream.js';
import type { ServerEndpoint } from '../../../src/transport/upstream.js';
import { NetworkHarness } from '../../support/network-harness.js';
import { answerTo, queryTo, summary, turns } from '../../support/upstream-contract.js';

describe('TcpUpstream', () => {
  let net: NetworkHarness<TcpUpstream>;
  const limits = { maxConnections: 3, maxPerServer: 2, pipelineDepth: 4, idleMs: 5000 };
  beforeEach(() => {
    net = new NetworkHarness((clock, random) => new TcpUpstream({ clock, random, ...limits }));
  });
  afterEach(() => net.close());
  const ask = (endpoint: ServerEndpoint, timeoutMs = 1000) =>
    net.upstream.exchange(queryTo(endpoint, { transport: 'tcp', timeoutMs }));

  it('uses one connection for queries one after the other', async () => {
    const server = await net.start((query) => [answerTo(query)]);
    for (let i = 0; i < 5; i++) expect(summary(await ask(server.endpoint))).toBe('answer:1');
    expect(server.accepted).toBe(1);
  });

  it('pipelines queries and pairs answers that come in another order', async () => {
    const held: Array<() => void> = [];
    const server = await net.start(
      (query) =>
        new Promise((resolve) => {
          const mark = held.length + 1;
          held.push(() => resolve([answerTo(query, mark)]));
        }),
    );
    const asked = Array.from({ length: 4 }, () => ask(server.endpoint));
    while (held.length < 4) await turns();
    for (const answer of held.reverse()) answer();
    expect((await Promise.all(asked)).map(summary)).toEqual(['answer:1', 'answer:2', 'answer:3', 'answer:4']);
    expect(server.accepted).toBe(1);
    const ids = new Set(server.seen.map(({ packet }) => packet.readUInt16BE(0)));
    expect(ids.size).toBe(4);
  });

  it('opens another connection when the first is full, up to the cap per server', async () => {
    const server = await net.start(() => []);
    const asked = Array.from({ length: 12 }, () => ask(server.endpoint));
    while (server.seen.length < 12) await turns();
    expect(server.accepted).toBe(2);
    await net.clock.advance(1000);
    expect((await Promise.all(asked)).map(summary)).toEqual(asked.map(() => 'fault:timeout'));
  });

  it('closes the longest idle connection to make room, and fails when none is idle', async () => {
    const answering = [];
    for (let i = 0; i < 4; i++) answering.push(await net.start((query) => [answerTo(query)]));
    for (const server of answering) expect(summary(await ask(server.endpoint))).toBe('answer:1');
    expect(net.upstream.connections).toBe(3);
    await net.clock.advance(5000);
    await turns();
    expect(net.upstream.connections).toBe(0);

    const silent = [];
    for (let i = 0; i < 4; i++) silent.push(await net.start(() => []));
    const waiting = silent.slice(0, 3).map((server) => ask(server.endpoint));
    expect(await ask(silent[3]!.endpoint)).toEqual({ kind: 'fault', fault: 'no-socket', afterMs: 0 });
    await net.clock.advance(1000);
    await Promise.all(waiting);
  });

  it('closes a connection after some idle seconds', async () => {
    const server = await net.start((query) => [answerTo(query)]);
    await ask(server.endpoint);
    await net.clock.advance(4999);
    expect(net.upstream.connections).toBe(1);
    await net.clock.advance(1);
    await turns();
    expect(net.upstream.connections).toBe(0);
    await ask(server.endpoint);
    expect(server.accepted).toBe(2);
  });

  it('asks once more on a fresh connection when the server closed the old one unheard', async () => {
    let refuse = false;
    const server = await net.start((query) => {
      if (!refuse) return [answerTo(query)];
      refuse = false;
      return ['close'];
    });
    await ask(server.endpoint);
    refuse = true;
    expect(summary(await ask(server.endpoint))).toBe('answer:1');
    expect(server.accepted).toBe(2);
  });

  it('does so only once', async () => {
    let closing = false;
    const server = await net.start((query) => (closing ? ['close'] : [answerTo(query)]));
    await ask(server.endpoint);
    closing = true;
    expect(summary(await ask(server.endpoint))).toBe('fault:connection-closed');
    expect(server.seen).toHaveLength(3);
  });

  it('reports a fresh connection that the server closes without an answer', async () => {
    const server = await net.start(() => ['close']);
    expect(summary(await ask(server.endpoint))).toBe('fault:connection-closed');
    expect(server.seen).toHaveLength(1);
  });

  it('notices that the server hung up an idle connection', async () => {
    const server = await net.start((query) => [answerTo(query)]);
    await ask(server.endpoint);
    server.hangUp();
    await turns();
    expect(net.upstream.connections).toBe(0);
    expect(summary(await ask(server.endpoint))).toBe('answer:1');
  });

  it('reports at once that nobody listens there', async () => {
    const server = await net.start(() => []);
    const { endpoint } = server;
    await server.close();
    net.servers.length = 0;
    expect(summary(await ask(endpoint))).toBe('fault:connection-refused');
  });

  it.each([
    ['not an address', 53],
    ['127.0.0.1', 70000],
  ])('reports %s port %i as unreachable and does not throw', async (address, port) => {
    expect(summary(await ask({ address, port }))).toBe('fault:unreachable');
    expect(net.upstream.connections).toBe(0);
  });

  it('gives up a connection on which a query timed out in silence', async () => {
    let silent = true;
    const server = await net.start((query) => (silent ? [] : [answerTo(query)]));
    const lost = ask(server.endpoint);
    while (server.seen.length === 0) await turns();
    await net.clock.advance(1000);
    expect(summary(await lost)).toBe('fault:timeout');
    silent = false;
    expect(summary(await ask(server.endpoint))).toBe('answer:1');
    expect(server.accepted).toBe(2);
  });

  it('reads answers that arrive octet by octet, and two that arrive at once', async () => {
    let mode: 'octets' | 'both' = 'octets';
    const queries: Buffer[] = [];
    const raw = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => {});
      socket.on('data', async (chunk) => {
        queries.push(chunk.subarray(2));
        if (mode === 'octets') {
          for (const octet of frameMessage(answerTo(chunk.subarray(2), 1))) {
            socket.write(Buffer.from([octet]));
            await turns(1);
          }
        } else if (queries.length === 3) {
          const answers = queries.slice(1).map((query, i) => frameMessage(answerTo(query, i + 2)));
          socket.write(Buffer.concat(answers));
        }
      });
    });
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const bound = raw.address();
    const endpoint = { address: '127.0.0.1', port: typeof bound === 'object' && bound ? bound.port : 0 };
    expect(summary(await ask(endpoint))).toBe('answer:1');
    mode = 'both';
    const first = ask(endpoint);
    while (queries.length < 2) await turns();
    const second = ask(endpoint);
    expect(summary(await first)).toBe('answer:2');
    expect(summary(await second)).toBe('answer:3');
    await net.upstream.close();
    raw.close();
  });

  it('closes a connection that sends many messages nobody asked for', async () => {
    const junk = (query: Buffer) => {
      const answer = answerTo(query, 66);
      answer.writeUInt16BE(answer.readUInt16BE(0) ^ 1, 0);
      return answer;
    };
    const server = await net.start((query) => Array.from({ length: 80 }, () => junk(query)));
    expect(summary(await ask(server.endpoint))).toBe('fault:connection-closed');
  });
});
