/** What the record of a query says beyond counts: why it failed, and which limit it met. */
import { describe, expect, it } from 'vitest';
import { Ede, RRClass, RRType } from '../../../src/dns/registry.js';
import { Budget } from '../../../src/runtime/budget.js';
import { edns, Harness, query } from '../../support/server-harness.js';

const failure = {
  kind: 'failure',
  reason: 'no-reachable-server',
  ede: [
    { code: Ede.NO_REACHABLE_AUTHORITY, text: 'all silent' },
    { code: Ede.NETWORK_ERROR, text: '192.0.2.1: timeout' },
  ],
} as const;

describe('the record of a query', () => {
  it('has the errors that the client was told, even when it cannot read them', async () => {
    const h = new Harness(() => ({
      outcome: failure,
      lookupClass: 'walked',
      budget: undefined,
      keepUntilMs: undefined,
    }));
    await h.ask(query('bad.example.', RRType.A, { edns: edns() }));
    await h.ask(query('bad.example.', RRType.A));
    for (const record of h.recorder.records) {
      expect(record.ede).toEqual(failure.ede);
      expect(record.limit).toBeUndefined();
    }
    expect(h.recorder.records).toHaveLength(2);
  });

  it('has the class of the question', async () => {
    const h = new Harness();
    const asked = query('version.bind.', RRType.TXT);
    await h.ask({ ...asked, questions: [{ ...asked.questions[0]!, class: RRClass.CH }] });
    expect(h.recorder.records).toMatchObject([{ qtype: RRType.TXT, qclass: RRClass.CH }]);
  });

  it('names the item of the budget that ran out', async () => {
    const budget = new Budget(0);
    for (let i = 0; i < 12; i++) budget.spend('aliases');
    const h = new Harness(() => ({
      outcome: { ...failure, reason: 'alias-too-long' },
      lookupClass: 'walked',
      budget,
      keepUntilMs: undefined,
    }));
    await h.ask(query());
    expect(h.recorder.records).toMatchObject([{ limit: 'aliases' }]);
  });

  it('names the limits of the server itself', async () => {
    const busy = new Harness(() => new Promise(() => {}), { inFlight: { perClient: 1, total: 10 } });
    void busy.ask(query());
    await busy.ask(query('other.example.'));
    expect(busy.recorder.records).toMatchObject([{ limit: 'inFlight-per-client' }]);

    const limited = new Harness(undefined, { perClientQps: 1 });
    for (let i = 0; i < 3; i++) await limited.ask(query());
    expect(limited.recorder.records.map(({ limit }) => limit)).toEqual([undefined, 'perClientQps']);
    expect(limited.recorder.drops).toEqual(['rate-limited']);
  });
});
