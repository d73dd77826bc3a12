/**
 * Turns the records of one section into RRsets while they are read.
 *
 * Records need not be in order, and a message of 64 kB holds up to about 6000 of them, so neither finding the
 * RRset nor finding a duplicate may be a search through all: past a few, an index is made.
 * RFC 2181 5 and 5.2 (one TTL per RRset: the lowest), RFC 4034 3 (an RRSIG has the TTL of what it covers).
 */
import type { Name } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Rdata, RRset } from '../dns/rrset.js';
import { u16At } from './octets.js';

/** Up to so many, a search beats an index. */
const SEARCH_LIMIT = 32;
const NONE: Rdata[] = [];

/** An RRset while its section is read. */
interface OpenRRset {
  name: Name;
  type: number;
  class: number;
  ttlSec: number;
  rdatas: Rdata[];
  signatures: Rdata[];
}

/** Collects one section. */
export class RRsetGrouping {
  private readonly rrsets: OpenRRset[] = [];
  private readonly signatures: OpenRRset[] = [];
  private rrsetIndex: Map<string, OpenRRset> | undefined;
  private rdataIndex: Map<readonly Rdata[], Set<Rdata>> | undefined;

  add(name: Name, type: number, rrclass: number, ttlSec: number, rdata: Rdata): void {
    if (type === RRType.RRSIG) {
      this.signatures.push({ name, type, class: rrclass, ttlSec, rdatas: [rdata], signatures: NONE });
    } else {
      this.addTo(this.find(name, type, rrclass), name, type, rrclass, ttlSec, rdata);
    }
  }

  /** The RRsets in order of first appearance; RRSIGs that cover none of them come last, as RRsets of type RRSIG. */
  finish(): readonly RRset[] {
    for (const { name, type, class: rrclass, ttlSec, rdatas } of this.signatures) {
      const rdata = rdatas[0]!;
      const covered = this.find(name, u16At(rdata, 0), rrclass);
      if (covered === undefined || covered.type === RRType.RRSIG) {
        this.addTo(this.find(name, type, rrclass), name, type, rrclass, ttlSec, rdata);
        continue;
      }
      if (covered.signatures === NONE) covered.signatures = [];
      this.append(covered.signatures, rdata);
      if (ttlSec < covered.ttlSec) covered.ttlSec = ttlSec;
    }
    return this.rrsets;
  }

  private find(name: Name, type: number, rrclass: number): OpenRRset | undefined {
    const { rrsets, rrsetIndex } = this;
    if (rrsetIndex !== undefined) return rrsetIndex.get(keyOf(name, type, rrclass));
    for (let i = rrsets.length - 1; i >= 0; i--) {
      const rrset = rrsets[i]!;
      if (rrset.type === type && rrset.name === name && rrset.class === rrclass) return rrset;
    }
    return undefined;
  }

  private addTo(
    found: OpenRRset | undefined,
    name: Name,
    type: number,
    rrclass: number,
    ttlSec: number,
    rdata: Rdata,
  ): void {
    if (found === undefined) {
      const rrset = { name, type, class: rrclass, ttlSec, rdatas: [rdata], signatures: NONE };
      this.rrsets.push(rrset);
      this.index(rrset);
      return;
    }
    if (ttlSec < found.ttlSec) found.ttlSec = ttlSec;
    this.append(found.rdatas, rdata);
  }

  private index(added: OpenRRset): void {
    if (this.rrsetIndex !== undefined) {
      this.rrsetIndex.set(keyOf(added.name, added.type, added.class), added);
    } else if (this.rrsets.length > SEARCH_LIMIT) {
      this.rrsetIndex = new Map(
        this.rrsets.map((rrset) => [keyOf(rrset.name, rrset.type, rrset.class), rrset]),
      );
    }
  }

  /** Appends unless it is there. */
  private append(list: Rdata[], rdata: Rdata): void {
    if (list.length <= SEARCH_LIMIT) {
      if (!list.includes(rdata)) list.push(rdata);
      return;
    }
    this.rdataIndex ??= new Map();
    let seen = this.rdataIndex.get(list);
    if (seen === undefined) {
      seen = new Set(list);
      this.rdataIndex.set(list, seen);
    }
    if (seen.has(rdata)) return;
    seen.add(rdata);
    list.push(rdata);
  }
}

function keyOf(name: Name, type: number, rrclass: number): string {
  return String.fromCharCode(type, rrclass) + name;
}
