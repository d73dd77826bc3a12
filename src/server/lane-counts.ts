/**
 * Counts of what the fast lane answered, in cells of fixed memory, until they are handed to the recorder.
 *
 * A hit costs one addition. All counts of one batch carry the same time: that of the query measured last, since
 * asking the clock for each would cost a twentieth of the answer.
 * Limitations: latencies of the lane are samples of one in 256, behind the first 64 queries, which are all measured; the sums
 * by class, type, RCODE and transport are exact.
 */
import type { QueryRecord, QueryRecorder } from '../runtime/recorder.js';

/** QTYPEs that the lane serves: one cell each for every RCODE. */
export const LANE_TYPES = 512;
const TYPE_BITS = 9;
const RCODES = 16;
/** A power of two. */
export const SAMPLE_EVERY = 256;
/** Queries that are all measured, so that who asks a few times sees them. */
const MEASURED_FIRST = 64;

export class LaneCounts {
  private readonly cells = new Int32Array(LANE_TYPES * RCODES);
  private pending = 0;
  private seen = 0;
  private tookMs = 0;
  private toMeasure = MEASURED_FIRST;

  /** Whether the time of this query is to be measured. */
  wantsTime(): boolean {
    if (this.toMeasure > 0) return true;
    this.seen = (this.seen + 1) & (SAMPLE_EVERY - 1);
    return this.seen === 0;
  }

  /** @returns for how many queries the measured one stands */
  sampled(tookMs: number): number {
    this.tookMs = tookMs;
    if (this.toMeasure === 0) return SAMPLE_EVERY;
    this.toMeasure--;
    return 1;
  }

  add(qtype: number, rcode: number): void {
    this.cells[(rcode << TYPE_BITS) | qtype]!++;
    this.pending++;
  }

  /** Hands all that was counted to the recorder, once. */
  flush(recorder: QueryRecorder): void {
    if (this.pending === 0) return;
    this.pending = 0;
    for (let cell = 0; cell < this.cells.length; cell++) {
      const count = this.cells[cell]!;
      if (count === 0) continue;
      this.cells[cell] = 0;
      recordTimes(recorder, this.recordOf(cell & (LANE_TYPES - 1), cell >> TYPE_BITS), count);
    }
  }

  private recordOf(qtype: number, rcode: number): QueryRecord {
    const { tookMs } = this;
    const common = { lookupClass: 'stub', missReason: undefined, transport: 'udp', client: '' } as const;
    return { ...common, qtype, rcode, tookMs, qname: undefined };
  }
}

function recordTimes(recorder: QueryRecorder, record: QueryRecord, count: number): void {
  if (recorder.recordMany) recorder.recordMany(record, count);
  else for (let i = 0; i < count; i++) recorder.record(record);
}
