/**
 * The zones of one server, and which of them answers a question.
 *
 * RFC 1034 4.3.2 step 2: the zone whose apex is nearest above QNAME. RFC 4035 3.1.4.1: for QTYPE DS at an apex
 * the parent answers, when the server has it.
 */
import { type Name, parentName, ROOT } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Zone } from '../zone/zone.js';

/** A zone that is made when it is first needed. */
export interface PendingZone {
  readonly apex: Name;
  /** The same zone at every call. */
  ready(): Zone;
}

export class ZoneSet {
  private readonly byApex = new Map<Name, Zone | PendingZone>();

  constructor(zones: Iterable<Zone | PendingZone> = []) {
    for (const zone of zones) this.put(zone);
  }

  /** Adds a zone, or replaces the one of the same apex. */
  put(zone: Zone | PendingZone): void {
    this.byApex.set(zone.apex, zone);
  }

  remove(apex: Name): void {
    this.byApex.delete(apex);
  }

  get(apex: Name): Zone | undefined {
    const zone = this.byApex.get(apex);
    return zone && readyZone(zone);
  }

  *[Symbol.iterator](): Iterator<Zone> {
    for (const zone of this.byApex.values()) yield readyZone(zone);
  }

  /** Undefined when no zone of this server holds `name`. */
  zoneFor(name: Name, type: number): Zone | undefined {
    if (type !== RRType.DS || !this.byApex.has(name) || name === ROOT) return this.nearest(name);
    return this.nearest(parentName(name)) ?? this.get(name);
  }

  private nearest(name: Name): Zone | undefined {
    for (let current = name; ; current = parentName(current)) {
      const zone = this.get(current);
      if (zone || current === ROOT) return zone;
    }
  }
}

function readyZone(zone: Zone | PendingZone): Zone {
  return 'ready' in zone ? zone.ready() : zone;
}
