import { describe, expect, it } from 'vitest';
import { InfraCache } from '../../../src/cache/infra-cache.js';
import { formatName, parseName, ROOT } from '../../../src/dns/name.js';
import { RRClass, RRType } from '../../../src/dns/registry.js';
import { Ipv6Health, NetworkHealth } from '../../../src/resolver/network-health.js';
import type { Preference } from '../../../src/resolver/preference.js';
import { type ServerFault, ServerSelector, TriedServers } from '../../../src/resolver/select-server.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { seededRandom } from '../../../src/runtime/random.js';

const zone = parseName('test.');
const candidate = (address: string) => ({ address, port: 53, name: undefined });
const all = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(candidate);

function setUp() {
  const clock = new VirtualClock();
  const health = new NetworkHealth();
  const selector = new ServerSelector(new InfraCache({ clock }), clock, seededRandom(5), health);
  /** How often each address is chosen first in 1000 walks. */
  const shares = (candidates = all) => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 1000; i++) {
      const { address } = selector.choose(zone, candidates, new TriedServers())!;
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    return (address: string) => counts.get(address) ?? 0;
  };
  /** One timeout of a query sent just now. */
  const silent = async (address: string, times = 1) => {
    for (let i = 0; i < times; i++) {
      const sentMs = clock.monotonicMs();
      await clock.advance(1000);
      selector.fault(address, zone, 'timeout', sentMs);
    }
  };
  return { clock, health, selector, shares, silent };
}

describe('choose', () => {
  it('spreads over servers of which nothing is known', () => {
    const share = setUp().shares();
    for (const { address } of all) expect(share(address)).toBeGreaterThan(250);
  });

  it('tries the unknown before the known', () => {
    const { selector, shares } = setUp();
    selector.rtt(selector.state('192.0.2.1'), 10);
    selector.rtt(selector.state('192.0.2.2'), 10);
    expect(shares()('192.0.2.3')).toBeGreaterThan(900);
  });

  it('draws at random inside 400 ms above the best, and seldom beyond', () => {
    const { selector, shares } = setUp();
    selector.rtt(selector.state('192.0.2.1'), 10);
    selector.rtt(selector.state('192.0.2.2'), 400);
    selector.rtt(selector.state('192.0.2.3'), 2000);
    const share = shares();
    expect(share('192.0.2.1')).toBeGreaterThan(350);
    expect(share('192.0.2.2')).toBeGreaterThan(350);
    expect(share('192.0.2.3')).toBeGreaterThan(0);
    expect(share('192.0.2.3')).toBeLessThan(60);
  });

  it('asks each once before any twice, and none a fourth time', () => {
    const { selector } = setUp();
    const tried = new TriedServers();
    const asked: string[] = [];
    for (;;) {
      const next = selector.choose(zone, all, tried);
      if (!next) break;
      asked.push(next.address);
      tried.note(next.address);
    }
    expect(asked).toHaveLength(9);
    expect(new Set(asked.slice(0, 3)).size).toBe(3);
    expect(new Set(asked.slice(3, 6)).size).toBe(3);
  });

  it('leaves out what the walk excluded', () => {
    const { selector } = setUp();
    const tried = new TriedServers(new Set(['192.0.2.1']));
    tried.exclude('192.0.2.2');
    for (let i = 0; i < 20; i++) expect(selector.choose(zone, all, tried)?.address).toBe('192.0.2.3');
    tried.exclude('192.0.2.3');
    expect(selector.choose(zone, all, tried)).toBeUndefined();
  });

  it('asks a server that is backed off or lame only when nothing better is left', async () => {
    const { selector, shares, silent } = setUp();
    selector.rtt(selector.state('192.0.2.3'), 3000);
    selector.fault('192.0.2.2', zone, 'lame');
    await silent('192.0.2.1', 3);
    expect(shares()('192.0.2.3')).toBe(1000);
    expect(shares(all.slice(0, 2))('192.0.2.1')).toBe(1000);
    expect(shares(all.slice(1, 2))('192.0.2.2')).toBe(1000);
  });

  it('a server lame for one zone serves others', () => {
    const { selector } = setUp();
    selector.fault('192.0.2.1', zone, 'lame');
    const others = Array.from({ length: 50 }, () =>
      selector.choose(parseName('other.'), all, new TriedServers()),
    );
    expect(others.some((c) => c?.address === '192.0.2.1')).toBe(true);
  });

  it('lameness ends after 15 minutes', async () => {
    const { clock, selector, shares } = setUp();
    selector.fault('192.0.2.1', zone, 'lame');
    expect(shares(all.slice(0, 2))('192.0.2.1')).toBe(0);
    await clock.advance(901_000);
    expect(shares(all.slice(0, 2))('192.0.2.1')).toBeGreaterThan(0);
  });
});

