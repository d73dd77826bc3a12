import { describe, expect, it } from 'vitest';
import type { Random } from '../../../src/runtime/random.js';
import { NetworkUpstream } from '../../../src/transport/network-upstream.js';
import type { UdpSockets } from '../../../src/transport/udp-sockets.js';
import { NetworkHarness, socketKinds } from '../../support/network-harness.js';
import { answerTo, queryTo, upstreamContract } from '../../support/upstream-contract.js';

const harness = (make?: (random: Random) => UdpSockets, address?: string) =>
  new NetworkHarness(
    (clock, random) => new NetworkUpstream({ clock, random, ...(make && { sockets: make(random) }) }),
    address,
  );

for (const [kind, make] of socketKinds) {
  upstreamContract(`the network with ${kind} over IPv4`, ['udp'], async () => harness(make));
  upstreamContract(`the network with ${kind} over IPv6`, ['udp'], async () => harness(make, '::1'));
}
upstreamContract('the network over IPv4', ['tcp'], async () => harness());
upstreamContract('the network over IPv6', ['tcp'], async () => harness(undefined, '::1'));

describe('NetworkUpstream', () => {
  it('sends each query by the transport it names and counts it there', async () => {
    const net = harness();
    try {
      const server = await net.start((query) => [answerTo(query)]);
      await net.upstream.exchange(queryTo(server.endpoint, { transport: 'udp' }));
      await net.upstream.exchange(queryTo(server.endpoint, { transport: 'tcp' }));
      await net.upstream.exchange(queryTo(server.endpoint, { transport: 'tcp' }));
      expect(server.seen.map((query) => query.transport)).toEqual(['udp', 'tcp', 'tcp']);
      const stats = net.upstream.stats();
      expect(stats.byTransport.udp).toMatchObject({ queries: 1, responses: 1 });
      expect(stats.byTransport.tcp).toMatchObject({ queries: 2, responses: 2 });
      expect(stats).toMatchObject({ udpSockets: 0, udpQueued: 0, tcpConnections: 1 });
    } finally {
      await net.close();
    }
  });

  it('does not ask an IPv4 address in IPv6 dress', async () => {
    const net = harness();
    try {
      const server = await net.start((query) => [answerTo(query)]);
      for (const transport of ['udp', 'tcp'] as const) {
        const endpoint = { address: '::ffff:127.0.0.1', port: server.endpoint.port };
        const result = await net.upstream.exchange(queryTo(endpoint, { transport }));
        expect(result).toMatchObject({ kind: 'fault', fault: 'unreachable' });
      }
      expect(server.seen).toEqual([]);
    } finally {
      await net.close();
    }
  });
});
