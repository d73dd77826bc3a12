/**
 * A snapshot as Prometheus text.
 *
 * A registry is made for each scrape and filled from the snapshot: the counts live in the workers, not here.
 * Names follow the Prometheus conventions: base units, `_total` for what only grows.
 * Limitations: latency buckets are powers of two of microseconds, where the histogram has exact edges.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import { type CacheStats, type StatsSnapshot, serverConditions } from '../control.js';
import { type CountersState, sumCounters } from '../counters.js';
import { Histogram, type HistogramState } from '../histogram.js';

/** Upper edges in seconds: 64 us to 8.4 s, each four times the one before, then twice. */
const EDGES_SEC = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 8_388_608].map(
  (us) => us / 1e6,
);

type Labelled = Readonly<Record<string, number>>;

/** `text/plain; version=0.0.4`. */
export const metricsContentType = Registry.PROMETHEUS_CONTENT_TYPE;

export async function metricsText(snapshot: StatsSnapshot): Promise<string> {
  const registry = new Registry();
  const stats = sumCounters([snapshot.counters]).stats();
  const counter = (name: string, help: string, label: string, values: Labelled) => {
    const metric = new Counter({ name, help, labelNames: [label], registers: [registry] });
    for (const [value, count] of Object.entries(values)) metric.inc({ [label]: value }, count);
  };
  counter('stratadns_queries_total', 'Client queries by where the answer came from.', 'class', stats.byClass);
  counter(
    'stratadns_query_misses_total',
    'Queries that no cache answered, by reason.',
    'reason',
    stats.missReasons,
  );
  counter('stratadns_responses_total', 'Responses to clients by RCODE.', 'rcode', stats.rcodes);
  counter('stratadns_queries_by_type_total', 'Client queries by record type.', 'type', stats.types);
  counter(
    'stratadns_queries_by_transport_total',
    'Client queries by transport.',
    'transport',
    stats.transports,
  );
  counter('stratadns_packets_dropped_total', 'Packets that were no query to take up.', 'kind', stats.dropped);
  counter('stratadns_limit_hits_total', 'Queries that reached a limit.', 'limit', stats.limits);
  counter('stratadns_view_queries_total', 'Queries of clients in a view.', 'view', stats.views);
  addCaches(registry, snapshot.caches);
  addUpstream(registry, snapshot);
  addServer(registry, snapshot);
  addPersistence(registry, snapshot.persistence);
  addShared(registry, snapshot.shared);
  return `${await registry.metrics()}${durationText(snapshot.counters.classes)}`;
}

function addCaches(registry: Registry, caches: readonly CacheStats[]): void {
  const labelNames = ['layer'];
  const registers = [registry];
  const entries = new Gauge({
    name: 'stratadns_cache_entries',
    help: 'Entries held.',
    labelNames,
    registers,
  });
  const octets = new Gauge({ name: 'stratadns_cache_bytes', help: 'Memory used.', labelNames, registers });
  const max = new Gauge({
    name: 'stratadns_cache_limit_bytes',
    help: 'Memory allowed.',
    labelNames,
    registers,
  });
  const lookups = new Counter({
    name: 'stratadns_cache_lookups_total',
    help: 'Lookups by result: hit, stale, or why it missed.',
    labelNames: ['layer', 'result'],
    registers,
  });
  const changes = new Counter({
    name: 'stratadns_cache_changes_total',
    help: 'Entries stored, refused and removed, by cause.',
    labelNames: ['layer', 'change'],
    registers,
  });
  for (const cache of caches) {
    const { layer } = cache;
    entries.set({ layer }, cache.entries);
    octets.set({ layer }, cache.octets);
    max.set({ layer }, cache.maxOctets);
    const results = { hit: cache.hits, stale: cache.stale, ...cache.misses };
    for (const [result, count] of Object.entries(results)) lookups.inc({ layer, result }, count);
    const { inserts, evictions, expirations, purged, refused } = cache;
    for (const [change, count] of Object.entries({ inserts, evictions, expirations, purged, refused })) {
      changes.inc({ layer, change }, count);
    }
  }
}

function addServer(registry: Registry, snapshot: StatsSnapshot): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: number) =>
    new Gauge({ name, help, registers }).set(value);
  new Gauge({ name: 'stratadns_info', help: 'Always 1.', labelNames: ['version'], registers }).set(
    { version: snapshot.version },
    1,
  );
  gauge('stratadns_workers', 'Threads that answer.', snapshot.workers);
  if (snapshot.inFlight !== undefined)
    gauge('stratadns_queries_in_flight', 'Client queries under way.', snapshot.inFlight);
  gauge(
    'process_start_time_seconds',
    'When the process started, in seconds since 1970.',
    snapshot.startedAtMs / 1000,
  );
  gauge('process_resident_memory_bytes', 'Resident memory.', process.memoryUsage.rss());
}

