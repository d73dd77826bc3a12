import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CacheRules } from '../../../src/cache/cache-rules.js';
import { DelegationCache } from '../../../src/cache/delegation-cache.js';
import { nxdomainKey, rrsetKey } from '../../../src/cache/key.js';
import { NegativeCache } from '../../../src/cache/negative-cache.js';
import { Rank } from '../../../src/cache/rank.js';
import { type Origin, ResolverCache } from '../../../src/cache/rrset-cache.js';
import { packRecords, packRRsets } from '../../../src/cache/rrset-packing.js';
import { dumpSnapshot, loadSnapshot } from '../../../src/cache/snapshot.js';
import { Kind, MAGIC, OctetWriter, VERSION, writeOrigin } from '../../../src/cache/snapshot-codec.js';
import { parseName, ROOT } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { delegation, origin, rrset, soa } from '../../support/cache-fixtures.js';

vi.setConfig({ testTimeout: 60_000 });

const { A, NSEC, DS } = RRType;
const www = parseName('www.example.');
const richOrigin: Origin = {
  server: '2001:db8::53',
  serverName: parseName('ns\\200.example.'),
  transport: 'tcp',
  zone: parseName('example.'),
  question: { name: www, type: A, class: 1 },
};

function makeCaches(clock: VirtualClock, maxOctets = 1 << 20, rules?: CacheRules) {
  return {
    rrsets: new ResolverCache({ clock, maxOctets, staleMaxMs: 100_000, rules }),
    negative: new NegativeCache({ clock, maxOctets, rules }),
    delegations: new DelegationCache({ clock, maxOctets }),
  };
}

type Caches = ReturnType<typeof makeCaches>;

function fill(caches: Caches, clock: VirtualClock): void {
  const inSec = (seconds: number) => clock.wallMs() + seconds * 1000;
  const { rrsets, negative, delegations } = caches;
  const proof = [rrset('a.example.', 60, NSEC, ['\x01b\0'])];
  const signed = {
    ...rrset('www.example.', 300),
    rdatas: ['\xff\0\x01\x02', '\x01\x02\x03\x04'],
    signatures: ['sig'],
  };
  const leaseUntilMs = inSec(500);
  rrsets.put(signed, { rank: Rank.answer, security: 'secure', origin: richOrigin, leaseUntilMs, proof });
  rrsets.put(rrset('__proto__.', 50), { rank: Rank.glue, security: 'insecure', origin });
  negative.putNxdomain(parseName('no.example.'), {
    soa: soa('example.', 900, 300),
    proof,
    security: 'secure',
    origin: richOrigin,
  });
  negative.putNodata(www, 28, { soa: soa('example.', 900, 30), proof: [], security: 'insecure', origin });
  delegations.put(delegation('.', Infinity), 'configured');
  const ds = rrset('example.', 300, DS, ['\0\x01\x08\x02digest']);
  delegations.put(delegation('example.', inSec(600), { ds, security: 'secure' }));
  const servers = [{ name: parseName('ns.test.'), addresses: [], spare: ['198.51.100.7', '2001:db8::7'] }];
  delegations.put(
    delegation('sub.example.', inSec(700), { servers, ds: 'none', dsProof: proof, security: 'secure' }),
  );
}

const dump = (caches: Caches, clock: VirtualClock) => Buffer.concat([...dumpSnapshot(caches, clock)]);

function contents(caches: Caches) {
  return {
    rrsets: Array.from(caches.rrsets.entries(), (e) => ({
      rrset: e.rrset,
      proof: e.proof,
      storedAtMs: e.storedAtMs,
      expiresAtMs: e.expiresAtMs,
      leaseUntilMs: e.leaseUntilMs,
      rank: e.rank,
      security: e.security,
      origin: { ...e.origin },
    })),
    negative: Array.from(caches.negative.entries(), (e) => ({
      kind: e.kind,
      name: e.name,
      type: e.type,
      soa: e.soa,
      proof: e.proof,
      expiresAtMs: e.expiresAtMs,
      security: e.security,
    })),
    delegations: [...caches.delegations.entries()].filter((d) => d.leaseUntilMs !== Infinity),
  };
}

