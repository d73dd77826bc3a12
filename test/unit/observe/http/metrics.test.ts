import { describe, expect, it } from 'vitest';
import type { StatsSnapshot } from '../../../../src/observe/control.js';
import { Counters } from '../../../../src/observe/counters.js';
import { metricsText } from '../../../../src/observe/http/metrics.js';

const bare: StatsSnapshot = {
  version: '1',
  startedAtMs: 0,
  uptimeSec: 1,
  workers: 1,
  counters: new Counters().state(),
  caches: [],
};

describe('metrics', () => {
  it('show the last snapshot of the caches once there is one', async () => {
    const found = { path: '/x', restored: { answers: 1, entries: 2, dropped: 0 }, refused: undefined };
    const before = await metricsText({ ...bare, persistence: { ...found, lastSnapshot: undefined } });
    expect(before).not.toContain('stratadns_snapshot');
    const lastSnapshot = { result: 'failed', atMs: 5000, tookMs: 1, sizeOctets: 0, error: 'ENOSPC' } as const;
    const after = await metricsText({ ...bare, persistence: { ...found, lastSnapshot } });
    expect(after).toMatch(/^stratadns_snapshot_success 0$/m);
    expect(after).toMatch(/^stratadns_snapshot_time_seconds 5$/m);
  });

  it('show the shared cache where there is one', async () => {
    expect(await metricsText(bare)).not.toContain('stratadns_shared');
    const shared = {
      state: 'open',
      hits: 1,
      misses: 2,
      timeouts: 3,
      errors: 4,
      skipped: 5,
      writes: 6,
      writesDropped: 7,
      refused: { mac: 8, unsound: 0, old: 0, flushed: 0 },
    } as const;
    const text = await metricsText({ ...bare, shared });
    expect(text).toMatch(/^stratadns_shared_lookups_total\{result="hit"\} 1$/m);
    expect(text).toMatch(/^stratadns_shared_lookups_total\{result="skipped"\} 5$/m);
    expect(text).toMatch(/^stratadns_shared_refused_total\{reason="mac"\} 8$/m);
    expect(text).toMatch(/^stratadns_shared_writes_total\{result="dropped"\} 7$/m);
    expect(text).toMatch(/^stratadns_shared_breaker_open 1$/m);
  });
});
