/**
 * Rules for networks: which one holds for an address? That of the longest prefix.
 *
 * One map of masked addresses for each length of prefix in use, the longest asked first. Used by response policy zones
 * for clients, for addresses in answers and for those of name servers.
 */
import type { Network } from '../runtime/networks.js';

interface Length<T> {
  readonly octets: 4 | 16;
  readonly bits: number;
  readonly rules: Map<string, T>;
}

export interface NetworkHit<T> {
  readonly rule: T;
  readonly bits: number;
}

export class NetworkTable<T> {
  /** Longest first. */
  private readonly lengths: Length<T>[] = [];
  readonly networks: Network[] = [];

  /** The first rule of a network stays. */
  add(network: Network, rule: T): void {
    const octets = network.octets.length === 4 ? 4 : 16;
    let length = this.lengths.find((one) => one.octets === octets && one.bits === network.prefixBits);
    if (!length) {
      length = { octets, bits: network.prefixBits, rules: new Map() };
      this.lengths.push(length);
      this.lengths.sort((a, b) => b.bits - a.bits);
    }
    const key = keyOf(network.octets, network.prefixBits);
    if (length.rules.has(key)) return;
    length.rules.set(key, rule);
    this.networks.push(network);
  }

  get size(): number {
    return this.networks.length;
  }

  /** @param address 4 or 16 octets, as chars or numbers */
  find(address: Uint8Array): NetworkHit<T> | undefined {
    for (const { octets, bits, rules } of this.lengths) {
      if (octets !== address.length) continue;
      const rule = rules.get(keyOf(address, bits));
      if (rule !== undefined) return { rule, bits };
    }
    return undefined;
  }
}

/** The address with the bits after the prefix zero, one char for each octet. */
function keyOf(address: Uint8Array, bits: number): string {
  let key = '';
  for (let i = 0; i < address.length; i++) {
    const left = bits - i * 8;
    const mask = left >= 8 ? 255 : left <= 0 ? 0 : (0xff00 >> left) & 255;
    key += String.fromCharCode(address[i]! & mask);
  }
  return key;
}
