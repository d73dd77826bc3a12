/**
 * A hosts file as local data: addresses of names, and names of addresses.
 *
 * hosts(5): an address and the names it has; the first name is the canonical one, which its reverse name
 * points to. A name that is here exists for every type, so other types have no data. The table lies in memory that threads
 * share, so one thread reads the file for all.
 */
import { isIP } from 'node:net';
import { type Name, NameError, type Octets, parseName } from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import { addressOctets } from '../runtime/networks.js';
import { PackedMap, PackedMapBuilder, type PackedMapImage } from '../runtime/packed-map.js';
import { packRRsets, unpackRRsets } from '../wire/rrset-octets.js';
import { type BadLine, BadLines, lines } from './list-formats.js';

const COMMON = { class: RRClass.IN, ttlSec: 60, signatures: [] };

/** Names and their data as they travel between threads. */
export interface HostsImage {
  readonly names: PackedMapImage;
  readonly bad: number;
  readonly firstBad: readonly BadLine[];
}

export class HostsTable {
  private readonly names: PackedMap;
  /** Lines that could not be used, and the first few of them. */
  readonly bad: number;
  readonly firstBad: readonly BadLine[];

  constructor(image: HostsImage) {
    this.names = new PackedMap(image.names);
    this.bad = image.bad;
    this.firstBad = image.firstBad;
  }

  get size(): number {
    return this.names.size;
  }

  /** RRsets for the question, none when the name has no data of the type; undefined for unknown names. */
  answer({ name, type }: Question): readonly RRset[] | undefined {
    const packed = this.names.get(name);
    return packed === undefined ? undefined : unpackRRsets(packed, name).filter((one) => one.type === type);
  }
}

/** Reads a hosts file, in pieces of any size. */
export function readHosts(text: Iterable<string>): HostsImage {
  const reader = new HostsReader();
  let line = 0;
  for (const raw of lines(text, Number.POSITIVE_INFINITY)) {
    line++;
    const why = reader.line(raw.replace(/#.*$/, '').trim());
    if (why !== undefined) reader.bad.add({ line, why });
  }
  return reader.image();
}

/** A hosts file as a table. */
export function hostsTable(text: string): HostsTable {
  return new HostsTable(readHosts([text]));
}

class HostsReader {
  private readonly nodes = new Map<Name, HostData>();
  readonly bad = new BadLines();

  image(): HostsImage {
    const names = new PackedMapBuilder();
    for (const [name, node] of this.nodes) {
      names.add(name, packRRsets(rrsetsOf(node)));
    }
    return { names: names.build(), bad: this.bad.count, firstBad: this.bad.first };
  }

  line(line: string): string | undefined {
    if (line === '') return undefined;
    const [address, ...texts] = line.split(/\s+/);
    const octets = isIP(address!) === 0 ? undefined : addressOctets(address!);
    if (!octets) return 'it does not begin with an address';
    if (texts.length === 0) return 'it names nothing';
    try {
      const names = texts.map((text) => parseName(text));
      for (const name of names) this.add(name, octets);
      this.node(reverseName(octets)).canonical ??= names[0]!;
      return undefined;
    } catch (error) {
      if (error instanceof NameError) return error.message;
      throw error;
    }
  }

  private node(name: Name): HostData {
    const known = this.nodes.get(name);
    if (known) return known;
    const made = { ipv4: '', ipv6: '', canonical: undefined };
    this.nodes.set(name, made);
    return made;
  }

  private add(name: Name, octets: Uint8Array): void {
    const node = this.node(name);
    const rdata = Buffer.from(octets).toString('latin1');
    const key = octets.length === 4 ? 'ipv4' : 'ipv6';
    if (!pieces(node[key], octets.length).includes(rdata)) node[key] += rdata;
  }
}

/** What is known of a name. A large file has as many, hence no maps and arrays. */
interface HostData {
  /** Addresses one after another, without duplicates. */
  ipv4: Octets;
  ipv6: Octets;
  /** Of an address: what its reverse name points to. */
  canonical: Name | undefined;
}

function rrsetsOf({ ipv4, ipv6, canonical }: HostData): Omit<RRset, 'name'>[] {
  const data: [number, Octets[]][] = [
    [RRType.A, pieces(ipv4, 4)],
    [RRType.AAAA, pieces(ipv6, 16)],
    [RRType.PTR, canonical === undefined ? [] : [canonical]],
  ];
  return data.flatMap(([type, rdatas]) => (rdatas.length > 0 ? [{ type, rdatas, ...COMMON }] : []));
}

function pieces(octets: Octets, size: number): Octets[] {
  return Array.from({ length: octets.length / size }, (_, i) => octets.slice(i * size, (i + 1) * size));
}

function reverseName(octets: Uint8Array): Name {
  if (octets.length === 4) return parseName(`${[...octets].reverse().join('.')}.in-addr.arpa.`);
  const nibbles = [...octets].flatMap((octet) => [octet >> 4, octet & 15]).reverse();
  return parseName(`${nibbles.map((nibble) => nibble.toString(16)).join('.')}.ip6.arpa.`);
}
