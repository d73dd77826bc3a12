import { describe, expect, it } from 'vitest';
import { LayerCounters } from '../../../../src/cache/stats.js';
import { foldLost, sumStats } from '../../../../src/compose/workers/sum-stats.js';
import type { StatsSnapshot, UpstreamServer } from '../../../../src/observe/control.js';
import { Counters } from '../../../../src/observe/counters.js';

function server(address: string, lastSeenMs: number): UpstreamServer {
  return {
    address,
    name: undefined,
    state: 'ok',
    rttMs: 1,
    rttVarMs: 1,
    timeoutsInRow: 0,
    backoffSec: 0,
    edns: 'yes',
    lastSeenMs,
    lameZones: [],
  };
}

/** A worker that answered `hits` queries from its stub cache and walked one. */
function worker(hits: number, more: Partial<StatsSnapshot> = {}): StatsSnapshot {
  const counters = new Counters();
  const record = {
    missReason: undefined,
    qtype: 1,
    rcode: 0,
    transport: 'udp',
    client: '',
    qname: undefined,
  };
  for (let i = 0; i < hits; i++) counters.record({ ...record, lookupClass: 'stub', tookMs: 1 } as never);
  counters.record({ ...record, lookupClass: 'walked', missReason: 'never-seen', tookMs: 5 } as never);
  const layer = new LayerCounters();
  layer.hits = hits;
  layer.miss('expired');
  return {
    version: '1',
    startedAtMs: 1,
    uptimeSec: 1,
    workers: 1,
    counters: counters.state(),
    caches: [
      { layer: 'resolver', eviction: 'lru', ...layer.snapshot(3, 300, 1000) },
      { layer: 'infra', ...layer.snapshot(1, 10, 100) },
    ],
    upstream: { queries: 4, timeouts: 1, tcp: 0, faults: { timeout: 1 }, mismatched: 0 },
    prefetch: { started: 2, refreshed: 1, failed: 1 },
    servers: {
      counts: { ok: 1, new: 0, slow: 0, backoff: 0, lame: 0 },
      recent: [server('192.0.2.1', hits)],
    },
    inFlight: 2,
    ...more,
  };
}

function countsOf(stats: Pick<StatsSnapshot, 'counters'>) {
  const sum = new Counters();
  sum.add(stats.counters);
  return sum.stats();
}

describe('statistics of several workers', () => {
  it('add up, and the classes still sum to the queries', () => {
    const sum = sumStats([worker(10), worker(5)], []);
    const { total, byClass } = countsOf(sum);
    expect(total).toBe(17);
    expect(byClass).toMatchObject({ stub: 15, walked: 2 });
    expect(Object.values(byClass).reduce((a, b) => a + b)).toBe(total);
    expect(sum.caches[0]).toMatchObject({
      layer: 'resolver',
      eviction: 'lru',
      entries: 6,
      octets: 600,
      maxOctets: 2000,
      hits: 15,
      misses: { expired: 2 },
    });
    expect(sum.caches.map(({ layer }) => layer)).toEqual(['resolver', 'infra']);
    expect(sum.upstream).toMatchObject({ queries: 8, timeouts: 2, faults: { timeout: 2 } });
    expect(sum.prefetch).toEqual({ started: 4, refreshed: 2, failed: 2 });
    expect(sum.inFlight).toBe(4);
  });

  it('keep the counts of a worker that has ended, and none of what it held', () => {
    const sum = sumStats([worker(10)], [worker(5)]);
    expect(countsOf(sum).total).toBe(17);
    expect(sum.caches[0]).toMatchObject({ entries: 3, octets: 300, maxOctets: 1000, hits: 15 });
    expect(sum.inFlight).toBe(2);
    expect(sum.upstream?.queries).toBe(8);
  });

  it('are the same when those who ended were added up before', () => {
    const folded = foldLost([foldLost([worker(1), worker(2)]), worker(3)]);
    expect(sumStats([worker(10)], [folded])).toEqual(
      sumStats([worker(10)], [worker(1), worker(2), worker(3)]),
    );
  });

  it('show a server that several ask once, as heard of last', () => {
    const { servers } = sumStats([worker(7), worker(9)], []);
    expect(servers?.recent).toEqual([server('192.0.2.1', 9)]);
    expect(servers?.counts.ok).toBe(2);
  });

  it('say nothing of what no worker has', () => {
    const bare = worker(1, { upstream: undefined, persistence: undefined, shared: undefined });
    const sum = sumStats([bare, bare], []);
    expect(sum.upstream).toBeUndefined();
    expect(sum.persistence).toBeUndefined();
    expect(sum.shared).toBeUndefined();
  });

  it('show the older snapshot, up to which all is kept, and none while a worker has none', () => {
    const persistence = (atMs?: number) => ({
      path: '/a',
      restored: { answers: 0, entries: 0, dropped: 0 },
      refused: undefined,
      lastSnapshot:
        atMs === undefined ? undefined : { result: 'ok' as const, atMs, tookMs: atMs, sizeOctets: 10 },
    });
    const of = (...at: (number | undefined)[]) =>
      sumStats(
        at.map((atMs) => worker(0, { persistence: persistence(atMs) })),
        [],
      ).persistence?.lastSnapshot;
    expect(of(3, 2)).toEqual({ result: 'ok', atMs: 2, tookMs: 3, sizeOctets: 20 });
    expect(of(2, 3)).toMatchObject({ atMs: 2 });
    expect(of(2, undefined)).toBeUndefined();
  });

  it('show a snapshot that failed before one that did not', () => {
    const file = (result: 'ok' | 'failed') => ({
      path: '/p',
      restored: { answers: 1, entries: 2, dropped: 3 },
      refused: undefined,
      lastSnapshot: { result, atMs: 1, tookMs: 1, sizeOctets: 1 },
    });
    const sum = sumStats(
      [worker(1, { persistence: file('ok') }), worker(1, { persistence: file('failed') })],
      [],
    );
    expect(sum.persistence).toMatchObject({
      restored: { answers: 2, entries: 4, dropped: 6 },
      lastSnapshot: { result: 'failed' },
    });
  });
});
