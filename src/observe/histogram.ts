/**
 * A latency histogram of fixed size: log-linear buckets, as HDR histograms have them.
 *
 * Every power of two of microseconds is cut into 8 equal buckets, so a quantile is off by at most 1/8 of
 * its value, recording is two shifts and an addition, and no query makes it grow. Histograms of workers add
 * up bucket by bucket, which averages and quantiles would not.
 * Limitations: over 2^27 us (134 s) everything falls into the last bucket.
 */

const SUB_BITS = 3;
const SUB_BUCKETS = 1 << SUB_BITS;
const MAX_POWER = 27;
const MAX_MS = 2_000_000;
const BUCKETS = (MAX_POWER - SUB_BITS + 1) * SUB_BUCKETS;

/** Plain data: what a thread sends to be added up. Pairs of bucket index and count, only those over 0. */
export interface HistogramState {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  readonly buckets: readonly (readonly [index: number, count: number])[];
}

/** What people and dashboards read, in milliseconds. */
export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

function bucketOf(micros: number): number {
  if (micros < SUB_BUCKETS) return micros;
  const power = 31 - Math.clz32(micros);
  const sub = (micros >>> (power - SUB_BITS)) & (SUB_BUCKETS - 1);
  return Math.min(BUCKETS - 1, (power - SUB_BITS + 1) * SUB_BUCKETS + sub);
}

/** The first value, in microseconds, that lies above the bucket. */
function upperEdge(index: number): number {
  if (index < SUB_BUCKETS) return index + 1;
  const shift = Math.floor(index / SUB_BUCKETS) - 1;
  return (SUB_BUCKETS + (index % SUB_BUCKETS) + 1) * 2 ** shift;
}

export class Histogram {
  private readonly buckets = new Float64Array(BUCKETS);
  private count = 0;
  private sumMs = 0;
  private maxMs = 0;

  /** Counts a duration, `times` over; what is no duration, or less than nothing, counts as 0. */
  record(ms: number, times = 1): void {
    const valueMs = Math.min(MAX_MS, Math.max(0, ms || 0));
    const micros = Math.round(valueMs * 1000);
    this.buckets[bucketOf(micros)]! += times;
    this.count += times;
    this.sumMs += valueMs * times;
    if (valueMs > this.maxMs) this.maxMs = valueMs;
  }

  /** Adds what another histogram counted. */
  add(state: HistogramState): void {
    for (const [index, count] of state.buckets) this.buckets[Math.min(index, BUCKETS - 1)]! += count;
    this.count += state.count;
    this.sumMs += state.sumMs;
    this.maxMs = Math.max(this.maxMs, state.maxMs);
  }

  state(): HistogramState {
    const buckets: [number, number][] = [];
    for (let i = 0; i < BUCKETS; i++) if (this.buckets[i]! > 0) buckets.push([i, this.buckets[i]!]);
    return { count: this.count, sumMs: this.sumMs, maxMs: this.maxMs, buckets };
  }

  /** The duration that `share` (0 to 1) of the counted ones do not exceed, rounded up to its bucket's edge. */
  quantileMs(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.buckets[i]!;
      if (seen >= wanted) return Math.min(this.maxMs, upperEdge(i) / 1000);
    }
    return 0;
  }

  /**
   * How many durations were at most `limitMs`. Buckets are counted whole: one that reaches over the limit
   * is left out.
   */
  countUpToMs(limitMs: number): number {
    let seen = 0;
    for (let i = 0; i < BUCKETS && upperEdge(i) <= limitMs * 1000 + 1; i++) seen += this.buckets[i]!;
    return seen;
  }

  summary(): LatencySummary {
    return {
      count: this.count,
      meanMs: this.count === 0 ? 0 : this.sumMs / this.count,
      p50Ms: this.quantileMs(0.5),
      p90Ms: this.quantileMs(0.9),
      p99Ms: this.quantileMs(0.99),
      maxMs: this.maxMs,
    };
  }
}
