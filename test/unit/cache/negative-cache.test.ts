import { describe, expect, it } from 'vitest';
import {
  NegativeCache,
  type NegativeCacheOptions,
  type NegativeMeta,
  negativeTtlSec,
} from '../../../src/cache/negative-cache.js';
import { parseName, ROOT } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { origin, rrset, soa } from '../../support/cache-fixtures.js';

const { A, AAAA } = RRType;
const name = parseName('no.example.');
const below = parseName('deep.below.no.example.');

const meta: NegativeMeta = { soa: soa('example.', 900, 300), proof: [], security: 'insecure', origin };
const secure: NegativeMeta = { ...meta, security: 'secure' };

function setUp(options: Partial<NegativeCacheOptions> = {}) {
  const clock = new VirtualClock();
  return { clock, cache: new NegativeCache({ clock, maxOctets: 1 << 20, ...options }) };
}

describe('how long a denial is kept', () => {
  it.each([
    ['the MINIMUM field when it is least', 900, 300, 300],
    ['the TTL of the SOA when it is least', 120, 300, 120],
    ['the limit when it is least', 90_000, 90_000, 3600],
    ['nothing when MINIMUM is 0', 900, 0, 0],
  ])('is %s', (_title, ttlSec, minimumSec, expected) => {
    expect(negativeTtlSec(soa('example.', ttlSec, minimumSec), [], 3600)).toBe(expected);
  });

  it('is no longer than any TTL of its proof', () => {
    expect(negativeTtlSec(meta.soa, [rrset('a.', 60, RRType.NSEC)], 3600)).toBe(60);
  });

  it('is 5 s without an SOA, and nothing with one cut short', () => {
    const { cache } = setUp();
    expect(cache.putNxdomain(name, { ...meta, soa: undefined })).toBe(true);
    expect(cache.get(name, 1)).toMatchObject({ kind: 'hit', ttlSec: 5 });
    expect(cache.purge(name)).toBe(1);
    expect(
      cache.putNodata(name, A, { ...meta, soa: rrset('example.', 300, RRType.SOA, ['\0\0\0\0\x01\0']) }),
    ).toBe(false);
    expect(cache.stats()).toMatchObject({ entries: 0, refused: 1 });
  });

  it('ends with the lease', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 1e9 });
    cache.putNxdomain(name, { ...meta, leaseUntilMs: clock.wallMs() + 50_000 });
    expect(cache.get(name, A)).toMatchObject({ ttlSec: 50 });
    await clock.advance(50_000);
    expect(cache.get(name, A)).toEqual({ kind: 'miss', reason: 'expired' });
  });
});

describe('a lookup', () => {
  it('finds NODATA for its type only', async () => {
    const { clock, cache } = setUp();
    cache.putNodata(name, A, meta);
    await clock.advance(100_000);
    expect(cache.get(name, A)).toMatchObject({
      kind: 'hit',
      cut: false,
      ttlSec: 200,
      entry: { kind: 'nodata', type: A, soa: meta.soa, storedAtMs: clock.wallMs() - 100_000 },
    });
    expect(cache.get(name, AAAA)).toEqual({ kind: 'miss', reason: 'never-seen' });
    expect(cache.stats()).toMatchObject({ hits: 1, misses: { 'never-seen': 1 } });
  });

  it('finds NXDOMAIN for every type', () => {
    const { cache } = setUp();
    cache.putNxdomain(name, meta);
    expect(cache.get(name, A)).toMatchObject({ kind: 'hit', entry: { kind: 'nxdomain' } });
    expect(cache.get(name, AAAA).kind).toBe('hit');
    expect(cache.get(name, A, 3).kind).toBe('miss');
  });

  it('NODATA says that the name exists, so NXDOMAIN goes', () => {
    const { cache } = setUp();
    cache.putNxdomain(name, meta);
    cache.putNodata(name, A, meta);
    expect(cache.get(name, A)).toMatchObject({ entry: { kind: 'nodata' } });
    expect(cache.get(name, AAAA).kind).toBe('miss');
  });

  it('a bogus denial does not replace a live secure one', () => {
    const { cache } = setUp();
    cache.putNxdomain(name, secure);
    expect(cache.putNxdomain(name, { ...meta, security: 'bogus' })).toBe(false);
    expect(cache.get(name, A)).toMatchObject({ entry: { security: 'secure' } });
  });

  it('finds stale denials when they are kept, but no bogus ones', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 60_000 });
    cache.putNxdomain(name, meta);
    cache.putNxdomain(parseName('bogus.example.'), { ...meta, security: 'bogus' });
    await clock.advance(310_000);
    expect(cache.get(name, A)).toMatchObject({ kind: 'stale', ageSec: 10 });
    expect(cache.get(parseName('bogus.example.'), A)).toEqual({ kind: 'miss', reason: 'expired' });
    await clock.advance(50_000);
    expect(cache.get(name, A)).toEqual({ kind: 'miss', reason: 'expired' });
  });

  it('prefers a live NODATA over a stale NXDOMAIN', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 1e9 });
    cache.putNodata(name, A, meta);
    await clock.advance(200_000);
    cache.putNxdomain(name, { ...meta, soa: soa('example.', 10, 10) });
    await clock.advance(20_000);
    expect(cache.get(name, A)).toMatchObject({ kind: 'hit', entry: { kind: 'nodata' } });
  });
});

