import { expect, it } from 'vitest';
import { PurgeGuard } from '../../../../src/compose/workers/purge-guard.js';
import { parseName } from '../../../../src/dns/name.js';
import type { Resolution } from '../../../../src/resolver/contract.js';

const question = { name: parseName('www.example.'), type: 1, class: 1 };
const found: Resolution = {
  outcome: { kind: 'failure', reason: 'timeout', ede: [] },
  lookupClass: 'resolver',
  budget: undefined,
  keepUntilMs: 1000,
};

/** A worker with one purge told but not taken up, and one call of another kind before it. */
function behind() {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const done: string[] = [];
  const waiting: (() => void)[] = [];
  const guard = new PurgeGuard(word, () => {
    const next = waiting.shift();
    next?.();
    return next !== undefined;
  });
  const tell = () => {
    const count = Atomics.load(word, 0) + 1;
    waiting.push(
      () => done.push('other'),
      () => {
        done.push('purge');
        guard.caughtUp(count);
      },
    );
    Atomics.store(word, 0, count);
  };
  return { guard, tell, done, waiting };
}

it('does what main has said to forget before it resolves', async () => {
  const { guard, tell, done } = behind();
  tell();
  const resolver = guard.guard({
    resolve: async () => {
      done.push('resolve');
      return found;
    },
  });
  expect(await resolver.resolve(question)).toBe(found);
  expect(done).toEqual(['other', 'purge', 'resolve']);
});

it('leaves its messages alone when nothing was told', async () => {
  const { guard, waiting, done } = behind();
  waiting.push(() => done.push('other'));
  await guard.guard({ resolve: async () => found }).resolve(question);
  expect(done).toEqual([]);
});

it('keeps no answer that was under way when a purge was told', async () => {
  const { guard, tell } = behind();
  const resolver = guard.guard({
    resolve: async () => {
      tell();
      return found;
    },
  });
  expect(await resolver.resolve(question)).toEqual({ ...found, keepUntilMs: undefined });
});

it('does not wait for a message that is not there', async () => {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const guard = new PurgeGuard(word, () => false);
  Atomics.store(word, 0, 5);
  const { outcome } = await guard.guard({ resolve: async () => found }).resolve(question);
  expect(outcome).toBe(found.outcome);
});
