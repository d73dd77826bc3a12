/**
 * A zone in memory that threads share: made in one thread, served in all of them.
 *
 * A name's RRsets are decoded when it is asked for, so that whoever is handed a large zone has nothing to do first.
 * Limitations: the first proof of denial from a large signed zone still sorts its names, in the thread that answers.
 */
import { type Name, toName } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import { PackedMap, PackedMapBuilder, type PackedMapImage } from '../runtime/packed-map.js';
import { packRRsets, unpackRRsets } from '../wire/rrset-octets.js';
import { Zone, type ZoneNode, type ZoneNodes } from './zone.js';

/** A zone as it travels between threads. */
export interface ZoneImage {
  readonly apex: Name;
  /** Every name that exists, with its RRsets. */
  readonly nodes: PackedMapImage;
  readonly nsec3: PackedMapImage;
}

export function packZone(zone: Zone): ZoneImage {
  const { nodes, nsec3RRsets } = zone.content;
  const packedNodes = new PackedMapBuilder();
  for (const name of nodes.keys()) packedNodes.add(name, packRRsets(nodes.get(name)!.values()));
  const nsec3 = new PackedMapBuilder();
  for (const rrset of nsec3RRsets) nsec3.add(rrset.name, packRRsets([rrset]));
  return { apex: zone.apex, nodes: packedNodes.build(), nsec3: nsec3.build() };
}

export function openZone({ apex, nodes, nsec3 }: ZoneImage): Zone {
  const opened = new PackedNodes(new PackedMap(nodes));
  const soa = opened.get(apex)!.get(RRType.SOA)!;
  return new Zone(apex, soa, { nodes: opened, nsec3RRsets: new PackedRRsets(new PackedMap(nsec3)) });
}

class PackedNodes implements ZoneNodes {
  constructor(private readonly map: PackedMap) {}

  has(name: Name): boolean {
    return this.map.has(name);
  }

  get(name: Name): ZoneNode | undefined {
    const packed = this.map.get(name);
    return packed === undefined ? undefined : nodeOf(packed, name);
  }

  *keys(): Generator<Name> {
    for (const name of this.map.keys()) yield toName(name);
  }

  *values(): Generator<ZoneNode> {
    for (const [name, packed] of this.map.entries()) yield nodeOf(packed, toName(name));
  }
}

class PackedRRsets implements Iterable<RRset> {
  constructor(private readonly map: PackedMap) {}

  *[Symbol.iterator](): Generator<RRset> {
    for (const [name, packed] of this.map.entries()) yield* unpackRRsets(packed, toName(name));
  }
}

function nodeOf(packed: string, name: Name): ZoneNode {
  return new Map(unpackRRsets(packed, name).map((rrset) => [rrset.type, rrset]));
}
