/**
 * What happened in each second: the frames behind the live page and `stats --watch`.
 *
 * Takes a snapshot a second and keeps the differences, a few minutes of them, so that a page that is opened shows
 * at once what was before. Counts themselves are only read. Latencies are of the queries of that second alone.
 * Limitations: frames are as far apart as the timer fires; `sec` says how long each one really is. Counts that go
 * down (a thread was replaced) show as 0.
 */
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { CacheStats, ServerControl, StatsSnapshot } from './control.js';
import type { CountersState } from './counters.js';
import { Histogram, type HistogramState } from './histogram.js';

type Counts = Readonly<Record<string, number>>;

/** One cache in a frame: what it holds now, and what happened in the frame's time. */
export interface CacheFrame {
  readonly layer: string;
  readonly entries: number;
  readonly octets: number;
  readonly maxOctets: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

/** Plain data, small enough for one line a second. Counts that are 0 are left out of `classes`, `misses`, `rcodes`. */
export interface LiveFrame {
  /** Grows by one each frame. */
  readonly id: number;
  /** When it ended, in ms since 1970. */
  readonly atMs: number;
  /** How many seconds it covers. */
  readonly sec: number;
  readonly queries: number;
  /** By lookup class; sums to `queries`. */
  readonly classes: Counts;
  readonly misses: Counts;
  readonly rcodes: Counts;
  /** Undefined when no query ended in this second. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** The histogram behind them (histogram.ts), so that a reader can take quantiles over several frames. */
  readonly latency: HistogramState['buckets'];
  readonly upstream: number;
  readonly timeouts: number;
  readonly prefetches: number;
  readonly inFlight: number;
  readonly uptimeSec: number;
  /** Since the start. */
  readonly total: number;
  readonly caches: readonly CacheFrame[];
}

export type FrameListener = (frame: LiveFrame) => void;

const EVERY_MS = 1000;
/** Five minutes. */
const KEPT = 300;

export class LiveFrames {
  private readonly frames: LiveFrame[] = [];
  private readonly listeners = new Set<FrameListener>();
  private before: { readonly snapshot: StatsSnapshot; readonly atMs: number } | undefined;
  private cancel: CancelTimer = () => {};
  private stopped = true;
  private nextId = 1;

  constructor(
    private readonly control: Pick<ServerControl, 'stats'>,
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void = () => {},
  ) {}

  start(): void {
    this.stopped = false;
    void this.tick();
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
    this.listeners.clear();
  }

  /** Frames kept, oldest first; with `afterId` only later ones. */
  history(afterId = 0): readonly LiveFrame[] {
    return this.frames.filter(({ id }) => id > afterId);
  }

  /** @returns how to end it */
  subscribe(listener: FrameListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async tick(): Promise<void> {
    try {
      this.take(await this.control.stats());
    } catch (error) {
      this.onError(error);
    }
    if (!this.stopped) this.cancel = this.clock.after(EVERY_MS, () => void this.tick());
  }

  private take(snapshot: StatsSnapshot): void {
    const atMs = this.clock.monotonicMs();
    const { before } = this;
    this.before = { snapshot, atMs };
    if (!before || this.stopped) return;
    const frame = frameBetween(before.snapshot, snapshot, {
      id: this.nextId++,
      atMs: this.clock.wallMs(),
      sec: Math.round(atMs - before.atMs) / 1000,
    });
    this.frames.push(frame);
    if (this.frames.length > KEPT) this.frames.shift();
    for (const listener of this.listeners) listener(frame);
  }
}

/** The frame from one snapshot to a later one. */
export function frameBetween(
  before: StatsSnapshot,
  now: StatsSnapshot,
  place: Pick<LiveFrame, 'id' | 'atMs' | 'sec'>,
): LiveFrame {
  const classes = growth(classCounts(before.counters), classCounts(now.counters));
  const latency = latencyBetween(before.counters, now.counters);
  const measured = latency.state().count > 0;
  return {
    ...place,
    queries: Object.values(classes).reduce((sum, count) => sum + count, 0),
    classes,
    misses: growth(before.counters.missReasons, now.counters.missReasons),
    rcodes: growth(before.counters.rcodes, now.counters.rcodes),
    p50Ms: measured ? rounded(latency.quantileMs(0.5)) : undefined,
    p99Ms: measured ? rounded(latency.quantileMs(0.99)) : undefined,
    latency: latency.state().buckets,
    upstream: grown(before.upstream?.queries, now.upstream?.queries),
    timeouts: grown(before.upstream?.timeouts, now.upstream?.timeouts),
    prefetches: grown(before.prefetch?.started, now.prefetch?.started),
    inFlight: now.inFlight ?? 0,
    uptimeSec: now.uptimeSec,
    total: now.counters.total,
    caches: now.caches.map((cache) =>
      cacheFrame(
        before.caches.find(({ layer }) => layer === cache.layer),
        cache,
      ),
    ),
  };
}

const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
const grown = (before = 0, now = 0) => Math.max(0, now - before);

type Pairs = readonly (readonly [string, number])[];

const classCounts = ({ classes }: CountersState): Pairs => classes.map(([name, { count }]) => [name, count]);

function growth(before: Pairs, now: Pairs): Counts {
  const old = new Map(before);
  return Object.fromEntries(
    now.map(([key, count]) => [key, grown(old.get(key), count)] as const).filter(([, count]) => count > 0),
  );
}

function latencyBetween(before: CountersState, now: CountersState): Histogram {
  const old = new Map(before.classes);
  const sum = new Histogram();
  for (const [name, state] of now.classes) sum.add(difference(old.get(name), state));
  return sum;
}

function difference(before: HistogramState | undefined, now: HistogramState): HistogramState {
  const old = new Map(before?.buckets);
  const buckets = now.buckets.map(([index, count]) => [index, grown(old.get(index), count)] as const);
  return {
    count: buckets.reduce((sum, [, count]) => sum + count, 0),
    sumMs: grown(before?.sumMs, now.sumMs),
    maxMs: now.maxMs,
    buckets,
  };
}

function missed(cache: CacheStats | undefined): number {
  return cache ? Object.values(cache.misses).reduce((sum, count) => sum + count, 0) : 0;
}

function cacheFrame(before: CacheStats | undefined, now: CacheStats): CacheFrame {
  return {
    layer: now.layer,
    entries: now.entries,
    octets: now.octets,
    maxOctets: now.maxOctets,
    hits: grown(before?.hits, now.hits),
    misses: grown(missed(before), missed(now)),
    evictions: grown(before?.evictions, now.evictions),
  };
}
