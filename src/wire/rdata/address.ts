/**
 * IPv4 and IPv6 addresses: octets to text and back, and as fields.
 * RFC 1035 3.4.1, RFC 3596 2.2, RFC 4291 2.2 (text read), RFC 5952 (text written).
 */
import { isIPv6 } from 'node:net';
import type { Octets } from '../../dns/name.js';
import { u16At, u16Octets } from '../octets.js';
import { type Field, fixed } from './field.js';

/** `192.0.2.1` from the four octets at `at`. */
export function formatIpv4(octets: Octets, at = 0): string {
  return `${octets.charCodeAt(at)}.${octets.charCodeAt(at + 1)}.${octets.charCodeAt(at + 2)}.${octets.charCodeAt(at + 3)}`;
}

/** Reads a dotted quad, without leading zeros (which others read as octal); undefined when it is none. */
export function parseIpv4(text: string): Octets | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  if (!parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return String.fromCharCode(...parts.map(Number));
}

/** RFC 5952 form of the 16 octets at `at`; IPv4-mapped addresses end in a dotted quad (RFC 5952 5). */
export function formatIpv6(octets: Octets, at = 0): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(u16At(octets, at + i));
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${formatIpv4(octets, at + 12)}`;
  }
  const [from, length] = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, from).join(':')}::${hex.slice(from + length).join(':')}`;
}

/** The first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): [from: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let from = 0; from < 8; from++) {
    let length = 0;
    while (groups[from + length] === 0) length++;
    if (length > best[1]) best = [from, length];
    from += length;
  }
  return best;
}

/** Reads any IPv6 text form, but no zone index; undefined when it is none. */
export function parseIpv6(text: string): Octets | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head, tail] = text.split('::');
  const front = groupsOf(head!);
  if (tail === undefined) return front;
  const back = groupsOf(tail);
  return front + '\0'.repeat(16 - front.length - back.length) + back;
}

function groupsOf(text: string): Octets {
  if (text === '') return '';
  return text
    .split(':')
    .map((group) => (group.includes('.') ? parseIpv4(group)! : u16Octets(Number.parseInt(group, 16))))
    .join('');
}

/** An IPv4 address. */
export function ipv4(label: string): Field {
  return fixed(label, 4, formatIpv4, (tokens) => {
    const { text } = tokens.next(label);
    const octets = parseIpv4(text);
    if (octets === undefined) throw tokens.fail('BAD_ADDRESS', `${label} "${text}" is not an IPv4 address`);
    return octets;
  });
}

/** An IPv6 address. */
export function ipv6(label: string): Field {
  return fixed(label, 16, formatIpv6, (tokens) => {
    const { text } = tokens.next(label);
    const octets = parseIpv6(text);
    if (octets === undefined) throw tokens.fail('BAD_ADDRESS', `${label} "${text}" is not an IPv6 address`);
    return octets;
  });
}
