/**
 * Snapshots: the resolver, negative and delegation caches as octets, to survive a restart.
 *
 * A snapshot is a header (magic, version, wall time), records (kind, length, body), an end record, and the
 * SHA-256 of all that. Times are wall times, so data ages while nothing runs, and every rule that holds in a
 * running cache (TTL limits, lease, staleness) holds for what comes back. What is read is taken for hostile
 * until it is checked, and nothing is stored unless the whole of it is sound.
 *
 * Limitations: the checksum finds damage, not forgery; the file's permissions must keep others from writing.
 * Failures, server states and the stub cache are not kept.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { labelCount, type Name, type Octets } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset, Security } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { Delegation } from './delegation-cache.js';
import { isSoundKey, nameOfKey, typeOfKey } from './key.js';
import { type EntryTimes, type SavedEntry, securities } from './packed-entry.js';
import type { Origin } from './packed-store/origin-packing.js';
import { Rank } from './rank.js';
import { isSoundPacked, unpackRRsets } from './rrset-packing.js';
import {
  DIGEST_OCTETS,
  dsForms,
  HEADER_OCTETS,
  Kind,
  MAGIC,
  OctetReader,
  RECORD_HEADER_OCTETS,
  readName,
  readOrigin,
  type SnapshotRecord,
  UnsoundSnapshot,
  VERSION,
} from './snapshot-codec.js';
import type { SnapshotCaches } from './snapshot-dump.js';

export { dumpSnapshot, type SnapshotCaches } from './snapshot-dump.js';

/**
 * Why octets are not taken: `foreign` is no snapshot at all, `version` one of another format, `truncated` one
 * that ends too early, `damaged` one whose checksum or content is wrong.
 */
export type SnapshotFault = 'foreign' | 'version' | 'truncated' | 'damaged';

export type LoadResult =
  | {
      readonly ok: true;
      readonly createdAtMs: number;
      readonly restored: number;
      /** Entries that were over, known better already, or had no room. */
      readonly skipped: number;
    }
  | { readonly ok: false; readonly reason: SnapshotFault };

/** Told of each entry before it is stored; false leaves it out. */
export type KeepEntry = (layer: 'resolver' | 'negative' | 'delegation', name: Name, type: number) => boolean;

const keepAll: KeepEntry = () => true;

