/**
 * A hosts file as local data: addresses of names, and names of addresses.
 *
 * hosts(5): an address and the names it has; the first name is the canonical one, which its reverse name
 * points to. A name that is here exists for every type, so other types have no data.
 */
import { isIP } from 'node:net';
import { type Name, NameError, parseName } from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import { addressOctets } from '../runtime/networks.js';
import type { BadLine } from './list-formats.js';

const TTL_SEC = 60;

export class HostsTable {
  private readonly nodes = new Map<Name, Map<number, string[]>>();
  readonly bad: BadLine[] = [];

  constructor(text: string) {
    text.split('\n').forEach((raw, i) => {
      const problem = this.line(raw.replace(/#.*$/, '').trim());
      if (problem !== undefined) this.bad.push({ line: i + 1, why: problem });
    });
  }

  get size(): number {
    return this.nodes.size;
  }

  /** RRsets for the question, none when the name has no data of the type; undefined for unknown names. */
  answer({ name, type }: Question): readonly RRset[] | undefined {
    const node = this.nodes.get(name);
    if (!node) return undefined;
    const rdatas = node.get(type);
    return rdatas ? [{ name, type, class: RRClass.IN, ttlSec: TTL_SEC, rdatas, signatures: [] }] : [];
  }

  private line(line: string): string | undefined {
    if (line === '') return undefined;
    const [address, ...texts] = line.split(/\s+/);
    const octets = isIP(address!) === 0 ? undefined : addressOctets(address!);
    if (!octets) return 'it does not begin with an address';
    if (texts.length === 0) return 'it names nothing';
    try {
      const names = texts.map((text) => parseName(text));
      const rdata = Buffer.from(octets).toString('latin1');
      for (const name of names) this.add(name, octets.length === 4 ? RRType.A : RRType.AAAA, rdata);
      this.add(reverseName(octets), RRType.PTR, names[0]!);
      return undefined;
    } catch (error) {
      if (error instanceof NameError) return error.message;
      throw error;
    }
  }

  private add(name: Name, type: number, rdata: string): void {
    const node = this.nodes.get(name) ?? new Map<number, string[]>();
    const rdatas = node.get(type) ?? [];
    if (!rdatas.includes(rdata) && !(type === RRType.PTR && rdatas.length > 0)) rdatas.push(rdata);
    node.set(type, rdatas);
    this.nodes.set(name, node);
  }
}

function reverseName(octets: Uint8Array): Name {
  if (octets.length === 4) return parseName(`${[...octets].reverse().join('.')}.in-addr.arpa.`);
  const nibbles = [...octets].flatMap((octet) => [octet >> 4, octet & 15]).reverse();
  return parseName(`${nibbles.map((nibble) => nibble.toString(16)).join('.')}.ip6.arpa.`);
}
