/**
 * The words of an RDATA in presentation form, and the reader that a layout's fields take them from.
 *
 * The zone parser (or the CLI) splits a line into tokens; what they mean is decided here, per type.
 * RFC 1035 5.1 (escapes, quotes), RFC 3597 5.
 */
import { NameError, nameToOctets, type Octets } from '../../dns/name.js';

/** One word. `text` still has its escapes, but not the quotes around it. */
export interface RdataToken {
  readonly text: string;
  readonly quoted: boolean;
}

export type RdataErrorCode =
  | 'MISSING_FIELD'
  | 'EXTRA_FIELD'
  | 'BAD_NUMBER'
  | 'BAD_NAME'
  | 'BAD_ADDRESS'
  | 'BAD_STRING'
  | 'BAD_BASE64'
  | 'BAD_BASE32'
  | 'BAD_HEX'
  | 'BAD_TYPE'
  | 'BAD_TIME'
  | 'BAD_VALUE'
  | 'BAD_GENERIC';

/** RDATA text that cannot be read. `tokenIndex` counts tokens of the RDATA from 0; it may be one past the last. */
export class RdataError extends Error {
  constructor(
    readonly code: RdataErrorCode,
    message: string,
    readonly tokenIndex: number,
  ) {
    super(message);
    this.name = 'RdataError';
  }
}

/** Longest character-string (RFC 1035 3.3). */
export const MAX_STRING_OCTETS = 255;

/** Hands out tokens in order. Every method throws {@link RdataError}. */
export class TokenReader {
  private index = 0;

  constructor(
    private readonly tokens: readonly RdataToken[],
    /** What relative names are completed with, in wire form. */
    readonly origin: Octets,
  ) {}

  get atEnd(): boolean {
    return this.index >= this.tokens.length;
  }

  /** The next token; `what` names the field in the error when there is none. */
  next(what: string): RdataToken {
    const token = this.tokens[this.index];
    if (token === undefined) throw this.missing(what);
    this.index++;
    return token;
  }

  /** The next token without taking it. */
  peek(): RdataToken | undefined {
    return this.tokens[this.index];
  }

  missing(what: string): RdataError {
    return new RdataError('MISSING_FIELD', `${what} is missing`, this.index);
  }

  /** An error about the token taken last. */
  fail(code: RdataErrorCode, message: string): RdataError {
    return new RdataError(code, message, Math.max(0, this.index - 1));
  }

  /** All that is left, joined: blobs may be split by blanks at any place (RFC 4034 2.2). */
  joinRest(): string {
    let text = '';
    while (!this.atEnd) text += this.next('data').text;
    return text;
  }

  /** A decimal number from 0 to `max`. */
  number(what: string, max: number): number {
    const { text } = this.next(what);
    if (!/^[0-9]{1,10}$/.test(text))
      throw this.fail('BAD_NUMBER', `${what} "${text}" is not a decimal number`);
    if (Number(text) > max) throw this.fail('BAD_NUMBER', `${what} ${text} is more than ${max}`);
    return Number(text);
  }

  /** A domain name in wire form, letter case kept. */
  name(what: string): Octets {
    const { text } = this.next(what);
    return this.nameFrom(text, what);
  }

  /** Reads `text`, a part of the token taken last, as a name. */
  nameFrom(text: string, what: string): Octets {
    try {
      return text === '@' ? this.origin : nameToOctets(text, this.origin);
    } catch (error) {
      if (error instanceof NameError) throw this.fail('BAD_NAME', `${what} "${text}": ${error.message}`);
      throw error;
    }
  }

  /** The content of a character-string of up to `max` octets. */
  string(what: string, max = MAX_STRING_OCTETS): Octets {
    const octets = this.unescape(this.next(what).text, what);
    if (octets.length > max) throw this.fail('BAD_STRING', `${what} is longer than ${max} octets`);
    return octets;
  }

  /** Resolves `\X` and `\DDD`; chars above 127 become the octets of their UTF-8 form. */
  unescape(text: string, what: string): Octets {
    if (/^[\x20-\x5b\x5d-\x7e]*$/.test(text)) return text;
    const bytes = Buffer.from(text, 'utf8').toString('latin1');
    let out = '';
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== '\\') {
        out += bytes[i];
        continue;
      }
      const digits = bytes.slice(i + 1, i + 4);
      if (/^[0-9]/.test(digits)) {
        if (!/^[0-9]{3}$/.test(digits) || Number(digits) > 255) {
          throw this.fail('BAD_STRING', `${what}: \\${digits} is not \\DDD with DDD from 000 to 255`);
        }
        out += String.fromCharCode(Number(digits));
        i += 3;
      } else {
        if (digits === '') throw this.fail('BAD_STRING', `${what}: a backslash ends the string`);
        out += digits[0];
        i += 1;
      }
    }
    return out;
  }

  /** Refuses what no field has taken. */
  finish(): void {
    if (this.atEnd) return;
    const { text } = this.next('');
    throw this.fail('EXTRA_FIELD', `"${text}" is more than this type has`);
  }
}
