import { describe, expect, it } from 'vitest';
import { Rank } from '../../../src/cache/rank.js';
import { ResolverCache, type ResolverCacheOptions, type RRsetMeta } from '../../../src/cache/rrset-cache.js';
import { parseName } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { origin, rrset } from '../../support/cache-fixtures.js';

const { A, AAAA, NS } = RRType;
const www = parseName('www.example.');
const meta: RRsetMeta = { rank: Rank.answer, security: 'insecure', origin };

function setUp(options: Partial<ResolverCacheOptions> = {}) {
  const clock = new VirtualClock();
  return { clock, cache: new ResolverCache({ clock, maxOctets: 1 << 20, ...options }) };
}

describe('a lookup', () => {
  it('finds what was stored, with the seconds that are left', async () => {
    const { clock, cache } = setUp();
    expect(cache.put(rrset('www.example.', 300), meta)).toBe(true);
    expect(cache.get(www, A)).toMatchObject({ kind: 'hit', ttlSec: 300 });
    await clock.advance(100_500);
    const hit = cache.get(www, A);
    expect(hit).toMatchObject({ kind: 'hit', ttlSec: 200 });
    if (hit.kind !== 'hit') return expect.unreachable();
    expect(hit.entry.rrset).toEqual(rrset('www.example.', 300));
    expect(hit.entry.storedAtMs).toBe(clock.wallMs() - 100_500);
    expect(hit.entry.expiresAtMs).toBe(hit.entry.storedAtMs + 300_000);
    expect(hit.entry.leaseUntilMs).toBe(Infinity);
    expect(hit.entry).toMatchObject({ rank: Rank.answer, security: 'insecure', origin, hits: 2 });
  });

  it('never shows 0 for a live RRset, nor more than it was stored with', async () => {
    const { clock, cache } = setUp();
    cache.put(rrset('www.example.', 2), meta);
    await clock.advance(1999);
    expect(cache.get(www, A)).toMatchObject({ kind: 'hit', ttlSec: 1 });
    clock.jumpWall(-3_600_000);
    expect(cache.get(www, A)).toMatchObject({ kind: 'hit', ttlSec: 2 });
  });

  it('tells types and classes apart', () => {
    const { cache } = setUp();
    cache.put(rrset('www.example.'), meta);
    expect(cache.get(www, AAAA).kind).toBe('miss');
    expect(cache.get(www, A, 3).kind).toBe('miss');
    expect(cache.get(www, A, 1).kind).toBe('hit');
  });

  it('takes names of object members like others', () => {
    const { cache } = setUp();
    for (const name of ['constructor.', '__proto__.', 'hasownproperty.']) {
      expect(cache.get(parseName(name), A)).toEqual({ kind: 'miss', reason: 'never-seen' });
      cache.put(rrset(name), meta);
      expect(cache.get(parseName(name), A).kind).toBe('hit');
    }
  });

  it('keeps no reference to what it was given', () => {
    const { cache } = setUp();
    const given = { ...rrset('www.example.'), rdatas: ['\x01\x02\x03\x04'] };
    cache.put(given, meta);
    given.rdatas.push('\x05\x06\x07\x08');
    expect(cache.peek(www, A)?.rrset.rdatas).toEqual(['\x01\x02\x03\x04']);
  });

  it('keeps the proof of a wildcard answer beside it', () => {
    const { cache } = setUp();
    const proof = [rrset('a.example.', 60, RRType.NSEC, ['\x01b\0'])];
    cache.put(rrset('www.example.'), { ...meta, proof });
    expect(cache.peek(www, A)?.proof).toEqual(proof);
    cache.markSecurity(www, A, 'secure');
    expect(cache.peek(www, A)?.proof).toEqual(proof);
  });

  it('a peek counts nothing', () => {
    const { cache } = setUp();
    cache.put(rrset('www.example.'), meta);
    expect(cache.peek(www, A)?.hits).toBe(0);
    cache.peek(parseName('other.'), A);
    const { hits, misses } = cache.stats();
    expect(hits).toBe(0);
    expect(misses['never-seen']).toBe(0);
  });
});

