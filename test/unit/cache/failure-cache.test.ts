import { describe, expect, it } from 'vitest';
import { FailureCache } from '../../../src/cache/failure-cache.js';
import { parseName } from '../../../src/dns/name.js';
import type { Failure } from '../../../src/dns/outcome.js';
import { VirtualClock } from '../../../src/runtime/clock.js';

const name = parseName('dead.example.');
const timeout: Failure = { kind: 'failure', reason: 'timeout', ede: [] };
const bogus: Failure = { kind: 'failure', reason: 'bogus', ede: [] };

function setUp() {
  const clock = new VirtualClock();
  return { clock, cache: new FailureCache({ clock, maxOctets: 1 << 20 }) };
}

describe('the failure cache (RFC 9520 3.2)', () => {
  it('holds a failure for 5 s, doubled with each that follows, up to 300 s', async () => {
    const { clock, cache } = setUp();
    for (const ttlSec of [5, 10, 20, 40, 80, 160, 300, 300]) {
      expect(cache.put(name, 1, timeout)).toBe(ttlSec);
      expect(cache.get(name, 1)).toMatchObject({ kind: 'hit', ttlSec, entry: { failure: timeout } });
      await clock.advance(ttlSec * 1000 - 1);
      expect(cache.get(name, 1)).toMatchObject({ kind: 'hit', ttlSec: 1 });
      await clock.advance(1);
      expect(cache.get(name, 1)).toEqual({ kind: 'miss', reason: 'expired' });
    }
  });

  it('counts failures of joined queries once', () => {
    const { cache } = setUp();
    expect(cache.put(name, 1, timeout)).toBe(5);
    expect(cache.put(name, 1, timeout)).toBe(5);
    expect(cache.get(name, 1)).toMatchObject({ entry: { count: 1 } });
  });

  it('starts at 5 s again after a success, and after a long silence', async () => {
    const { clock, cache } = setUp();
    cache.put(name, 1, timeout);
    await clock.advance(5000);
    cache.succeeded(name, 1);
    expect(cache.put(name, 1, timeout)).toBe(5);
    await clock.advance(5000 + 300_000);
    expect(cache.put(name, 1, timeout)).toBe(5);
  });

  it('holds a bogus answer for 60 s', async () => {
    const { clock, cache } = setUp();
    expect(cache.put(name, 1, bogus)).toBe(60);
    await clock.advance(60_000);
    expect(cache.put(name, 1, bogus)).toBe(60);
  });

  it('tells name, type, class and CD apart', () => {
    const { cache } = setUp();
    cache.put(name, 1, bogus);
    expect(cache.get(name, 28).kind).toBe('miss');
    expect(cache.get(name, 1, { cd: true }).kind).toBe('miss');
    expect(cache.get(name, 1, { class: 3 }).kind).toBe('miss');
    expect(cache.get(parseName('constructor.'), 1)).toEqual({ kind: 'miss', reason: 'never-seen' });
    cache.put(name, 1, timeout, { cd: true });
    expect(cache.get(name, 1, { cd: true })).toMatchObject({ entry: { failure: timeout, cd: true } });
  });

  it('takes nothing while it is frozen, and forgets all but bogus when it thaws', () => {
    const { cache } = setUp();
    cache.put(name, 1, timeout);
    cache.put(name, 28, bogus);
    cache.freeze(true);
    expect(cache.put(name, 16, timeout)).toBe(0);
    expect(cache.get(name, 16).kind).toBe('miss');
    expect(cache.get(name, 1).kind).toBe('hit');
    cache.freeze(false);
    expect(cache.get(name, 1)).toEqual({ kind: 'miss', reason: 'flushed' });
    expect(cache.get(name, 28).kind).toBe('hit');
    expect(cache.put(name, 16, timeout)).toBe(5);
    cache.freeze(false); // no thaw, nothing to forget
    expect(cache.get(name, 16).kind).toBe('hit');
  });

  it('purges by name, type and subtree', () => {
    const { cache } = setUp();
    cache.put(name, 1, timeout);
    cache.put(name, 28, timeout);
    cache.put(parseName('x.dead.example.'), 1, timeout);
    expect(cache.purge(name, { type: 28 })).toBe(1);
    expect(cache.purge(name, { subtree: true })).toBe(2);
    expect(cache.stats()).toMatchObject({ entries: 0, purged: 3 });
  });

  it('stays inside its limit and is swept', async () => {
    const clock = new VirtualClock();
    const cache = new FailureCache({ clock, maxOctets: 100_000 });
    for (let i = 0; i < 2000; i++) cache.put(parseName(`n${i}.example.`), 1, timeout);
    expect(cache.stats().octets).toBeLessThanOrEqual(100_000);
    expect(cache.stats().evictions).toBeGreaterThan(1000);
    await clock.advance(305_000);
    for (let i = 0; i < 50; i++) cache.sweep(100);
    expect(cache.stats()).toMatchObject({ entries: 0, octets: 0 });
  });
});
