/**
 * What entries of the resolver and negative caches have in common.
 *
 * They are held as records outside the heap (packed-store/). An object of this class is a copy, made for one lookup:
 * it does not change, and what becomes of the record later does not touch it.
 */
import type { Name, Octets } from '../dns/name.js';
import type { Security } from '../dns/rrset.js';
import { classOfKey, nameOfKey, typeOfKey } from './key.js';
import { type Origin, unpackOrigin } from './packed-store/origin-packing.js';

/** When an entry began and ends, in wall ms. `leaseUntilMs` is Infinity when nothing bounds it. */
export interface EntryTimes {
  readonly storedAtMs: number;
  readonly expiresAtMs: number;
  readonly leaseUntilMs: number;
}

/** All statuses; the place of one is its number in entries and snapshots. */
export const securities: readonly Security[] = ['unchecked', 'secure', 'insecure', 'bogus', 'indeterminate'];

/** An entry as it is kept between runs, and all that a cache needs to hold it. */
export interface SavedEntry extends EntryTimes {
  /** Of key.ts. */
  readonly key: Octets;
  /** What it holds, in the form of rrset-packing.ts. */
  readonly packed: Octets;
  readonly security: Security;
  /** Of rank.ts; 0 where rank means nothing. */
  readonly rank: number;
  readonly origin: Origin;
}

/** What a record says of an entry. */
export interface EntryFields extends EntryTimes {
  readonly packed: Octets;
  readonly packedOrigin: Octets;
  readonly status: number;
  readonly hits: number;
}

/** Bits 0-2 security, bit 3 prefetched, from bit 4 rank: 7 bits in all. */
export const PREFETCHED = 8;

export function statusOf(security: Security, rank: number): number {
  return securities.indexOf(security) | (rank << 4);
}

export function securityOf(status: number): Security {
  return securities[status & 7]!;
}

export function rankOf(status: number): number {
  return status >> 4;
}

export class PackedEntry implements SavedEntry {
  /** Lookups that found it live. */
  readonly hits: number;
  readonly packed: Octets;
  readonly storedAtMs: number;
  readonly expiresAtMs: number;
  readonly leaseUntilMs: number;
  readonly status: number;
  /** Equal for entries with equal origins at the same depth below the zone. */
  readonly packedOrigin: Octets;

  constructor(
    readonly key: Octets,
    fields: EntryFields,
  ) {
    this.packed = fields.packed;
    this.packedOrigin = fields.packedOrigin;
    this.storedAtMs = fields.storedAtMs;
    this.expiresAtMs = fields.expiresAtMs;
    this.leaseUntilMs = fields.leaseUntilMs;
    this.status = fields.status;
    this.hits = fields.hits;
  }

  get name(): Name {
    return nameOfKey(this.key);
  }

  get type(): number {
    return typeOfKey(this.key);
  }

  get class(): number {
    return classOfKey(this.key);
  }

  get security(): Security {
    return securityOf(this.status);
  }

  get rank(): number {
    return rankOf(this.status);
  }

  /** True once the resolver was told to prefetch it. */
  get prefetched(): boolean {
    return (this.status & PREFETCHED) !== 0;
  }

  /** Apex of the zone that it was learnt from. */
  get zone(): Name {
    return this.origin.zone;
  }

  /** Made anew at each call. */
  get origin(): Origin {
    return unpackOrigin(this.packedOrigin, this.name);
  }

  /** The TTL that it was given when stored: the received one inside the limits and the lease. */
  get lifeSec(): number {
    return Math.ceil((this.expiresAtMs - this.storedAtMs) / 1000);
  }

  /** True when the lease, not the TTL, ends its life. */
  get isLeaseBound(): boolean {
    return this.leaseUntilMs === this.expiresAtMs;
  }
}
