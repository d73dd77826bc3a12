import { describe, expect, it } from 'vitest';
import type { QueryRecord } from '../../../src/runtime/recorder.js';
import { LaneCounts } from '../../../src/server/lane-counts.js';

/** Serves `queries`, each in a time of its own; gives which were measured, and for how many each stood. */
function serve(counts: LaneCounts, queries: number): [query: number, standsFor: number][] {
  const measured: [number, number][] = [];
  for (let query = 1; query <= queries; query++) {
    if (counts.wantsTime()) measured.push([query, counts.sampled(query / 1000)]);
    counts.add(1, 0);
  }
  return measured;
}

describe('LaneCounts', () => {
  it('measures each of the first 64 queries, and then one in 256 that stands for all of them', () => {
    const measured = serve(new LaneCounts(), 64 + 3 * 256);
    expect(measured.slice(0, 64)).toEqual(Array.from({ length: 64 }, (_, i) => [i + 1, 1]));
    expect(measured.slice(64)).toEqual([320, 576, 832].map((query) => [query, 256]));
  });

  it('hands on how many there were and the time of the last one measured, once', () => {
    const records: [QueryRecord, number][] = [];
    const recorder = {
      record: () => {},
      dropped: () => {},
      recordMany: (record: QueryRecord, count: number) => records.push([record, count]),
    };
    const counts = new LaneCounts();
    serve(counts, 3);
    counts.add(28, 3);
    counts.flush(recorder);
    counts.flush(recorder);
    expect(records.map(([{ qtype, rcode, tookMs }, count]) => [qtype, rcode, tookMs, count])).toEqual([
      [1, 0, 0.003, 3],
      [28, 3, 0.003, 1],
    ]);
  });
});
