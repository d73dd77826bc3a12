/**
 * Rules for networks: which one holds for an address? That of the longest prefix.
 *
 * One map of masked addresses, their family and length of prefix in front; each length in use is asked, the longest first.
 * Used by response policy zones for clients, for addresses in answers and for those of name servers. It lies in memory
 * that threads share.
 */
import type { Octets } from '../dns/name.js';
import type { Network } from '../runtime/networks.js';
import { PackedMap, PackedMapBuilder, type PackedMapImage } from '../runtime/packed-map.js';

interface Length {
  readonly octets: number;
  readonly bits: number;
}

export interface NetworkHit {
  /** What was added with the network. */
  readonly rule: Octets;
  readonly bits: number;
}

/** A table as it travels between threads. */
export interface NetworkTableImage {
  readonly lengths: readonly Length[];
  readonly rules: PackedMapImage;
}

export class NetworkTableBuilder {
  private readonly lengths = new Map<string, Length>();
  private readonly rules = new Map<string, Octets>();

  /** The first rule of a network stays. */
  add({ octets, prefixBits: bits }: Network, rule: Octets): void {
    const length = { octets: octets.length, bits };
    this.lengths.set(lengthKey(length), length);
    const key = lengthKey(length) + maskedOctets(octets, bits);
    if (!this.rules.has(key)) this.rules.set(key, rule);
  }

  build(): NetworkTableImage {
    const rules = new PackedMapBuilder();
    for (const [network, rule] of this.rules) rules.add(network, rule);
    const lengths = [...this.lengths.values()].sort((a, b) => b.bits - a.bits);
    return { lengths, rules: rules.build() };
  }
}

export class NetworkTable {
  /** Longest first, each with what its keys begin with. */
  private readonly lengths: readonly (Length & { readonly key: string })[];
  private readonly rules: PackedMap;

  constructor({ lengths, rules }: NetworkTableImage) {
    this.lengths = lengths.map((length) => ({ ...length, key: lengthKey(length) }));
    this.rules = new PackedMap(rules);
  }

  get size(): number {
    return this.rules.size;
  }

  get sizeOctets(): number {
    return this.rules.sizeOctets;
  }

  /** @param address 4 or 16 octets */
  find(address: Uint8Array): NetworkHit | undefined {
    for (const { octets, bits, key } of this.lengths) {
      if (octets !== address.length) continue;
      const rule = this.rules.get(key + maskedOctets(address, bits));
      if (rule !== undefined) return { rule, bits };
    }
    return undefined;
  }
}

function lengthKey({ octets, bits }: Length): string {
  return String.fromCharCode(octets, bits);
}

/** The address with the bits after the prefix zero, one char for each octet. */
function maskedOctets(address: Uint8Array, bits: number): string {
  let key = '';
  for (let i = 0; i < address.length; i++) {
    const left = bits - i * 8;
    const mask = left >= 8 ? 255 : left <= 0 ? 0 : (0xff00 >> left) & 255;
    key += String.fromCharCode(address[i]! & mask);
  }
  return key;
}
