/**
 * Floods: 200,000 junk names through every layer. The limits hold, the accounting is true, what
 * is in use survives (CacheFlush, water torture).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { DelegationCache } from '../../src/cache/delegation-cache.js';
import { FailureCache } from '../../src/cache/failure-cache.js';
import { NegativeCache } from '../../src/cache/negative-cache.js';
import { Rank } from '../../src/cache/rank.js';
import { ResolverCache } from '../../src/cache/rrset-cache.js';
import type { CacheLayerStats } from '../../src/cache/stats.js';
import { parseName } from '../../src/dns/name.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { delegation, origin, rrset, soa } from '../support/cache-fixtures.js';

vi.setConfig({ testTimeout: 60_000 });
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const JUNK = 200_000;
const MIB = 1 << 20;

/** What is in use on the heap and in memory that is kept beside it. */
function usedOctets(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function caches(clock: VirtualClock) {
  return {
    rrsets: new ResolverCache({ clock, maxOctets: 8 * MIB, staleMaxMs: 86_400_000 }),
    negative: new NegativeCache({ clock, maxOctets: 8 * MIB }),
    failures: new FailureCache({ clock, maxOctets: 4 * MIB }),
    delegations: new DelegationCache({ clock, maxOctets: 8 * MIB }),
  };
}

describe('a flood of junk names', () => {
  it('keeps every layer inside its octets, which are those of the process', () => {
    const clock = new VirtualClock();
    const all = caches(clock);
    const denial = { soa: soa('example.', 300, 300), proof: [], security: 'insecure' as const, origin };
    const failure = { kind: 'failure' as const, reason: 'timeout' as const, ede: [] };
    const meta = { rank: Rank.answer, security: 'insecure' as const, origin };
    const beforeOctets = usedOctets();
    for (let i = 0; i < JUNK; i++) {
      const text = `junk-${i}.victim.example.`;
      const name = parseName(text);
      all.rrsets.put(rrset(text), meta);
      all.negative.putNxdomain(name, denial);
      all.failures.put(name, 1, failure);
      all.delegations.put(delegation(text, clock.wallMs() + 86_400_000));
    }
    const grownOctets = usedOctets() - beforeOctets;
    let accounted = 0;
    for (const layer of Object.values(all)) {
      const { octets, maxOctets, evictions }: CacheLayerStats = layer.stats();
      expect(octets).toBeLessThanOrEqual(maxOctets);
      expect(octets).toBeGreaterThan(0.9 * maxOctets * (layer === all.delegations ? 0.75 : 1));
      expect(evictions).toBeGreaterThan(JUNK / 2);
      accounted += octets;
    }
    expect(grownOctets).toBeLessThan(accounted * 1.15);
    expect(grownOctets).toBeGreaterThan(accounted * 0.5);
  });

  it('leaves names in use in the cache when they are asked for now and then', () => {
    const clock = new VirtualClock();
    const { rrsets } = caches(clock);
    const meta = { rank: Rank.answer, security: 'insecure' as const, origin };
    const hot = Array.from({ length: 500 }, (_, i) => `hot${i}.example.`);
    for (const name of hot) rrsets.put(rrset(name), meta);
    let hits = 0;
    for (let i = 0; i < JUNK; i++) {
      rrsets.put(rrset(`junk-${i}.victim.example.`), meta);
      // One query in ten is for one of the 500.
      if (i % 10 === 0 && rrsets.get(parseName(hot[(i / 10) % 500]!), 1).kind === 'hit') hits++;
    }
    expect(hits / (JUNK / 10)).toBeGreaterThan(0.9);
  });

  it('is swept away when its time is over, with nobody asking', () => {
    const clock = new VirtualClock();
    const cache = new ResolverCache({ clock, maxOctets: 8 * MIB });
    const meta = { rank: Rank.answer, security: 'insecure' as const, origin };
    for (let i = 0; i < 20_000; i++) cache.put(rrset(`junk-${i}.example.`, 60), meta);
    clock.jumpWall(60_000);
    for (let calls = 0; calls < 25; calls++) cache.sweep(1000);
    expect(cache.stats()).toMatchObject({ entries: 0, octets: 0, expirations: 20_000 });
  });
});