function addUpstream(registry: Registry, { upstream, servers, prefetch }: StatsSnapshot): void {
  const registers = [registry];
  const counter = (name: string, help: string, value: number) =>
    new Counter({ name, help, registers }).inc(value);
  if (upstream) {
    counter('stratadns_upstream_queries_total', 'Queries sent to servers.', upstream.queries);
    counter(
      'stratadns_upstream_timeouts_total',
      'Queries to servers that got no response in time.',
      upstream.timeouts,
    );
    counter('stratadns_upstream_tcp_queries_total', 'Queries sent to servers over TCP.', upstream.tcp);
    const help = 'Responses with the right ID to another question.';
    counter('stratadns_upstream_mismatched_responses_total', help, upstream.mismatched ?? 0);
    const faults = new Counter({
      name: 'stratadns_upstream_faults_total',
      help: 'Queries to servers that ended without a response, by reason; near-miss is a wrong ID, no-cookie a missing DNS cookie.',
      labelNames: ['fault'],
      registers,
    });
    for (const [fault, count] of Object.entries(upstream.faults ?? {})) faults.inc({ fault }, count);
  }
  if (servers) {
    const known = new Gauge({
      name: 'stratadns_upstream_servers',
      help: 'Servers known, by condition.',
      labelNames: ['state'],
      registers,
    });
    for (const state of serverConditions) known.set({ state }, servers.counts[state]);
  }
  if (prefetch) {
    counter('stratadns_prefetches_total', 'Refreshes of popular answers that were begun.', prefetch.started);
    counter('stratadns_prefetch_failures_total', 'Refreshes that got no answer.', prefetch.failed);
  }
}

function addPersistence(registry: Registry, persistence: StatsSnapshot['persistence']): void {
  const last = persistence?.lastSnapshot;
  if (!last) return;
  const registers = [registry];
  const gauge = (name: string, help: string, value: number) =>
    new Gauge({ name, help, registers }).set(value);
  gauge(
    'stratadns_snapshot_success',
    '1 when the last snapshot of the caches was written, else 0.',
    last.result === 'ok' ? 1 : 0,
  );
  gauge('stratadns_snapshot_time_seconds', 'When that was tried, in seconds since 1970.', last.atMs / 1000);
  gauge('stratadns_snapshot_size_bytes', 'Its size.', last.sizeOctets);
}

function addShared(registry: Registry, shared: StatsSnapshot['shared']): void {
  if (!shared) return;
  const registers = [registry];
  const counter = (name: string, help: string, label: string, values: Labelled) => {
    const metric = new Counter({ name, help, labelNames: [label], registers });
    for (const [value, count] of Object.entries(values)) metric.inc({ [label]: value }, count);
  };
  const { hits: hit, misses: miss, timeouts: timeout, errors: error, skipped } = shared;
  const lookups = { hit, miss, timeout, error, skipped };
  counter(
    'stratadns_shared_lookups_total',
    'Lookups in the store shared with other resolvers.',
    'result',
    lookups,
  );
  counter('stratadns_shared_refused_total', 'Values of it that were not believed.', 'reason', shared.refused);
  const writes = { kept: shared.writes, dropped: shared.writesDropped };
  counter('stratadns_shared_writes_total', 'Values written to it.', 'result', writes);
  const help = '1 while it does not answer and is not asked.';
  new Gauge({ name: 'stratadns_shared_breaker_open', help, registers }).set(shared.state === 'open' ? 1 : 0);
}

const DURATION = 'stratadns_query_duration_seconds';

/**
 * The latency histograms in the text format. prom-client's histogram can only observe value by value, and
 * these were counted elsewhere.
 */
function durationText(classes: CountersState['classes']): string {
  const used = classes.filter(([, state]) => state.count > 0);
  const lines = used.flatMap(([lookupClass, state]) =>
    durationLines(lookupClass.replace(/[^a-z-]/g, '_'), state),
  );
  const help = `# HELP ${DURATION} Time from a query to its response, by where the answer came from.`;
  return [help, `# TYPE ${DURATION} histogram`, ...lines, ''].join('\n');
}

function durationLines(lookupClass: string, state: HistogramState): string[] {
  const histogram = new Histogram();
  histogram.add(state);
  const label = `class="${lookupClass}"`;
  const bucket = (edge: string, count: number) => `${DURATION}_bucket{${label},le="${edge}"} ${count}`;
  return [
    ...EDGES_SEC.map((edge) => bucket(String(edge), histogram.countUpToMs(edge * 1000))),
    bucket('+Inf', state.count),
    `${DURATION}_sum{${label}} ${state.sumMs / 1000}`,
    `${DURATION}_count{${label}} ${state.count}`,
  ];
}
