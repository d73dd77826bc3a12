/**
 * Scanner of master files: text to entries of tokens, each with its place.
 *
 * An entry is one logical line: parentheses join lines, comments are gone. Tokens keep their escapes, since
 * only the reader of the field knows what they mean. First step of parse.ts.
 * RFC 1035 5.1. Takes CRLF, a lone CR is white space; a UTF-8 byte order mark in front is skipped.
 * Limitations: a quoted string must end on its line, as in BIND. Columns count octets.
 */
import type { Octets } from '../dns/name.js';
import { type Place, type ZoneError, zoneError } from './zone-error.js';

export interface Token extends Place {
  /** As written, escapes included; octets over 127 escaped; without the quotes when it is quoted as a whole. */
  readonly text: string;
  /** True for `"..."`; for `key="..."` it is false and the inner quotes stay in the text. */
  readonly quoted: boolean;
}

/** One logical line. */
export interface Entry {
  readonly tokens: readonly Token[];
  /** True when the line began with white space: the owner is that of the record before. */
  readonly blankOwner: boolean;
}

/** Either an entry, or what kept one from being read; scanning goes on at the next line. */
export type Scanned = { readonly entry: Entry } | { readonly error: ZoneError };

/** Sticky: matches where `lastIndex` says. */
const PLAIN = /[^ \t\r\n;()"\\]+/y;
const BYTE_ORDER_MARK = '\xef\xbb\xbf';

/** Scans a whole file. `text` has one octet per char. */
export function* scanMasterFile(text: Octets, file: string): Generator<Scanned> {
  const scanner = new Scanner(text, file);
  for (let next = scanner.next(); next; next = scanner.next()) yield next;
}

class Scanner {
  private at: number;
  private line = 1;
  private lineStart: number;

  constructor(
    private readonly text: Octets,
    private readonly file: string,
  ) {
    this.at = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
    this.lineStart = this.at;
  }

  /** The next entry with at least one token, or an error; undefined at the end. */
  next(): Scanned | undefined {
    while (this.at < this.text.length) {
      const scanned = this.entry();
      if ('error' in scanned || scanned.entry.tokens.length > 0) return scanned;
    }
    return undefined;
  }

  private entry(): Scanned {
    const tokens: Token[] = [];
    const opened: Place[] = [];
    const blankOwner = isBlank(this.text[this.at]);
    while (this.at < this.text.length) {
      const char = this.text[this.at]!;
      if (char === '\n') {
        this.newline();
        if (opened.length === 0) return { entry: { tokens, blankOwner } };
      } else if (isBlank(char)) {
        this.at++;
      } else if (char === ';') {
        this.skipComment();
      } else if (char === '(') {
        opened.push(this.place());
        this.at++;
      } else if (char === ')') {
        const place = this.place();
        this.at++;
        if (!opened.pop()) return this.fail('UNEXPECTED_PARENTHESIS', place, '")" without "(" before it');
      } else {
        const token = this.token();
        if ('error' in token) return token;
        tokens.push(token);
      }
    }
    const open = opened.pop();
    if (open) return this.fail('UNCLOSED_PARENTHESIS', open, '"(" is never closed; expected ")"');
    return { entry: { tokens, blankOwner } };
  }

  private token(): Token | { error: ZoneError } {
    const place = this.place();
    if (this.text[this.at] === '"') {
      const from = ++this.at;
      if (!this.skipToQuote()) return this.unclosedQuote(place);
      return { ...place, text: escapeHigh(this.text.slice(from, this.at++)), quoted: true };
    }
    const from = this.at;
    for (this.skipPlain(); this.at < this.text.length; this.skipPlain()) {
      const char = this.text[this.at]!;
      if (char === '"') {
        // Quotes belong to a word only as the value of key="...", the SvcParam form (RFC 9460 2.1).
        if (this.text[this.at - 1] !== '=') break;
        this.at++;
        if (!this.skipToQuote()) return this.unclosedQuote(place);
      } else if (char === '\\') {
        this.at++;
        if (this.at >= this.text.length || this.text[this.at] === '\n' || this.text[this.at] === '\r') {
          return this.fail('SYNTAX', place, 'a backslash ends the line; expected a character or \\DDD');
        }
      } else {
        break;
      }
      this.at++;
    }
    return { ...place, text: escapeHigh(this.text.slice(from, this.at)), quoted: false };
  }

  /** Moves over chars that mean only themselves. */
  private skipPlain(): void {
    PLAIN.lastIndex = this.at;
    if (PLAIN.test(this.text)) this.at = PLAIN.lastIndex;
  }

  /** Moves to the closing quote; false when the line ends before it. */
  private skipToQuote(): boolean {
    for (; this.at < this.text.length; this.at++) {
      const char = this.text[this.at];
      if (char === '"') return true;
      if (char === '\n') return false;
      if (char === '\\' && this.text[this.at + 1] !== '\n') this.at++;
    }
    return false;
  }

  private unclosedQuote(place: Place): { error: ZoneError } {
    return this.fail('UNCLOSED_QUOTE', place, 'a quoted string does not end on its line; expected a "');
  }

  private skipComment(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end;
  }

  private newline(): void {
    this.at++;
    this.line++;
    this.lineStart = this.at;
  }

  private place(): Place {
    return { file: this.file, line: this.line, column: this.at - this.lineStart + 1 };
  }

  /** Skips the rest of the line, so that one mistake is one error. */
  private fail(code: ZoneError['code'], place: Place, message: string): { error: ZoneError } {
    this.skipComment();
    if (this.at < this.text.length) this.newline();
    return { error: zoneError(code, place, message) };
  }
}

/** Octets over 127 as `\\DDD`, so that whoever reads the token cannot take them for chars. */
function escapeHigh(text: Octets): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  return text.replace(/\\[^\x80-\xff]|\\?([\x80-\xff])/g, (found, high: string | undefined) =>
    high === undefined ? found : `\\${high.charCodeAt(0)}`,
  );
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\r';
}
