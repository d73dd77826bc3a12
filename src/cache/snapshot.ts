/**
 * Snapshots: the resolver, negative and delegation caches as octets, to survive a restart.
 *
 * A snapshot is a header (magic, version, wall time), records (kind, length, body), an end record, and the
 * SHA-256 of all that. Times are wall times, so data ages while nothing runs, and every rule that holds in a
 * running cache (TTL limits, lease, staleness) holds for what comes back. What is read is taken for hostile
 * until it is checked, and nothing is stored unless the whole of it is sound.
 *
 * Limitations: the checksum finds damage, not forgery; the file's permissions must keep others from writing.
 * Loading is one synchronous step. Failures, server states and the stub cache are not kept.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { labelCount, type Octets } from '../dns/name.js';
import type { RRset, Security } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { Delegation } from './delegation-cache.js';
import { isSoundKey, typeOfKey } from './key.js';
import { type EntryTimes, type Origin, PackedEntry, securities } from './packed-entry.js';
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

/** Puts what a snapshot holds into the caches, or says why it is not taken and leaves them as they are. */
export function loadSnapshot(data: Buffer, caches: SnapshotCaches, clock: Clock): LoadResult {
  const framed = frame(data);
  if (typeof framed === 'string') return { ok: false, reason: framed };
  try {
    const createdAtMs = new OctetReader(data.subarray(MAGIC.length + 1)).float64();
    return { ok: true, createdAtMs, ...restoreAll(decode(framed), caches, clock.wallMs()) };
  } catch (error) {
    if (!(error instanceof UnsoundSnapshot)) throw error;
    return { ok: false, reason: 'damaged' };
  }
}

/** Checks magic, version, record lengths and checksum. */
function frame(data: Buffer): SnapshotRecord[] | SnapshotFault {
  const start = data.subarray(0, MAGIC.length);
  if (!start.equals(MAGIC.subarray(0, start.length))) return 'foreign';
  if (data.length <= MAGIC.length) return 'truncated';
  if (data[MAGIC.length] !== VERSION) return 'version';
  const found: SnapshotRecord[] = [];
  let at = HEADER_OCTETS;
  for (;;) {
    if (at + RECORD_HEADER_OCTETS > data.length) return 'truncated';
    const kind = data[at]!;
    const length = data.readUInt32BE(at + 1);
    at += RECORD_HEADER_OCTETS;
    if (at + length > data.length) return 'truncated';
    if (kind === Kind.end) break;
    found.push({ kind, body: data.subarray(at, at + length) });
    at += length;
  }
  if (at + DIGEST_OCTETS > data.length) return 'truncated';
  const digest = createHash('sha256').update(data.subarray(0, at)).digest();
  return digest.equals(data.subarray(at)) ? found : 'damaged';
}

interface DecodedEntry {
  readonly kind: number;
  readonly entry: PackedEntry;
}

interface DecodedSnapshot {
  readonly delegations: Delegation[];
  readonly entries: DecodedEntry[];
}

/** @throws {UnsoundSnapshot} */
function decode(found: readonly SnapshotRecord[]): DecodedSnapshot {
  const origins: Origin[] = [];
  const decoded: DecodedSnapshot = { delegations: [], entries: [] };
  for (const { kind, body } of found) {
    switch (kind) {
      case Kind.origin:
        origins.push(readOrigin(new OctetReader(body)));
        break;
      case Kind.rrset:
      case Kind.negative:
        decoded.entries.push({ kind, entry: readEntry(new OctetReader(body), kind, origins) });
        break;
      case Kind.delegation:
        decoded.delegations.push(readDelegation(new OctetReader(body)));
        break;
      default:
        throw new UnsoundSnapshot();
    }
  }
  return decoded;
}

function readEntry(reader: OctetReader, kind: number, origins: readonly Origin[]): PackedEntry {
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
  return new PackedEntry(key, packed, times, security, rank, origin);
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

function restoreAll({ delegations, entries }: DecodedSnapshot, caches: SnapshotCaches, nowMs: number) {
  let restored = 0;
  // Parents first, so that a lease is never longer than that of the delegation above it.
  const byDepth = [...delegations].sort((a, b) => labelCount(a.zone) - labelCount(b.zone));
  for (const delegation of byDepth) {
    if (caches.delegations.restore(delegation, nowMs)) restored++;
  }
  for (const { kind, entry } of entries) {
    const cache = kind === Kind.rrset ? caches.rrsets : caches.negative;
    if (cache.restore(entry, nowMs)) restored++;
  }
  return { restored, skipped: delegations.length + entries.length - restored };
}
