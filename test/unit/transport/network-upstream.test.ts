import { describe, expect, it } from 'vitest';
import { NetworkUpstream } from '../../../src/transport/network-upstream.js';
import { NetworkHarness } from '../../support/network-harness.js';
import { answerTo, queryTo, upstreamContract } from '../../support/upstream-contract.js';

const harness = (address?: string) =>
  new NetworkHarness((clock, random) => new NetworkUpstream({ clock, random }), address);

upstreamContract('the network over IPv4', ['udp', 'tcp'], async () => harness());
upstreamContract('the network over IPv6', ['udp', 'tcp'], async () => harness('::1'));

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
});
