import { describe, expect, it, vi } from 'vitest';
import { DelegationCache } from '../../../src/cache/delegation-cache.js';
import { formatName, parseName, ROOT } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { delegation, rrset } from '../../support/cache-fixtures.js';

vi.setConfig({ testTimeout: 60_000 });

const com = parseName('com.');
const example = parseName('example.com.');
const www = parseName('www.example.com.');

function setUp(maxOctets = 1 << 20) {
  const clock = new VirtualClock();
  const cache = new DelegationCache({ clock, maxOctets });
  const inSec = (seconds: number) => clock.wallMs() + seconds * 1000;
  const closest = (name: string) => {
    const found = cache.closest(parseName(name));
    return found && formatName(found.zone);
  };
  return { clock, cache, inSec, closest };
}

describe('closest', () => {
  it('is the deepest live delegation at or above the name', async () => {
    const { clock, cache, inSec, closest } = setUp();
    expect(closest('www.example.com.')).toBeUndefined();
    cache.put(delegation('.', Infinity), 'configured');
    cache.put(delegation('com.', inSec(1000)));
    cache.put(delegation('example.com.', inSec(100)));
    expect(closest('www.example.com.')).toBe('example.com.');
    expect(closest('example.com.')).toBe('example.com.');
    expect(closest('notexample.com.')).toBe('com.');
    expect(closest('net.')).toBe('.');
    expect(closest('.')).toBe('.');
    await clock.advance(100_000);
    expect(closest('www.example.com.')).toBe('com.');
    await clock.advance(900_000);
    expect(closest('www.example.com.')).toBe('.');
  });

  it('counts one hit or one miss', () => {
    const { cache, inSec, closest } = setUp();
    closest('a.b.c.d.');
    cache.put(delegation('d.', inSec(10)));
    closest('a.b.c.d.');
    const { hits, misses } = cache.stats();
    expect([hits, misses['never-seen']]).toEqual([1, 1]);
  });

  it('gives back everything that was stored', () => {
    const { cache, inSec } = setUp();
    const ds = rrset('example.com.', 300, RRType.DS, ['\0\x01\x08\x02digest']);
    const proof = [rrset('a.com.', 300, RRType.NSEC3, ['x'])];
    const secure = delegation('example.com.', inSec(300), { ds, dsProof: proof, security: 'secure' });
    cache.put(secure);
    expect(cache.get(example)).toEqual(secure);
    expect(cache.get(www)).toBeUndefined();
    expect([...cache.entries()]).toEqual([secure]);
  });
});

describe('delegations in use', () => {
  it('come out right, however many they are and in whatever order', () => {
    const { cache, inSec } = setUp();
    const zones = Array.from({ length: 600 }, (_, i) => delegation(`z${i}.com.`, inSec(100 + i)));
    for (const zone of zones) cache.put(zone);
    for (const zone of zones) expect(cache.get(zone.zone)).toEqual(zone);
    for (const zone of zones.toReversed()) expect(cache.closest(zone.zone)).toEqual(zone);
  });

  it('are the same object while they are used again and again', () => {
    const { cache, inSec } = setUp();
    cache.put(delegation('example.com.', inSec(100)));
    expect(cache.closest(www)).toBe(cache.closest(example));
  });

  it('are new once they are replaced', () => {
    const { cache, inSec } = setUp();
    cache.put(delegation('example.com.', inSec(100)));
    cache.get(example);
    cache.put(delegation('example.com.', inSec(50), { servers: [] }));
    expect(cache.get(example)?.servers).toEqual([]);
  });

  it('are refused when they are larger than any message', () => {
    const { cache, inSec } = setUp();
    const addresses = Array.from({ length: 256 }, () => '192.0.2.1');
    const servers = [{ name: parseName('ns9.example.com.'), addresses }];
    expect(cache.put(delegation('example.com.', inSec(100), { servers }))).toBe(false);
    expect(cache.stats().refused).toBe(1);
  });
});

