import { describe, expect, it } from 'vitest';
import { DelegationCache } from '../../../src/cache/delegation-cache.js';
import { InfraCache } from '../../../src/cache/infra-cache.js';
import { upstreamServers, upstreamStats } from '../../../src/compose/server-views.js';
import { parseName } from '../../../src/dns/name.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { UpstreamCounters } from '../../../src/transport/upstream-counters.js';

function setup() {
  const clock = new VirtualClock();
  const infra = new InfraCache({ clock });
  const delegations = new DelegationCache({ clock, maxOctets: 1 << 20 });
  return { clock, infra, delegations, view: () => upstreamServers({ infra, delegations }, clock) };
}

describe('the servers as an operator sees them', () => {
  it('have a condition, a round trip and the name that a delegation gives', async () => {
    const { clock, infra, delegations, view } = setup();
    await clock.advance(10_000);
    delegations.put({
      zone: parseName('test.'),
      servers: [{ name: parseName('ns1.test.'), addresses: ['192.0.2.1'] }],
      ds: 'none',
      dsProof: [],
      security: 'unchecked',
      leaseUntilMs: clock.wallMs() + 3_600_000,
    });
    Object.assign(infra.state('192.0.2.1'), {
      srttMs: 12,
      rttvarMs: 3,
      ednsOk: 'yes',
      lastSeenMs: clock.wallMs(),
    });
    infra.state('192.0.2.2');
    Object.assign(infra.state('192.0.2.3'), { srttMs: 5, timeoutsInRow: 1 });
    Object.assign(infra.state('192.0.2.4'), { timeoutsInRow: 4, backoffUntilMs: clock.monotonicMs() + 4200 });
    const lame = infra.state('192.0.2.5');
    lame.srttMs = 1;
    lame.lameZones.set(parseName('lame.test.'), clock.monotonicMs() + 1000);
    lame.lameZones.set(parseName('was-lame.test.'), clock.monotonicMs() - 1);
    const { counts, recent } = view();
    expect(counts).toEqual({ ok: 1, new: 1, slow: 1, backoff: 1, lame: 1 });
    const byAddress = new Map(recent.map((server) => [server.address, server]));
    expect(byAddress.get('192.0.2.1')).toEqual({
      address: '192.0.2.1',
      name: 'ns1.test.',
      state: 'ok',
      rttMs: 12,
      rttVarMs: 3,
      timeoutsInRow: 0,
      backoffSec: 0,
      edns: 'yes',
      lastSeenMs: clock.wallMs(),
      lameZones: [],
    });
    expect(byAddress.get('192.0.2.2')).toMatchObject({
      state: 'new',
      rttMs: undefined,
      lastSeenMs: undefined,
    });
    expect(byAddress.get('192.0.2.4')).toMatchObject({ state: 'backoff', backoffSec: 5, timeoutsInRow: 4 });
    expect(byAddress.get('192.0.2.5')).toMatchObject({ state: 'lame', lameZones: ['lame.test.'] });
  });

  it('are all counted, but only those used last are listed', async () => {
    const { clock, infra, view } = setup();
    for (let i = 0; i < 200; i++) {
      await clock.advance(1);
      infra.state(`192.0.2.${i}`);
    }
    const { counts, recent } = view();
    expect(counts.new).toBe(200);
    expect(recent).toHaveLength(40);
    expect(recent[0]!.address).toBe('192.0.2.199');
  });

  it('are looked at without a trace in the cache: neither hits nor life', async () => {
    const { clock, infra, view } = setup();
    infra.state('192.0.2.1');
    const before = infra.stats();
    await clock.advance(800_000);
    view();
    expect(infra.stats()).toEqual(before);
    await clock.advance(200_000);
    expect(infra.peek('192.0.2.1')).toBeUndefined();
  });

  it('have both transports in their counts', () => {
    const udp = new UpstreamCounters();
    const tcp = new UpstreamCounters();
    Object.assign(udp, { queries: 5, mismatched: 1 });
    Object.assign(tcp, { queries: 2 });
    udp.faults.timeout = 1;
    tcp.faults.timeout = 1;
    udp.faults['near-miss'] = 3;
    const stats = upstreamStats({
      byTransport: { udp: udp.snapshot(), tcp: tcp.snapshot() },
      udpSockets: 0,
      udpQueued: 0,
      tcpConnections: 0,
    });
    expect(stats).toMatchObject({
      queries: 7,
      tcp: 2,
      timeouts: 2,
      mismatched: 1,
      faults: { timeout: 2, 'near-miss': 3 },
    });
  });
});
