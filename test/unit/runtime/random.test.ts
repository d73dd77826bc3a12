import { describe, expect, it } from 'vitest';
import { type Random, secureRandom, seededRandom } from '../../../src/runtime/random.js';

/** Chi-square of `draws` over `cells` equal cells. */
function chiSquare(draw: () => number, cells: number, draws: number): number {
  const counts = new Array<number>(cells).fill(0);
  for (let i = 0; i < draws; i++) counts[draw()]!++;
  const expected = draws / cells;
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}

describe.each<[string, () => Random]>([
  ['secureRandom', secureRandom],
  ['seededRandom', () => seededRandom(1)],
])('%s', (_name, make) => {
  it('draws IDs evenly (255 degrees of freedom, p < 1e-6)', () => {
    const random = make();
    expect(chiSquare(() => random.uint16() >>> 8, 256, 10_000)).toBeLessThan(380);
    expect(chiSquare(() => random.uint16() & 255, 256, 10_000)).toBeLessThan(380);
  });

  it('draws below any n evenly, n itself never', () => {
    const random = make();
    expect(chiSquare(() => random.below(7), 7, 7000)).toBeLessThan(45);
    for (let i = 0; i < 100; i++) expect(random.below(1)).toBe(0);
  });

  it('stays inside its ranges', () => {
    const random = make();
    for (let i = 0; i < 5000; i++) {
      expect(random.uint16()).toBeLessThan(65_536);
      const wide = random.uint32();
      expect(Number.isInteger(wide) && wide >= 0 && wide < 2 ** 32).toBe(true);
      expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
    }
  });
});

describe('sources', () => {
  it('of the same seed repeat, of others do not; secure ones never do', () => {
    const draw = (random: Random) => Array.from({ length: 8 }, () => random.uint32());
    expect(draw(seededRandom(5))).toEqual(draw(seededRandom(5)));
    expect(draw(seededRandom(5))).not.toEqual(draw(seededRandom(6)));
    expect(draw(secureRandom())).not.toEqual(draw(secureRandom()));
  });

  it('go on past the pool that is drawn at once', () => {
    const random = secureRandom();
    const seen = new Set(Array.from({ length: 3000 }, () => random.uint32()));
    expect(seen.size).toBeGreaterThan(2990);
  });
});
