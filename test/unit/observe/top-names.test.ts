import { describe, expect, it } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { Ede, Rcode, RRClass, RRType } from '../../../src/dns/registry.js';
import { Counters, sumCounters } from '../../../src/observe/counters.js';
import type { QueryRecord } from '../../../src/runtime/recorder.js';

const query = (name: string, more: Partial<QueryRecord> = {}): QueryRecord => ({
  lookupClass: 'walked',
  missReason: undefined,
  qtype: RRType.A,
  rcode: Rcode.NOERROR,
  transport: 'udp',
  tookMs: 1,
  client: '192.0.2.1',
  qname: parseName(name),
  ...more,
});
const ede = (code: (typeof Ede)[keyof typeof Ede], text: string) => ({ code, text });

describe('top names', () => {
  it('are counted by name and type, most first', () => {
    const counters = new Counters();
    for (let i = 0; i < 3; i++) counters.record(query('a.test.'));
    counters.record(query('a.test.', { qtype: RRType.AAAA }));
    for (let i = 0; i < 2; i++) counters.record(query('b.test.'));
    expect(counters.topNames(2).asked).toEqual([
      { name: 'a.test.', type: 'A', count: 3, error: 0 },
      { name: 'b.test.', type: 'A', count: 2, error: 0 },
    ]);
  });

  it('of another class are told from those of IN, and come with it', () => {
    const counters = new Counters();
    const chaos = query('version.bind.', { qtype: RRType.TXT, qclass: RRClass.CH, rcode: Rcode.REFUSED });
    for (let i = 0; i < 3; i++) counters.record(chaos);
    counters.record(query('version.bind.', { qtype: RRType.TXT, qclass: RRClass.IN }));
    counters.sampled(parseName('version.bind.'), RRType.TXT, 1);
    const first = { name: 'version.bind.', type: 'TXT', class: 'CH', count: 3, error: 0 };
    expect(counters.topNames(5)).toEqual({
      asked: [first, { name: 'version.bind.', type: 'TXT', count: 2, error: 0 }],
      failing: [{ ...first, rcode: 'REFUSED', ede: undefined }],
    });
  });

  it('take samples of what has no record of its own, which count for nothing else', () => {
    const counters = new Counters();
    counters.sampled(parseName('hot.test.'), RRType.A, 256);
    counters.record(query('a.test.'));
    expect(counters.topNames(1).asked).toMatchObject([{ name: 'hot.test.', count: 256 }]);
    expect(counters.stats().total).toBe(1);
  });

  it('leave out queries whose name could not be read', () => {
    const counters = new Counters();
    counters.record(query('a.test.', { qname: undefined, rcode: Rcode.SERVFAIL }));
    expect(counters.topNames(5)).toEqual({ asked: [], failing: [] });
  });

  it('that fail come with the latest reason, and with what failed rather than with "it failed a moment ago"', () => {
    const counters = new Counters();
    const failed = { rcode: Rcode.SERVFAIL, lookupClass: 'failure' };
    counters.record(query('bad.test.', { ...failed, ede: [ede(Ede.NO_REACHABLE_AUTHORITY, 'all silent')] }));
    counters.record(
      query('bad.test.', {
        ...failed,
        ede: [ede(Ede.CACHED_ERROR, 'a moment ago'), ede(Ede.NETWORK_ERROR, '192.0.2.1: no route')],
      }),
    );
    counters.record(query('odd.test.', { ...failed, rcode: Rcode.REFUSED }));
    counters.record(query('none.test.', { rcode: Rcode.NXDOMAIN }));
    expect(counters.topNames(5).failing).toEqual([
      {
        name: 'bad.test.',
        type: 'A',
        count: 2,
        error: 0,
        rcode: 'SERVFAIL',
        ede: { code: Ede.NETWORK_ERROR, text: '192.0.2.1: no route' },
      },
      { name: 'odd.test.', type: 'A', count: 1, error: 0, rcode: 'REFUSED', ede: undefined },
    ]);
  });

  it('add up over threads', () => {
    const threads = [new Counters(), new Counters()];
    for (const one of threads) one.record(query('a.test.', { limit: 'depth' }));
    const sum = sumCounters(threads.map((one) => structuredClone(one.state())));
    expect(sum.topNames(5).asked).toEqual([{ name: 'a.test.', type: 'A', count: 2, error: 0 }]);
    expect(sum.stats().limits).toEqual({ depth: 2 });
  });

  it('stay few however many names clients make up', () => {
    const counters = new Counters();
    for (let i = 0; i < 5000; i++) counters.record(query(`r${i}.test.`, { rcode: Rcode.SERVFAIL }));
    const state = counters.state();
    expect(state.names.asked.length + state.names.failed.length).toBeLessThanOrEqual(200);
    expect(counters.topNames(10_000).asked.length).toBeLessThanOrEqual(512);
  });
});
