import { describe, expect, it } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { QueryContext } from '../../../src/resolver/query-context.js';
import { Budget } from '../../../src/runtime/budget.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import type { TracedEvent } from '../../../src/runtime/trace.js';
import { asking } from '../../support/responses.js';

const zone = parseName('test.');

function root(traced = false) {
  const events: TracedEvent[] = [];
  const clock = new VirtualClock();
  const trace = traced ? { trace: { emit: (event: TracedEvent) => void events.push(event) } } : {};
  const budget = new Budget(0);
  return { events, clock, budget, ctx: QueryContext.root(asking('www.test.'), budget, clock, trace) };
}

describe('QueryContext', () => {
  it('children share budget and fresh data', () => {
    const { ctx, budget } = root();
    const child = ctx.child(asking('ns.test.'), 'ns-address', zone)!;
    expect(child.budget).toBe(budget);
    expect(child.fresh).toBe(ctx.fresh);
    expect(child.depth).toBe(1);
  });

  it('refuses to wait for itself, at any depth', () => {
    const { ctx } = root();
    const child = ctx.child(asking('ns.test.'), 'ns-address', zone)!;
    expect(child.child(asking('www.test.'), 'ns-address', zone)).toBeUndefined();
    expect(child.child(asking('ns.test.'), 'ns-address', zone)).toBeUndefined();
    expect(child.child(asking('ns.test. AAAA'), 'ns-address', zone)).toBeDefined();
  });

  it('refuses to go deeper than the budget allows, and names that', () => {
    const { ctx, budget, events } = root(true);
    let at = ctx;
    for (let i = 0; i < 7; i++) at = at.child(asking(`n${i}.test.`), 'ns-address', zone)!;
    expect(at.child(asking('n8.test.'), 'ns-address', zone)).toBeUndefined();
    expect(budget.exceeded).toBe('depth');
    expect(events.at(-1)).toMatchObject({ kind: 'limit', item: 'depth' });
  });

  it('knows the zones and the addresses that wait for it', () => {
    const { ctx } = root();
    const deep = ctx
      .child(asking('ns.a.'), 'ns-address', parseName('a.'))!
      .child(asking('ns.b.'), 'ns-address', parseName('b.'))!;
    expect(deep.isStuck(parseName('a.'))).toBe(true);
    expect(deep.isStuck(parseName('c.'))).toBe(false);
    expect(ctx.isStuck(parseName('a.'))).toBe(false);
    expect(deep.needsAddressOf(parseName('ns.a.'))).toBe(true);
    expect(deep.needsAddressOf(parseName('www.test.'))).toBe(false);
  });

  it('gives each sub-resolution a span, and each exchange a number of its own', async () => {
    const { ctx, events, clock } = root(true);
    await clock.advance(5);
    const child = ctx.child(asking('ns.test.'), 'ds')!;
    expect(events.map((e) => [e.kind, e.span, e.atMs])).toEqual([
      ['span', 0, 0],
      ['span', 1, 5],
    ]);
    expect([ctx.nextExchange(), child.nextExchange(), ctx.nextExchange()]).toEqual([1, 2, 3]);
  });

  it('emits nothing and counts nothing when nobody watches', () => {
    const { ctx, events } = root();
    ctx.emit({ kind: 'joined' });
    expect(ctx.traced).toBe(false);
    expect(ctx.nextExchange()).toBe(0);
    expect(events).toEqual([]);
  });
});
