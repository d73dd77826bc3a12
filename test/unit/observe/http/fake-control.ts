/** A server control without a server, which remembers what it was told. */
import type { Flush } from '../../../../src/cache/flush.js';
import { formatName } from '../../../../src/dns/name.js';
import type { CacheEntry, ServerControl, StatsSnapshot } from '../../../../src/observe/control.js';
import { Counters } from '../../../../src/observe/counters.js';
import { sampleEvents } from '../trace-sample.js';

export const sampleEntry: CacheEntry = {
  layer: 'resolver',
  name: 'www.shop.test.',
  type: 'A',
  holds: 'rrset',
  ttlSec: 42,
  records: ['www.shop.test. 42 IN A 192.0.2.80'],
  details: { rank: 'answer' },
};

function snapshot(): StatsSnapshot {
  const counters = new Counters();
  const common = {
    missReason: undefined,
    qtype: 1,
    rcode: 0,
    transport: 'udp',
    client: '192.0.2.1',
    qname: undefined,
  } as const;
  for (const tookMs of [0.05, 0.06, 30]) counters.record({ ...common, lookupClass: 'stub', tookMs });
  counters.record({ ...common, lookupClass: 'walked', missReason: 'never-seen', tookMs: 300 });
  counters.dropped('malformed');
  const misses = { 'never-seen': 5, expired: 1, evicted: 0, flushed: 0, bypassed: 0 };
  return {
    version: '9.9.9',
    startedAtMs: Date.UTC(2026, 0, 6),
    uptimeSec: 90,
    workers: 2,
    counters: counters.state(),
    caches: [
      {
        layer: 'resolver',
        entries: 7,
        octets: 1000,
        maxOctets: 2000,
        hits: 3,
        stale: 0,
        misses,
        inserts: 9,
        evictions: 2,
        expirations: 0,
        purged: 0,
        refused: 0,
      },
    ],
    upstream: { queries: 12, timeouts: 1, tcp: 2 },
    inFlight: 0,
  };
}

export class FakeControl implements ServerControl {
  readonly flushed: string[] = [];
  readonly traced: string[] = [];
  /** What `record` gives. */
  recording = '{}\n';
  status: 'ok' | 'draining' = 'ok';
  fail = false;
  /** Walks wait for this. */
  gate: Promise<void> = Promise.resolve();

  async health() {
    return { status: this.status, workers: 2 };
  }

  /** What `stats` gives. */
  snapshot = snapshot();

  async stats() {
    if (this.fail) throw new Error('secret detail');
    return this.snapshot;
  }

  async showCache(name: string, type = 1): Promise<readonly CacheEntry[]> {
    return formatName(name) === sampleEntry.name && type === 1 ? [sampleEntry] : [];
  }

  async flushCache({ name, subtree, type, layers, negatives }: Flush) {
    const words = [formatName(name), subtree && 'subtree', type, layers?.join('+'), negatives && 'negatives'];
    this.flushed.push(words.filter((word) => word !== undefined && word !== false).join(' '));
    return { stub: 1, resolver: 2 };
  }

  async *dumpCache() {
    for (let i = 0; i < 3; i++) yield { ...sampleEntry, ttlSec: i };
  }

  readonly loaded: string[] = [];

  async loadCache(lines: readonly string[]) {
    const bad = lines.flatMap((line, i) =>
      line === 'bad' ? [{ line: i + 1, reason: 'it is no JSON' }] : [],
    );
    this.loaded.push(...lines);
    return { loaded: lines.length - bad.length, skipped: 0, leftOut: 0, bad };
  }

  record: ServerControl['record'] = async (question) => {
    this.traced.push(`${formatName(question.name)} ${question.type} recorded`);
    return this.recording;
  };
  trace: ServerControl['trace'] = async (question, sink, options) => {
    this.traced.push(`${formatName(question.name)} ${question.type}${options?.fresh ? ' fresh' : ''}`);
    for (const event of sampleEvents) sink.emit(event);
    await this.gate;
    return { kind: 'nxdomain', aliases: [], proof: [], security: 'insecure', soa: undefined };
  };
}
