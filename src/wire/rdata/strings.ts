/**
 * Character-strings (RFC 1035 3.3) as fields: one, several to the end, or a quoted run without length octet.
 */
import type { Octets } from '../../dns/name.js';
import { type Field, rest } from './field.js';
import type { TokenReader } from './token.js';

/** Text between quotes, with escapes where RFC 1035 5.1 needs them. */
export function quote(octets: Octets): string {
  let out = '"';
  for (let i = 0; i < octets.length; i++) {
    const c = octets.charCodeAt(i);
    if (c < 32 || c > 126) out += `\\${String(c).padStart(3, '0')}`;
    else out += c === 34 || c === 92 ? `\\${octets[i]}` : octets[i];
  }
  return `${out}"`;
}

function lengthPrefixed(octets: Octets): Octets {
  return String.fromCharCode(octets.length) + octets;
}

function endOfString(rdata: Octets, at: number): number {
  const end = at + 1 + rdata.charCodeAt(at);
  return end <= rdata.length ? end : -1; // charCodeAt gives NaN past the end, and so does the comparison
}

/** One character-string. */
export function string(label: string): Field {
  return {
    label,
    kind: 'string',
    sizeOctets: 0,
    end: endOfString,
    format: (rdata, at, end) => quote(rdata.slice(at + 1, end)),
    parse: (tokens) => lengthPrefixed(tokens.string(label)),
  };
}

/** One or more character-strings, to the end (`min` 0: none is fine too). */
export function strings(label: string, min = 1): Field {
  return {
    label,
    kind: 'other',
    sizeOctets: 0,
    end(rdata, from) {
      if (rdata.length === from) return min === 0 ? from : -1;
      let at = from;
      while (at < rdata.length && at !== -1) at = endOfString(rdata, at);
      return at;
    },
    format(rdata, from, end) {
      const texts: string[] = [];
      for (let at = from; at < end; at = endOfString(rdata, at)) {
        texts.push(quote(rdata.slice(at + 1, endOfString(rdata, at))));
      }
      return texts.join(' ');
    },
    parse(tokens: TokenReader) {
      let out = min === 0 ? '' : lengthPrefixed(tokens.string(label));
      while (!tokens.atEnd) out += lengthPrefixed(tokens.string(label));
      return out;
    },
  };
}

/** Octets to the end as one quoted string of any length, as in CAA and URI. */
export function longString(label: string, minOctets = 0): Field {
  return rest(label, minOctets, quote, (tokens) => {
    const octets = tokens.string(label, 65535);
    if (octets.length < minOctets) throw tokens.fail('BAD_STRING', `${label} is empty`);
    return octets;
  });
}
