/** The eviction policies by the name they have in the configuration. */
import { LfuPolicy } from './lfu.js';
import { LruPolicy } from './lru.js';
import { NonePolicy } from './none.js';
import type { EvictionPolicy, RemovalListener } from './policy.js';
import { SievePolicy } from './sieve.js';
import { SlotSievePolicy } from './slot-sieve.js';
import { TtlPolicy } from './ttl.js';

/** All kinds, in the order in which documentation lists them. */
export const evictionKinds = ['lru', 'lfu', 'ttl', 'sieve', 'none'] as const;
export type EvictionKind = (typeof evictionKinds)[number];

/** @param maxOctets a positive integer */
export function createPolicy<V extends object | number, K extends string | number = string>(
  kind: EvictionKind,
  maxOctets: number,
  onRemove?: RemovalListener<V, K>,
): EvictionPolicy<V, K> {
  switch (kind) {
    case 'lru':
      return new LruPolicy(maxOctets, onRemove);
    case 'lfu':
      return new LfuPolicy(maxOctets, onRemove);
    case 'ttl':
      return new TtlPolicy(maxOctets, onRemove);
    case 'sieve':
      return new SievePolicy(maxOctets, onRemove);
    case 'none':
      return new NonePolicy(maxOctets, onRemove);
  }
}

/** For stores that hold their entries elsewhere and know them by small numbers; each is its own value. */
export function createSlotPolicy(
  kind: EvictionKind,
  maxOctets: number,
  onRemove?: RemovalListener<number, number>,
): EvictionPolicy<number, number> {
  return kind === 'sieve'
    ? new SlotSievePolicy(maxOctets, onRemove)
    : createPolicy<number, number>(kind, maxOctets, onRemove);
}
