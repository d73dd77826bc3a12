/** The negative cache under random events: what it denies must have been said, and be in force. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { NegativeCache } from '../../src/cache/negative-cache.js';
import { isStrictSubdomain, isSubdomain, type Name, parseName } from '../../src/dns/name.js';
import type { Security } from '../../src/dns/rrset.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { origin, soa } from '../support/cache-fixtures.js';

const names = ['a.', 'b.a.', 'c.b.a.', 'd.c.b.a.', 'ba.', '__proto__.a.'].map((n) => parseName(n));
const types = [1, 28];
const securityArb = fc.constantFrom<Security>('secure', 'insecure');

const eventArb = fc.record({
  op: fc.constantFrom('nxdomain' as const, 'nodata' as const, 'contradict' as const, 'purge' as const),
  name: fc.constantFrom(...names),
  type: fc.constantFrom(...types),
  security: securityArb,
  ttlSec: fc.integer({ min: 1, max: 100 }),
  afterMs: fc.integer({ min: 0, max: 20_000 }),
});

interface Denial {
  readonly name: Name;
  /** 0 for NXDOMAIN. */
  readonly type: number;
  readonly security: Security;
  readonly untilMs: number;
}

vi.setConfig({ testTimeout: 60_000 });

describe('the negative cache', () => {
  it('denies exactly what denials in force deny', () => {
    fc.assert(
      fc.property(fc.array(eventArb, { maxLength: 50 }), (events) => {
        const clock = new VirtualClock();
        const cache = new NegativeCache({ clock, maxOctets: 1 << 20, maxTtlSec: 60 });
        let said: Denial[] = [];
        for (const event of events) {
          clock.jumpWall(event.afterMs);
          said = apply(cache, said, event, clock.wallMs());
          for (const name of names) for (const type of types) check(cache, said, name, type, clock.wallMs());
        }
      }),
      { numRuns: 200 },
    );
  });
});

type Event = typeof eventArb extends fc.Arbitrary<infer E> ? E : never;

function apply(cache: NegativeCache, said: readonly Denial[], event: Event, nowMs: number): Denial[] {
  const { op, name, type, security, ttlSec } = event;
  const meta = { soa: soa('.', ttlSec, 1000), proof: [], security, origin };
  const untilMs = nowMs + Math.min(60, ttlSec) * 1000;
  const others = (denied: number) => said.filter((d) => d.name !== name || d.type !== denied);
  switch (op) {
    case 'nxdomain':
      cache.putNxdomain(name, meta);
      return [...others(0), { name, type: 0, security, untilMs }];
    case 'nodata':
      cache.putNodata(name, type, meta);
      return [
        ...others(type).filter((d) => d.name !== name || d.type !== 0),
        { name, type, security, untilMs },
      ];
    case 'contradict':
      cache.contradict(name, type, security);
      return said.filter((d) => {
        const about = d.type === 0 ? isSubdomain(name, d.name) : d.name === name && d.type === type;
        return !about || (d.security === 'secure' && security !== 'secure');
      });
    case 'purge':
      cache.purge(name, { subtree: true });
      return said.filter((d) => !isSubdomain(d.name, name));
  }
}

function check(cache: NegativeCache, said: readonly Denial[], name: Name, type: number, nowMs: number): void {
  const live = said.filter((d) => nowMs < d.untilMs);
  const exact = live.filter((d) => d.name === name && (d.type === 0 || d.type === type));
  const cuts = live.filter((d) => d.type === 0 && d.security === 'secure' && isStrictSubdomain(name, d.name));
  const found = cache.get(name, type);
  expect(found.kind).toBe(exact.length + cuts.length > 0 ? 'hit' : 'miss');
  if (found.kind !== 'hit') return;
  expect(found.cut).toBe(exact.length === 0);
  expect(found.ttlSec).toBe(Math.ceil((found.entry.expiresAtMs - nowMs) / 1000));
  expect([...exact, ...cuts].some((d) => d.untilMs === found.entry.expiresAtMs)).toBe(true);
}
