/**
 * IP addresses as octets, and sets of networks to test them against.
 *
 * Used for who may ask (access), whom we never ask (do-not-query) and who counts as this machine (HTTP).
 * Layer 0, since listeners, server choice and HTTP all need it.
 * RFC 4291 2.2 and RFC 5952 (IPv6 text), RFC 4632 (CIDR), RFC 4291 2.5.5.2 (IPv4-mapped).
 * Limitations: no IPv6 zone index (`fe80::1%eth0`); a set is scanned in order, made for tens of networks.
 */
import { isIP } from 'node:net';

/** An address or a network that cannot be read; the message says why. */
export class NetworkError extends Error {
  readonly code = 'BAD_NETWORK';
  constructor(message: string) {
    super(message);
    this.name = 'NetworkError';
  }
}

/** A range of addresses. Plain data, so that it can be sent to a worker thread. */
export interface Network {
  /** 4 or 16 octets, the bits after the prefix zero. */
  readonly octets: Uint8Array;
  readonly prefixBits: number;
  /** `192.0.2.0/24`, canonical. */
  readonly text: string;
}

/** The 4 or 16 octets of a literal address; undefined when it is none. */
export function addressOctets(text: string): Uint8Array | undefined {
  const version = isIP(text);
  if (version === 4) return Uint8Array.from(text.split('.'), Number);
  return version === 6 && !text.includes('%') ? readIPv6(text) : undefined;
}

/** `text` has passed isIP, so that groups are hexadecimal and at most one `::` is there. */
function readIPv6(text: string): Uint8Array {
  const [head = '', tail] = text.split('::', 2) as [string, string | undefined];
  const left = readGroups(head);
  const right = tail === undefined ? [] : readGroups(tail);
  const octets = new Uint8Array(16);
  octets.set(left, 0);
  octets.set(right, 16 - right.length);
  return octets;
}

function readGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

/** Canonical text of 4 or 16 octets (RFC 5952: lower case, longest run of zero groups as `::`). */
export function formatAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(octets[i]! * 256 + octets[i + 1]!);
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (groups[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    if (end > i) i = end;
  }
  return best;
}

/** The IPv4 address inside an IPv4-mapped one; anything else as it is. Clients of dual-stack sockets need it. */
export function unmapped(octets: Uint8Array): Uint8Array {
  if (octets.length !== 16 || octets[10] !== 255 || octets[11] !== 255) return octets;
  for (let i = 0; i < 10; i++) if (octets[i] !== 0) return octets;
  return octets.subarray(12);
}

/**
 * Reads `192.0.2.0/24`, `2001:db8::/32`, or an address alone, which is a network of one.
 *
 * @throws {NetworkError} also when bits after the prefix are set: then either number may be the typo
 */
export function parseNetwork(text: string): Network {
  const slash = text.indexOf('/');
  const octets = addressOctets(slash < 0 ? text : text.slice(0, slash));
  if (!octets) throw new NetworkError('the part before the slash is no IPv4 or IPv6 address');
  const bits = octets.length * 8;
  const length = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > bits) {
    throw new NetworkError(`the prefix length must be from 0 to ${bits}`);
  }
  const prefixBits = Number(length);
  const masked = maskOctets(octets, prefixBits);
  const canonical = `${formatAddress(masked)}/${prefixBits}`;
  if (!masked.every((octet, i) => octet === octets[i])) {
    throw new NetworkError(`bits after the prefix are set; the network is ${canonical}`);
  }
  return { octets: masked, prefixBits, text: canonical };
}

function maskOctets(octets: Uint8Array, prefixBits: number): Uint8Array {
  return octets.map((octet, i) => octet & octetMask(prefixBits - i * 8));
}

/** The mask of one octet of which `bits` (any number) leading bits belong to the prefix. */
function octetMask(bits: number): number {
  return bits >= 8 ? 255 : bits <= 0 ? 0 : (0xff00 >> bits) & 255;
}

/** True when the address (4 or 16 octets) lies in the network. The families never match each other. */
export function inNetwork(network: Network, octets: Uint8Array): boolean {
  if (octets.length !== network.octets.length) return false;
  const whole = network.prefixBits >> 3;
  for (let i = 0; i < whole; i++) if (octets[i] !== network.octets[i]) return false;
  const rest = network.prefixBits & 7;
  return rest === 0 || (octets[whole]! & octetMask(rest)) === network.octets[whole];
}

/** Answers for literal addresses that one set remembers; it forgets them all when there are more. */
const MAX_REMEMBERED = 4096;

/** Networks to test addresses against. Allocates nothing per test of octets, or of an address met lately. */
export class NetworkSet {
  private readonly texts = new Map<string, boolean>();
  private readonly clients = new Map<string, boolean>();
  private readonly ipv4: readonly Network[];
  private readonly ipv6: readonly Network[];

  constructor(readonly networks: readonly Network[]) {
    this.ipv4 = networks.filter((network) => network.octets.length === 4);
    this.ipv6 = networks.filter((network) => network.octets.length === 16);
  }

  /** IPv4-mapped addresses count as IPv6 here; see {@link unmapped}. */
  has(octets: Uint8Array): boolean {
    const candidates = octets.length === 4 ? this.ipv4 : this.ipv6;
    for (let i = 0; i < candidates.length; i++) if (inNetwork(candidates[i]!, octets)) return true;
    return false;
  }

  /** As {@link has}, for a literal address; false for what is none. */
  hasText(address: string): boolean {
    const known = this.texts.get(address);
    if (known !== undefined) return known;
    const octets = addressOctets(address);
    return remember(this.texts, address, octets !== undefined && this.has(octets));
  }

  /** Whether a client with this address belongs to the set: `::ffff:192.0.2.1` is 192.0.2.1. */
  hasClient(address: string): boolean {
    const known = this.clients.get(address);
    if (known !== undefined) return known;
    const octets = addressOctets(address);
    return remember(this.clients, address, octets !== undefined && this.has(unmapped(octets)));
  }
}

/** Reading an address costs more than all else here, and the same few come again and again. */
function remember(known: Map<string, boolean>, address: string, answer: boolean): boolean {
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.set(address, answer);
  return answer;
}

/** This machine's own addresses, as clients. */
export const loopbackNetworks = new NetworkSet(['127.0.0.0/8', '::1/128'].map(parseNetwork));
