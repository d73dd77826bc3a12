import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, type BudgetItem, defaultBudgetLimits } from '../../../src/runtime/budget.js';

describe('Budget', () => {
  it('takes up to the limit and nothing past it, and remembers the first limit hit', () => {
    const budget = new Budget(0);
    for (let i = 0; i < 100; i++) expect(budget.spend('upstreamQueries')).toBe(true);
    expect(budget.exceeded).toBeUndefined();
    expect(budget.spend('upstreamQueries')).toBe(false);
    expect(budget.spend('bytes', 600_000)).toBe(false);
    expect(budget.exceeded).toBe('upstreamQueries');
    expect(budget.usedOf('bytes')).toBe(0);
  });

  it('gives the time left, and says when it is over', () => {
    const budget = new Budget(1000);
    expect(budget.timeLeftMs(1000)).toBe(7000);
    expect(budget.timeLeftMs(7999)).toBe(1);
    expect(budget.exceeded).toBeUndefined();
    expect(budget.timeLeftMs(8000)).toBe(0);
    expect(budget.exceeded).toBe('timeMs');
  });

  it('knows the deepest nesting', () => {
    const budget = new Budget(0);
    expect([1, 3, 2].map((depth) => budget.enterDepth(depth))).toEqual([true, true, true]);
    expect(budget.usedOf('depth')).toBe(3);
    expect(budget.enterDepth(8)).toBe(false);
    expect(budget.exceeded).toBe('depth');
  });

  it('shows what was used beside each limit', () => {
    const budget = new Budget(100);
    budget.spend('referrals', 3);
    const shown = budget.snapshot(350.4);
    expect(shown.referrals).toEqual({ used: 3, limit: 40 });
    expect(shown.timeMs).toEqual({ used: 250, limit: 7000 });
    expect(Object.keys(shown).sort()).toEqual(Object.keys(defaultBudgetLimits).sort());
  });

  it('never shrinks and never passes a limit, whatever is spent', () => {
    const item = fc.constantFrom<BudgetItem>('upstreamQueries', 'bytes', 'aliases', 'referrals');
    fc.assert(
      fc.property(fc.array(fc.tuple(item, fc.nat(200_000))), (spends) => {
        const budget = new Budget(0);
        for (const [what, amount] of spends) {
          const before = budget.usedOf(what);
          const taken = budget.spend(what, amount);
          expect(budget.usedOf(what)).toBe(taken ? before + amount : before);
          expect(budget.usedOf(what)).toBeLessThanOrEqual(defaultBudgetLimits[what]);
        }
      }),
      { seed: 1 },
    );
  });
});