describe('the lease', () => {
  it('is cut to that of the enclosing delegation, down every level', () => {
    const { cache, inSec } = setUp();
    cache.put(delegation('.', Infinity), 'configured');
    cache.put(delegation('com.', inSec(100)));
    cache.put(delegation('example.com.', inSec(86_400)));
    cache.put(delegation('www.example.com.', inSec(86_400)));
    expect(cache.get(example)?.leaseUntilMs).toBe(inSec(100));
    expect(cache.get(www)?.leaseUntilMs).toBe(inSec(100));
  });

  it('is not extended by the child, however often it speaks (ghost domains)', async () => {
    const { clock, cache, inSec } = setUp();
    cache.put(delegation('example.com.', inSec(100)));
    for (let second = 0; second < 100; second++) {
      expect(cache.put(delegation('example.com.', inSec(86_400)), 'child')).toBe(true);
      expect(cache.get(example)).toBeDefined();
      await clock.advance(1000);
    }
    expect(cache.get(example)).toBeUndefined();
    expect(cache.put(delegation('example.com.', inSec(86_400)), 'child')).toBe(false);
    expect(cache.put(delegation('example.com.', inSec(50)))).toBe(true);
    expect(cache.get(example)?.leaseUntilMs).toBe(inSec(50));
  });

  it('is not extended by 30 nested labels that delegate to each other (Phoenix domains)', async () => {
    const { clock, cache, inSec } = setUp();
    cache.put(delegation('com.', inSec(86_400)));
    cache.put(delegation('evil.com.', inSec(100)));
    let zone = 'evil.com.';
    for (let depth = 0; depth < 30; depth++) {
      zone = `n${depth}.${zone}`;
      await clock.advance(3000);
      cache.put(delegation(zone, inSec(86_400)));
    }
    await clock.advance(10_000);
    expect(formatName(cache.closest(parseName(`www.${zone}`))!.zone)).toBe('com.');
  });

  it('a delegation whose lease is over is refused', () => {
    const { cache, inSec } = setUp();
    expect(cache.put(delegation('example.com.', inSec(0)))).toBe(false);
    expect(cache.stats().refused).toBe(1);
  });

  it('the child may change the servers', () => {
    const { cache, inSec } = setUp();
    cache.put(delegation('example.com.', inSec(100)));
    const servers = [{ name: parseName('ns9.example.com.'), addresses: ['192.0.2.9'] }];
    cache.put(delegation('example.com.', inSec(50), { servers }), 'child');
    expect(cache.get(example)).toEqual(delegation('example.com.', inSec(50), { servers }));
  });
});

describe('purge', () => {
  it('takes a zone, or a subtree', () => {
    const { cache, inSec } = setUp();
    for (const zone of ['com.', 'example.com.', 'www.example.com.', 'net.']) {
      cache.put(delegation(zone, inSec(100)));
    }
    expect(cache.purge(example)).toBe(1);
    expect(cache.missReason(example)).toBe('flushed');
    expect(cache.get(www)).toBeDefined();
    expect(cache.purge(com, { subtree: true })).toBe(2);
    expect(cache.purge(ROOT, { subtree: true })).toBe(1);
    expect(cache.stats()).toMatchObject({ entries: 0, octets: 0, purged: 4 });
  });
});

describe('a flood of junk', () => {
  it('leaves the root, the TLDs and zones in use alone, and stays inside the limit', () => {
    const { cache, inSec, closest } = setUp(2 << 20);
    cache.put(delegation('.', Infinity), 'configured');
    const tlds = Array.from({ length: 300 }, (_, i) => `tld${i}.`);
    for (const tld of tlds) cache.put(delegation(tld, inSec(86_400)));
    const busy = Array.from({ length: 200 }, (_, i) => `shop${i}.tld${i}.`);
    for (const zone of busy) {
      cache.put(delegation(zone, inSec(86_400)));
      closest(`www.${zone}`);
      closest(`mail.${zone}`);
    }
    for (let i = 0; i < 200_000; i++) {
      const zone = `junk${i}.evil.tld7.`;
      cache.put(delegation(zone, inSec(86_400)));
      if (i % 8 === 0) closest(`www.${zone}`);
    }
    for (const zone of [...tlds, ...busy]) expect(closest(zone)).toBe(zone);
    expect(closest('.')).toBe('.');
    const { octets, maxOctets, evictions } = cache.stats();
    expect(octets).toBeLessThanOrEqual(maxOctets);
    expect(maxOctets).toBe(2 << 20);
    expect(evictions).toBeGreaterThan(190_000);
  });
});
