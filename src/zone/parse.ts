/**
 * Master files to records.
 *
 * scan.ts cuts the text into entries, record.ts reads record lines, this file owns the directives
 * ($ORIGIN, $TTL, $INCLUDE, $GENERATE) and the collecting of errors: one bad line is one error, and reading
 * goes on with the next. build.ts makes a zone of the records.
 * RFC 1035 5, 2308 4 ($TTL), 3597 5 (TYPE123, CLASS1, \#).
 * Limitations: $INCLUDE opens any file that this process may read, as BIND and NSD do.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Name, Octets } from '../dns/name.js';
import { EntryError, fail } from './entry-error.js';
import { expandGenerate } from './generate.js';
import { type LineState, readName, readRecord, type ZoneRecord } from './record.js';
import { type Entry, type Scanned, scanMasterFile, type Token } from './scan.js';
import { parseTtl } from './ttl.js';
import { type ZoneError, zoneError } from './zone-error.js';

export interface ParseOptions {
  /** Ends relative names before any $ORIGIN. Left out: the owner of the first record, which must be absolute. */
  readonly origin?: Name;
  /** Name of the file in errors, and what $INCLUDE is relative to. For text; default `(text)`. */
  readonly file?: string;
  /** Reads a file for $INCLUDE, one octet per char. Default: from disk. */
  readonly readFile?: (path: string) => Octets;
  /** Takes each record as soon as it is read, in the place of `records`: a large file is never in memory as a whole. */
  readonly onRecord?: (record: ZoneRecord) => void;
}

export interface ParsedMasterFile {
  /** In the order of the file; lines with errors are missing. */
  readonly records: readonly ZoneRecord[];
  readonly problems: readonly ZoneError[];
  /** Every file that was read, the first one included; empty for text. */
  readonly files: readonly string[];
}

const MAX_INCLUDE_DEPTH = 10;
/** Files read for one zone; nested includes would multiply without it. */
const MAX_INCLUDES = 1000;
/** Reading stops after this many errors: the file is something else. */
const MAX_ERRORS = 100;

/** Parses a file and what it includes. Never throws for what is in them, or for a missing file. */
export function parseZoneFile(path: string, options: ParseOptions = {}): ParsedMasterFile {
  const run = new ParserRun(options);
  run.file(path, { file: path, line: 1, column: 1 });
  return run.result();
}

/** Parses text, taken as UTF-8. */
export function parseZoneText(text: string, options: ParseOptions = {}): ParsedMasterFile {
  const run = new ParserRun(options);
  run.text(toOctets(text), options.file ?? '(text)');
  return run.result();
}

function toOctets(text: string): Octets {
  return Buffer.from(text, 'utf8').toString('latin1');
}

class ParserRun {
  private readonly records: ZoneRecord[] = [];
  private readonly problems: ZoneError[] = [];
  private readonly files: string[] = [];
  private readonly open: string[] = [];
  private readonly state: LineState;
  private readonly readFile: (path: string) => Octets;
  private readonly onRecord: (record: ZoneRecord) => void;
  private errorCount = 0;
  private includes = 0;
  private readonly warn = (problem: ZoneError) => this.problems.push(problem);

  constructor(options: ParseOptions) {
    this.readFile = options.readFile ?? ((path) => readFileSync(path, 'latin1'));
    this.onRecord = options.onRecord ?? ((record) => this.records.push(record));
    this.state = {
      origin: options.origin,
      owner: undefined,
      defaultTtlSec: undefined,
      lastTtlSec: undefined,
      class: undefined,
    };
  }

  result(): ParsedMasterFile {
    return { records: this.records, problems: this.problems, files: this.files };
  }

  /** @param from the place that an unreadable file is reported at */
  file(path: string, from: { file: string; line: number; column: number }): void {
    if (!this.files.includes(path)) this.files.push(path);
    let text: Octets;
    try {
      text = this.readFile(path);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.error(zoneError('FILE_UNREADABLE', from, `cannot read ${path}: ${reason}`));
      return;
    }
    this.open.push(path);
    this.text(text, path);
    this.open.pop();
  }