describe('why a lookup missed', () => {
  it('is never-seen, expired, evicted, flushed or bypassed, each counted', async () => {
    const { clock, cache } = setUp({ maxOctets: 2000 });
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'never-seen' });
    cache.put(rrset('www.example.', 10), meta);
    await clock.advance(10_000);
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'expired' });
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'expired' });
    cache.put(rrset('www.example.', 10), meta);
    cache.purge(www);
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'flushed' });
    cache.put(rrset('www.example.', 10), meta);
    for (let i = 0; i < 20; i++) cache.put(rrset(`n${i}.example.`), meta);
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'evicted' });
    cache.countBypass();
    const stats = cache.stats();
    expect(stats.misses).toEqual({ 'never-seen': 1, expired: 2, flushed: 1, evicted: 1, bypassed: 1 });
    expect(stats).toMatchObject({ purged: 1, expirations: 1, inserts: 23 });
    expect(stats.evictions).toBe(23 - 1 - 1 - stats.entries);
    expect(cache.stats()).toEqual(stats); // reading resets nothing
  });
});

describe('a replaced RRset', () => {
  it('counts as no removal and leaves no reason behind', () => {
    const { cache } = setUp();
    cache.put(rrset('www.example.', 10), meta);
    cache.purge(www);
    cache.put(rrset('www.example.', 10), meta);
    cache.put(rrset('www.example.', 20), meta);
    expect(cache.stats()).toMatchObject({ entries: 1, purged: 1, evictions: 0, expirations: 0, inserts: 3 });
  });
});

describe('time to live', () => {
  it('TTL 0 is not stored', () => {
    const { cache } = setUp();
    expect(cache.put(rrset('www.example.', 0), meta)).toBe(false);
    expect(cache.get(www, A).kind).toBe('miss');
    expect(cache.stats().refused).toBe(1);
  });

  it('is kept inside the limits', () => {
    const { cache } = setUp({ ttl: { minSec: 30, maxSec: 600 } });
    cache.put(rrset('a.', 0), meta);
    cache.put(rrset('b.', 86_400), meta);
    expect(cache.get(parseName('a.'), A)).toMatchObject({ ttlSec: 30 });
    expect(cache.get(parseName('b.'), A)).toMatchObject({ ttlSec: 600 });
    expect(cache.peek(parseName('b.'), A)?.rrset.ttlSec).toBe(86_400);
  });
});

describe('trust', () => {
  it('lower rank never replaces live data of higher rank, but does after its time', async () => {
    const { clock, cache } = setUp();
    cache.put(rrset('www.example.', 10, A, ['\x01\x01\x01\x01']), meta);
    const glue = rrset('www.example.', 300, A, ['\x02\x02\x02\x02']);
    expect(cache.put(glue, { ...meta, rank: Rank.glue })).toBe(false);
    expect(cache.peek(www, A)?.rrset.rdatas).toEqual(['\x01\x01\x01\x01']);
    await clock.advance(10_000);
    expect(cache.put(glue, { ...meta, rank: Rank.glue })).toBe(true);
    expect(cache.peek(www, A)?.rrset.rdatas).toEqual(['\x02\x02\x02\x02']);
  });

  it('stale data of high rank does not keep out fresh data of low rank', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 86_400_000 });
    cache.put(rrset('www.example.', 10), meta);
    await clock.advance(10_000);
    expect(cache.get(www, A).kind).toBe('stale');
    expect(cache.put(rrset('www.example.'), { ...meta, rank: Rank.glue })).toBe(true);
  });

  it('equal and higher rank replace', () => {
    const { cache } = setUp();
    cache.put(rrset('www.example.', 10), { ...meta, rank: Rank.glue });
    expect(cache.put(rrset('www.example.', 20), { ...meta, rank: Rank.glue })).toBe(true);
    expect(cache.put(rrset('www.example.', 30), meta)).toBe(true);
    expect(cache.get(www, A)).toMatchObject({ ttlSec: 30 });
  });

  it('bogus data never replaces live secure data', () => {
    const { cache } = setUp();
    cache.put(rrset('www.example.', 10), { ...meta, security: 'secure' });
    expect(cache.put(rrset('www.example.', 20), { ...meta, security: 'bogus' })).toBe(false);
    expect(cache.put(rrset('www.example.', 20), { ...meta, security: 'secure' })).toBe(true);
  });
});

