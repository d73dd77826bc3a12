/**
 * The resolver cache against a model of a few lines: random puts, lookups, marks, purges, sweeps and time.
 *
 * The model is a map of what was accepted last. It restates the rules (rank, TTL limits, lease, staleness)
 * without the cache's structures, so a slip in either shows as a difference.
 */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { evictionKinds } from '../../src/cache/eviction/create.js';
import { Rank } from '../../src/cache/rank.js';
import { ResolverCache } from '../../src/cache/rrset-cache.js';
import { isSubdomain, type Name, parseName } from '../../src/dns/name.js';
import type { RRset, Security } from '../../src/dns/rrset.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { origin } from '../support/cache-fixtures.js';

const names = ['.', 'a.', 'b.a.', 'c.b.a.', 'ba.', 'constructor.', '__proto__.', '\\000.a.', 'x\\.a.'].map(
  (n) => parseName(n),
);
const types = [1, 28, 256];
const STALE_MS = 20_000;
const TTL = { minSec: 2, maxSec: 50 };

const nameArb = fc.constantFrom(...names);
const typeArb = fc.constantFrom(...types);
const rankArb = fc.constantFrom(...Object.values(Rank));
const securityArb = fc.constantFrom<Security>('secure', 'insecure', 'bogus', 'unchecked');
/** TTLs around the limits, and the largest. */
const ttlArb = fc.constantFrom(0, 1, 2, 3, 10, 49, 50, 51, 2 ** 31 - 1);
/** Seconds from now, negative for over; undefined for none. */
const leaseArb = fc.option(fc.integer({ min: -5, max: 60 }), { nil: undefined });
const rdatasArb = fc.array(fc.string({ unit: fc.constantFrom('\0', '\xff', 'a', '\x03'), maxLength: 40 }), {
  minLength: 1,
  maxLength: 3,
});

type Command =
  | {
      op: 'put';
      name: Name;
      type: number;
      ttlSec: number;
      rank: Rank;
      security: Security;
      leaseSec: number | undefined;
      rdatas: string[];
      signatures: string[];
    }
  | { op: 'get'; name: Name; type: number }
  | { op: 'advance'; ms: number }
  | { op: 'purge'; name: Name; subtree: boolean; type: number | undefined }
  | { op: 'mark'; name: Name; type: number; security: Security; capSec: number }
  | { op: 'sweep'; count: number };

const putArb: fc.Arbitrary<Command> = fc.record({
  op: fc.constant('put' as const),
  name: nameArb,
  type: typeArb,
  ttlSec: ttlArb,
  rank: rankArb,
  security: securityArb,
  leaseSec: leaseArb,
  rdatas: rdatasArb,
  signatures: fc.oneof(fc.constant<string[]>([]), rdatasArb),
});
const commandArb: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: putArb },
  { weight: 8, arbitrary: fc.record({ op: fc.constant('get' as const), name: nameArb, type: typeArb }) },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 15_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('purge' as const),
      name: nameArb,
      subtree: fc.boolean(),
      type: fc.option(typeArb, { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('mark' as const),
      name: nameArb,
      type: typeArb,
      security: securityArb,
      capSec: fc.integer({ min: 0, max: 40 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('sweep' as const), count: fc.integer({ min: 1, max: 5 }) }),
  },
);

interface Held {
  rrset: RRset;
  rank: Rank;
  security: Security;
  storedMs: number;
  expiresMs: number;
  leaseMs: number;
}

class Model {
  readonly held = new Map<string, Held>();
  nowMs = 0;

  private key(name: Name, type: number): string {
    return JSON.stringify([name, type]);
  }

  put(command: Extract<Command, { op: 'put' }>, rrset: RRset): boolean {
    const leaseMs = command.leaseSec === undefined ? Infinity : this.nowMs + command.leaseSec * 1000;
    const ttlSec = Math.min(TTL.maxSec, Math.max(TTL.minSec, command.ttlSec));
    const expiresMs = Math.min(this.nowMs + ttlSec * 1000, leaseMs);
    if (expiresMs <= this.nowMs) return false;
    const old = this.held.get(this.key(command.name, command.type));
    if (old && this.nowMs < old.expiresMs) {
      if (old.rank > command.rank) return false;
      if (old.security === 'secure' && command.security === 'bogus') return false;
    }
    const { rank, security } = command;
    this.held.set(this.key(command.name, command.type), {
      rrset,
      rank,
      security,
      storedMs: this.nowMs,
      expiresMs,
      leaseMs,
    });
    return true;
  }

  find(name: Name, type: number): { kind: 'hit' | 'stale' | 'miss'; held?: Held } {
    const held = this.held.get(this.key(name, type));
    if (!held) return { kind: 'miss' };
    if (this.nowMs < held.expiresMs) return { kind: 'hit', held };
    const staleEnd = Math.min(held.leaseMs, held.expiresMs + STALE_MS);
    if (held.security === 'bogus' || this.nowMs >= staleEnd) return { kind: 'miss' };
    return { kind: 'stale', held };
  }

  purge(name: Name, subtree: boolean, type: number | undefined): void {
    for (const [key, { rrset }] of this.held) {
      if (type !== undefined && rrset.type !== type) continue;
      if (subtree ? isSubdomain(rrset.name, name) : rrset.name === name) this.held.delete(key);
    }
  }

