import { describe, expect, it } from 'vitest';
import type { EvictionPolicy, RemovalListener } from '../../../../src/cache/eviction/policy.js';
import { SlotSievePolicy } from '../../../../src/cache/eviction/slot-sieve.js';
import { type Box, evictionContract } from '../../../support/eviction-contract.js';

/** The policy with keys and values of the contract, as a store uses it: it knows slots only. */
class Stored implements EvictionPolicy<Box> {
  readonly overheadOctets = 0;
  private readonly slots = new Map<string, number>();
  private readonly keys: string[] = [];
  private readonly values: Box[] = [];
  private readonly policy: SlotSievePolicy;

  constructor(
    readonly maxOctets: number,
    onRemove?: RemovalListener<Box>,
  ) {
    this.policy = new SlotSievePolicy(maxOctets, (slot, _, reason) => {
      onRemove?.(this.keys[slot]!, this.values[slot]!, reason);
    });
  }

  get octets() {
    return this.policy.octets;
  }

  get size() {
    return this.policy.size;
  }

  private slotOf(key: string): number {
    const slot = this.slots.get(key) ?? this.keys.push(key) - 1;
    this.slots.set(key, slot);
    return slot;
  }

  private valueAt(slot: number | undefined): Box | undefined {
    return slot === undefined ? undefined : this.values[slot];
  }

  get(key: string) {
    return this.valueAt(this.policy.get(this.slotOf(key)));
  }

  peek(key: string) {
    return this.valueAt(this.policy.peek(this.slotOf(key)));
  }

  set(key: string, value: Box, sizeOctets: number) {
    const slot = this.slotOf(key);
    const stored = this.policy.set(slot, slot, sizeOctets);
    this.values[slot] = value;
    return stored;
  }

  delete(key: string) {
    return this.policy.delete(this.slotOf(key));
  }

  clear() {
    this.policy.clear();
  }

  *entries(): IterableIterator<[string, Box]> {
    for (const [slot] of this.policy.entries()) yield [this.keys[slot]!, this.values[slot]!];
  }

  scan(maxEntries: number, visit: (key: string, value: Box) => void) {
    return this.policy.scan(maxEntries, (slot) => visit(this.keys[slot]!, this.values[slot]!));
  }
}

evictionContract('sieve over slots', (maxOctets, onRemove) => new Stored(maxOctets, onRemove));

describe('SlotSievePolicy', () => {
  it('evicts as sieve does: the oldest that was not used, going on where it stopped', () => {
    const evicted: number[] = [];
    const policy = new SlotSievePolicy(30, (slot, _, reason) => reason === 'evicted' && evicted.push(slot));
    for (const slot of [0, 1, 2]) policy.set(slot, slot, 10);
    policy.get(0);
    policy.set(3, 3, 10); // 0 is spared, 1 goes
    policy.set(4, 4, 10); // the hand stands at 2
    policy.set(5, 5, 10); // and then at 3, not at 0 again
    expect(evicted).toEqual([1, 2, 3]);
  });

  it('holds slots far apart', () => {
    const policy = new SlotSievePolicy(100);
    for (const slot of [0, 100_000, 70]) policy.set(slot, slot, 10);
    expect([...policy.entries()].map(([slot]) => slot)).toEqual([0, 100_000, 70]);
  });
});
