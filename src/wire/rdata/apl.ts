/**
 * APL: lists of address prefixes.
 * RFC 3123. Limitations: prefixes of other families than IPv4 and IPv6, and addresses with zero octets at the
 * end (which must be left off), have no text form.
 */
import type { Octets } from '../../dns/name.js';
import { u16At, u16Octets } from '../octets.js';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './address.js';
import type { Field } from './field.js';
import type { TokenReader } from './token.js';

const IPV4 = 1;
const IPV6 = 2;

/** All prefixes, to the end; there may be none. */
export const aplField: Field = {
  label: 'prefixes',
  kind: 'other',
  sizeOctets: 0,
  end(rdata, from) {
    let at = from;
    while (at + 4 <= rdata.length) at += 4 + (rdata.charCodeAt(at + 3) & 127);
    return at === rdata.length ? at : -1;
  },
  format(rdata, from) {
    const texts: string[] = [];
    for (let at = from; at < rdata.length; ) {
      const next = at + 4 + (rdata.charCodeAt(at + 3) & 127);
      const text = formatPrefix(rdata.slice(at, next));
      if (text === undefined) return undefined;
      texts.push(text);
      at = next;
    }
    return texts.join(' ');
  },
  parse(tokens) {
    let out = '';
    while (!tokens.atEnd) out += parsePrefix(tokens);
    return out;
  },
};

/** `[!]family:address/length` of one item. */
function formatPrefix(item: Octets): string | undefined {
  const family = u16At(item, 0);
  const length = item.charCodeAt(2);
  const size = family === IPV4 ? 4 : family === IPV6 ? 16 : 0;
  const address = item.slice(4);
  if (address.length > size || length > size * 8 || address.endsWith('\0')) return undefined;
  const padded = address.padEnd(size, '\0');
  const text = family === IPV4 ? formatIpv4(padded) : formatIpv6(padded);
  return `${item.charCodeAt(3) > 127 ? '!' : ''}${family}:${text}/${length}`;
}

function parsePrefix(tokens: TokenReader): Octets {
  const { text } = tokens.next('prefix');
  const parts = /^(!?)([12]):([0-9A-Fa-f:.]+)\/([0-9]{1,3})$/.exec(text);
  if (!parts) throw tokens.fail('BAD_ADDRESS', `"${text}" is not [!]1:IPV4/LENGTH or [!]2:IPV6/LENGTH`);
  const family = Number(parts[2]);
  const address = family === IPV4 ? parseIpv4(parts[3]!) : parseIpv6(parts[3]!);
  if (address === undefined)
    throw tokens.fail('BAD_ADDRESS', `"${parts[3]}" is not an address of family ${family}`);
  const length = Number(parts[4]);
  if (length > address.length * 8) throw tokens.fail('BAD_NUMBER', `prefix length ${length} is too long`);
  const trimmed = withoutTrailingZeros(address);
  return (
    u16Octets(family) + String.fromCharCode(length, (parts[1] === '!' ? 128 : 0) | trimmed.length) + trimmed
  );
}

function withoutTrailingZeros(octets: Octets): Octets {
  let end = octets.length;
  while (end > 0 && octets.charCodeAt(end - 1) === 0) end--;
  return octets.slice(0, end);
}