describe('the lease', () => {
  it('ends an RRset before its TTL does, and no renewal gets past it', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 86_400_000 });
    const leaseUntilMs = clock.wallMs() + 60_000;
    for (let second = 0; second < 60; second++) {
      expect(cache.put(rrset('www.example.', 86_400), { ...meta, leaseUntilMs })).toBe(true);
      // The lease ends what we keep; clients hear the owner's TTL, renewed with each put.
      expect(cache.get(www, A)).toMatchObject({ kind: 'hit', ttlSec: 86_400 });
      expect(cache.peek(www, A)?.leaseUntilMs).toBe(leaseUntilMs);
      await clock.advance(1000);
    }
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'expired' }); // not even stale
    expect(cache.put(rrset('www.example.', 86_400), { ...meta, leaseUntilMs })).toBe(false);
  });

  it('ends stale data too', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 86_400_000 });
    cache.put(rrset('www.example.', 10), { ...meta, leaseUntilMs: clock.wallMs() + 60_000 });
    await clock.advance(59_999);
    expect(cache.get(www, A)).toMatchObject({ kind: 'stale', ageSec: 49 });
    await clock.advance(1);
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'expired' });
  });
});

describe('stale data', () => {
  it('stays for staleMaxMs past its expiry and is counted as stale', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 100_000 });
    cache.put(rrset('www.example.', 10), meta);
    await clock.advance(10_000);
    expect(cache.get(www, A)).toMatchObject({ kind: 'stale', ageSec: 0 });
    await clock.advance(99_999);
    expect(cache.get(www, A)).toMatchObject({ kind: 'stale', ageSec: 99 });
    await clock.advance(1);
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'expired' });
    expect(cache.stats()).toMatchObject({ stale: 2, hits: 0 });
  });

  it('is not there when it is off', async () => {
    const { clock, cache } = setUp();
    cache.put(rrset('www.example.', 10), meta);
    await clock.advance(10_000);
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'expired' });
  });

  it('is never bogus', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 100_000 });
    cache.put(rrset('www.example.', 10), { ...meta, security: 'bogus' });
    await clock.advance(10_000);
    expect(cache.get(www, A).kind).toBe('miss');
  });
});

describe('markSecurity', () => {
  it('changes the status, shortens the life, and never lengthens it', async () => {
    const { clock, cache } = setUp();
    cache.put(rrset('www.example.', 300), { ...meta, security: 'unchecked' });
    cache.get(www, A);
    expect(cache.markSecurity(www, A, 'secure')).toBe(true);
    expect(cache.peek(www, A)).toMatchObject({ security: 'secure', hits: 1 });
    await clock.advance(100_000);
    expect(cache.markSecurity(www, A, 'secure', 1000)).toBe(true);
    expect(cache.get(www, A)).toMatchObject({ ttlSec: 200 });
    expect(cache.markSecurity(www, A, 'bogus', 60)).toBe(true);
    expect(cache.get(www, A)).toMatchObject({ ttlSec: 60, entry: { security: 'bogus' } });
  });

  it('does not ask for a second prefetch', async () => {
    const { clock, cache } = setUp();
    cache.put(rrset('www.example.', 100), meta);
    cache.get(www, A);
    cache.get(www, A);
    await clock.advance(95_000);
    expect(cache.shouldPrefetch(cache.peek(www, A)!)).toBe(true);
    cache.markSecurity(www, A, 'secure');
    expect(cache.shouldPrefetch(cache.peek(www, A)!)).toBe(false);
  });

  it('says when there is nothing to mark, and drops what a signature ended', () => {
    const { cache } = setUp();
    expect(cache.markSecurity(www, A, 'secure')).toBe(false);
    cache.put(rrset('www.example.', 300), meta);
    expect(cache.markSecurity(www, A, 'secure', 0)).toBe(false);
    expect(cache.get(www, A)).toEqual({ kind: 'miss', reason: 'expired' });
  });
});

