/**
 * The caches as an operator sees them: statistics by layer, and entries as plain data.
 *
 * Entries hold all that a dump needs to be loaded again (load-entries.ts): records as received but for their TTL,
 * proofs, times as dates, trust, origin.
 */
import type { CacheRules } from '../../cache/cache-rules.js';
import type { Delegation } from '../../cache/delegation-cache.js';
import type { FailureEntry } from '../../cache/failure-cache.js';
import type { NegativeEntry } from '../../cache/negative-cache.js';
import type { PackedEntry } from '../../cache/packed-entry.js';
import { formatRank } from '../../cache/rank.js';
import type { Origin, RRsetEntry } from '../../cache/rrset-cache.js';
import type { StubCache, StubEntryInfo } from '../../cache/stub-cache.js';
import { formatName, type Name } from '../../dns/name.js';
import { formatClass, formatRcode, formatType, RRClass, RRType } from '../../dns/registry.js';
import { type RRset, type Security, withTtl } from '../../dns/rrset.js';
import type { CacheEntry, CacheStats } from '../../observe/control.js';
import { decodeMessage } from '../../wire/decode.js';
import { formatRRset } from '../../wire/rrset-text.js';
import type { EngineCaches } from '../engine-caches.js';
import { delegationRecords } from './delegation-text.js';

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

export interface EntryFilter {
  /** Only of this owner name. */
  readonly name?: Name | undefined;
  /** Only of this type, and what speaks of all types. */
  readonly type?: number | undefined;
}

/** Every entry that passes, nearest layer first. */
export function* cacheEntries(
  caches: EngineCaches,
  stub: StubCache | undefined,
  nowMs: number,
  { name, type }: EntryFilter = {},
): IterableIterator<CacheEntry> {
  const wanted = (owner: Name, held: number) =>
    (name === undefined || owner === name) && (type === undefined || held === type || held === 0);
  for (const entry of stub?.entries() ?? []) if (wanted(entry.name, entry.type)) yield stubView(entry, nowMs);
  for (const entry of caches.rrsets.entries())
    if (wanted(entry.name, entry.type)) yield rrsetView(entry, nowMs);
  for (const entry of caches.negative.entries())
    if (wanted(entry.name, entry.type)) yield negativeView(entry, nowMs);
  for (const entry of caches.failures.entries())
    if (wanted(entry.name, entry.type)) yield failureView(entry, nowMs);
  const held = type === RRType.DS ? type : RRType.NS;
  for (const delegation of caches.delegations.entries())
    if (wanted(delegation.zone, held)) yield delegationView(delegation, nowMs);
}

