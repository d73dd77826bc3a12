/** The contract of every stub cache: whole responses in, aged copies out. */
import { describe, expect, it } from 'vitest';
import type { StubCache, StubKey } from '../../src/cache/stub-cache.js';
import { parseName } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import { VirtualClock } from '../../src/runtime/clock.js';

export type MakeStubCache = (clock: VirtualClock, maxOctets: number) => StubCache;

const nowMs = Date.UTC(2026, 0, 6);

export function stubKey(name: string, over: Partial<StubKey> = {}): StubKey {
  return { name: parseName(name), type: RRType.A, class: 1, do: false, cd: false, ...over };
}

/** A record with a compressed or spelt-out owner, in wire form. */
export interface WireRecord {
  readonly owner: string | number;
  readonly type: number;
  readonly ttlSec: number;
  readonly rdata: string;
}

/** A response to (name, A): `owner` as a number is a compression pointer to that offset. */
export function response(name: string, records: readonly WireRecord[]): Buffer {
  const header = Buffer.from([0, 0, 0x80, 0, 0, 1, records.length >> 8, records.length & 255, 0, 0, 0, 0]);
  const question = Buffer.from(`${parseName(name)}\0\x01\0\x01`, 'latin1');
  return Buffer.concat([header, question, ...records.map(wireRecord)]);
}

function wireRecord({ owner, type, ttlSec, rdata }: WireRecord): Buffer {
  const start =
    typeof owner === 'number'
      ? Buffer.from([0xc0 | (owner >> 8), owner & 255])
      : Buffer.from(parseName(owner), 'latin1');
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttlSec, 4);
  fixed.writeUInt16BE(rdata.length, 8);
  return Buffer.concat([start, fixed, Buffer.from(rdata, 'latin1')]);
}

/** The response to an A query with one address. */
export function addressResponse(name: string, ttlSec: number): Buffer {
  return response(name, [{ owner: 12, type: RRType.A, ttlSec, rdata: '\xc0\0\x02\x01' }]);
}

export function stubCacheContract(name: string, make: MakeStubCache): void {
  describe(`${name} keeps the stub cache contract`, () => {
    copies(make);
    keys(make);
    ends(make);
    purges(make);
    generations(make);
  });
}

function setUp(make: MakeStubCache) {
  const clock = new VirtualClock(nowMs);
  return { clock, cache: make(clock, 1 << 20) };
}

function copies(make: MakeStubCache): void {
  it('gives back the same octets at once, in a buffer of their own', () => {
    const { cache } = setUp(make);
    const wire = addressResponse('www.example.', 300);
    const original = Buffer.from(wire);
    expect(cache.put(stubKey('www.example.'), wire, nowMs, nowMs + 300_000)).toBe(true);
    wire.fill(0); // the caller may use its buffer again
    const first = cache.get(stubKey('www.example.'), nowMs)!;
    expect(first.equals(original)).toBe(true);
    first.fill(0); // and the copy
    expect(cache.get(stubKey('www.example.'), nowMs)!.equals(original)).toBe(true);
  });

  it('counts every TTL down by the seconds passed and nothing else', () => {
    const { cache } = setUp(make);
    const records = (ageSec: number): WireRecord[] => [
      { owner: 12, type: RRType.CNAME, ttlSec: 300 - ageSec, rdata: '\x01\x61\0' },
      { owner: 'a.', type: RRType.A, ttlSec: 70_000 - ageSec, rdata: '\xc0\0\x02\x01' },
      { owner: 'a.', type: RRType.A, ttlSec: Math.max(0, 5 - ageSec), rdata: '\xc0\0\x02\x02' },
    ];
    cache.put(stubKey('www.example.'), response('www.example.', records(0)), nowMs, nowMs + 300_000);
    const later = cache.get(stubKey('www.example.'), nowMs + 10_999)!;
    expect(later.equals(response('www.example.', records(10)))).toBe(true);
  });

  it('leaves TTLs as they are when the clock was set back', () => {
    const { cache } = setUp(make);
    cache.put(stubKey('a.'), addressResponse('a.', 300), nowMs, nowMs + 300_000);
    expect(cache.get(stubKey('a.'), nowMs - 50_000)!.equals(addressResponse('a.', 300))).toBe(true);
  });

  it('writes into the octets of the caller at an offset, and not when there is no room', () => {
    const { cache } = setUp(make);
    const wire = addressResponse('a.', 300);
    cache.put(stubKey('a.'), wire, nowMs, nowMs + 300_000);
    const target = new Uint8Array(wire.length + 7).fill(0xee);
    expect(cache.copyInto(stubKey('a.'), nowMs + 100_000, target, 7)).toBe(wire.length);
    expect(Buffer.from(target.subarray(7)).equals(addressResponse('a.', 200))).toBe(true);
    expect([...target.subarray(0, 7)]).toEqual(Array(7).fill(0xee));
    const small = new Uint8Array(wire.length + 6).fill(0xee);
    expect(cache.copyInto(stubKey('a.'), nowMs, small, 7)).toBe(0);
    expect(small.every((octet) => octet === 0xee)).toBe(true);
    expect(cache.copyInto(stubKey('b.'), nowMs, target, 0)).toBe(0);
  });

  it('holds a response of 64 kB', () => {
    const { cache } = setUp(make);
    const records = Array.from({ length: 4000 }, (_, i) => ({
      owner: 12,
      type: RRType.A,
      ttlSec: 300,
      rdata: `\x0a\0${String.fromCharCode(i >> 8, i & 255)}`,
    }));
    const wire = response('a.', records);
    expect(wire.length).toBeGreaterThan(64_000);
    expect(cache.put(stubKey('a.'), wire, nowMs, nowMs + 300_000)).toBe(true);
    const aged = response(
      'a.',
      records.map((r) => ({ ...r, ttlSec: 200 })),
    );
    expect(cache.get(stubKey('a.'), nowMs + 100_000)!.equals(aged)).toBe(true);
  });
}

