/**
 * The lease under random orders of events: whatever children say and whoever asks, a revoked zone and all
 * below it are gone when the last referral of its parent runs out (ghost and Phoenix domains).
 */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { DelegationCache } from '../../src/cache/delegation-cache.js';
import { isSubdomain, parentName, parseName } from '../../src/dns/name.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { delegation } from '../support/cache-fixtures.js';

const EVIL = 'evil.test.';
const zones = [EVIL, `a.${EVIL}`, `b.a.${EVIL}`, `c.b.a.${EVIL}`, `d.${EVIL}`];

const eventArb = fc.record({
  zone: fc.constantFrom(...zones),
  source: fc.constantFrom('parent' as const, 'child' as const),
  ttlSec: fc.integer({ min: 1, max: 86_400 }),
  afterMs: fc.integer({ min: 0, max: 30_000 }),
  purge: fc.boolean(),
});

vi.setConfig({ testTimeout: 60_000 });

describe('a revoked delegation', () => {
  it('is gone with all below it at the end of its parent’s last referral', () => {
    fc.assert(
      fc.property(
        fc.array(eventArb, { maxLength: 60 }),
        fc.integer({ min: 10, max: 600 }),
        (events, ttlSec) => {
          const clock = new VirtualClock();
          const cache = new DelegationCache({ clock, maxOctets: 1 << 20 });
          cache.put(delegation('.', Infinity), 'configured');
          cache.put(delegation('test.', clock.wallMs() + 1e9));
          const endMs = clock.wallMs() + ttlSec * 1000;
          expect(cache.put(delegation(EVIL, endMs))).toBe(true);
          for (const { zone, source, ttlSec: claimedSec, afterMs, purge } of events) {
            clock.jumpWall(afterMs);
            // From here on the parent refers nobody to it; its own servers say what they like, to whom gets there.
            const says = zone === EVIL ? 'child' : source;
            const asked = cache.closest(parentName(parseName(zone)))!.zone;
            if (says === 'parent' && !isSubdomain(asked, parseName(EVIL))) continue;
            cache.put(delegation(zone, clock.wallMs() + claimedSec * 1000), says);
            if (purge && zone !== EVIL) cache.purge(parseName(zone));
            for (const { zone: known, leaseUntilMs } of cache.entries()) {
              if (isSubdomain(known, parseName(EVIL))) expect(leaseUntilMs).toBeLessThanOrEqual(endMs);
            }
          }
          clock.jumpWall(Math.max(0, endMs - clock.wallMs()));
          for (const zone of zones) expect(cache.closest(parseName(zone))?.zone).toBe(parseName('test.'));
        },
      ),
      { numRuns: 300 },
    );
  });
});