  mark(name: Name, type: number, security: Security, capSec: number): boolean {
    const found = this.find(name, type);
    if (found.kind !== 'hit') return false;
    const held = found.held!;
    held.security = security;
    held.expiresMs = Math.min(held.expiresMs, this.nowMs + capSec * 1000);
    if (held.expiresMs > this.nowMs) return true;
    this.held.delete(this.key(name, type));
    return false;
  }
}

function step(cache: ResolverCache, clock: VirtualClock, model: Model, command: Command): void {
  switch (command.op) {
    case 'put': {
      const { name, type, ttlSec, rank, security, leaseSec, rdatas, signatures } = command;
      const rrset: RRset = { name, type, class: 1, ttlSec, rdatas, signatures };
      const leaseUntilMs = leaseSec === undefined ? undefined : clock.wallMs() + leaseSec * 1000;
      expect(cache.put(rrset, { rank, security, origin, leaseUntilMs })).toBe(model.put(command, rrset));
      return;
    }
    case 'get':
      compare(cache, model, command.name, command.type);
      return;
    case 'advance':
      clock.jumpWall(command.ms);
      model.nowMs += command.ms;
      return;
    case 'purge':
      cache.purge(command.name, { subtree: command.subtree, type: command.type });
      model.purge(command.name, command.subtree, command.type);
      return;
    case 'mark': {
      const { name, type, security, capSec } = command;
      expect(cache.markSecurity(name, type, security, capSec)).toBe(model.mark(name, type, security, capSec));
      return;
    }
    case 'sweep':
      cache.sweep(command.count);
  }
}

/** Clients hear the owner's TTL; where the lease ends an entry it does not shorten that. */
function toldUntilMs(held: Held): number {
  if (held.expiresMs !== held.leaseMs) return held.expiresMs;
  return held.storedMs + Math.min(TTL.maxSec, Math.max(TTL.minSec, held.rrset.ttlSec)) * 1000;
}

function compare(cache: ResolverCache, model: Model, name: Name, type: number): void {
  const expected = model.find(name, type);
  const peeked = cache.peek(name, type);
  expect(peeked !== undefined).toBe(expected.kind === 'hit');
  const found = cache.get(name, type);
  expect(found.kind).toBe(expected.kind);
  if (found.kind === 'miss' || !expected.held) return;
  const { held } = expected;
  expect(found.entry.rrset).toEqual(held.rrset);
  expect(found.entry.security).toBe(held.security);
  expect(found.entry.rank).toBe(held.rank);
  expect(found.entry.expiresAtMs - found.entry.storedAtMs).toBe(held.expiresMs - held.storedMs);
  if (found.kind === 'hit') expect(found.ttlSec).toBe(Math.ceil((toldUntilMs(held) - model.nowMs) / 1000));
  else expect(found.ageSec).toBe(Math.floor((model.nowMs - held.expiresMs) / 1000));
}

vi.setConfig({ testTimeout: 60_000 });

describe('the resolver cache', () => {
  for (const eviction of evictionKinds) {
    it(`does what the model does, with room for all (${eviction})`, () => {
      fc.assert(
        fc.property(fc.array(commandArb, { maxLength: 60 }), (commands) => {
          const clock = new VirtualClock();
          const cache = new ResolverCache({
            clock,
            maxOctets: 1 << 20,
            eviction,
            ttl: TTL,
            staleMaxMs: STALE_MS,
          });
          const model = new Model();
          for (const command of commands) step(cache, clock, model, command);
          for (const name of names) for (const type of types) compare(cache, model, name, type);
          const { hits, stale, misses } = cache.stats();
          const gets = commands.filter((c) => c.op === 'get').length + names.length * types.length;
          expect(hits + stale + Object.values(misses).reduce((a, b) => a + b)).toBe(gets);
        }),
        { numRuns: 150 },
      );
    });

    it(`in little room gives the last accepted data or nothing, and keeps its limit (${eviction})`, () => {
      fc.assert(
        fc.property(
          fc.array(commandArb, { maxLength: 60 }),
          fc.integer({ min: 300, max: 3000 }),
          (commands, maxOctets) => {
            const clock = new VirtualClock();
            const cache = new ResolverCache({ clock, maxOctets, eviction, ttl: TTL, staleMaxMs: STALE_MS });
            const last = new Map<string, RRset>();
            for (const command of commands) {
              if (command.op === 'put') {
                const { name, type, ttlSec, rank, security, rdatas, signatures } = command;
                const rrset: RRset = { name, type, class: 1, ttlSec, rdatas, signatures };
                if (cache.put(rrset, { rank, security, origin })) last.set(`${type} ${name}`, rrset);
              } else if (command.op === 'get') {
                const found = cache.get(command.name, command.type);
                if (found.kind !== 'miss') {
                  expect(found.entry.rrset).toEqual(last.get(`${command.type} ${command.name}`));
                }
              } else if (command.op === 'advance') clock.jumpWall(command.ms);
              else if (command.op === 'sweep') cache.sweep(command.count);
              const { octets, entries } = cache.stats();
              expect(octets).toBeLessThanOrEqual(maxOctets);
              expect(octets > 0).toBe(entries > 0);
            }
          },
        ),
        { numRuns: 150 },
      );
    });
  }
});