function keys(make: MakeStubCache): void {
  it('tells name, type, class, DO and CD apart', () => {
    const { cache } = setUp(make);
    cache.put(stubKey('a.'), addressResponse('a.', 300), nowMs, nowMs + 300_000);
    const others: Partial<StubKey>[] = [{ type: 28 }, { class: 3 }, { do: true }, { cd: true }];
    for (const other of others) expect(cache.get(stubKey('a.', other), nowMs)).toBeUndefined();
    expect(cache.get(stubKey('b.'), nowMs)).toBeUndefined();
    expect(cache.get(stubKey('a.'), nowMs)).toBeDefined();
  });

  it('takes names of object members like others', () => {
    const { cache } = setUp(make);
    for (const name of ['constructor.', '__proto__.', 'tostring.']) {
      expect(cache.get(stubKey(name), nowMs)).toBeUndefined();
      cache.put(stubKey(name), addressResponse(name, 300), nowMs, nowMs + 300_000);
      expect(cache.get(stubKey(name), nowMs)!.equals(addressResponse(name, 300))).toBe(true);
    }
  });

  it('lists what it holds', () => {
    const { cache } = setUp(make);
    const key = stubKey('a.', { do: true, type: 28 });
    const wire = addressResponse('a.', 300);
    cache.put(key, wire, nowMs, nowMs + 300_000);
    const times = { storedAtMs: nowMs, keepUntilMs: nowMs + 300_000 };
    const [entry, ...others] = cache.entries();
    expect(entry).toMatchObject({ ...key, sizeOctets: wire.length, ...times });
    expect(Buffer.from(entry!.response())).toEqual(wire);
    expect(others).toEqual([]);
  });
}

function ends(make: MakeStubCache): void {
  it('gives nothing from keepUntilMs on, and says why', () => {
    const { cache } = setUp(make);
    cache.put(stubKey('a.'), addressResponse('a.', 300), nowMs, nowMs + 20_000);
    expect(cache.get(stubKey('a.'), nowMs + 19_999)).toBeDefined();
    expect(cache.get(stubKey('a.'), nowMs + 20_000)).toBeUndefined();
    const { hits, misses } = cache.stats();
    expect(hits).toBe(1);
    expect(misses.expired).toBe(1);
  });

  it('refuses what is over, and what is no whole message', () => {
    const { cache } = setUp(make);
    const wire = addressResponse('a.', 300);
    expect(cache.put(stubKey('a.'), wire, nowMs, nowMs)).toBe(false);
    expect(cache.put(stubKey('a.'), wire.subarray(0, wire.length - 1), nowMs, nowMs + 1000)).toBe(false);
    expect(cache.put(stubKey('a.'), Buffer.concat([wire, wire]), nowMs, nowMs + 1000)).toBe(false);
    expect(cache.get(stubKey('a.'), nowMs)).toBeUndefined();
    expect(cache.stats().refused).toBe(3);
  });

  it('sweeps what is over without anyone asking', async () => {
    const { cache, clock } = setUp(make);
    for (let i = 0; i < 20; i++) {
      cache.put(stubKey(`n${i}.`), addressResponse(`n${i}.`, 300), nowMs, nowMs + 1000 * (i + 1));
    }
    await clock.advance(10_000);
    let removed = 0;
    for (let call = 0; call < 20; call++) removed += cache.sweep(5);
    expect(removed).toBe(10);
    expect(cache.stats().entries).toBe(10);
    expect(cache.stats().expirations).toBe(10);
  });

  it('never passes its limit of octets', () => {
    const cache = make(new VirtualClock(nowMs), 100_000);
    for (let i = 0; i < 3000; i++) {
      const name = `name-${i}.example.`;
      cache.put(stubKey(name), addressResponse(name, 300), nowMs, nowMs + 300_000);
      const { octets, maxOctets } = cache.stats();
      expect(octets).toBeLessThanOrEqual(maxOctets);
    }
    expect(cache.stats().evictions).toBeGreaterThan(0);
  });
}

