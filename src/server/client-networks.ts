/**
 * Who may ask, tested on the octets of a socket address: the fast lane's form of the access list.
 *
 * The networks are compiled to words and masks once, so that a packet costs a few comparisons and makes nothing.
 * It says the same as `NetworkSet.hasClient` of the literal address: an IPv4-mapped client counts as IPv4.
 * Limitations: scanned in order, made for tens of networks.
 */
import type { Network, NetworkSet } from '../runtime/networks.js';

export const AF_INET = 2;
const AF_INET6 = 10;
/** Where the addresses begin in `sockaddr_in` and `sockaddr_in6`. */
export const IPV4_AT = 4;
export const IPV6_AT = 8;
const IPV6_WORDS = 4;

export class ClientNetworks {
  /** Value and mask in turn. */
  private readonly ipv4: Int32Array;
  /** Four values and four masks in turn. */
  private readonly ipv6: Int32Array;

  constructor(networks: NetworkSet) {
    const ofSize = (octets: number) => networks.networks.filter((n) => n.octets.length === octets);
    this.ipv4 = Int32Array.from(ofSize(4).flatMap(compile));
    this.ipv6 = Int32Array.from(ofSize(16).flatMap(compile));
  }

  /** @param at where the `sockaddr` begins */
  has(memory: Uint8Array, at: number): boolean {
    const family = memory[at];
    if (family === AF_INET) return this.hasIpv4(wordAt(memory, at + IPV4_AT));
    if (family !== AF_INET6) return false;
    const first = wordAt(memory, at + IPV6_AT);
    const second = wordAt(memory, at + IPV6_AT + 4);
    const third = wordAt(memory, at + IPV6_AT + 8);
    const fourth = wordAt(memory, at + IPV6_AT + 12);
    if (first === 0 && second === 0 && third === 0xffff) return this.hasIpv4(fourth);
    return this.hasIpv6(first, second, third, fourth);
  }

  private hasIpv4(address: number): boolean {
    const { ipv4 } = this;
    for (let i = 0; i < ipv4.length; i += 2) if ((address & ipv4[i + 1]!) === ipv4[i]) return true;
    return false;
  }

  private hasIpv6(first: number, second: number, third: number, fourth: number): boolean {
    const { ipv6 } = this;
    for (let i = 0; i < ipv6.length; i += 2 * IPV6_WORDS) {
      if (
        (first & ipv6[i + 4]!) === ipv6[i] &&
        (second & ipv6[i + 5]!) === ipv6[i + 1] &&
        (third & ipv6[i + 6]!) === ipv6[i + 2] &&
        (fourth & ipv6[i + 7]!) === ipv6[i + 3]
      ) {
        return true;
      }
    }
    return false;
  }
}

function compile({ octets, prefixBits }: Network): number[] {
  const values: number[] = [];
  const masks: number[] = [];
  for (let at = 0; at < octets.length; at += 4) {
    const bits = Math.min(32, Math.max(0, prefixBits - at * 8));
    values.push(wordAt(octets, at));
    masks.push(bits === 0 ? 0 : -1 << (32 - bits));
  }
  return [...values, ...masks];
}

function wordAt(octets: Uint8Array, at: number): number {
  return (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!;
}
