/**
 * A zone in memory: its RRsets by owner name and type, and what a lookup asks about names.
 *
 * Made by build.ts from a master file, never changed afterwards: an edit makes a new Zone. authority/
 * answers from it. Names that own nothing but have descendants are nodes too (empty non-terminals, RFC 4592
 * 2.2.2), so that "the name exists" is one Map lookup. Names below a zone cut or a DNAME are in the map
 * (glue), and `cutAt` finds the cut above them.
 * RFC 1034 4.2, 4592, 6672, 4035 2.3.
 */
import { compareNames, type Name, parentName, wildcardOf } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import { Nsec3Chain } from './nsec3-chain.js';
import { soaMinimumSec } from './record.js';

/** The RRsets of one owner name by type. RRSIGs are in `signatures` of the RRset they cover. */
export type ZoneNode = ReadonlyMap<number, RRset>;

const EMPTY_NODE: ZoneNode = new Map();

/** Names that exist, with what they own. */
export interface ZoneNodes {
  has(name: Name): boolean;
  get(name: Name): ZoneNode | undefined;
  keys(): Iterable<Name>;
  values(): Iterable<ZoneNode>;
}

/** What a zone consists of, wherever it is kept. */
export interface ZoneContent {
  readonly nodes: ZoneNodes;
  /** Kept apart: their owners are hashes, and no names that exist (RFC 5155 7.2.8). */
  readonly nsec3RRsets: Iterable<RRset>;
}

export class Zone {
  readonly class: number;
  /** The SOA as negative answers carry it: TTL = min(SOA TTL, SOA minimum) (RFC 2308 3). */
  readonly negativeSoa: RRset;
  readonly content: ZoneContent;
  private readonly nodes: ZoneNodes;
  private sortedNsec: readonly Name[] | undefined;
  private chain: Nsec3Chain | undefined | 'unread' = 'unread';

  /** @param content RRsets of the zone, one per owner and type, the SOA of the apex among them; or where they are kept */
  constructor(
    readonly apex: Name,
    readonly soa: RRset,
    content: Iterable<RRset> | ZoneContent,
  ) {
    this.class = soa.class;
    const minimumSec = soaMinimumSec(soa.rdatas[0]!);
    this.negativeSoa = { ...soa, ttlSec: Math.min(soa.ttlSec, minimumSec) };
    this.content = 'nodes' in content ? content : contentOf(apex, content);
    this.nodes = this.content.nodes;
  }

  /** True when the zone claims to be signed; its parts may still be broken on purpose. */
  get isSigned(): boolean {
    return this.soa.signatures.length > 0 || this.rrset(this.apex, RRType.DNSKEY) !== undefined;
  }

  /** True when `name` owns something or has descendants that do. */
  has(name: Name): boolean {
    return this.nodes.has(name);
  }

  /** The RRsets at `name`; undefined when the name does not exist, empty for an empty non-terminal. */
  node(name: Name): ZoneNode | undefined {
    return this.nodes.get(name);
  }

  rrset(name: Name, type: number): RRset | undefined {
    return this.nodes.get(name)?.get(type);
  }

  /** Every RRset, in the order of the master file by first owner. */
  *rrsets(): Generator<RRset> {
    for (const node of this.nodes.values()) yield* node.values();
    yield* this.content.nsec3RRsets;
  }

  /** Names that exist, empty non-terminals and glue included. */
  names(): Iterable<Name> {
    return this.nodes.keys();
  }

  /** The highest zone cut at or above `name` and below the apex: its NS RRset. */
  cutAt(name: Name): RRset | undefined {
    return this.highest(name, RRType.NS);
  }

  /** The highest DNAME strictly above `name`, the apex included. */
  dnameAbove(name: Name): RRset | undefined {
    if (name === this.apex) return undefined;
    return this.rrset(this.apex, RRType.DNAME) ?? this.highest(parentName(name), RRType.DNAME);
  }

  private highest(name: Name, type: number): RRset | undefined {
    let found: RRset | undefined;
    for (let current = name; current.length > this.apex.length; current = parentName(current)) {
      found = this.rrset(current, type) ?? found;
    }
    return found;
  }

  /** The longest existing ancestor of `name`, itself included (RFC 4592 3.3.1). `name` is in the zone. */
  closestEncloser(name: Name): Name {
    let current = name;
    while (current !== this.apex && !this.nodes.has(current)) current = parentName(current);
    return current;
  }

  /** The wildcard that would make up data for a name whose closest encloser is `encloser`. */
  wildcardNode(encloser: Name): { name: Name; node: ZoneNode } | undefined {
    const name = wildcardOf(encloser);
    const node = name === undefined ? undefined : this.nodes.get(name);
    return node === undefined ? undefined : { name: name!, node };
  }

  /** The NSEC of `name`, or the one whose gap it falls into; undefined when the zone has none. */
  nsecFor(name: Name): RRset | undefined {
    this.sortedNsec ??= [...this.nodes.keys()]
      .filter((owner) => this.rrset(owner, RRType.NSEC) !== undefined)
      .sort(compareNames);
    const owners = this.sortedNsec;
    let low = 0;
    let high = owners.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareNames(owners[middle]!, name) <= 0) low = middle + 1;
      else high = middle;
    }
    const owner = owners.at(low - 1);
    return owner === undefined ? undefined : this.rrset(owner, RRType.NSEC);
  }

  /** The NSEC3 chain; undefined for a zone that is unsigned or has NSEC. */
  get nsec3(): Nsec3Chain | undefined {
    if (this.chain === 'unread') {
      const param = this.rrset(this.apex, RRType.NSEC3PARAM);
      this.chain = param ? Nsec3Chain.from(param, this.content.nsec3RRsets) : undefined;
    }
    return this.chain;
  }
}

function contentOf(apex: Name, rrsets: Iterable<RRset>): ZoneContent {
  const all = [...rrsets];
  const nodes = makeNodes(
    apex,
    all.filter((rrset) => rrset.type !== RRType.NSEC3),
  );
  return { nodes, nsec3RRsets: all.filter((rrset) => rrset.type === RRType.NSEC3) };
}

function makeNodes(apex: Name, rrsets: Iterable<RRset>): Map<Name, ZoneNode> {
  const nodes = new Map<Name, Map<number, RRset>>();
  for (const rrset of rrsets) {
    const node = nodes.get(rrset.name);
    if (node) node.set(rrset.type, rrset);
    else nodes.set(rrset.name, new Map([[rrset.type, rrset]]));
  }
  const all = new Map<Name, ZoneNode>(nodes);
  for (const name of nodes.keys()) {
    for (let up = parentName(name); up.length > apex.length && !all.has(up); up = parentName(up)) {
      all.set(up, EMPTY_NODE);
    }
  }
  return all;
}