describe('the NXDOMAIN cut (RFC 8020)', () => {
  it('a secure NXDOMAIN denies what is below it', () => {
    const { cache } = setUp();
    cache.putNxdomain(name, secure);
    expect(cache.get(below, A)).toMatchObject({ kind: 'hit', cut: true, entry: { name } });
    expect(cache.get(parseName('other.example.'), A).kind).toBe('miss');
    expect(cache.get(parseName('example.'), A).kind).toBe('miss');
  });

  it('one that is not secure does not', () => {
    const { cache } = setUp();
    cache.putNxdomain(name, meta);
    expect(cache.get(below, A).kind).toBe('miss');
  });

  it('nor does a secure NODATA, nor a stale NXDOMAIN', async () => {
    const { clock, cache } = setUp({ staleMaxMs: 1e9 });
    cache.putNodata(parseName('below.no.example.'), A, secure);
    expect(cache.get(below, A).kind).toBe('miss');
    cache.putNxdomain(name, secure);
    await clock.advance(300_000);
    expect(cache.get(below, A).kind).toBe('miss');
  });

  it('can be switched off, and stops at the apex of a local zone', () => {
    const off = setUp({ nxdomainCut: false }).cache;
    off.putNxdomain(name, secure);
    expect(off.get(below, A).kind).toBe('miss');
    const { cache } = setUp();
    cache.putNxdomain(name, secure);
    expect(cache.get(below, A, 1, parseName('below.no.example.')).kind).toBe('miss');
    expect(cache.get(below, A, 1, name).kind).toBe('miss');
    expect(cache.get(below, A, 1, ROOT).kind).toBe('hit');
  });

  it('still finds the second cut when the first was replaced, purged or evicted', () => {
    const { cache } = setUp();
    const other = parseName('gone.example.');
    cache.putNxdomain(name, secure);
    cache.putNxdomain(name, secure);
    cache.putNxdomain(other, secure);
    cache.purge(name);
    expect(cache.get(below, A).kind).toBe('miss');
    expect(cache.get(parseName('x.gone.example.'), A)).toMatchObject({ cut: true });
  });
});

describe('contradiction by newer data', () => {
  it('drops NODATA of the type, and NXDOMAIN of the name and what is above', () => {
    const { cache } = setUp();
    cache.putNxdomain(name, meta);
    cache.putNodata(below, A, meta);
    cache.putNodata(below, AAAA, meta);
    expect(cache.contradict(below, A, 'insecure')).toBe(2);
    expect(cache.get(below, A).kind).toBe('miss');
    expect(cache.get(below, AAAA).kind).toBe('hit');
    expect(cache.get(name, A)).toEqual({ kind: 'miss', reason: 'flushed' });
  });

  it('drops a secure denial only for secure data', () => {
    const { cache } = setUp();
    cache.putNxdomain(name, secure);
    expect(cache.contradict(name, A, 'insecure')).toBe(0);
    expect(cache.contradict(name, A, 'secure')).toBe(1);
  });
});

describe('purge', () => {
  it('of a name takes NXDOMAIN and NODATA, of a subtree what is below too', () => {
    const { cache } = setUp();
    cache.putNxdomain(name, meta);
    cache.putNodata(below, A, meta);
    cache.putNodata(below, AAAA, meta);
    expect(cache.purge(below, { type: A })).toBe(1);
    expect(cache.purge(parseName('example.'))).toBe(0);
    expect(cache.purge(parseName('example.'), { subtree: true })).toBe(2);
    expect([...cache.entries()]).toEqual([]);
    expect(cache.stats()).toMatchObject({ entries: 0, octets: 0, purged: 3 });
  });
});
