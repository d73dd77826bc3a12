import { describe, expect, it } from 'vitest';
import { GuardedStore, type SharedStore } from '../../../src/cache/shared-cache.js';
import { VirtualClock } from '../../../src/runtime/clock.js';

/** A store whose mood a test sets. */
class MoodyStore implements SharedStore {
  mood: 'well' | 'silent' | 'broken' = 'well';
  readonly values = new Map<string, Buffer>();
  gets = 0;

  get(key: string): Promise<Buffer | undefined> {
    this.gets++;
    if (this.mood === 'silent') return new Promise(() => {});
    return this.mood === 'broken' ? Promise.reject(new Error('gone')) : Promise.resolve(this.values.get(key));
  }

  put(key: string, value: Buffer): Promise<void> {
    if (this.mood === 'silent') return new Promise(() => {});
    if (this.mood === 'broken') return Promise.reject(new Error('gone'));
    this.values.set(key, value);
    return Promise.resolve();
  }

  async close(): Promise<void> {}
}

function setUp() {
  const clock = new VirtualClock();
  const store = new MoodyStore();
  const states: string[] = [];
  const guarded = new GuardedStore(store, clock, 20, (state) => states.push(state));
  const look = () => {
    const asked = guarded.lookUp('k');
    return asked && clock.runUntil(asked);
  };
  return { clock, store, states, guarded, look };
}

describe('a guarded store', () => {
  it('gives what was put, and counts', async () => {
    const { guarded, look, clock } = setUp();
    expect(await look()).toEqual({ kind: 'miss' });
    guarded.put('k', Buffer.from('v'), 5);
    await clock.advance(0);
    expect(await look()).toEqual({ kind: 'hit', value: Buffer.from('v') });
    expect(guarded.stats()).toMatchObject({ state: 'closed', hits: 1, misses: 1, writes: 1 });
  });

  it('waits for a silent store no longer than its timeout', async () => {
    const { clock, store, look } = setUp();
    store.mood = 'silent';
    const startedMs = clock.monotonicMs();
    expect(await look()).toEqual({ kind: 'timeout' });
    expect(clock.monotonicMs() - startedMs).toBe(20);
  });

  it.each(['silent', 'broken'] as const)(
    'asks a %s store no more after five failures in a row',
    async (mood) => {
      const { clock, store, states, guarded, look } = setUp();
      store.mood = mood;
      for (let i = 0; i < 5; i++) await look();
      expect(states).toEqual(['open']);
      const { gets } = store;
      const startedMs = clock.monotonicMs();
      for (let i = 0; i < 100; i++) expect(look()).toBeUndefined();
      expect(clock.monotonicMs()).toBe(startedMs);
      expect(store.gets).toBe(gets);
      guarded.put('k', Buffer.from('v'), 5);
      expect(guarded.stats()).toMatchObject({ state: 'open', skipped: 100, writesDropped: 1 });
    },
  );

  it('sends a probe for which no query waits, less and less often, and closes when one is answered', async () => {
    const { clock, store, states, guarded, look } = setUp();
    store.mood = 'silent';
    for (let i = 0; i < 5; i++) await look();
    let probedMs = clock.monotonicMs();
    for (const pauseMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = store.gets;
      await clock.advance(probedMs + pauseMs - clock.monotonicMs() - 1);
      expect(look()).toBeUndefined();
      expect(store.gets).toBe(before);
      await clock.advance(1);
      expect(look()).toBeUndefined();
      expect(look()).toBeUndefined();
      expect(store.gets).toBe(before + 1);
      await clock.advance(1000); // the probe's own limit
      probedMs = clock.monotonicMs();
    }
    store.mood = 'well';
    await clock.advance(30_000);
    expect(look()).toBeUndefined();
    await clock.advance(0);
    expect(states).toEqual(['open', 'closed']);
    expect(await look()).toEqual({ kind: 'miss' });
    expect(guarded.state).toBe('closed');
  });

  it('drops writes when too many are under way', () => {
    const { store, guarded } = setUp();
    store.mood = 'silent';
    for (let i = 0; i < 1500; i++) guarded.put(`k${i}`, Buffer.from('v'), 5);
    expect(guarded.stats().writesDropped).toBe(500);
  });
});