function purges(make: MakeStubCache): void {
  const alias = () =>
    response('alias.test.', [
      { owner: 12, type: RRType.CNAME, ttlSec: 300, rdata: parseName('host.example.') },
      { owner: 40, type: RRType.A, ttlSec: 300, rdata: '\xc0\0\x02\x01' },
    ]);

  it('purges all answers to a name, whatever the type and flags', () => {
    const { cache } = setUp(make);
    for (const key of [
      stubKey('a.'),
      stubKey('a.', { do: true }),
      stubKey('a.', { type: 28 }),
      stubKey('b.a.'),
    ]) {
      cache.put(key, addressResponse('a.', 300), nowMs, nowMs + 300_000);
    }
    cache.put(stubKey('c.'), addressResponse('c.', 300), nowMs, nowMs + 300_000);
    expect(cache.purge(parseName('a.'), { type: 28 })).toBe(1);
    expect(cache.purge(parseName('a.'), { subtree: true })).toBe(3);
    expect(cache.get(stubKey('a.'), nowMs)).toBeUndefined();
    expect(cache.get(stubKey('c.'), nowMs)).toBeDefined();
    expect(cache.stats().misses.flushed).toBe(1);
    expect(cache.stats().purged).toBe(4);
  });

  it('purges only what denies, when told so', () => {
    const { cache } = setUp(make);
    const nxdomain = response('gone.test.', []);
    nxdomain[3] = 3;
    const dangling = response('alias.test.', [
      { owner: 12, type: RRType.CNAME, ttlSec: 300, rdata: parseName('host.example.') },
    ]);
    const held: [string, Buffer][] = [
      ['gone.test.', nxdomain],
      ['empty.test.', response('empty.test.', [])],
      ['alias.test.', dangling],
      ['a.test.', addressResponse('a.test.', 300)],
    ];
    for (const [name, wire] of held) cache.put(stubKey(name), wire, nowMs, nowMs + 300_000);
    expect(cache.purge(parseName('test.'), { subtree: true, negatives: true })).toBe(3);
    expect([...cache.entries()].map(({ name }) => name)).toEqual([parseName('a.test.')]);
  });

  it('purges an alias when the name that it leads to is purged', () => {
    const { cache } = setUp(make);
    // 12 header, 12 name and 4 type and class of the question, then 2+10 to the CNAME's RDATA.
    expect(alias().indexOf(Buffer.from(parseName('host.example.'), 'latin1'))).toBe(40);
    cache.put(stubKey('alias.test.'), alias(), nowMs, nowMs + 300_000);
    cache.put(stubKey('c.'), addressResponse('c.', 300), nowMs, nowMs + 300_000);
    expect(cache.purge(parseName('host.example.'), { type: RRType.AAAA })).toBe(0);
    expect(cache.purge(parseName('example.'))).toBe(0);
    expect(cache.purge(parseName('example.'), { subtree: true })).toBe(1);
    expect(cache.get(stubKey('alias.test.'), nowMs)).toBeUndefined();
    expect(cache.get(stubKey('c.'), nowMs)).toBeDefined();
  });
}

function generations(make: MakeStubCache): void {
  it('begins anew with each generation, and never gives out an answer of another', () => {
    const { cache } = setUp(make);
    const key = stubKey('www.example.');
    const put = () => cache.put(key, addressResponse('www.example.', 300), nowMs, nowMs + 300_000);
    put();
    cache.beginGeneration(0);
    expect(cache.get(key, nowMs)).toBeDefined();
    cache.beginGeneration(1);
    expect(cache.get(key, nowMs)).toBeUndefined();
    expect([...cache.entries()]).toEqual([]);
    expect(cache.stats().misses.flushed).toBe(1);
    put();
    expect(cache.get(key, nowMs)).toBeDefined();
    cache.beginGeneration(2);
    expect(cache.copyInto(key, nowMs, Buffer.alloc(512), 0)).toBe(0);
  });
}
