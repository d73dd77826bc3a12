/**
 * Socket addresses as Linux lays them out (`sockaddr_in`, `sockaddr_in6`), to and from text.
 *
 * Limitations: scoped IPv6 addresses (`fe80::1%eth0`) are taken only with a numeric scope.
 */
import { isIP } from 'node:net';
import { AF_INET, AF_INET6 } from './native/libc.js';

export const SOCKADDR_IN_OCTETS = 16;
export const SOCKADDR_IN6_OCTETS = 28;

/** The address as `bind` and `connect` want it; undefined when `address` is no literal. */
export function socketAddress(address: string, port: number): Buffer | undefined {
  switch (isIP(address)) {
    case 4:
      return ipv4(address, port);
    case 6:
      return ipv6(address, port);
    default:
      return undefined;
  }
}

/** Overwrites the port of an address made here. */
export function setPort(sockaddr: Buffer, port: number): void {
  sockaddr[2] = port >> 8;
  sockaddr[3] = port & 255;
}

function ipv4(address: string, port: number): Buffer {
  const out = Buffer.alloc(SOCKADDR_IN_OCTETS);
  out.writeUInt16LE(AF_INET, 0);
  out.writeUInt16BE(port, 2);
  writeIpv4(out, 4, address);
  return out;
}

function writeIpv4(out: Buffer, offset: number, address: string): void {
  let at = offset;
  for (const part of address.split('.')) out[at++] = Number(part);
}

function ipv6(address: string, port: number): Buffer | undefined {
  const [text = '', scope = '0'] = address.split('%');
  if (!/^\d{1,9}$/.test(scope)) return undefined;
  const out = Buffer.alloc(SOCKADDR_IN6_OCTETS);
  out.writeUInt16LE(AF_INET6, 0);
  out.writeUInt16BE(port, 2);
  out.writeUInt32LE(Number(scope), 24);
  const [head = '', tail] = text.split('::');
  writeGroups(out, 8, head);
  if (tail !== undefined) writeGroups(out, 24 - groupOctets(tail), tail);
  return out;
}

function groupOctets(groups: string): number {
  if (groups === '') return 0;
  return groups.split(':').reduce((sum, group) => sum + (group.includes('.') ? 4 : 2), 0);
}

function writeGroups(out: Buffer, offset: number, groups: string): void {
  if (groups === '') return;
  let at = offset;
  for (const group of groups.split(':')) {
    if (group.includes('.')) {
      writeIpv4(out, at, group);
      at += 4;
    } else {
      at = out.writeUInt16BE(Number.parseInt(group, 16), at);
    }
  }
}

/** The port of an address that the kernel wrote at `offset`. */
export function portAt(memory: Uint8Array, offset: number): number {
  return (memory[offset + 2]! << 8) | memory[offset + 3]!;
}

/** The address that the kernel wrote at `offset`, in text: RFC 5952 form for IPv6, without scope. */
export function addressAt(memory: Uint8Array, offset: number): string {
  const family = memory[offset]! | (memory[offset + 1]! << 8);
  if (family === AF_INET) {
    return `${memory[offset + 4]}.${memory[offset + 5]}.${memory[offset + 6]}.${memory[offset + 7]}`;
  }
  return formatIpv6(memory, offset + 8);
}

function formatIpv6(memory: Uint8Array, offset: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((memory[offset + i]! << 8) | memory[offset + i + 1]!);
  const { start, length } = longestZeroRun(groups);
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return length < 2 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (groups[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    i = Math.max(i, end);
  }
  return best;
}
