import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/observe/sinks/explain.js';
import { verdictLines } from '../../../src/observe/sinks/verdict-text.js';
import type { ResponseClass, TraceEvent } from '../../../src/runtime/trace.js';
import { failingReport, names, sampleReport } from './trace-sample.js';

const query = (exchange: number, address = '192.0.2.2'): TraceEvent => ({
  kind: 'query',
  exchange,
  zone: names.shop,
  serverName: names.ns,
  address,
  port: 53,
  transport: 'udp',
  question: names.question,
  timeoutMs: 400,
});
const silence = (exchange: number): TraceEvent => ({
  kind: 'no-response',
  exchange,
  why: 'timeout',
  afterMs: 400,
});
const response = (exchange: number, rcode = 0): TraceEvent => ({
  kind: 'response',
  exchange,
  rttMs: 5,
  rcode,
  aa: true,
  tc: false,
  sizeOctets: 80,
  counts: [0, 0, 0],
  records: [],
});
const zone: TraceEvent = { kind: 'zone', zone: names.shop, servers: 1, from: 'referral' };

const answeredAbove: TraceEvent[] = [
  { ...query(9, '192.0.2.1'), zone: names.root } as TraceEvent,
  response(9),
];

describe('the verdict', () => {
  it('blames nobody for an answer, and still lists servers and limits that were near', () => {
    const verdict = explain(sampleReport);
    expect(verdict).toMatchObject({ ok: true, blame: 'nobody', firstFailure: undefined });
    expect(verdict.servers.map(({ result, answered }) => [result, answered])).toEqual([
      ['timeout', false],
      ['NOERROR, referral', true],
      ['NOERROR, cname', true],
    ]);
    expect(verdict.nearLimits).toEqual(['30 of 32 signature checks']);
  });

  it('blames the path when no server on any level answered', () => {
    const verdict = explain(
      failingReport('no-reachable-server', [zone, query(1), silence(1), query(2, '192.0.2.3'), silence(2)]),
    );
    expect(verdict).toMatchObject({ ok: false, blame: 'path' });
    expect(verdict.firstFailure).toBe('192.0.2.2 udp: no response after 400 ms');
  });

  it.each(['the root that answers has no DNSKEY', 'no DNSKEY of . matches its trust anchors (key tags 1)'])(
    'blames the path when the root is not the trusted one: %s, also from a cache',
    (text) => {
      const step: TraceEvent = {
        kind: 'validation',
        step: 'dnskey',
        name: names.root,
        type: 48,
        security: 'bogus',
        detail: text,
      };
      for (const events of [[step], []]) {
        const report = failingReport('bogus', events);
        const ede = [{ code: 9, text }] as const;
        const verdict = explain({ ...report, outcome: { ...report.outcome, ede } });
        expect(verdict).toMatchObject({ ok: false, blame: 'path' });
        expect(verdict.summary).toContain(text);
      }
    },
  );

  it('blames no server for what a recording does not hold', () => {
    const unrecorded: TraceEvent = { kind: 'no-response', exchange: 2, why: 'not-recorded', afterMs: 0 };
    const verdict = explain(
      failingReport('no-reachable-server', [...answeredAbove, zone, query(2), unrecorded]),
    );
    expect(verdict).toMatchObject({ blame: 'client', blamed: 'the recording' });
    expect(verdict.firstFailure).toBe('192.0.2.2 udp: not in the recording after 0.00 ms');
  });

  it('blames the silent server when others answered', () => {
    const verdict = explain(
      failingReport('no-reachable-server', [
        ...answeredAbove,
        zone,
        query(2),
        silence(2),
        query(3),
        silence(3),
      ]),
    );
    expect(verdict).toMatchObject({ blame: 'server', blamed: 'ns.shop.test. 192.0.2.2' });
    expect(verdict.summary).toContain('shop.test.');
  });

  const classified = (as: ResponseClass): TraceEvent => ({ kind: 'classified', exchange: 1, as });
  const addressOf = (name: typeof names.ns): TraceEvent => ({
    kind: 'span',
    parent: 0,
    purpose: 'ns-address',
    question: { name, type: 1, class: 1 },
  });
  const validation = (step: 'ds' | 'signature'): TraceEvent => ({
    kind: 'validation',
    step,
    name: names.shop,
    security: 'bogus',
    detail: 'it has expired',
  });
  it.each<[reason: string, events: TraceEvent[], blame: string, step: RegExp | undefined]>([
    ['lame', [zone, query(1), response(1), classified('lame')], 'parent', /taken for lame/],
    ['lame', [zone, query(1), response(1, 5), classified('refused')], 'server', /taken for refused/],
    ['bogus', [zone, validation('ds')], 'parent', /DNSSEC ds shop.test.: bogus/],
    ['bogus', [zone, validation('signature')], 'zone', /it has expired/],
    ['budget', [zone, { kind: 'limit', item: 'upstreamQueries' }], 'zone', /limit reached: upstream queries/],
    ['budget', [zone, { kind: 'limit', item: 'timeMs' }], 'server', /limit reached/],
    [
      'budget',
      [zone, { kind: 'limit', item: 'waitingPerZone' }],
      'server',
      /limit reached: questions that wait/,
    ],
    ['loop', [{ kind: 'alias', from: names.ns, to: names.shop, by: 'CNAME' }], 'zone', /CNAME/],
    ['alias-too-long', [{ kind: 'limit', item: 'aliases' }], 'zone', /aliases/],
    ['no-address', [zone, addressOf(names.ns)], 'parent', /needs ns.shop.test. A/],
    ['no-address', [zone, addressOf(names.test)], 'zone', /needs test. A/],
    [
      'no-address',
      [zone, { kind: 'servers', zone: names.shop, known: 0, missing: 2, skipped: [] }],
      'zone',
      /without address/,
    ],
    ['no-reachable-server', [zone, query(1), response(1), classified('lame')], 'parent', /taken for lame/],
    [
      'no-reachable-server',
      [zone, query(1), response(1, 2), classified('servfail')],
      'server',
      /taken for servfail/,
    ],
    [
      'no-reachable-server',
      [...answeredAbove, zone, query(1), { kind: 'no-response', exchange: 1, why: 'near-miss', afterMs: 1 }],
      'server',
      /wrong ID/,
    ],
    [
      'no-reachable-server',
      [zone, query(1), response(1), classified('truncated'), query(2), silence(2)],
      'server',
      /no response/,
    ],
    [
      'cached-failure',
      [{ kind: 'probe', layer: 'failure', name: names.shop, type: 1, result: 'hit' }],
      'resolver',
      /failure cache: hit/,
    ],
    ['policy', [{ kind: 'policy', rule: 'blocked', action: 'refused' }], 'resolver', /policy blocked/],
    ['not-cached', [], 'client', undefined],
    ['unsupported', [], 'client', undefined],
    ['from-a-later-version', [], 'resolver', undefined],
    ['internal', [], 'resolver', undefined],
  ])('%s: %# blames %s', (reason, events, blame, step) => {
    const verdict = explain(failingReport(reason, events));
    expect(verdict).toMatchObject({ ok: false, blame });
    if (step) expect(verdict.firstFailure).toMatch(step);
    else expect(verdict.firstFailure).toBeUndefined();
    expect(verdict.advice).toMatch(/\.$/);
  });

  it('says that data was stale', () => {
    const report = { ...sampleReport, outcome: { ...sampleReport.outcome, stale: true } };
    expect(explain(report).summary).toContain('past its TTL');
  });

  it.each(['nodata', 'nxdomain'] as const)('takes %s for an answer to the question', (kind) => {
    const verdict = explain({ ...sampleReport, outcome: { ...sampleReport.outcome, kind, records: [] } });
    expect(verdict).toMatchObject({ ok: true, blame: 'client' });
    expect(verdict.summary).toContain(kind === 'nodata' ? 'no A records' : 'shop.test. says');
  });

  it('is printed with all its parts', () => {
    const text = verdictLines(
      'www.shop.test. A',
      explain(failingReport('lame', [zone, query(1), response(1), classified('lame')])),
    ).join('\n');
    for (const part of [
      'www.shop.test. A',
      'first failure',
      'to blame      the parent zone',
      'what to do',
      'servers asked',
      'NOERROR, lame',
    ]) {
      expect(text).toContain(part);
    }
  });
});
