/**
 * Secure NSEC, NSEC3, SOA and wildcard RRsets by zone, NSEC in canonical order, NSEC3 by hash, within a limit of octets.
 *
 * The memory behind aggressive.ts. What was used longest ago goes first, over all zones, so that a zone with
 * a million names can neither grow the process nor, once others are asked for again, push them out for long.
 *
 * RFC 4034 6.1 (order), RFC 8198 5.
 * Limitations: an NSEC or NSEC3 costs its place in a sorted array, O(n) of its zone to put in and out.
 */
import { labelsOf, type Name, type Octets } from '../dns/name.js';
import type { RRset } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { Nsec, Nsec3 } from './records.js';

/** An RRset that is remembered, with its place. */
export interface Remembered {
  readonly rrset: RRset;
  readonly zone: Name;
  readonly expiresAtMs: number;
  readonly sizeOctets: number;
}

export interface RememberedNsec extends Remembered {
  readonly nsec: Nsec;
  readonly order: string;
}

/** `order` is the hash. */
export interface RememberedNsec3 extends Remembered {
  readonly nsec3: Nsec3;
  readonly order: string;
}

type Ordered = RememberedNsec | RememberedNsec3;

interface ZoneMemory {
  readonly zone: Name;
  soa: Remembered | undefined;
  /** Sorted by `order`, one per owner. */
  readonly nsecs: RememberedNsec[];
  /** Sorted by `order`, all with the same salt. */
  readonly nsec3s: RememberedNsec3[];
  /** By type and wildcard owner. */
  readonly wildcards: Map<string, Remembered>;
}

/** Heap that an entry takes beside its octets: objects, arrays, string headers, place in the sets. */
const ENTRY_OVERHEAD_OCTETS = 500;

export class DenialStore {
  private readonly zones = new Map<Name, ZoneMemory>();
  /** All entries, the one used longest ago first. */
  private readonly byUse = new Set<Remembered>();
  private octets = 0;

  constructor(
    private readonly limitOctets: number,
    private readonly clock: Clock,
  ) {}

  /** Estimated heap in use. */
  get sizeOctets(): number {
    return this.octets;
  }

  get count(): number {
    return this.byUse.size;
  }

  hasZone(zone: Name): boolean {
    return this.zones.has(zone);
  }

  putNsec(zone: Name, rrset: RRset, nsec: Nsec, ttlSec: number): void {
    const order = orderKey(rrset.name);
    this.putOrdered(this.memoryOf(zone).nsecs, { ...this.entry(zone, rrset, ttlSec), nsec, order });
  }

  /** A zone that has changed its salt is begun anew. */
  putNsec3(zone: Name, rrset: RRset, nsec3: Nsec3, ttlSec: number): void {
    const { nsec3s } = this.memoryOf(zone);
    if (nsec3s[0] && nsec3s[0].nsec3.salt !== nsec3.salt) for (const old of [...nsec3s]) this.remove(old);
    this.putOrdered(nsec3s, { ...this.entry(zone, rrset, ttlSec), nsec3, order: nsec3.hash });
  }

  private putOrdered<T extends Ordered>(list: T[], entry: T): void {
    const at = lastAtOrBefore(list, entry.order);
    const same = list[at]?.order === entry.order ? list[at] : undefined;
    if (same) this.remove(same);
    list.splice(same ? at : at + 1, 0, entry);
    this.add(entry);
  }

  putSoa(zone: Name, rrset: RRset, ttlSec: number): void {
    const memory = this.memoryOf(zone);
    if (memory.soa) this.remove(memory.soa);
    memory.soa = this.entry(zone, rrset, ttlSec);
    this.add(memory.soa);
  }

  /** @param rrset with the wildcard as owner */
  putWildcard(zone: Name, rrset: RRset, ttlSec: number): void {
    const { wildcards } = this.memoryOf(zone);
    const key = wildcardKey(rrset.name, rrset.type);
    const before = wildcards.get(key);
    if (before) this.remove(before);
    const entry = this.entry(zone, rrset, ttlSec);
    wildcards.set(key, entry);
    this.add(entry);
  }

  /** The NSEC at `name`, or the last one before it, if it is still good. */
  nsecAtOrBefore(zone: Name, name: Name): RememberedNsec | undefined {
    const nsecs = this.zones.get(zone)?.nsecs ?? [];
    return this.fresh(nsecs[lastAtOrBefore(nsecs, orderKey(name))]);
  }

