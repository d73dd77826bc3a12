/**
 * The parts that RDATA layouts are put together from: what a field is, and the fields for numbers and names.
 *
 * A field knows how far it reaches, its text, and how to read its text. A type is a list of fields
 * (layouts.ts), so the strict check, the places of names, canonical form and text come from one line.
 */
import { formatName, type Octets } from '../../dns/name.js';
import { endOfName } from '../names.js';
import { u16At, u16Octets, u32At, u32Octets } from '../octets.js';
import type { TokenReader } from './token.js';

export interface Field {
  /** Named in errors. */
  readonly label: string;
  /** What the decoder must know to decompress a name that comes after this field or in it. */
  readonly kind: 'fixed' | 'name' | 'string' | 'other';
  /** Size when `kind` is `fixed`, else 0. */
  readonly sizeOctets: number;
  /** Offset after the field that starts at `at`; -1 when it is cut short or malformed. Never throws. */
  end(rdata: Octets, at: number): number;
  /** Text of the field, tokens parted by blanks; '' for none; undefined when it has no text form. */
  format(rdata: Octets, at: number, end: number): string | undefined;
  /** Reads the text. `before` is the RDATA up to here. Throws RdataError. */
  parse(tokens: TokenReader, before: Octets): Octets;
}

/** A field of fixed size. */
export function fixed(
  label: string,
  sizeOctets: number,
  format: (rdata: Octets, at: number) => string,
  parse: (tokens: TokenReader) => Octets,
): Field {
  return {
    label,
    kind: 'fixed',
    sizeOctets,
    end: (rdata, at) => (at + sizeOctets <= rdata.length ? at + sizeOctets : -1),
    format,
    parse,
  };
}

/** An 8-bit number. */
export function u8(label: string): Field {
  return fixed(
    label,
    1,
    (rdata, at) => String(rdata.charCodeAt(at)),
    (tokens) => String.fromCharCode(tokens.number(label, 255)),
  );
}

/** A 16-bit number. */
export function u16(label: string): Field {
  return fixed(
    label,
    2,
    (rdata, at) => String(u16At(rdata, at)),
    (tokens) => u16Octets(tokens.number(label, 65535)),
  );
}

/** A 32-bit number. */
export function u32(label: string): Field {
  return fixed(
    label,
    4,
    (rdata, at) => String(u32At(rdata, at)),
    (tokens) => u32Octets(tokens.number(label, 0xffffffff)),
  );
}

/** A domain name. */
export function name(label: string): Field {
  return {
    label,
    kind: 'name',
    sizeOctets: 0,
    end: endOfName,
    format: (rdata, at, end) => formatName(rdata.slice(at, end)),
    parse: (tokens) => tokens.name(label),
  };
}

/** A field that reaches to the end of the RDATA and has at least `minOctets`. */
export function rest(
  label: string,
  minOctets: number,
  format: (octets: Octets) => string | undefined,
  parse: (tokens: TokenReader, before: Octets) => Octets,
): Field {
  return {
    label,
    kind: 'other',
    sizeOctets: 0,
    end: (rdata, at) => (rdata.length - at >= minOctets ? rdata.length : -1),
    format: (rdata, at) => format(rdata.slice(at)),
    parse,
  };
}

const UNIT_SEC: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** A 32-bit number of seconds; read with units too, as in `1h30m`, which most name servers take. */
export function period(label: string): Field {
  const plain = u32(label);
  return {
    ...plain,
    parse(tokens, before) {
      if (!/[smhdw]$/i.test(tokens.peek()?.text ?? '')) return plain.parse(tokens, before);
      const text = tokens.next(label).text.toLowerCase();
      if (!/^([0-9]{1,10}[smhdw])+$/.test(text))
        throw tokens.fail('BAD_NUMBER', `${label} "${text}" is no period`);
      let seconds = 0;
      for (const [, digits, unit] of text.matchAll(/([0-9]+)([smhdw])/g))
        seconds += Number(digits) * UNIT_SEC[unit!]!;
      if (seconds > 0xffffffff)
        throw tokens.fail('BAD_NUMBER', `${label} "${text}" is more than 32 bits of seconds`);
      return u32Octets(seconds);
    },
  };
}
