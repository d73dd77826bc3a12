/**
 * The contract of every eviction policy: a map that never holds more octets than it may.
 *
 * Call it with a factory inside a test file of the policy; what a policy chooses to evict is for its own tests.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EvictionPolicy, RemovalListener, RemovalReason } from '../../src/cache/eviction/policy.js';

/** Values are objects, as in the caches. */
export interface Box {
  readonly id: number;
}

export type MakePolicy = (maxOctets: number, onRemove?: RemovalListener<Box>) => EvictionPolicy<Box>;

export interface ContractOptions {
  /** True for a policy that refuses what does not fit where others evict. */
  readonly refusesWhenFull?: boolean;
}

interface Removal {
  readonly key: string;
  readonly id: number;
  readonly reason: RemovalReason;
}

function withLog(make: MakePolicy, maxOctets: number) {
  const removals: Removal[] = [];
  const policy = make(maxOctets, (key, value, reason) => removals.push({ key, id: value.id, reason }));
  return { policy, removals };
}

const oddKeys = ['constructor', '__proto__', 'toString', 'hasOwnProperty', '', '\0', '\xff\0'];

export function evictionContract(name: string, make: MakePolicy, options: ContractOptions = {}): void {
  describe(`${name} keeps the eviction contract`, () => {
    basics(make);
    removals(make, options);
    scanning(make);
    model(make);
  });
}

function basics(make: MakePolicy): void {
  it('gives back what was set, by get and by peek', () => {
    const { policy } = withLog(make, 1000);
    expect(policy.get('a')).toBeUndefined();
    expect(policy.set('a', { id: 1 }, 10, 5)).toBe(true);
    expect(policy.get('a')).toEqual({ id: 1 });
    expect(policy.peek('a')).toEqual({ id: 1 });
    expect(policy.size).toBe(1);
    expect(policy.octets).toBe(10);
    expect(policy.maxOctets).toBe(1000);
  });

  it('takes names of object members as keys like any other', () => {
    const { policy } = withLog(make, 1000);
    for (const key of oddKeys) expect(policy.get(key)).toBeUndefined();
    oddKeys.forEach((key, id) => {
      policy.set(key, { id }, 10, 5);
    });
    oddKeys.forEach((key, id) => {
      expect(policy.get(key)).toEqual({ id });
    });
    expect(policy.size).toBe(oddKeys.length);
  });

  it('lists all entries without losing any', () => {
    const { policy } = withLog(make, 1000);
    for (let id = 0; id < 5; id++) policy.set(`k${id}`, { id }, 10, id);
    expect(new Map(policy.entries())).toEqual(new Map([0, 1, 2, 3, 4].map((id) => [`k${id}`, { id }])));
  });

  it('accounts for a changed size though the value is the same object', () => {
    const { policy } = withLog(make, 1000);
    const value = { id: 1 };
    policy.set('a', value, 10, 5);
    policy.set('a', value, 300, 5);
    expect(policy.octets).toBe(300);
    policy.set('a', value, 20, 5);
    expect(policy.octets).toBe(20);
  });
}

function removals(make: MakePolicy, options: ContractOptions): void {
  it('reports a replaced value once and holds the new one', () => {
    const { policy, removals } = withLog(make, 1000);
    policy.set('a', { id: 1 }, 10, 5);
    policy.set('a', { id: 2 }, 30, 5);
    expect(removals).toEqual([{ key: 'a', id: 1, reason: 'replaced' }]);
    expect(policy.peek('a')).toEqual({ id: 2 });
    expect([policy.size, policy.octets]).toEqual([1, 30]);
  });

  it('reports a deleted value once, and says whether there was one', () => {
    const { policy, removals } = withLog(make, 1000);
    policy.set('a', { id: 1 }, 10, 5);
    expect(policy.delete('a')).toBe(true);
    expect(policy.delete('a')).toBe(false);
    expect(removals).toEqual([{ key: 'a', id: 1, reason: 'deleted' }]);
    expect([policy.size, policy.octets]).toEqual([0, 0]);
  });

  it('reports every value as deleted when it is cleared, and works on', () => {
    const { policy, removals } = withLog(make, 1000);
    for (let id = 0; id < 5; id++) policy.set(`k${id}`, { id }, 10, 5);
    policy.clear();
    expect(removals.map((r) => r.reason)).toEqual(Array(5).fill('deleted'));
    expect([policy.size, policy.octets]).toEqual([0, 0]);
    expect(policy.set('k1', { id: 9 }, 10, 5)).toBe(true);
    expect([...policy.entries()]).toEqual([['k1', { id: 9 }]]);
  });

  it('refuses what is larger than the whole cache, and drops the outdated value of its key', () => {
    const { policy, removals } = withLog(make, 100);
    policy.set('a', { id: 1 }, 10, 5);
    policy.set('b', { id: 2 }, 10, 5);
    expect(policy.set('a', { id: 3 }, 101, 5)).toBe(false);
    expect(policy.peek('a')).toBeUndefined();
    expect(policy.peek('b')).toEqual({ id: 2 });
    expect(removals).toEqual([{ key: 'a', id: 1, reason: 'replaced' }]);
    expect(policy.octets).toBe(10);
  });

  it('takes an entry of exactly the whole size', () => {
    const { policy } = withLog(make, 100);
    expect(policy.set('a', { id: 1 }, 100, 5)).toBe(true);
    expect(policy.octets).toBe(100);
  });

  it(options.refusesWhenFull ? 'refuses what does not fit' : 'evicts until what comes fits', () => {
    const { policy, removals } = withLog(make, 100);
    for (let id = 0; id < 10; id++) policy.set(`k${id}`, { id }, 10, id);
    const stored = policy.set('big', { id: 99 }, 35, 5);
    expect(stored).toBe(!options.refusesWhenFull);
    if (options.refusesWhenFull) {
      expect(removals).toEqual([]);
      expect(policy.size).toBe(10);
    } else {
      expect(removals.map((r) => r.reason)).toEqual(Array(4).fill('evicted'));
      expect(policy.peek('big')).toEqual({ id: 99 });
      expect(policy.octets).toBe(95);
    }
  });
}

