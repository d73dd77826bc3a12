/**
 * Blobs as fields: base64 and hex to the end, and the length-prefixed hex and base32hex of NSEC3.
 * RFC 4648 (base 64, base 32 "extended hex" without padding, base 16).
 */
import type { Octets } from '../../dns/name.js';
import { type Field, fixed, rest } from './field.js';
import type { TokenReader } from './token.js';

const BASE32_HEX = '0123456789ABCDEFGHIJKLMNOPQRSTUV';

/** Upper-case hex digits. */
export function toHex(octets: Octets): string {
  return Buffer.from(octets, 'latin1').toString('hex').toUpperCase();
}

/** Reads hex digits in any letter case; undefined when they are not. */
export function fromHex(text: string): Octets | undefined {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) return undefined;
  return Buffer.from(text, 'hex').toString('latin1');
}

/** Padded base64 in one piece. */
export function toBase64(octets: Octets): string {
  return Buffer.from(octets, 'latin1').toString('base64');
}

/** Reads padded base64; undefined when it is not. */
export function fromBase64(text: string): Octets | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('latin1');
}

/** Base 32 "extended hex" without padding, upper case. */
export function toBase32Hex(octets: Octets): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (let i = 0; i < octets.length; i++) {
    held = ((held << 8) | octets.charCodeAt(i)) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) out += BASE32_HEX[(held >> (bits - 5)) & 31];
  }
  return bits === 0 ? out : out + BASE32_HEX[(held << (5 - bits)) & 31];
}

/** Reads base 32 "extended hex" without padding, any letter case; undefined when it is not. */
export function fromBase32Hex(text: string): Octets | undefined {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const char of text.toUpperCase()) {
    const value = BASE32_HEX.indexOf(char);
    if (value === -1) return undefined;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out += String.fromCharCode((held >> bits) & 255);
    }
  }
  const padding = held & ((1 << bits) - 1);
  return bits < 5 && padding === 0 ? out : undefined;
}

/** Base64 to the end. */
export function base64(label: string, minOctets = 0): Field {
  return rest(label, minOctets, toBase64, (tokens) => {
    const octets = fromBase64(tokens.joinRest());
    if (octets === undefined) throw tokens.fail('BAD_BASE64', `${label} is not base64`);
    return atLeast(tokens, octets, minOctets, label);
  });
}

/** Hex digits to the end. */
export function hex(label: string, minOctets = 0): Field {
  return rest(label, minOctets, toHex, (tokens) => {
    const octets = fromHex(tokens.joinRest());
    if (octets === undefined) throw tokens.fail('BAD_HEX', `${label} is not hex digits in pairs`);
    return atLeast(tokens, octets, minOctets, label);
  });
}

function atLeast(tokens: TokenReader, octets: Octets, minOctets: number, label: string): Octets {
  if (octets.length < minOctets) throw tokens.missing(label);
  return octets;
}

/** A length octet and so many octets, written as one word. */
function counted(
  label: string,
  minOctets: number,
  format: (octets: Octets) => string,
  parse: Field['parse'],
): Field {
  return {
    label,
    kind: 'other',
    sizeOctets: 0,
    end(rdata, at) {
      const length = rdata.charCodeAt(at);
      const end = at + 1 + length;
      return length >= minOctets && end <= rdata.length ? end : -1;
    },
    format: (rdata, at, end) => format(rdata.slice(at + 1, end)),
    parse(tokens, before) {
      const octets = parse(tokens, before);
      if (octets.length < minOctets) throw tokens.fail('BAD_VALUE', `${label} is empty`);
      if (octets.length > 255) throw tokens.fail('BAD_VALUE', `${label} is longer than 255 octets`);
      return String.fromCharCode(octets.length) + octets;
    },
  };
}

/** The NSEC3 salt: hex, `-` when empty (RFC 5155 3.3). */
export function salt(label: string): Field {
  return counted(
    label,
    0,
    (octets) => (octets === '' ? '-' : toHex(octets)),
    (tokens) => {
      const { text } = tokens.next(label);
      const octets = text === '-' ? '' : fromHex(text);
      if (octets === undefined) throw tokens.fail('BAD_HEX', `${label} "${text}" is not hex digits or "-"`);
      return octets;
    },
  );
}

/** The NSEC3 next hashed owner name: base 32 hex (RFC 5155 3.3). */
export function hashed(label: string): Field {
  return counted(label, 1, toBase32Hex, (tokens) => {
    const { text } = tokens.next(label);
    const octets = fromBase32Hex(text);
    if (octets === undefined) throw tokens.fail('BAD_BASE32', `${label} "${text}" is not base32hex`);
    return octets;
  });
}

/**
 * A fixed number of octets as hex groups with a separator: EUI-48, NID and their like. Groups of two octets may
 * be read without their leading zeros, as in an IPv6 address (RFC 6742 2.1.2).
 */
export function groupedHex(label: string, octets: number, perGroup: number, separator: string): Field {
  const digits = perGroup * 2;
  const group = perGroup === 1 ? /^[0-9A-Fa-f]{2}$/ : /^[0-9A-Fa-f]{1,4}$/;
  return fixed(
    label,
    octets,
    (rdata, at) => {
      const text = toHex(rdata.slice(at, at + octets)).toLowerCase();
      const groups: string[] = [];
      for (let i = 0; i < text.length; i += digits) groups.push(text.slice(i, i + digits));
      return groups.join(separator);
    },
    (tokens) => {
      const { text } = tokens.next(label);
      const groups = text.split(separator);
      if (groups.length * perGroup !== octets || !groups.every((part) => group.test(part))) {
        throw tokens.fail('BAD_HEX', `${label} "${text}" is not in the form of this type`);
      }
      return fromHex(groups.map((part) => part.padStart(digits, '0')).join(''))!;
    },
  );
}