  text(text: Octets, file: string): void {
    for (const scanned of scanMasterFile(text, file)) {
      if (this.errorCount >= MAX_ERRORS) return;
      this.take(scanned);
    }
  }

  private take(scanned: Scanned): void {
    if ('error' in scanned) {
      this.error(scanned.error);
      return;
    }
    try {
      this.entry(scanned.entry);
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      this.error(error.problem);
    }
  }

  private error(problem: ZoneError): void {
    this.problems.push(problem);
    this.errorCount++;
    if (this.errorCount === MAX_ERRORS) {
      this.problems.push({
        ...problem,
        code: 'TOO_MANY_ERRORS',
        message: 'too many errors; the rest is unread',
      });
    }
  }

  private entry(entry: Entry): void {
    const first = entry.tokens[0]!;
    if (entry.blankOwner || first.quoted || !first.text.startsWith('$')) {
      this.onRecord(readRecord(entry, this.state, this.warn));
      return;
    }
    switch (first.text.toUpperCase()) {
      case '$ORIGIN':
        this.state.origin = readName(argument(entry, 'a domain name', 1), this.state.origin);
        return;
      case '$TTL':
        this.state.defaultTtlSec = readTtl(argument(entry, 'a TTL', 1));
        return;
      case '$INCLUDE':
        this.include(entry);
        return;
      case '$GENERATE':
        this.generate(entry);
        return;
      default:
        fail(
          'UNKNOWN_DIRECTIVE',
          first,
          `${first.text} is unknown; expected $ORIGIN, $TTL, $INCLUDE or $GENERATE`,
        );
    }
  }

  /** Origin and owner are as before afterwards (RFC 1035 5.1); $TTL stays changed, as in BIND. */
  private include(entry: Entry): void {
    const target = argument(entry, 'a file name', 2);
    const path = resolve(dirname(target.file), target.text);
    if (this.open.some((file) => resolve(file) === path)) {
      fail('INCLUDE_LOOP', target, `${target.text} includes itself`);
    }
    if (this.open.length > MAX_INCLUDE_DEPTH) {
      fail('INCLUDE_DEPTH', target, `$INCLUDE is nested more than ${MAX_INCLUDE_DEPTH} deep`);
    }
    if (++this.includes > MAX_INCLUDES) {
      fail('INCLUDE_DEPTH', target, `more than ${MAX_INCLUDES} files are included`);
    }
    const { origin, owner } = this.state;
    const originToken = entry.tokens[2];
    if (originToken) this.state.origin = readName(originToken, origin);
    this.file(path, target);
    this.state.origin = origin;
    this.state.owner = owner;
  }

  private generate(entry: Entry): void {
    const generated = expandGenerate(entry.tokens);
    if ('error' in generated) throw new EntryError(generated.error);
    const { file, line, column } = entry.tokens[0]!;
    const before = this.errorCount;
    for (const text of generated.lines) {
      for (const scanned of scanMasterFile(text, file)) this.take(relocate(scanned, { file, line, column }));
      if (this.errorCount > before) return; // the other lines have the same mistake
    }
  }
}

/** Gives everything that a generated line holds the place of its $GENERATE. */
function relocate(scanned: Scanned, place: { file: string; line: number; column: number }): Scanned {
  if ('error' in scanned) return { error: { ...scanned.error, ...place } };
  const tokens = scanned.entry.tokens.map((token) => ({ ...token, ...place }));
  return { entry: { ...scanned.entry, tokens } };
}

function argument(entry: Entry, expected: string, most: number): Token {
  const [directive, token] = entry.tokens;
  if (!token) return fail('BAD_DIRECTIVE', directive!, `expected ${expected} after ${directive!.text}`);
  const extra = entry.tokens[most + 1];
  if (extra) fail('BAD_DIRECTIVE', extra, `expected the end of the line, found "${extra.text}"`);
  return token;
}

function readTtl(token: Token): number {
  const ttl = parseTtl(token.text);
  if (typeof ttl === 'number') return ttl;
  return fail('BAD_TTL', token, `"${token.text}" is no TTL; expected seconds or units as in 1h30m`);
}
