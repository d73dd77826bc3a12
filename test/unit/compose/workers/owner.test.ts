import { describe, expect, it } from 'vitest';
import { SharedStubCache } from '../../../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { createStubMemory } from '../../../../src/cache/shared-stub-cache/stub-memory.js';
import { NameOwners } from '../../../../src/compose/workers/owner.js';
import { parseName, ROOT } from '../../../../src/dns/name.js';
import { VirtualClock } from '../../../../src/runtime/clock.js';

const SEED = 0x1234_5678;

describe('the owner of a name', () => {
  it('is that of its last two labels', () => {
    const owners = new NameOwners(SEED, 7);
    for (let zone = 0; zone < 50; zone++) {
      const apex = owners.of(parseName(`z${zone}.example.`));
      expect(owners.of(parseName(`www.z${zone}.example.`))).toBe(apex);
      expect(owners.of(parseName(`a.b.c.z${zone}.example.`))).toBe(apex);
    }
  });

  it('is known for the root and for a TLD', () => {
    const owners = new NameOwners(SEED, 3);
    for (const name of [ROOT, parseName('example.')]) {
      expect(owners.of(name)).toBeGreaterThanOrEqual(0);
      expect(owners.of(name)).toBeLessThan(3);
    }
  });

  it('is the one who may store its answers in the shared stub cache', () => {
    const memory = createStubMemory({ maxOctets: 1 << 20, partitions: 4, threads: 4, seed: SEED });
    const cache = new SharedStubCache({ clock: new VirtualClock(), memory, thread: 0 });
    const owners = new NameOwners(SEED, 4);
    for (let i = 0; i < 200; i++) {
      const name = parseName(`h${i}.z${i % 40}.test.`);
      expect(owners.of(name)).toBe(cache.partitionOf(name));
    }
  });

  it('spreads zones over all workers, otherwise with another seed', () => {
    const names = Array.from({ length: 4000 }, (_, i) => parseName(`zone${i}.example.`));
    const shares = (seed: number) => {
      const counts = [0, 0, 0, 0];
      const owners = new NameOwners(seed, 4);
      for (const name of names) counts[owners.of(name)]!++;
      return counts;
    };
    for (const count of shares(SEED)) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(shares(SEED + 1)).not.toEqual(shares(SEED));
  });
});