  /** The salt of the NSEC3 kept of `zone`; undefined when there are none. */
  nsec3Salt(zone: Name): Octets | undefined {
    return this.zones.get(zone)?.nsec3s[0]?.nsec3.salt;
  }

  /** The NSEC3 whose hash is this one or the last before it, round the end, if it is still good. */
  nsec3AtOrBefore(zone: Name, hash: Octets): RememberedNsec3 | undefined {
    const nsec3s = this.zones.get(zone)?.nsec3s ?? [];
    return this.fresh(nsec3s[lastAtOrBefore(nsec3s, hash)] ?? nsec3s.at(-1));
  }

  soa(zone: Name): Remembered | undefined {
    return this.fresh(this.zones.get(zone)?.soa);
  }

  wildcard(zone: Name, owner: Name, type: number): Remembered | undefined {
    return this.fresh(this.zones.get(zone)?.wildcards.get(wildcardKey(owner, type)));
  }

  /** Forgets all zones that `unwanted` names. */
  forget(unwanted: (zone: Name) => boolean): void {
    for (const entry of this.byUse) if (unwanted(entry.zone)) this.drop(entry);
  }

  private fresh<T extends Remembered>(entry: T | undefined): T | undefined {
    if (!entry) return undefined;
    if (entry.expiresAtMs <= this.clock.wallMs()) {
      this.drop(entry);
      return undefined;
    }
    this.byUse.delete(entry);
    this.byUse.add(entry);
    return entry;
  }

  private memoryOf(zone: Name): ZoneMemory {
    const known = this.zones.get(zone);
    if (known) return known;
    const made: ZoneMemory = { zone, soa: undefined, nsecs: [], nsec3s: [], wildcards: new Map() };
    this.zones.set(zone, made);
    return made;
  }

  private entry(zone: Name, rrset: RRset, ttlSec: number): Remembered {
    let sizeOctets = ENTRY_OVERHEAD_OCTETS + 3 * rrset.name.length;
    for (const rdata of rrset.rdatas) sizeOctets += rdata.length;
    for (const rdata of rrset.signatures) sizeOctets += rdata.length;
    return { rrset, zone, expiresAtMs: this.clock.wallMs() + ttlSec * 1000, sizeOctets };
  }

  private add(entry: Remembered): void {
    this.byUse.add(entry);
    this.octets += entry.sizeOctets;
    while (this.octets > this.limitOctets) this.drop(this.byUse.values().next().value!);
  }

  /** Takes an entry out of its zone, and the zone away when it was the last. */
  private drop(entry: Remembered): void {
    this.remove(entry);
    const memory = this.zones.get(entry.zone)!;
    const { soa, nsecs, nsec3s, wildcards } = memory;
    if (!soa && nsecs.length === 0 && nsec3s.length === 0 && wildcards.size === 0)
      this.zones.delete(entry.zone);
  }

  private remove(entry: Remembered): void {
    if (!this.byUse.delete(entry)) return;
    this.octets -= entry.sizeOctets;
    const memory = this.zones.get(entry.zone)!;
    if (memory.soa === entry) memory.soa = undefined;
    else if ('order' in entry) {
      const { order } = entry as Ordered;
      const list: Ordered[] = 'nsec3' in entry ? memory.nsec3s : memory.nsecs;
      list.splice(lastAtOrBefore(list, order), 1);
    } else memory.wildcards.delete(wildcardKey(entry.rrset.name, entry.rrset.type));
  }
}

function wildcardKey(owner: Name, type: number): string {
  return `${type} ${owner}`;
}

/** Index of the last entry at or before `order`; -1 when all are after it. */
function lastAtOrBefore(nsecs: readonly Ordered[], order: string): number {
  let low = 0;
  let high = nsecs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (nsecs[middle]!.order <= order) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A string that sorts as names do in canonical order: labels from the right, each ended by what sorts before any octet. */
export function orderKey(name: Name): string {
  let out = '';
  for (const label of labelsOf(name).reverse()) {
    for (let i = 0; i < label.length; i++) out += String.fromCharCode(label.charCodeAt(i) + 1);
    out += '\0';
  }
  return out;
}