describe('shouldPrefetch', () => {
  async function popular(seconds: number, lookups: number, lease?: number) {
    const { clock, cache } = setUp();
    cache.put(rrset('www.example.', 100), {
      ...meta,
      leaseUntilMs: lease === undefined ? undefined : clock.wallMs() + lease * 1000,
    });
    for (let i = 0; i < lookups; i++) cache.get(www, A);
    const entry = cache.peek(www, A)!;
    await clock.advance(seconds * 1000);
    return { clock, cache, entry };
  }

  it('says yes once, in the last tenth, for what is asked for again', async () => {
    const { cache, entry } = await popular(90, 2);
    expect(cache.shouldPrefetch(entry)).toBe(true);
    expect(cache.shouldPrefetch(entry)).toBe(false);
  });

  it('says no before the last tenth, after the end, and for what nobody has asked for since', async () => {
    for (const [seconds, lookups] of [
      [89, 2],
      [100, 2],
      [95, 0],
    ] as const) {
      const { cache, entry } = await popular(seconds, lookups);
      expect(cache.shouldPrefetch(entry)).toBe(false);
    }
  });

  it('says yes again after a renewal', async () => {
    const { clock, cache, entry } = await popular(95, 2);
    expect(cache.shouldPrefetch(entry)).toBe(true);
    cache.put(rrset('www.example.', 100), meta);
    cache.get(www, A);
    cache.get(www, A);
    await clock.advance(95_000);
    expect(cache.shouldPrefetch(cache.peek(www, A)!)).toBe(true);
  });

  it('says yes for what its lease ends, in the last tenth before that', async () => {
    const early = await popular(44, 5, 50);
    expect(early.cache.shouldPrefetch(early.entry)).toBe(false);
    const { cache, entry } = await popular(47, 5, 50);
    expect(cache.shouldPrefetch(entry)).toBe(true);
  });
});

describe('purge', () => {
  function filled() {
    const { cache } = setUp();
    for (const name of ['example.', 'www.example.', 'a.www.example.', 'notexample.', 'www.test.']) {
      cache.put(rrset(name), meta);
      cache.put(rrset(name, 300, NS, [parseName('ns.test.')]), meta);
    }
    return cache;
  }
  const names = (cache: ResolverCache) => [...cache.entries()].map((e) => e.rrset.name);

  it('of a name takes all its types and nothing else', () => {
    const cache = filled();
    expect(cache.purge(www)).toBe(2);
    expect(names(cache)).not.toContain(www);
    expect(cache.stats()).toMatchObject({ entries: 8, purged: 2 });
  });

  it('of a name and a type takes one RRset', () => {
    const cache = filled();
    expect(cache.purge(www, { type: NS })).toBe(1);
    expect(cache.peek(www, A)).toBeDefined();
  });

  it('of a subtree takes the name and what is below, by labels and not by letters', () => {
    const cache = filled();
    expect(cache.purge(parseName('example.'), { subtree: true })).toBe(6);
    expect(new Set(names(cache))).toEqual(new Set([parseName('notexample.'), parseName('www.test.')]));
  });

  it('clear takes all', () => {
    const cache = filled();
    cache.clear();
    expect(cache.stats()).toMatchObject({ entries: 0, octets: 0, purged: 10 });
  });
});

describe('sweep', () => {
  it('removes what is over though nobody asks, some at a time', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 5000 });
    for (let i = 0; i < 100; i++) cache.put(rrset(`n${i}.`, 1 + (i % 2) * 1000), meta);
    await clock.advance(3000);
    for (let i = 0; i < 50; i++) cache.sweep(10);
    expect(cache.stats().entries).toBe(100); // stale, not over
    await clock.advance(5000);
    expect(cache.sweep(10)).toBeLessThanOrEqual(10);
    for (let i = 0; i < 50; i++) cache.sweep(10);
    expect(cache.stats()).toMatchObject({ entries: 50, expirations: 50 });
    expect(cache.get(parseName('n0.'), A)).toEqual({ kind: 'miss', reason: 'expired' });
  });
});
