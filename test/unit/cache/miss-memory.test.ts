import { describe, expect, it } from 'vitest';
import { MissMemory } from '../../../src/cache/miss-memory.js';

describe('the memory of why keys left', () => {
  it('knows the last cause of a key, and nothing of others', () => {
    const memory = new MissMemory();
    for (const cause of ['expired', 'evicted', 'flushed', 'expired'] as const) {
      memory.remember('key', cause);
      expect(memory.reasonFor('key')).toBe(cause);
    }
    for (let i = 0; i < 50_000; i++) expect(memory.reasonFor(`other${i}`)).toBe('never-seen');
  });

  it('forgets rather than grows, and never mistakes one key for another', () => {
    const memory = new MissMemory(1024);
    for (let i = 0; i < 20_000; i++) memory.remember(`k${i}`, 'evicted');
    const known = (prefix: string) => {
      let count = 0;
      for (let i = 0; i < 20_000; i++) if (memory.reasonFor(`${prefix}${i}`) !== 'never-seen') count++;
      return count;
    };
    expect(known('k')).toBeGreaterThan(900);
    expect(known('k')).toBeLessThanOrEqual(1024);
    expect(known('other')).toBe(0);
  });
});