/** The operator's rule that holds for a name, as the first thing that is shown of it. */
export function ruleEntry(rules: CacheRules | undefined, name: Name): CacheEntry[] {
  const rule = rules?.find(name);
  if (!rule) return [];
  const { noCache, minTtlSec, maxTtlSec, negativeMaxSec } = rule;
  const limits = Object.entries({ minTtlSec, maxTtlSec, negativeMaxSec }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  const details = { rule: formatName(rule.name), noCache, ...Object.fromEntries(limits) };
  return [
    {
      layer: 'local',
      name: formatName(name),
      type: undefined,
      holds: 'cache-rule',
      records: [],
      details,
    },
  ];
}

function secondsTo(untilMs: number, nowMs: number): number {
  return Math.ceil((untilMs - nowMs) / 1000);
}

/** Undefined for what nothing ends. */
function dateOf(ms: number): string | undefined {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : undefined;
}

function lines(rrset: RRset, ttlSec: number): string[] {
  return formatRRset(withTtl(rrset, Math.max(0, ttlSec)));
}

function classOf(cls: number): { class?: string } {
  return cls === RRClass.IN ? {} : { class: formatClass(cls) };
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

function times(entry: PackedEntry): Pick<CacheEntry, 'expires' | 'stored' | 'lease'> {
  return {
    expires: dateOf(entry.expiresAtMs),
    stored: dateOf(entry.storedAtMs),
    lease: dateOf(entry.leaseUntilMs),
  };
}

/** What ends an entry, if nothing pushes it out before. */
function leaving(entry: PackedEntry, nowMs: number): string {
  if (nowMs >= entry.expiresAtMs) return 'when it is too old to be served stale';
  if (entry.security === 'bogus') return 'when the time of bogus data ends';
  if (entry.isLeaseBound) return 'when the lease of its delegation ends';
  return 'when its TTL ends, unless it is served stale';
}

function lease(leaseUntilMs: number, nowMs: number): Record<string, number> {
  return Number.isFinite(leaseUntilMs) ? { leaseSec: secondsTo(leaseUntilMs, nowMs) } : {};
}

function stubView(entry: StubEntryInfo, nowMs: number): CacheEntry {
  const decoded = decodeMessage(entry.response());
  const ageSec = Math.max(0, Math.floor((nowMs - entry.storedAtMs) / 1000));
  const message = decoded.ok ? decoded.message : undefined;
  const rrsets = message ? [...message.answer, ...message.authority] : [];
  return {
    layer: 'stub',
    name: formatName(entry.name),
    type: formatType(entry.type),
    ...classOf(entry.class),
    holds: 'answer',
    ttlSec: secondsTo(entry.keepUntilMs, nowMs),
    expires: dateOf(entry.keepUntilMs),
    stored: dateOf(entry.storedAtMs),
    records: rrsets.flatMap((rrset) => lines(rrset, rrset.ttlSec - ageSec)),
    details: {
      ...(message ? { rcode: formatRcode(message.rcode), ad: message.ad } : {}),
      do: entry.do,
      cd: entry.cd,
      sizeOctets: entry.sizeOctets,
      leaves: 'when the first of its TTLs ends, or sooner, so that it is asked for again',
    },
  };
}

function rrsetView(entry: RRsetEntry, nowMs: number): CacheEntry {
  const ttlSec = secondsTo(entry.expiresAtMs, nowMs);
  const { rrset } = entry;
  const proof = entry.proof.flatMap(formatRRset);
  return {
    layer: 'resolver',
    name: formatName(rrset.name),
    type: formatType(rrset.type),
    ...classOf(rrset.class),
    holds: 'rrset',
    ttlSec,
    ...times(entry),
    originalTtlSec: rrset.ttlSec,
    records: lines(rrset, ttlSec),
    ...(proof.length > 0 ? { proof } : {}),
    details: {
      security: entry.security,
      rank: formatRank(entry.rank),
      hits: entry.hits,
      ...lease(entry.leaseUntilMs, nowMs),
      leaves: leaving(entry, nowMs),
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
  const { soa } = entry;
  const proof = entry.proof.flatMap(formatRRset);
  return {
    layer: 'negative',
    name: formatName(entry.name),
    type: entry.kind === 'nxdomain' ? undefined : formatType(entry.type),
    ...classOf(entry.class),
    holds: entry.kind,
    ttlSec,
    ...times(entry),
    ...(soa ? { originalTtlSec: soa.ttlSec } : {}),
    records: soa ? lines(soa, ttlSec) : [],
    ...(proof.length > 0 ? { proof } : {}),
    details: {
      security: entry.security,
      hits: entry.hits,
      ...lease(entry.leaseUntilMs, nowMs),
      leaves: leaving(entry, nowMs),
      ...originDetails(entry.origin),
    },
  };
}

function failureView(entry: FailureEntry, nowMs: number): CacheEntry {
  const live = nowMs < entry.expiresAtMs;
  return {
    layer: 'failure',
    name: formatName(entry.name),
    type: formatType(entry.type),
    ...classOf(entry.class),
    holds: 'failure',
    ttlSec: secondsTo(entry.expiresAtMs, nowMs),
    expires: dateOf(entry.expiresAtMs),
    stored: dateOf(entry.storedAtMs),
    records: entry.failure.ede.map((e) => e.text),
    details: {
      reason: entry.failure.reason,
      inARow: entry.count,
      leaves: live
        ? 'when it is tried again'
        : 'soon: it is over, and kept to know how often it failed in a row',
    },
  };
}

function delegationView(delegation: Delegation, nowMs: number): CacheEntry {
  const { zone, leaseUntilMs, ds } = delegation;
  const bounded = Number.isFinite(leaseUntilMs);
  const ttlSec = bounded ? secondsTo(leaseUntilMs, nowMs) : undefined;
  const { records, proof } = delegationRecords(delegation, ttlSec ?? 0);
  const security: Security = delegation.security;
  return {
    layer: 'delegation',
    name: formatName(zone),
    type: 'NS',
    holds: 'delegation',
    ...(ttlSec === undefined ? {} : { ttlSec }),
    expires: dateOf(leaseUntilMs),
    lease: dateOf(leaseUntilMs),
    records,
    ...(proof.length > 0 ? { proof } : {}),
    details: {
      ds: typeof ds === 'string' ? ds : 'present',
      security,
      leaves: bounded ? 'when the lease of the parent ends' : 'never: it is configured',
    },
  };
}
