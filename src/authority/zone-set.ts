/**
 * The zones of one server, and which of them answers a question.
 *
 * RFC 1034 4.3.2 step 2: the zone whose apex is nearest above QNAME. RFC 4035 3.1.4.1: for QTYPE DS at an apex
 * the parent answers, when the server has it.
 */
import { type Name, parentName, ROOT } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Zone } from '../zone/zone.js';

export class ZoneSet {
  private readonly byApex = new Map<Name, Zone>();

  constructor(zones: Iterable<Zone> = []) {
    for (const zone of zones) this.put(zone);
  }

  /** Adds a zone, or replaces the one of the same apex. */
  put(zone: Zone): void {
    this.byApex.set(zone.apex, zone);
  }

  remove(apex: Name): void {
    this.byApex.delete(apex);
  }

  get(apex: Name): Zone | undefined {
    return this.byApex.get(apex);
  }

  [Symbol.iterator](): Iterator<Zone> {
    return this.byApex.values();
  }

  /** Undefined when no zone of this server holds `name`. */
  zoneFor(name: Name, type: number): Zone | undefined {
    if (type !== RRType.DS || !this.byApex.has(name) || name === ROOT) return this.nearest(name);
    return this.nearest(parentName(name)) ?? this.byApex.get(name);
  }

  private nearest(name: Name): Zone | undefined {
    for (let current = name; ; current = parentName(current)) {
      const zone = this.byApex.get(current);
      if (zone || current === ROOT) return zone;
    }
  }
}