function saved() {
  const clock = new VirtualClock();
  const caches = makeCaches(clock);
  fill(caches, clock);
  return { clock, caches, data: dump(caches, clock) };
}

/** The same octets with a checksum that fits them. */
function resealed(data: Buffer): Buffer {
  const body = data.subarray(0, data.length - 32);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

function isEmpty(caches: Caches): boolean {
  return [caches.rrsets, caches.negative, caches.delegations].every((c) => c.stats().entries === 0);
}

describe('a snapshot', () => {
  it('brings back all that was there', () => {
    const { clock, caches, data } = saved();
    const fresh = makeCaches(clock);
    expect(loadSnapshot(data, fresh, clock)).toEqual({
      ok: true,
      createdAtMs: clock.wallMs(),
      restored: 6,
      skipped: 0,
    });
    expect(contents(fresh)).toEqual(contents(caches));
    expect(fresh.rrsets.get(www, A)).toMatchObject({ kind: 'hit', ttlSec: 300 });
    expect(fresh.negative.get(parseName('below.no.example.'), A)).toMatchObject({ kind: 'hit', cut: true });
    expect(fresh.delegations.closest(parseName('x.sub.example.'))).toMatchObject({ ds: 'none' });
  });

  it('of empty caches is sound', () => {
    const clock = new VirtualClock();
    const data = dump(makeCaches(clock), clock);
    expect(loadSnapshot(data, makeCaches(clock), clock)).toMatchObject({ ok: true, restored: 0 });
  });

  it('ages while nothing runs: TTLs, staleness and leases go on', () => {
    const { clock, data } = saved();
    clock.jumpWall(100_000);
    const later = makeCaches(clock);
    // Both denials are over (the proof of one had 60 s). __proto__ is stale and stays for that.
    expect(loadSnapshot(data, later, clock)).toMatchObject({ ok: true, restored: 4, skipped: 2 });
    expect(later.rrsets.get(www, A)).toMatchObject({ kind: 'hit', ttlSec: 200 });
    expect(later.rrsets.get(parseName('__proto__.'), A)).toMatchObject({ kind: 'stale', ageSec: 50 });
    clock.jumpWall(400_000);
    const late = makeCaches(clock);
    expect(loadSnapshot(data, late, clock)).toMatchObject({ ok: true, restored: 2, skipped: 4 });
    expect(late.rrsets.get(www, A).kind).toBe('miss');
    expect(late.delegations.get(parseName('example.'))).toBeDefined();
    clock.jumpWall(100_000);
    expect(loadSnapshot(data, makeCaches(clock), clock)).toMatchObject({ ok: true, restored: 0, skipped: 6 });
  });

  it('brings back nothing from the future, since its age is unknown', () => {
    const { clock, data } = saved();
    clock.jumpWall(-1000);
    const { restored } = loadSnapshot(data, makeCaches(clock), clock) as { restored: number };
    expect(restored).toBe(2); // delegations, which have an end but no beginning
  });

  it('does not replace what is known already', () => {
    const { clock, data } = saved();
    const running = makeCaches(clock);
    running.rrsets.put(rrset('www.example.', 77), { rank: Rank.glue, security: 'insecure', origin });
    running.delegations.put(delegation('example.', clock.wallMs() + 5000));
    expect(loadSnapshot(data, running, clock)).toMatchObject({ ok: true, restored: 4, skipped: 2 });
    expect(running.rrsets.get(www, A)).toMatchObject({ ttlSec: 77 });
    expect(running.delegations.get(parseName('example.'))?.leaseUntilMs).toBe(clock.wallMs() + 5000);
    // and what is below has the lease of what is above
    expect(running.delegations.get(parseName('sub.example.'))?.leaseUntilMs).toBe(clock.wallMs() + 5000);
  });

  it('keeps the limits of the caches it is loaded into', () => {
    const clock = new VirtualClock();
    const large = makeCaches(clock);
    for (let i = 0; i < 1000; i++) {
      large.rrsets.put(rrset(`n${i}.`, 80_000), { rank: Rank.answer, security: 'insecure', origin });
    }
    const small = {
      ...makeCaches(clock),
      rrsets: new ResolverCache({ clock, maxOctets: 50_000, ttl: { minSec: 0, maxSec: 60 } }),
    };
    expect(loadSnapshot(dump(large, clock), small, clock)).toMatchObject({ ok: true });
    expect(small.rrsets.stats().octets).toBeLessThanOrEqual(50_000);
    // The most recently used are the ones that stay.
    expect(small.rrsets.get(parseName('n999.'), A)).toMatchObject({ kind: 'hit', ttlSec: 60 });
    expect(small.rrsets.get(parseName('n0.'), A).kind).toBe('miss');
  });

  it('gives what is below a zone no longer lease than the zone, whichever was stored first', () => {
    const clock = new VirtualClock();
    const caches = makeCaches(clock);
    caches.delegations.put(delegation('sub.example.', clock.wallMs() + 700_000));
    caches.delegations.put(delegation('example.', clock.wallMs() + 600_000));
    const fresh = makeCaches(clock);
    loadSnapshot(dump(caches, clock), fresh, clock);
    expect(fresh.delegations.get(parseName('sub.example.'))?.leaseUntilMs).toBe(clock.wallMs() + 600_000);
  });

  it('comes in chunks, and the caches may change between them', () => {
    const clock = new VirtualClock();
    const caches = makeCaches(clock, 8 << 20);
    const put = (i: number) =>
      caches.rrsets.put(rrset(`n${i}.`), { rank: Rank.answer, security: 'insecure', origin });
    for (let i = 0; i < 10_000; i++) put(i);
    const chunks: Buffer[] = [];
    for (const chunk of dumpSnapshot(caches, clock)) {
      chunks.push(chunk);
      put(10_000 + chunks.length);
      caches.rrsets.purge(parseName(`n${9999 - chunks.length}.`));
    }
    expect(chunks.length).toBeGreaterThan(5);
    expect(Math.max(...chunks.map((c) => c.length))).toBeLessThan(70_000);
    const fresh = makeCaches(clock, 8 << 20);
    expect(loadSnapshot(Buffer.concat(chunks), fresh, clock)).toMatchObject({ ok: true });
    const flushed = (i: number) => i < 9999 && i >= 9999 - chunks.length;
    for (let i = 0; i < 10_000; i++) {
      if (!flushed(i)) expect(fresh.rrsets.peek(parseName(`n${i}.`), 1)).toBeDefined();
    }
  });
});

describe('what is no sound snapshot', () => {
  it('is told apart: foreign, another version, truncated, damaged', () => {
    const { clock, data } = saved();
    const load = (octets: Buffer) => loadSnapshot(octets, makeCaches(clock), clock);
    expect(load(Buffer.from('{"not":"a snapshot"}'))).toEqual({ ok: false, reason: 'foreign' });
    expect(load(Buffer.alloc(1000))).toEqual({ ok: false, reason: 'foreign' });
    expect(load(Buffer.alloc(0))).toEqual({ ok: false, reason: 'truncated' });
    const other = Buffer.from(data);
    other[8] = 99;
    expect(load(other)).toEqual({ ok: false, reason: 'version' });
    expect(load(Buffer.concat([data, Buffer.from('x')]))).toEqual({ ok: false, reason: 'damaged' });
  });

  it('is refused wherever it was cut', () => {
    const { clock, data } = saved();
    for (let length = 0; length < data.length; length++) {
      const caches = makeCaches(clock);
      expect(loadSnapshot(data.subarray(0, length), caches, clock)).toEqual({
        ok: false,
        reason: 'truncated',
      });
      expect(isEmpty(caches)).toBe(true);
    }
  });

  it('is refused whichever octet was changed', () => {
    const { clock, data } = saved();
    for (let at = 0; at < data.length; at++) {
      const broken = Buffer.from(data);
      broken[at]! ^= 1 << (at % 8);
      const caches = makeCaches(clock);
      expect(loadSnapshot(broken, caches, clock).ok).toBe(false);
      expect(isEmpty(caches)).toBe(true);
    }
  });

  it('is refused for one impossible entry, though its checksum fits', () => {
    const nowMs = new VirtualClock().wallMs();
    const sound = {
      kind: Kind.rrset as number,
      key: rrsetKey(www, A),
      packed: packRecords(rrset('www.example.'))!,
      times: [nowMs, nowMs + 1000, Infinity],
      security: 1,
      rank: 6,
      origin: 0,
    };
    const result = (over: Partial<typeof sound>) => {
      const { kind, key, packed, times, security, rank, origin: number } = { ...sound, ...over };
      const body = new OctetWriter().octets(key).octets(packed);
      for (const time of times) body.float64(time);
      const entry = body.uint8(security).uint8(rank).uint32(number).take();
      const out = new OctetWriter().raw(MAGIC).uint8(VERSION).float64(nowMs);
      const from = new OctetWriter();
      writeOrigin(from, origin);
      out.uint8(Kind.origin).uint32(from.length).raw(from.take());
      out.uint8(kind).uint32(entry.length).raw(entry);
      out.uint8(Kind.end).uint32(0).raw(Buffer.alloc(32));
      const clock = new VirtualClock();
      return loadSnapshot(resealed(out.take()), makeCaches(clock), clock);
    };
    expect(result({})).toMatchObject({ ok: true, restored: 1 });
    const denial = { kind: Kind.negative as number, key: nxdomainKey(www) };
    const soaPacked = packRRsets([soa('example.', 300, 300)])!;
    expect(result({ ...denial, packed: soaPacked })).toMatchObject({ ok: true, restored: 1 });
    const impossible: Partial<typeof sound>[] = [
      { kind: 9 },
      { key: nxdomainKey(www) }, // an RRset without a type
      { key: '\x03www\x07example\0' }, // no type and class: too short a name
      { key: '\x03WWW\0\0\x01\0\x01' }, // not canonical
      { packed: soaPacked },
      { packed: '' },
      { ...denial, packed: '' }, // a denial without SOA
      { times: [nowMs, nowMs, Infinity] },
      { times: [nowMs, nowMs + 1000, nowMs + 999] }, // past its lease
      { times: [-Infinity, nowMs + 1000, Infinity] },
      { times: [nowMs, Number.NaN, Infinity] },
      { security: 5 },
      { rank: 7 },
      { origin: 1 },
    ];
    for (const over of impossible) expect(result(over)).toEqual({ ok: false, reason: 'damaged' });
  });

  it('never throws and stores nothing unusable, though its checksum fits', () => {
    const { clock, data } = saved();
    const changes = fc.array(fc.tuple(fc.nat(data.length - 33), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(changes, (list) => {
        const forged = Buffer.from(data);
        for (const [at, value] of list) forged[at] = value;
        const caches = makeCaches(clock);
        const result = loadSnapshot(resealed(forged), caches, clock);
        if (!result.ok) {
          expect(isEmpty(caches)).toBe(true);
          return;
        }
        // Whatever came in can be read in full.
        contents(caches);
        caches.delegations.closest(ROOT);
        caches.rrsets.purge(parseName('example.'), { subtree: true });
      }),
      { numRuns: 1500 },
    );
  });
});

describe('a snapshot of before a cache rule', () => {
  const restored = (rule: { noCache: boolean; maxTtlSec?: number; negativeMaxSec?: number }) => {
    const { clock, data } = saved();
    const rules = CacheRules.of([{ name: parseName('example.'), ...rule }]);
    const caches = makeCaches(clock, 1 << 20, rules);
    expect(loadSnapshot(data, caches, clock).ok).toBe(true);
    return { caches, nowMs: clock.wallMs() };
  };

  it('gives back nothing of a name that is not to be kept', () => {
    const { caches } = restored({ noCache: true });
    expect(Array.from(caches.rrsets.entries(), (entry) => entry.name)).toEqual([parseName('__proto__.')]);
    expect([...caches.negative.entries()]).toEqual([]);
    expect(caches.delegations.stats().entries).toBeGreaterThan(0);
  });

  it('gives back no more life than the rule grants', () => {
    const { caches, nowMs } = restored({ noCache: false, maxTtlSec: 7, negativeMaxSec: 3 });
    const left = (entries: Iterable<{ name: string; expiresAtMs: number }>) =>
      Array.from(entries, ({ name, expiresAtMs }) => [name, (expiresAtMs - nowMs) / 1000]);
    expect(left(caches.rrsets.entries())).toContainEqual([www, 7]);
    expect(left(caches.negative.entries())).toContainEqual([www, 3]);
  });
});
