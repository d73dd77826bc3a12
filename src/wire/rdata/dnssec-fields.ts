/**
 * Fields that only DNSSEC types have: covered type, algorithm, signature times.
 * RFC 4034 3.2 and appendix A.1.
 */
import { formatType, parseType } from '../../dns/registry.js';
import { u16At, u16Octets, u32At, u32Octets } from '../octets.js';
import { type Field, fixed } from './field.js';

/** Mnemonics a master file may use for the number (RFC 4034 A.1 and the IANA registry). */
export const algorithmNumbers: ReadonlyMap<string, number> = new Map([
  ['RSAMD5', 1],
  ['DH', 2],
  ['DSA', 3],
  ['RSASHA1', 5],
  ['DSA-NSEC3-SHA1', 6],
  ['NSEC3DSA', 6],
  ['RSASHA1-NSEC3-SHA1', 7],
  ['NSEC3RSASHA1', 7],
  ['RSASHA256', 8],
  ['RSASHA512', 10],
  ['ECC-GOST', 12],
  ['ECDSAP256SHA256', 13],
  ['ECDSAP384SHA384', 14],
  ['ED25519', 15],
  ['ED448', 16],
  ['INDIRECT', 252],
  ['PRIVATEDNS', 253],
  ['PRIVATEOID', 254],
]);

/** The type an RRSIG covers, as mnemonic. */
export function coveredType(label: string): Field {
  return fixed(
    label,
    2,
    (rdata, at) => formatType(u16At(rdata, at)),
    (tokens) => {
      const { text } = tokens.next(label);
      const type = parseType(text);
      if (type === undefined) throw tokens.fail('BAD_TYPE', `${label} "${text}" is not an RR type`);
      return u16Octets(type);
    },
  );
}

/** An algorithm number; a mnemonic is read too. */
export function algorithm(label: string): Field {
  return fixed(
    label,
    1,
    (rdata, at) => String(rdata.charCodeAt(at)),
    (tokens) => {
      const known = algorithmNumbers.get(tokens.peek()?.text.toUpperCase() ?? '');
      if (known === undefined) return String.fromCharCode(tokens.number(label, 255));
      tokens.next(label);
      return String.fromCharCode(known);
    },
  );
}

/** `YYYYMMDDHHmmSS` of a number of seconds since 1970 (32 bits, unsigned). */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/[-:T]|\..*$/g, '');
}

/** Reads 14 digits of date, or seconds since 1970; undefined when neither, or out of 32 bits. */
export function parseTime(text: string): number | undefined {
  if (/^[0-9]{1,10}$/.test(text)) return Number(text) <= 0xffffffff ? Number(text) : undefined;
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$/.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number);
  const seconds = Date.UTC(year!, month! - 1, day, hour, minute, second) / 1000;
  return seconds >= 0 && seconds <= 0xffffffff && formatTime(seconds) === text ? seconds : undefined;
}

/** A signature's inception or expiration. */
export function time(label: string): Field {
  return fixed(
    label,
    4,
    (rdata, at) => formatTime(u32At(rdata, at)),
    (tokens) => {
      const { text } = tokens.next(label);
      const seconds = parseTime(text);
      if (seconds === undefined)
        throw tokens.fail('BAD_TIME', `${label} "${text}" is not YYYYMMDDHHmmSS or seconds`);
      return u32Octets(seconds);
    },
  );
}
