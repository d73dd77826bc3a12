/**
 * Counts of client queries: what the statistics page, `/stats` and `/metrics` show.
 *
 * Each worker has one `Counters`, filled by the server at the end of every query. Its state is plain data
 * that adds up over workers. Every query counts into exactly one lookup class, one type, one RCODE and one
 * transport, so each of these sums to the total.
 * Limitations: counts live as long as the process; QTYPEs beyond the first 128 seen share one count, since
 * clients choose them.
 */
import { formatRcode, formatType } from '../dns/registry.js';
import { lookupClasses } from '../resolver/contract.js';
import type { QueryRecord, QueryRecorder } from '../runtime/recorder.js';
import { Histogram, type HistogramState, type LatencySummary } from './histogram.js';
import { TopNames, type TopNamesState, type TopNamesView } from './top-names.js';

const MAX_KEYS = 128;
const OTHER = 'other';

/** Plain data of one thread's counters. */
export interface CountersState {
  readonly total: number;
  readonly classes: readonly (readonly [lookupClass: string, latency: HistogramState])[];
  readonly missReasons: readonly (readonly [string, number])[];
  readonly rcodes: readonly (readonly [string, number])[];
  readonly types: readonly (readonly [string, number])[];
  readonly transports: readonly (readonly [string, number])[];
  readonly dropped: readonly (readonly [string, number])[];
  readonly limits: readonly (readonly [string, number])[];
  readonly views: readonly (readonly [string, number])[];
  readonly names: TopNamesState;
}

/** Queries of all workers together, as `/stats` shows them. */
export interface QueryStats {
  readonly total: number;
  /** Every lookup class, those without queries too; sums to `total`. */
  readonly byClass: Readonly<Record<string, number>>;
  /** Why no cache answered the queries that were walked or joined. */
  readonly missReasons: Readonly<Record<string, number>>;
  /** `none` counts queries that got no response. */
  readonly rcodes: Readonly<Record<string, number>>;
  readonly types: Readonly<Record<string, number>>;
  readonly transports: Readonly<Record<string, number>>;
  /** Packets that were no query we could take up; not part of `total`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Queries that reached a limit: an item of the budget, or one of the server's own. */
  readonly limits: Readonly<Record<string, number>>;
  /** Queries of clients in a view of the operator's, by its name. */
  readonly views: Readonly<Record<string, number>>;
  readonly latency: Readonly<Record<string, LatencySummary>>;
}

interface Count {
  readonly key: string;
  amount: number;
}

/** Counts by keys that outsiders may choose: after a fixed number of keys the rest share one. */
class KeyedCounts {
  private readonly counts = new Map<string, Count>();
  /** Of the key counted last, which is mostly the next one as well. */
  private last: Count | undefined;

  add(key: string, amount = 1): void {
    if (this.last?.key !== key) this.last = this.countOf(key);
    this.last.amount += amount;
  }

  private countOf(key: string): Count {
    const known = this.counts.get(key);
    if (known !== undefined) return known;
    if (this.counts.size >= MAX_KEYS && key !== OTHER) return this.counts.get(OTHER) ?? this.start(OTHER);
    return this.start(key);
  }

  private start(key: string): Count {
    const count = { key, amount: 0 };
    this.counts.set(key, count);
    return count;
  }

  addAll(pairs: readonly (readonly [string, number])[]): void {
    for (const [key, amount] of pairs) this.add(key, amount);
  }

  pairs(): [string, number][] {
    return [...this.counts.values()].map(({ key, amount }) => [key, amount]);
  }
}

export class Counters implements QueryRecorder {
  private total = 0;
  private readonly classes = new Map<string, Histogram>(lookupClasses.map((name) => [name, new Histogram()]));
  private readonly missReasons = new KeyedCounts();
  private readonly rcodes = new KeyedCounts();
  private readonly types = new KeyedCounts();
  private readonly transports = new KeyedCounts();
  private readonly drops = new KeyedCounts();
  private readonly limits = new KeyedCounts();
  private readonly views = new KeyedCounts();
  private readonly names = new TopNames();

  record(query: QueryRecord): void {
    this.recordMany(query, 1);
  }

  recordMany(query: QueryRecord, count: number): void {
    this.total += count;
    this.classOf(query.lookupClass).record(query.tookMs, count);
    if (query.missReason !== undefined) this.missReasons.add(query.missReason, count);
    this.rcodes.add(query.rcode === undefined ? 'none' : formatRcode(query.rcode), count);
    this.types.add(formatType(query.qtype), count);
    this.transports.add(query.transport, count);
    if (query.limit !== undefined) this.limits.add(query.limit, count);
    if (query.view !== undefined) this.views.add(query.view, count);
    this.names.record(query);
  }

  dropped(kind: string): void {
    this.drops.add(kind);
  }

  viewed(view: string, count: number): void {
    this.views.add(view, count);
  }

  sampled(qname: string, qtype: number, times: number): void {
    this.names.sample(qname, qtype, times);
  }

  private classOf(name: string): Histogram {
    const known = this.classes.get(name);
    if (known) return known;
    const key = this.classes.size < MAX_KEYS ? name : OTHER;
    const made = this.classes.get(key) ?? new Histogram();
    this.classes.set(key, made);
    return made;
  }

  /** A copy, fit for a message to another thread. */
  state(): CountersState {
    return {
      total: this.total,
      classes: [...this.classes].map(([name, histogram]) => [name, histogram.state()] as const),
      missReasons: this.missReasons.pairs(),
      rcodes: this.rcodes.pairs(),
      types: this.types.pairs(),
      transports: this.transports.pairs(),
      dropped: this.drops.pairs(),
      limits: this.limits.pairs(),
      views: this.views.pairs(),
      names: this.names.state(),
    };
  }

  /** Adds the counts of another thread. */
  add(state: CountersState): void {
    this.total += state.total;
    for (const [name, latency] of state.classes) this.classOf(name).add(latency);
    this.missReasons.addAll(state.missReasons);
    this.rcodes.addAll(state.rcodes);
    this.types.addAll(state.types);
    this.transports.addAll(state.transports);
    this.drops.addAll(state.dropped);
    this.limits.addAll(state.limits);
    this.views.addAll(state.views);
    this.names.add(state.names);
  }

  topNames(limit: number): TopNamesView {
    return this.names.view(limit);
  }

  stats(): QueryStats {
    const classes = [...this.classes].map(([name, histogram]) => [name, histogram.summary()] as const);
    return {
      total: this.total,
      byClass: Object.fromEntries(classes.map(([name, { count }]) => [name, count])),
      missReasons: Object.fromEntries(this.missReasons.pairs()),
      rcodes: Object.fromEntries(this.rcodes.pairs()),
      types: Object.fromEntries(this.types.pairs()),
      transports: Object.fromEntries(this.transports.pairs()),
      dropped: Object.fromEntries(this.drops.pairs()),
      limits: Object.fromEntries(this.limits.pairs()),
      views: Object.fromEntries(this.views.pairs()),
      latency: Object.fromEntries(classes.filter(([, { count }]) => count > 0)),
    };
  }
}

/** Adds up the counters of several threads. */
export function sumCounters(states: readonly CountersState[]): Counters {
  const sum = new Counters();
  for (const state of states) sum.add(state);
  return sum;
}
