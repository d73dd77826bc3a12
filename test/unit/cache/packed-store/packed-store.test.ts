import { describe, expect, it } from 'vitest';
import { nxdomainKey, rrsetKey } from '../../../../src/cache/key.js';
import { PackedEntry, statusOf } from '../../../../src/cache/packed-entry.js';
import { PackedStore, type PackedStoreOptions } from '../../../../src/cache/packed-store/packed-store.js';
import { parseName } from '../../../../src/dns/name.js';
import { VirtualClock } from '../../../../src/runtime/clock.js';

const LIFE_MS = 60_000;
const live = statusOf('insecure', 6);

function makeStore(options: Partial<PackedStoreOptions<PackedEntry>> = {}) {
  const clock = new VirtualClock();
  const store = new PackedStore({
    clock,
    maxOctets: 1 << 20,
    makeEntry: (key, fields) => new PackedEntry(key, fields),
    ...options,
  });
  const put = (text: string, packed = `data of ${text}`, status = live) => {
    const storedAtMs = clock.wallMs();
    const times = { storedAtMs, expiresAtMs: storedAtMs + LIFE_MS, leaseUntilMs: Infinity };
    return store.set(keyOf(text), packed, 'origin', times, status);
  };
  return { clock, store, put };
}

function keyOf(text: string) {
  return rrsetKey(parseName(text), 1);
}

describe('PackedStore', () => {
  it('gives back what was set, with its times, and with hits counted', () => {
    const { clock, store, put } = makeStore();
    put('a.example.', 'packed');
    store.use(keyOf('a.example.'), clock.wallMs());
    expect(store.use(keyOf('a.example.'), clock.wallMs())).toMatchObject({
      packed: 'packed',
      packedOrigin: 'origin',
      expiresAtMs: clock.wallMs() + LIFE_MS,
      leaseUntilMs: Infinity,
      security: 'insecure',
      rank: 6,
      hits: 2,
    });
    expect(store.use(keyOf('b.example.'), clock.wallMs())).toBeUndefined();
  });

  it('gives a copy that later changes do not touch', () => {
    const { clock, store, put } = makeStore({ maxOctets: 100_000 });
    put('a.example.', 'as it was');
    const entry = store.use(keyOf('a.example.'), clock.wallMs())!;
    put('a.example.', 'as it is');
    for (let i = 0; i < 5000; i++) put(`n${i}.example.`);
    expect(entry.packed).toBe('as it was');
    expect(entry.name).toBe(parseName('a.example.'));
  });

  it('loses and mixes up nothing among many that come, go and are replaced', () => {
    const { clock, store, put } = makeStore({ eviction: 'sieve', maxOctets: 64 << 20 });
    const names = Array.from({ length: 30_000 }, (_, i) => `n${i}.example.`);
    for (const name of names) put(name);
    for (const [i, name] of names.entries()) if (i % 3 === 0) store.remove(keyOf(name), 'flushed');
    for (const [i, name] of names.entries()) if (i % 3 === 1) put(name, `anew ${'x'.repeat(i % 300)}`);
    for (const [i, name] of names.entries()) {
      const held = store.peekLive(keyOf(name), clock.wallMs())?.packed;
      const expected = [undefined, `anew ${'x'.repeat(i % 300)}`, `data of ${name}`][i % 3];
      if (held !== expected) expect.unreachable(`${name} is ${held}`);
    }
    expect(store.size).toBe(20_000);
  });

  it('sets a mark once', () => {
    const { store, put } = makeStore();
    put('a.example.');
    expect([store.mark(keyOf('a.example.'), 8), store.mark(keyOf('a.example.'), 8)]).toEqual([true, false]);
    expect(store.mark(keyOf('b.example.'), 8)).toBe(false);
    expect(store.heldStatus(keyOf('a.example.'))).toBe(live | 8);
  });

  it('purges by labels, not by octets that look like them', () => {
    const { store, put } = makeStore();
    for (const name of ['com.', 'a.com.', 'b.a.com.', 'x\\003com.', 'org.']) put(name);
    expect(store.purge(parseName('com.'), true, () => true)).toBe(3);
    expect([...store.entries()].map((entry) => entry.name)).toEqual([
      parseName('x\\003com.'),
      parseName('org.'),
    ]);
    expect(store.purge(parseName('org.'), false, (type) => type === 28)).toBe(0);
    expect(store.purge(parseName('org.'), false, (type) => type === 1)).toBe(1);
  });

  it('says type and status of what leaves', () => {
    const removed: unknown[] = [];
    const { clock, store, put } = makeStore({ onRemove: (type, security) => removed.push([type, security]) });
    const key = nxdomainKey(parseName('a.example.'));
    const times = { storedAtMs: 0, expiresAtMs: clock.wallMs() + 1, leaseUntilMs: Infinity };
    store.set(key, 'denial', 'origin', times, statusOf('secure', 0));
    put('b.example.', 'old');
    put('b.example.', 'new');
    store.remove(key, 'flushed');
    expect(removed).toEqual([
      [1, 'insecure'],
      [0, 'secure'],
    ]);
  });

  it('passes over what leaves while its entries are read', () => {
    const { store, put } = makeStore();
    for (let i = 0; i < 10; i++) put(`n${i}.example.`);
    const seen: string[] = [];
    for (const entry of store.entries()) {
      seen.push(entry.name);
      store.remove(keyOf('n5.example.'), 'flushed');
    }
    expect(seen).toHaveLength(9);
    expect(seen).not.toContain(parseName('n5.example.'));
  });

  it('fills its octets and never passes them while others are evicted', () => {
    const { store, put } = makeStore({ eviction: 'sieve', maxOctets: 4 << 20 });
    for (let i = 0; i < 200_000; i++) put(`n${i}.example.`, 'x'.repeat(20 + (i % 200)));
    expect(store.octets).toBeLessThanOrEqual(4 << 20);
    expect(store.octets).toBeGreaterThan(0.99 * (4 << 20));
    expect(store.size).toBeGreaterThan(10_000);
  });
});
