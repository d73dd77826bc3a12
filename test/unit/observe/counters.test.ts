import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counters, sumCounters } from '../../../src/observe/counters.js';
import { lookupClasses } from '../../../src/resolver/contract.js';
import type { QueryRecord } from '../../../src/runtime/recorder.js';

const record = fc.record<QueryRecord>({
  lookupClass: fc.constantFrom(...lookupClasses),
  missReason: fc.constantFrom(undefined, 'never-seen', 'expired', 'evicted', 'flushed', 'bypassed'),
  qtype: fc.nat(65_535),
  rcode: fc.option(fc.nat(4095), { nil: undefined }),
  transport: fc.constantFrom('udp', 'tcp'),
  tookMs: fc.double({ min: -1, max: 1e6, noNaN: true }),
  client: fc.constant('192.0.2.1'),
  qname: fc.constant('\0'),
});

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

describe('counters', () => {
  it('sum to the queries by class, type, RCODE and transport, in one thread or in several', () => {
    fc.assert(
      fc.property(fc.array(fc.array(record, { maxLength: 200 }), { maxLength: 4 }), (threads) => {
        const counters = threads.map((records) => {
          const one = new Counters();
          for (const query of records) one.record(query);
          return one;
        });
        const stats = sumCounters(counters.map((one) => structuredClone(one.state()))).stats();
        const all = threads.flat();
        expect(stats.total).toBe(all.length);
        for (const part of [stats.byClass, stats.types, stats.rcodes, stats.transports])
          expect(sum(part)).toBe(all.length);
        expect(sum(stats.missReasons)).toBe(all.filter(({ missReason }) => missReason !== undefined).length);
        for (const lookupClass of lookupClasses) {
          expect(stats.byClass[lookupClass]).toBe(
            all.filter((query) => query.lookupClass === lookupClass).length,
          );
        }
      }),
    );
  });

  it('stay small when clients ask for every type there is', () => {
    const counters = new Counters();
    for (let qtype = 0; qtype < 65_536; qtype++) {
      counters.record({
        lookupClass: 'walked',
        missReason: undefined,
        qtype,
        rcode: 0,
        transport: 'udp',
        tookMs: 1,
        client: '',
        qname: undefined,
      });
    }
    const { types } = counters.stats();
    expect(Object.keys(types).length).toBeLessThan(140);
    expect(sum(types)).toBe(65_536);
  });

  it('keep what is no query apart from the total', () => {
    const counters = new Counters();
    counters.dropped('malformed');
    counters.dropped('malformed');
    expect(counters.stats()).toMatchObject({ total: 0, dropped: { malformed: 2 } });
  });

  it('count a query that got no response as RCODE none', () => {
    const counters = new Counters();
    counters.record({
      lookupClass: 'refused',
      missReason: undefined,
      qtype: 1,
      rcode: undefined,
      transport: 'tcp',
      tookMs: 0,
      client: '',
      qname: undefined,
    });
    expect(counters.stats()).toMatchObject({ rcodes: { none: 1 }, types: { A: 1 }, transports: { tcp: 1 } });
  });
});
