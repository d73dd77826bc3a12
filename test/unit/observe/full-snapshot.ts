/** A snapshot in which every statistic has a value, so that nothing is left out of what is made from it. */
import { parseName } from '../../../src/dns/name.js';
import { Ede } from '../../../src/dns/registry.js';
import type { StatsSnapshot } from '../../../src/observe/control.js';
import { Counters } from '../../../src/observe/counters.js';
import { lookupClasses } from '../../../src/resolver/contract.js';

export function fullSnapshot(): StatsSnapshot {
  const counters = new Counters();
  for (const lookupClass of lookupClasses) {
    counters.record({
      lookupClass,
      missReason: lookupClass === 'walked' ? 'never-seen' : undefined,
      qtype: 1,
      rcode: lookupClass === 'failure' ? 2 : 0,
      transport: 'udp',
      tookMs: 3,
      client: '192.0.2.1',
      qname: parseName('www.example.test.'),
      ede: lookupClass === 'failure' ? [{ code: Ede.NETWORK_ERROR, text: 'no route' }] : [],
      limit: lookupClass === 'refused' ? 'perClientQps' : undefined,
    });
  }
  counters.dropped('too-short');
  return {
    version: '9.9.9',
    startedAtMs: Date.UTC(2026, 0, 6),
    uptimeSec: 90,
    workers: 1,
    counters: counters.state(),
    caches: [
      {
        layer: 'resolver',
        eviction: 'lru',
        entries: 7,
        octets: 1000,
        maxOctets: 2000,
        hits: 3,
        stale: 1,
        misses: { 'never-seen': 5, expired: 1, evicted: 0, flushed: 0, bypassed: 0 },
        inserts: 9,
        evictions: 2,
        expirations: 1,
        purged: 1,
        refused: 1,
      },
    ],
    upstream: { queries: 12, timeouts: 1, tcp: 2, faults: { timeout: 1, 'near-miss': 1 }, mismatched: 1 },
    servers: {
      counts: { ok: 1, new: 0, slow: 0, backoff: 1, lame: 0 },
      recent: [
        {
          address: '192.0.2.53',
          name: 'ns1.example.test.',
          state: 'ok',
          rttMs: 12.5,
          rttVarMs: 2,
          timeoutsInRow: 0,
          backoffSec: 0,
          edns: 'yes',
          lastSeenMs: Date.UTC(2026, 0, 6, 0, 1),
          lameZones: [],
        },
        {
          address: '2001:db8::53',
          name: undefined,
          state: 'backoff',
          rttMs: undefined,
          rttVarMs: undefined,
          timeoutsInRow: 3,
          backoffSec: 4,
          edns: 'unknown',
          lastSeenMs: undefined,
          lameZones: ['lame.test.'],
        },
      ],
    },
    prefetch: { started: 5, refreshed: 3, failed: 1 },
    inFlight: 2,
  };
}