/** Puts what a snapshot holds into the caches, or says why it is not taken and leaves them as they are. */
export function loadSnapshot(data: Buffer, caches: SnapshotCaches, clock: Clock): LoadResult {
  const steps = loadSnapshotSteps(data, caches, clock);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Like {@link loadSnapshot} in small steps, between which the caches may be used. */
export function* loadSnapshotSteps(
  data: Buffer,
  caches: SnapshotCaches,
  clock: Clock,
  keep: KeepEntry = keepAll,
): Generator<undefined, LoadResult> {
  const fault = yield* frameFault(data);
  if (fault) return { ok: false, reason: fault };
  try {
    const createdAtMs = new OctetReader(data.subarray(MAGIC.length + 1)).float64();
    // Twice through it: nothing is stored before all is known to be sound, and nothing is kept for later.
    const delegations: Delegation[] = [];
    for (const item of decoded(data)) {
      if ('zone' in item) delegations.push(item);
      yield;
    }
    const restored = { restored: 0, skipped: 0 };
    restoreDelegations(delegations, caches, clock.wallMs(), keep, restored);
    for (const item of decoded(data)) {
      if (!('zone' in item)) restoreEntry(item, caches, clock.wallMs(), keep, restored);
      yield;
    }
    return { ok: true, createdAtMs, ...restored };
  } catch (error) {
    if (!(error instanceof UnsoundSnapshot)) throw error;
    return { ok: false, reason: 'damaged' };
  }
}

/** Octets hashed in one step. */
const HASH_OCTETS = 1 << 20;

/** Checks magic, version, record lengths and checksum. */
function* frameFault(data: Buffer): Generator<undefined, SnapshotFault | undefined> {
  const start = data.subarray(0, MAGIC.length);
  if (!start.equals(MAGIC.subarray(0, start.length))) return 'foreign';
  if (data.length <= MAGIC.length) return 'truncated';
  if (data[MAGIC.length] !== VERSION) return 'version';
  let at = HEADER_OCTETS;
  for (let kind = -1; kind !== Kind.end; ) {
    if (at + RECORD_HEADER_OCTETS > data.length) return 'truncated';
    kind = data[at]!;
    at += RECORD_HEADER_OCTETS + (kind === Kind.end ? 0 : data.readUInt32BE(at + 1));
    if (at > data.length) return 'truncated';
  }
  if (at + DIGEST_OCTETS > data.length) return 'truncated';
  const hash = createHash('sha256');
  for (let from = 0; from < at; from += HASH_OCTETS) {
    hash.update(data.subarray(from, Math.min(at, from + HASH_OCTETS)));
    yield;
  }
  return hash.digest().equals(data.subarray(at)) ? undefined : 'damaged';
}

/** The records of a sound frame, one after the other. */
function* records(data: Buffer): Generator<SnapshotRecord> {
  for (let at = HEADER_OCTETS; data[at] !== Kind.end; ) {
    const kind = data[at]!;
    const body = at + RECORD_HEADER_OCTETS;
    at = body + data.readUInt32BE(at + 1);
    yield { kind, body: data.subarray(body, at) };
  }
}

interface DecodedEntry {
  readonly kind: number;
  readonly entry: SavedEntry;
}

/** @throws {UnsoundSnapshot} */
function* decoded(data: Buffer): Generator<DecodedEntry | Delegation> {
  const origins: Origin[] = [];
  for (const { kind, body } of records(data)) {
    const reader = new OctetReader(body);
    switch (kind) {
      case Kind.origin:
        origins.push(readOrigin(reader));
        break;
      case Kind.rrset:
      case Kind.negative:
        yield { kind, entry: readEntry(reader, kind, origins) };
        break;
      case Kind.delegation:
        yield readDelegation(reader);
        break;
      default:
        throw new UnsoundSnapshot();
    }
  }
}

function readEntry(reader: OctetReader, kind: number, origins: readonly Origin[]): SavedEntry {
  const key = reader.octets();
  const packed = reader.octets();
  const times: EntryTimes = {
    storedAtMs: reader.float64(),
    expiresAtMs: reader.float64(),
    leaseUntilMs: reader.float64(),
  };
  const security = readSecurity(reader);
  const rank = reader.uint8();
  const origin = origins[reader.uint32()];
  reader.end();
  if (!isSoundContent(kind, key, packed) || !areSoundTimes(times)) throw new UnsoundSnapshot();
  if (origin === undefined || rank > Rank.answer) throw new UnsoundSnapshot();
  return { key, packed, ...times, security, rank, origin };
}

/** An RRset has a type and records; a denial has its SOA at least. */
function isSoundContent(kind: number, key: Octets, packed: Octets): boolean {
  if (!isSoundKey(key)) return false;
  if (kind === Kind.rrset) return typeOfKey(key) !== 0 && isSoundPacked(packed, 'records');
  return packed !== '' && isSoundPacked(packed, 'rrsets');
}

function areSoundTimes({ storedAtMs, expiresAtMs, leaseUntilMs }: EntryTimes): boolean {
  return Number.isFinite(storedAtMs) && storedAtMs < expiresAtMs && expiresAtMs <= leaseUntilMs;
}

function readSecurity(reader: OctetReader): Security {
  const security = securities[reader.uint8()];
  if (security === undefined) throw new UnsoundSnapshot();
  return security;
}

function readDelegation(reader: OctetReader): Delegation {
  const zone = readName(reader);
  const leaseUntilMs = reader.float64();
  const security = readSecurity(reader);
  const form = dsForms[reader.uint8()];
  const packed = reader.octets();
  if (form === undefined || !isSoundPacked(packed, 'rrsets')) throw new UnsoundSnapshot();
  const rrsets = [...unpackRRsets({ packed, at: 0 })];
  const ds: RRset | 'unknown' | 'none' | undefined = form === 'rrset' ? rrsets.shift() : form;
  if (ds === undefined) throw new UnsoundSnapshot();
  const servers: Delegation['servers'][number][] = [];
  for (let left = reader.uint32(); left > 0; left--) {
    const name = readName(reader);
    const addresses = readAddresses(reader);
    servers.push({ name, addresses, spare: readAddresses(reader) });
  }
  reader.end();
  return { zone, servers, ds, dsProof: rrsets, leaseUntilMs, security };
}

function readAddresses(reader: OctetReader): string[] {
  const addresses: string[] = [];
  for (let left = reader.uint32(); left > 0; left--) {
    const address = reader.octets();
    if (isIP(address) === 0) throw new UnsoundSnapshot();
    addresses.push(address);
  }
  return addresses;
}

interface Counts {
  restored: number;
  skipped: number;
}

/** Parents first, so that a lease is never longer than that of the delegation above it. */
function restoreDelegations(
  delegations: readonly Delegation[],
  caches: SnapshotCaches,
  nowMs: number,
  keep: KeepEntry,
  counts: Counts,
): void {
  const byDepth = [...delegations].sort((a, b) => labelCount(a.zone) - labelCount(b.zone));
  for (const delegation of byDepth) {
    const wanted = keep('delegation', delegation.zone, RRType.NS);
    if (wanted && caches.delegations.restore(delegation, nowMs)) counts.restored++;
    else counts.skipped++;
  }
}

function restoreEntry(
  { kind, entry }: DecodedEntry,
  caches: SnapshotCaches,
  nowMs: number,
  keep: KeepEntry,
  counts: Counts,
): void {
  const layer = kind === Kind.rrset ? 'resolver' : 'negative';
  const cache = kind === Kind.rrset ? caches.rrsets : caches.negative;
  const wanted = keep(layer, nameOfKey(entry.key), typeOfKey(entry.key));
  if (wanted && cache.restore(entry, nowMs)) counts.restored++;
  else counts.skipped++;
}
