/**
 * Writing snapshots; snapshot.ts says what they are and reads them.

 */
import { createHash } from 'node:crypto';
import type { Octets } from '../dns/name.js';
import type { Clock } from '../runtime/clock.js';
import type { Delegation, DelegationCache } from './delegation-cache.js';
import type { NegativeCache } from './negative-cache.js';
import { type PackedEntry, securities } from './packed-entry.js';
import type { ResolverCache } from './rrset-cache.js';
import { packRRsets } from './rrset-packing.js';
import {
  dsForms,
  Kind,
  MAGIC,
  OctetWriter,
  type SnapshotRecord,
  VERSION,
  writeOrigin,
} from './snapshot-codec.js';

/** The caches that a snapshot holds. */
export interface SnapshotCaches {
  readonly rrsets: ResolverCache;
  readonly negative: NegativeCache;
  readonly delegations: DelegationCache;
}

const CHUNK_OCTETS = 65_536;

/**
 * The snapshot in chunks of about 64 kB, to be written one after the other; the caches may change between
 * them. What is over, and delegations that are configured, are left out.
 */
export function* dumpSnapshot(caches: SnapshotCaches, clock: Clock): Generator<Buffer> {
  const hash = createHash('sha256');
  const out = new OctetWriter();
  const nowMs = clock.wallMs();
  out.raw(MAGIC).uint8(VERSION).float64(nowMs);
  for (const record of records(caches, nowMs)) {
    out.uint8(record.kind).uint32(record.body.length).raw(record.body);
    if (out.length >= CHUNK_OCTETS) yield hashed(hash, out.take());
  }
  out.uint8(Kind.end).uint32(0);
  yield hashed(hash, out.take());
  yield hash.digest();
}

function hashed(hash: ReturnType<typeof createHash>, chunk: Buffer): Buffer {
  hash.update(chunk);
  return chunk;
}

function* records(caches: SnapshotCaches, nowMs: number): Generator<SnapshotRecord> {
  /** By what tells origins apart: packed, and the zone, which may be packed as a part of the owner name. */
  const origins = new Map<Octets, number>();
  const body = new OctetWriter();
  const lists = [
    { kind: Kind.rrset, entries: caches.rrsets.entries() },
    { kind: Kind.negative, entries: caches.negative.entries() },
  ] as const;
  const delegations = [...caches.delegations.entries()];
  for (const delegation of delegations) {
    if (delegation.leaseUntilMs === Infinity || delegation.leaseUntilMs <= nowMs) continue;
    if (writeDelegation(body, delegation)) yield { kind: Kind.delegation, body: body.take() };
  }
  for (const { kind, entries } of lists) {
    for (const entry of entries) {
      const from = entry.origin;
      const same = from.zone + entry.packedOrigin;
      let origin = origins.get(same);
      if (origin === undefined) {
        origin = origins.size;
        origins.set(same, origin);
        writeOrigin(body, from);
        yield { kind: Kind.origin, body: body.take() };
      }
      writeEntry(body, entry, origin);
      yield { kind, body: body.take() };
    }
  }
}

function writeEntry(out: OctetWriter, entry: PackedEntry, origin: number): void {
  out.octets(entry.key).octets(entry.packed);
  out.float64(entry.storedAtMs).float64(entry.expiresAtMs).float64(entry.leaseUntilMs);
  out.uint8(securities.indexOf(entry.security)).uint8(entry.rank).uint32(origin);
}

/** False, with nothing written, when the proofs are larger than can be packed. */
function writeDelegation(out: OctetWriter, delegation: Delegation): boolean {
  const { zone, servers, ds, dsProof, leaseUntilMs, security } = delegation;
  const packed = packRRsets(typeof ds === 'string' ? dsProof : [ds, ...dsProof]);
  if (packed === undefined) return false;
  out.octets(zone).float64(leaseUntilMs).uint8(securities.indexOf(security));
  out.uint8(dsForms.indexOf(typeof ds === 'string' ? ds : 'rrset')).octets(packed);
  out.uint32(servers.length);
  for (const server of servers) {
    out.octets(server.name);
    writeStrings(out, server.addresses);
    writeStrings(out, server.spare ?? []);
  }
  return true;
}

function writeStrings(out: OctetWriter, strings: readonly Octets[]): void {
  out.uint32(strings.length);
  for (const octets of strings) out.octets(octets);
}