describe('timeouts', () => {
  it('are 400 ms for an unknown server, and double with each timeout in a row', async () => {
    const { selector, silent } = setUp();
    expect(selector.timeoutMs(selector.state('192.0.2.1'))).toBe(400);
    await silent('192.0.2.1');
    expect(selector.timeoutMs(selector.state('192.0.2.1'))).toBe(800);
    await silent('192.0.2.1');
    expect(selector.timeoutMs(selector.state('192.0.2.1'))).toBe(1600);
    await silent('192.0.2.1');
    expect(selector.isBackedOff('192.0.2.1')).toBe(true);
    expect(selector.timeoutMs(selector.state('192.0.2.1'))).toBe(1000);
  });

  it('follow RTT and its variance (RFC 6298 2), between 50 ms and 5 s', () => {
    const { selector } = setUp();
    selector.rtt(selector.state('192.0.2.1'), 100);
    expect(selector.timeoutMs(selector.state('192.0.2.1'))).toBe(300);
    selector.rtt(selector.state('192.0.2.1'), 180);
    expect(selector.timeoutMs(selector.state('192.0.2.1'))).toBeCloseTo(110 + 4 * (0.75 * 50 + 0.25 * 80));
    selector.rtt(selector.state('192.0.2.2'), 1);
    expect(selector.timeoutMs(selector.state('192.0.2.2'))).toBe(50);
    selector.rtt(selector.state('192.0.2.3'), 4000);
    expect(selector.timeoutMs(selector.state('192.0.2.3'))).toBe(5000);
  });

  it('leave a server of steady pace the granularity of the clock (RFC 6298 2.3)', () => {
    const { selector } = setUp();
    for (let i = 0; i < 100; i++) selector.rtt(selector.state('192.0.2.1'), 300);
    expect(selector.timeoutMs(selector.state('192.0.2.1'))).toBeCloseTo(325);
  });

  it('of a near server double from the floor', async () => {
    const { selector, silent } = setUp();
    selector.rtt(selector.state('192.0.2.1'), 1);
    await silent('192.0.2.1');
    expect(selector.timeoutMs(selector.state('192.0.2.1'))).toBe(100);
  });

  it('of many queries at one moment count once', async () => {
    const { clock, selector } = setUp();
    const sentMs = clock.monotonicMs();
    await clock.advance(400);
    for (let i = 0; i < 100; i++) selector.fault('192.0.2.1', zone, 'timeout', sentMs);
    expect(selector.state('192.0.2.1').timeoutsInRow).toBe(1);
  });

  it('a response ends the penalty', async () => {
    const { selector, silent } = setUp();
    await silent('192.0.2.1', 5);
    expect(selector.isHealthy(selector.state('192.0.2.1'))).toBe(false);
    selector.rtt(selector.state('192.0.2.1'), 20);
    expect(selector.isBackedOff('192.0.2.1')).toBe(false);
    expect(selector.isHealthy(selector.state('192.0.2.1'))).toBe(true);
    expect(selector.timeoutMs(selector.state('192.0.2.1'))).toBe(60);
  });

  it('back-off is at most a minute, however long it was silent', async () => {
    const { clock, selector, silent } = setUp();
    await silent('192.0.2.1', 40);
    expect(selector.state('192.0.2.1').backoffUntilMs - clock.monotonicMs()).toBeLessThanOrEqual(60_000);
  });

  it.each<ServerFault>(['refused', 'servfail', 'formerr', 'notimp', 'useless', 'truncated-tcp', 'bogus'])(
    '%s is no reason to punish the address',
    (fault) => {
      const { selector } = setUp();
      selector.rtt(selector.state('192.0.2.1'), 20);
      selector.fault('192.0.2.1', zone, fault);
      expect(selector.isHealthy(selector.state('192.0.2.1'))).toBe(true);
    },
  );
});

