import { describe, expect, it } from 'vitest';
import { createPolicy, evictionKinds } from '../../../src/cache/eviction/create.js';
import type { EvictionPolicy } from '../../../src/cache/eviction/policy.js';
import { SegmentedLruPolicy } from '../../../src/cache/eviction/segmented-lru.js';
import { type Box, evictionContract } from '../../support/eviction-contract.js';

for (const kind of evictionKinds) {
  evictionContract(kind, (maxOctets, onRemove) => createPolicy(kind, maxOctets, onRemove), {
    refusesWhenFull: kind === 'none',
  });
}
evictionContract('segmented-lru', (maxOctets, onRemove) => new SegmentedLruPolicy(maxOctets, onRemove));

/** Sets each key with size 10, in order; expiry is its place unless given. */
function fill(policy: EvictionPolicy<Box>, keys: string, expiresAtMs?: (index: number) => number): void {
  [...keys].forEach((key, id) => {
    policy.set(key, { id }, 10, expiresAtMs?.(id) ?? id);
  });
}

function held(policy: EvictionPolicy<Box>): string {
  return [...policy.entries()]
    .map(([key]) => key)
    .sort()
    .join('');
}

describe('what each policy evicts', () => {
  it('lru: the entry whose last use is longest ago', () => {
    const policy = createPolicy<Box>('lru', 30);
    fill(policy, 'abc');
    policy.get('a');
    fill(policy, 'd');
    expect(held(policy)).toBe('acd');
  });

  it('a peek is no use', () => {
    const policy = createPolicy<Box>('lru', 30);
    fill(policy, 'abc');
    policy.peek('a');
    fill(policy, 'd');
    expect(held(policy)).toBe('bcd');
  });

  it('lfu: the entry used least often, though it was used last', () => {
    const policy = createPolicy<Box>('lfu', 30);
    fill(policy, 'abc');
    for (const key of 'aabbc') policy.get(key);
    fill(policy, 'd');
    expect(held(policy)).toBe('abd');
  });

  it('lfu: what was popular long ago goes in the end', () => {
    const policy = createPolicy<Box>('lfu', 30);
    fill(policy, 'a');
    for (let i = 0; i < 20; i++) policy.get('a');
    for (let round = 0; round < 60; round++) policy.set(`n${round}`, { id: round }, 10, 0);
    expect(policy.peek('a')).toBeUndefined();
  });

  it('ttl: the entry that expires first, whatever is asked for', () => {
    const policy = createPolicy<Box>('ttl', 30);
    fill(policy, 'abc', (index) => [500, 100, 300][index]!);
    for (let i = 0; i < 5; i++) policy.get('b');
    policy.set('d', { id: 9 }, 10, 200);
    expect(held(policy)).toBe('acd');
    policy.set('e', { id: 9 }, 10, 900);
    expect(held(policy)).toBe('ace');
  });

  it('sieve: the oldest entry that was not used since the hand passed', () => {
    const policy = createPolicy<Box>('sieve', 30);
    fill(policy, 'abc');
    policy.get('a');
    policy.get('b');
    fill(policy, 'd');
    expect(held(policy)).toBe('abd');
    fill(policy, 'e');
    // The hand took c, then the newest, so it is at the oldest again; a has lost its mark on the way.
    expect(held(policy)).toBe('bde');
  });

  it('sieve: the hand goes on from where it stopped, past older entries that are unmarked', () => {
    const policy = createPolicy<Box>('sieve', 40);
    fill(policy, 'abcd');
    policy.get('a');
    fill(policy, 'e'); // a is spared, b goes, the hand stops at c
    fill(policy, 'f');
    expect(held(policy)).toBe('adef');
  });

  it('sieve: when all are marked, the oldest goes', () => {
    const policy = createPolicy<Box>('sieve', 30);
    fill(policy, 'abc');
    for (const key of 'abc') policy.get(key);
    fill(policy, 'd');
    expect(held(policy)).toBe('bcd');
  });

  it('none: nothing, and there is room again after a deletion', () => {
    const policy = createPolicy<Box>('none', 30);
    fill(policy, 'abc');
    expect(policy.set('d', { id: 9 }, 10, 0)).toBe(false);
    policy.delete('b');
    expect(policy.set('d', { id: 9 }, 10, 0)).toBe(true);
    expect(held(policy)).toBe('acd');
  });

  it('segmented-lru: entries used twice outlive any number of entries used once', () => {
    const policy = new SegmentedLruPolicy<Box>(100);
    fill(policy, 'ab');
    for (const key of 'aabb') policy.get(key);
    for (let id = 0; id < 1000; id++) {
      policy.set(`junk${id}`, { id }, 10, 0);
      policy.get(`junk${id}`);
    }
    expect(policy.peek('a')).toBeDefined();
    expect(policy.peek('b')).toBeDefined();
  });

  it('segmented-lru: protected entries that were deleted make room for others to be protected', () => {
    const policy = new SegmentedLruPolicy<Box>(100);
    for (let round = 0; round < 5; round++) {
      fill(policy, 'abcdefgh');
      for (const key of 'abcdefghabcdefgh') policy.get(key);
      for (let id = 0; id < 50; id++) policy.set(`junk${id}`, { id }, 10, 0);
      for (const key of 'abcdefgh') {
        expect(policy.peek(key)).toBeDefined();
        policy.delete(key);
      }
    }
  });

  it('segmented-lru: protected entries leave room for newcomers', () => {
    const policy = new SegmentedLruPolicy<Box>(100);
    fill(policy, 'abcdefghij');
    for (const key of 'abcdefghij') {
      policy.get(key);
      policy.get(key);
    }
    // Eight of ten fit in the protected part; a and b are back on probation and the first to go.
    fill(policy, 'kl');
    expect(held(policy)).toBe('cdefghijkl');
  });
});