function scanning(make: MakePolicy): void {
  it('meets every entry once in a round of scans', () => {
    const { policy } = withLog(make, 1000);
    for (let id = 0; id < 10; id++) policy.set(`k${id}`, { id }, 10, 5);
    const seen: string[] = [];
    while (policy.scan(3, (key) => seen.push(key)) === 3);
    expect(seen.sort()).toEqual([...policy.entries()].map(([key]) => key).sort());
  });

  it('lets a scan delete what it is given, and starts over at the end', () => {
    const { policy } = withLog(make, 1000);
    for (let id = 0; id < 10; id++) policy.set(`k${id}`, { id }, 10, 5);
    const odd = (key: string, value: Box) => {
      if (value.id % 2 === 1) policy.delete(key);
    };
    while (policy.scan(3, odd) === 3);
    expect(policy.size).toBe(5);
    for (let id = 10; id < 20; id++) policy.set(`k${id}`, { id }, 10, 5);
    while (policy.scan(3, odd) === 3);
    expect([...policy.entries()].every(([, value]) => value.id % 2 === 0)).toBe(true);
    expect(policy.size).toBe(10);
  });

  it('ends a scan of an empty map at once', () => {
    const { policy } = withLog(make, 1000);
    expect(policy.scan(10, () => expect.unreachable())).toBe(0);
  });
}

type Command =
  | { readonly op: 'set'; readonly key: string; readonly size: number; readonly expiresAtMs: number }
  | { readonly op: 'get' | 'delete'; readonly key: string }
  | { readonly op: 'scan'; readonly count: number };

const keyArb = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'constructor', '__proto__');
const commandArb: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('set' as const),
      key: keyArb,
      size: fc.integer({ min: 1, max: 120 }),
      expiresAtMs: fc.integer({ min: 0, max: 50 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constantFrom('get' as const, 'delete' as const), key: keyArb }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('scan' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
);

/** The model holds what the removal reports say is held; the policy must agree with it at every step. */
function model(make: MakePolicy): void {
  it('agrees at every step with a model built from its reports, and never passes its limit', () => {
    fc.assert(
      fc.property(fc.array(commandArb, { maxLength: 80 }), (commands) => {
        const held = new Map<string, { value: Box; size: number }>();
        const policy = make(100, (key, value) => {
          expect(held.get(key)?.value).toBe(value);
          held.delete(key);
        });
        commands.forEach((command, id) => {
          apply(policy, held, command, id);
          expect(policy.octets).toBeLessThanOrEqual(100);
          expect(policy.octets).toBe([...held.values()].reduce((sum, h) => sum + h.size, 0));
          expect(new Map(policy.entries())).toEqual(new Map([...held].map(([key, h]) => [key, h.value])));
          expect(policy.size).toBe(held.size);
        });
      }),
      { numRuns: 200 },
    );
  });
}

function apply(
  policy: EvictionPolicy<Box>,
  held: Map<string, { value: Box; size: number }>,
  command: Command,
  id: number,
): void {
  switch (command.op) {
    case 'set': {
      const value = { id };
      const stored = policy.set(command.key, value, command.size, command.expiresAtMs);
      if (stored) held.set(command.key, { value, size: command.size });
      expect(policy.peek(command.key)).toBe(stored ? value : undefined);
      if (command.size > 100) expect(stored).toBe(false);
      return;
    }
    case 'get':
      expect(policy.get(command.key)).toBe(held.get(command.key)?.value);
      return;
    case 'delete': {
      const wasHeld = held.has(command.key);
      expect(policy.delete(command.key)).toBe(wasHeld);
      expect(policy.peek(command.key)).toBeUndefined();
      return;
    }
    case 'scan':
      policy.scan(command.count, (key, value) => expect(held.get(key)?.value).toBe(value));
  }
}
