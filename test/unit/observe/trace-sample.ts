/** A hand-made walk with one event of each kind, for the sinks. */
import { parseName } from '../../../src/dns/name.js';
import type { TraceReport } from '../../../src/observe/sinks/collect.js';
import type { TracedEvent, TraceEvent } from '../../../src/runtime/trace.js';

const question = { name: parseName('www.shop.test.'), type: 1, class: 1 };
const root = parseName('.');
const test = parseName('test.');
const shop = parseName('shop.test.');
const ns = parseName('ns.shop.test.');

const limits = {
  upstreamQueries: { used: 4, limit: 100 },
  bytes: { used: 900, limit: 524_288 },
  depth: { used: 1, limit: 7 },
  aliases: { used: 1, limit: 11 },
  signatureChecks: { used: 30, limit: 32 },
  nsec3Hashes: { used: 0, limit: 64 },
  timeMs: { used: 61, limit: 7000 },
  referrals: { used: 1, limit: 40 },
  addressLookups: { used: 1, limit: 64 },
};

const walk: [span: number, event: TraceEvent][] = [
  [0, { kind: 'span', parent: 0, purpose: 'client', question }],
  [
    0,
    { kind: 'probe', layer: 'resolver', name: question.name, type: 1, result: 'miss', reason: 'never-seen' },
  ],
  [
    0,
    {
      kind: 'probe',
      layer: 'delegation',
      name: test,
      type: 2,
      result: 'hit',
      ttlSec: 3600,
      detail: 'delegation of test.',
    },
  ],
  [0, { kind: 'zone', zone: test, servers: 1, from: 'cache' }],
  [0, { kind: 'minimise', asked: shop, full: question.name, relaxed: false }],
  [
    0,
    {
      kind: 'query',
      exchange: 1,
      zone: test,
      serverName: undefined,
      address: '192.0.2.1',
      port: 53,
      transport: 'udp',
      question: { name: shop, type: 1, class: 1 },
      timeoutMs: 400,
    },
  ],
  [0, { kind: 'no-response', exchange: 1, why: 'timeout', afterMs: 400 }],
  [
    0,
    {
      kind: 'query',
      exchange: 2,
      zone: test,
      serverName: parseName('b.test.'),
      address: '2001:db8::1',
      port: 5353,
      transport: 'tcp',
      question: { name: shop, type: 1, class: 1 },
      timeoutMs: 400,
    },
  ],
  [
    0,
    {
      kind: 'response',
      exchange: 2,
      rttMs: 12.34,
      rcode: 0,
      aa: false,
      tc: false,
      sizeOctets: 120,
      counts: [0, 1, 1],
      records: ['shop.test. 3600 IN NS ns.shop.test.'],
    },
  ],
  [0, { kind: 'scrubbed', exchange: 2, removed: ['victim.example. NS'] }],
  [0, { kind: 'classified', exchange: 2, as: 'referral', detail: 'to shop.test.' }],
  [0, { kind: 'stored', layer: 'delegation', name: shop, type: 2, ttlSec: 3600 }],
  [0, { kind: 'zone', zone: shop, servers: 1, from: 'referral' }],
  [0, { kind: 'servers', zone: shop, known: 0, missing: 1, skipped: ['127.0.0.1'] }],
  [1, { kind: 'span', parent: 0, purpose: 'ns-address', question: { name: ns, type: 28, class: 1 } }],
  [1, { kind: 'joined' }],
  [1, { kind: 'done', outcome: 'answer', tookMs: 3 }],
  [
    0,
    {
      kind: 'query',
      exchange: 3,
      zone: shop,
      serverName: ns,
      address: '192.0.2.2',
      port: 53,
      transport: 'udp',
      question,
      timeoutMs: 400,
    },
  ],
  [
    0,
    {
      kind: 'response',
      exchange: 3,
      rttMs: 5,
      rcode: 0,
      aa: true,
      tc: false,
      sizeOctets: 80,
      counts: [1, 0, 0],
      records: ['www.shop.test. 60 IN CNAME web.shop.test.'],
    },
  ],
  [0, { kind: 'classified', exchange: 3, as: 'cname' }],
  [
    0,
    {
      kind: 'validation',
      step: 'signature',
      name: question.name,
      type: 5,
      security: 'secure',
      detail: 'valid until tomorrow',
      keyTag: 4711,
      algorithm: 13,
    },
  ],
  [0, { kind: 'alias', from: question.name, to: parseName('web.shop.test.'), by: 'CNAME' }],
  [
    0,
    { kind: 'cache-rule', name: question.name, rule: parseName('shop.test.'), noCache: false, maxTtlSec: 60 },
  ],
  [0, { kind: 'policy', rule: 'special-use', action: 'none' }],
  [0, { kind: 'limit', item: 'referrals' }],
  [0, { kind: 'done', outcome: 'answer', tookMs: 61 }],
  [0, { kind: 'budget', used: limits }],
];

export const sampleEvents: readonly TracedEvent[] = walk.map(([span, event], i) => ({
  ...event,
  span,
  atMs: i,
}));

export const sampleReport: TraceReport = {
  question,
  outcome: {
    kind: 'answer',
    security: 'secure',
    reason: undefined,
    records: ['www.shop.test. 60 IN CNAME web.shop.test.', 'web.shop.test. 60 IN A 192.0.2.80'],
    ede: [{ code: 29, text: 'made here' }],
    stale: false,
  },
  events: sampleEvents,
  omitted: 2,
};

/** The sample's events up to a failure of the given kind. */
export function failingReport(reason: string, events: readonly TraceEvent[]): TraceReport {
  const traced = events.map((event, i): TracedEvent => ({ ...event, span: 0, atMs: i }));
  const outcome = {
    kind: 'failure',
    security: undefined,
    reason,
    records: [],
    ede: [],
    stale: false,
  } as const;
  return { question, outcome, events: traced, omitted: 0 };
}

export const names = { root, test, shop, ns, question };