describe('IPv6', () => {
  it('is tried last after three unreachable addresses in a row, for a minute', async () => {
    const { clock, selector, shares } = setUp();
    for (const n of [1, 2, 3]) {
      selector.fault(`2001:db8::${n}`, zone, 'unreachable', clock.monotonicMs());
      await clock.advance(1);
    }
    const both = [candidate('2001:db8::9'), candidate('192.0.2.1')];
    expect(shares(both)('2001:db8::9')).toBe(0);
    await clock.advance(60_001);
    expect(shares(both)('2001:db8::9')).toBeGreaterThan(0);
  });
});

describe('Ipv6Health', () => {
  const silent = (health: Ipv6Health, ...addresses: string[]) => {
    for (const address of addresses) health.noteFault(address, 'timeout', 0);
  };

  it('takes silence of three addresses for broken only while IPv4 answers', () => {
    const health = new Ipv6Health();
    silent(health, '2001:db8::1', '2001:db8::2', '2001:db8::3');
    expect(health.isBroken(0)).toBe(false);
    health.noteResponse(false, 10);
    expect(health.isBroken(10)).toBe(true);
    expect(health.isBroken(60_010)).toBe(false);
  });

  it('is not misled by one silent address, nor by silence with responses in between', () => {
    const health = new Ipv6Health();
    health.noteResponse(false, 0);
    silent(health, ...Array(10).fill('2001:db8::1'), '2001:db8::2');
    expect(health.isBroken(0)).toBe(false);
    health.noteResponse(true, 0);
    health.noteResponse(false, 0);
    silent(health, '2001:db8::3', '2001:db8::4');
    expect(health.isBroken(0)).toBe(false);
  });

  it('tries again after a minute, and one more silent address is enough for another', () => {
    const health = new Ipv6Health();
    health.noteResponse(false, 0);
    silent(health, '2001:db8::1', '2001:db8::2', '2001:db8::3');
    health.noteFault('2001:db8::4', 'timeout', 70_000);
    expect(health.isBroken(100_000)).toBe(true);
    health.noteResponse(true, 100_000);
    expect(health.isBroken(100_000)).toBe(false);
  });
});

describe('NetworkHealth', () => {
  it('is offline when four addresses of two zones, or of the root, were silent since the last response', () => {
    const health = new NetworkHealth();
    for (let i = 0; i < 10; i++) health.noteSilence(`192.0.2.${i}`, zone);
    expect(health.offline).toBe(false);
    health.noteSilence('192.0.2.99', parseName('example.'));
    expect(health.offline).toBe(true);
    health.noteResponse();
    expect(health.offline).toBe(false);
    for (let i = 0; i < 3; i++) health.noteSilence(`192.0.2.${i}`, ROOT);
    expect(health.offline).toBe(false);
    health.noteSilence('192.0.2.2', ROOT);
    expect(health.offline).toBe(false);
    health.noteSilence('192.0.2.3', ROOT);
    expect(health.offline).toBe(true);
  });

  it('while offline no server is punished', async () => {
    const { health, selector, silent } = setUp();
    for (let i = 0; i < 4; i++) health.noteSilence(`198.51.100.${i}`, ROOT);
    await silent('192.0.2.1', 5);
    expect(selector.state('192.0.2.1').timeoutsInRow).toBe(0);
  });
});

describe('a preference', () => {
  const sought = { name: parseName('www.test.'), type: RRType.A, class: RRClass.IN };
  const preferring = (address: string) => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const preference: Preference = {
      server: (of, addresses, { name }) => {
        seen.push(`${formatName(of)} ${formatName(name)} ${addresses.length}`);
        return address;
      },
      nameServer: () => undefined,
    };
    const infra = new InfraCache({ clock });
    const selector = new ServerSelector(infra, clock, seededRandom(5), new NetworkHealth(), preference);
    const choose = (candidates = all) =>
      selector.choose(zone, candidates, new TriedServers(), undefined, sought)?.address;
    return { seen, selector, choose };
  };

  it('stands for the draw among servers that are as good', () => {
    const { seen, choose } = preferring('192.0.2.2');
    for (let i = 0; i < 50; i++) expect(choose()).toBe('192.0.2.2');
    expect(seen[0]).toBe('test. www.test. 3');
  });

  it('does not make a lame server as good as others', () => {
    const { selector, choose } = preferring('192.0.2.2');
    selector.fault('192.0.2.2', zone, 'lame');
    for (let i = 0; i < 50; i++) expect(choose()).not.toBe('192.0.2.2');
  });

  it('may leave it to chance', () => {
    const { choose } = preferring('192.0.2.9');
    expect(new Set(Array.from({ length: 50 }, () => choose())).size).toBe(3);
  });
});
