import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatName, isSubdomain, parseName, ROOT } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { type MinimisationMode, MinimisationPlan } from '../../../src/resolver/minimise.js';
import { asking } from '../../support/responses.js';

function planned(text: string, zone: string, mode: MinimisationMode = 'relaxed') {
  const question = asking(text);
  const plan = new MinimisationPlan(question, mode);
  plan.enter(parseName(zone));
  return { plan, question };
}

/** What is asked until the full question comes, when every short name exists. */
function steps(text: string, zone = '.'): string[] {
  const { plan, question } = planned(text, zone);
  const asked: string[] = [];
  for (;;) {
    const next = plan.next();
    asked.push(formatName(next.name));
    if (next === question) return asked;
    plan.passed(next);
  }
}

describe('MinimisationPlan', () => {
  it('adds one label at a time and asks for A', () => {
    expect(steps('a.b.c. TXT')).toEqual(['c.', 'b.c.', 'a.b.c.']);
    const { plan } = planned('a.b.c. TXT', '.');
    expect(plan.next().type).toBe(RRType.A);
  });

  it('starts below the zone that is asked', () => {
    expect(steps('a.b.c.d.', 'c.d.')).toEqual(['b.c.d.', 'a.b.c.d.']);
    expect(steps('c.d.', 'c.d.')).toEqual(['c.d.']);
  });

  it('asks for four names label by label and then in strides, at most 10 steps (RFC 9156 2.3)', () => {
    const asked = steps(`${'x.'.repeat(100)}`);
    expect(asked.length).toBeLessThanOrEqual(11);
    const counts = asked.map((n) => n.split('.').length - 1);
    expect(counts.slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(counts.at(-1)).toBe(100);
  });

  it('does not ask for labels with an underscore by themselves', () => {
    expect(steps('_a._b.c.')).toEqual(['c.', '_a._b.c.']);
  });

  it('asks single labels and the root in full', () => {
    expect(steps('com.')).toEqual(['com.']);
    expect(steps('.')).toEqual(['.']);
  });

  it('is off when told so', () => {
    const { plan, question } = planned('a.b.c.', '.', 'off');
    expect(plan.next()).toBe(question);
    expect(plan.relax()).toBe(false);
  });

  it('gives in once when relaxed and never when strict', () => {
    const relaxed = planned('a.b.c.', '.');
    expect(relaxed.plan.relax()).toBe(true);
    expect(relaxed.plan.next()).toBe(relaxed.question);
    expect(relaxed.plan.relax()).toBe(false);
    expect(planned('a.b.c.', '.', 'strict').plan.relax()).toBe(false);
  });

  it('can go label by label after all when it was in full from the start', () => {
    const { plan } = planned('a.b.c. DS', '.', 'off');
    expect(plan.stepByStep()).toBe(true);
    expect(formatName(plan.next().name)).toBe('c.');
    expect(plan.stepByStep()).toBe(false);
  });

  it('always ends, only ever shows ancestors, and never goes back', () => {
    const label = fc.constantFrom('a', 'b', '_tcp', 'x1');
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 60 }), (labels) => {
        const name = `${labels.join('.')}.`;
        const asked = steps(name).map((shown) => parseName(shown));
        expect(asked.length).toBeLessThanOrEqual(11);
        let last = ROOT;
        for (const shown of asked) {
          expect(isSubdomain(parseName(name), shown)).toBe(true);
          expect(isSubdomain(shown, last) && shown !== last).toBe(true);
          last = shown;
        }
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
