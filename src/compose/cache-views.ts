/**
 * The caches as an operator sees them: statistics by layer, and entries as plain data.
 */
import type { Delegation } from '../cache/delegation-cache.js';
import type { FailureEntry } from '../cache/failure-cache.js';
import type { NegativeEntry } from '../cache/negative-cache.js';
import { formatRank } from '../cache/rank.js';
import type { Origin, RRsetEntry } from '../cache/rrset-cache.js';
import type { StubCache, StubEntryInfo } from '../cache/stub-cache.js';
import { formatName, type Name } from '../dns/name.js';
import { formatType } from '../dns/registry.js';
import { type RRset, withTtl } from '../dns/rrset.js';
import type { CacheEntry, CacheStats } from '../observe/control.js';
import { formatRRset } from '../wire/rrset-text.js';
import type { EngineCaches } from './engine.js';

export function cacheStats(caches: EngineCaches, stub: StubCache, eviction: string): CacheStats[] {
  return [
    { layer: 'stub', ...stub.stats() },
    { layer: 'resolver', eviction, ...caches.rrsets.stats() },
    { layer: 'negative', eviction, ...caches.negative.stats() },
    { layer: 'failure', ...caches.failures.stats() },
    { layer: 'delegation', ...caches.delegations.stats() },
    { layer: 'infra', ...caches.infra.stats() },
  ];
}

/** Every entry, nearest layer first; with `name` only those of that owner name. */
export function* cacheEntries(
  caches: EngineCaches,
  stub: StubCache | undefined,
  nowMs: number,
  name?: Name,
): IterableIterator<CacheEntry> {
  const wanted = (owner: Name) => name === undefined || owner === name;
  for (const entry of stub?.entries() ?? []) if (wanted(entry.name)) yield stubView(entry, nowMs);
  for (const entry of caches.rrsets.entries()) if (wanted(entry.rrset.name)) yield rrsetView(entry, nowMs);
  for (const entry of caches.negative.entries()) if (wanted(entry.name)) yield negativeView(entry, nowMs);
  for (const entry of caches.failures.entries()) if (wanted(entry.name)) yield failureView(entry, nowMs);
  for (const entry of caches.delegations.entries())
    if (wanted(entry.zone)) yield delegationView(entry, nowMs);
}

function secondsTo(untilMs: number, nowMs: number): number {
  return Math.ceil((untilMs - nowMs) / 1000);
}

function lines(rrset: RRset, ttlSec: number): string[] {
  return formatRRset(withTtl(rrset, Math.max(0, ttlSec)));
}

function originDetails(origin: Origin): Record<string, string> {
  return {
    server: origin.server,
    ...(origin.serverName ? { serverName: formatName(origin.serverName) } : {}),
    transport: origin.transport,
    zone: formatName(origin.zone),
    ...(origin.question
      ? { question: `${formatName(origin.question.name)} ${formatType(origin.question.type)}` }
      : {}),
  };
}

function lease(leaseUntilMs: number, nowMs: number): Record<string, number> {
  return Number.isFinite(leaseUntilMs) ? { leaseSec: secondsTo(leaseUntilMs, nowMs) } : {};
}

function stubView(entry: StubEntryInfo, nowMs: number): CacheEntry {
  return {
    layer: 'stub',
    name: formatName(entry.name),
    type: formatType(entry.type),
    holds: 'answer',
    ttlSec: secondsTo(entry.keepUntilMs, nowMs),
    records: [],
    details: { sizeOctets: entry.sizeOctets, do: entry.do, cd: entry.cd },
  };
}

function rrsetView(entry: RRsetEntry, nowMs: number): CacheEntry {
  const ttlSec = secondsTo(entry.expiresAtMs, nowMs);
  return {
    layer: 'resolver',
    name: formatName(entry.rrset.name),
    type: formatType(entry.rrset.type),
    holds: 'rrset',
    ttlSec,
    records: lines(entry.rrset, ttlSec),
    details: {
      rank: formatRank(entry.rank),
      security: entry.security,
      hits: entry.hits,
      ...lease(entry.leaseUntilMs, nowMs),
      ...originDetails(withQuestion(entry)),
    },
  };
}

/** What a server was asked for by name and type does not say so again. */
function withQuestion({ origin, name, type, class: rrclass }: RRsetEntry): Origin {
  if (origin.question || origin.transport === 'none') return origin;
  return { ...origin, question: { name, type, class: rrclass } };
}

function negativeView(entry: NegativeEntry, nowMs: number): CacheEntry {
  const ttlSec = secondsTo(entry.expiresAtMs, nowMs);
  return {
    layer: 'negative',
    name: formatName(entry.name),
    type: entry.kind === 'nxdomain' ? undefined : formatType(entry.type),
    holds: entry.kind,
    ttlSec,
    records: entry.soa ? lines(entry.soa, ttlSec) : [],
    details: { security: entry.security, hits: entry.hits, ...originDetails(entry.origin) },
  };
}

function failureView(entry: FailureEntry, nowMs: number): CacheEntry {
  return {
    layer: 'failure',
    name: formatName(entry.name),
    type: formatType(entry.type),
    holds: 'failure',
    ttlSec: secondsTo(entry.expiresAtMs, nowMs),
    records: entry.failure.ede.map((e) => e.text),
    details: { reason: entry.failure.reason, inARow: entry.count },
  };
}

function delegationView(delegation: Delegation, nowMs: number): CacheEntry {
  return {
    layer: 'delegation',
    name: formatName(delegation.zone),
    type: 'NS',
    holds: 'delegation',
    ttlSec: Number.isFinite(delegation.leaseUntilMs) ? secondsTo(delegation.leaseUntilMs, nowMs) : 0,
    records: delegation.servers.map((s) => `${formatName(s.name)} ${s.addresses.join(' ') || '(no glue)'}`),
    details: {
      ds: typeof delegation.ds === 'string' ? delegation.ds : 'present',
      security: delegation.security,
    },
  };
}
