/**
 * One record line of a master file: owner, TTL, class, type, RDATA.
 *
 * Second step of parse.ts, after the scanner. TTL and class may be missing or in either order (RFC 1035 5.1);
 * what is missing comes from the lines before. RDATA text is read by wire/.
 */
import { type Name, NameError, type Octets, parseName, ROOT, toName } from '../dns/name.js';
import { formatClass, isMetaType, parseClass, parseType, RRClass, RRType } from '../dns/registry.js';
import type { Rdata } from '../dns/rrset.js';
import { fail } from './entry-error.js';
import { readRdata } from './rdata-field.js';
import type { Entry, Token } from './scan.js';
import { parseTtl } from './ttl.js';
import { type Place, type ZoneError, zoneWarning } from './zone-error.js';

/** A record as read, with the place of its line for later checks. */
export interface ZoneRecord extends Place {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  readonly ttlSec: number;
  readonly rdata: Rdata;
}

/** What lines inherit from the lines before them. */
export interface LineState {
  /** Ends relative names; undefined until $ORIGIN, an option, or the first owner says it. */
  origin: Octets | undefined;
  /** Owner of the record before; undefined in front of the first. */
  owner: Name | undefined;
  /** From $TTL (RFC 2308 4). */
  defaultTtlSec: number | undefined;
  /** The last TTL that a record stated (RFC 1035 5.1). */
  lastTtlSec: number | undefined;
  /** Class of the zone, fixed by the first record. */
  class: number | undefined;
}

/** Reads an owner or origin field. */
export function readName(token: Token, origin: Octets | undefined): Name {
  const atSign = token.text === '@' && !token.quoted;
  if (origin === undefined && (atSign || isRelative(token.text))) {
    return fail('BAD_NAME', token, `"${token.text}" is relative, and no $ORIGIN came before it`);
  }
  if (atSign) return toName(origin!);
  try {
    return parseName(token.text, origin ?? ROOT);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    const place = { ...token, column: token.column + error.offset };
    return fail('BAD_NAME', place, `"${token.text}" is no domain name: ${error.message}`);
  }
}

function isRelative(text: string): boolean {
  const backslashes = /(\\*)\.$/.exec(text)?.[1];
  return backslashes === undefined || backslashes.length % 2 === 1;
}

/**
 * Reads a record entry and moves `state` on.
 *
 * @throws {EntryError} caught in parse.ts
 */
export function readRecord(entry: Entry, state: LineState, warn: (problem: ZoneError) => void): ZoneRecord {
  const first = entry.tokens[0]!;
  const owner = entry.blankOwner
    ? (state.owner ?? fail('NO_OWNER', first, 'an empty owner field repeats the owner above; there is none'))
    : readName(first, state.origin);
  state.owner = owner;
  state.origin ??= owner;
  const header = readHeader(entry, entry.blankOwner ? 0 : 1);
  const type = readType(header.typeToken, entry);
  const zoneClass = readClass(header.classToken, state, first);
  const rdata = readRdata(type, header.rest, state.origin, header.typeToken!);
  const ttlSec = resolveTtl(header.ttlSec, type, rdata, state, first, warn);
  const { file, line, column } = first;
  return { file, line, column, name: owner, type, class: zoneClass, ttlSec, rdata };
}

interface Header {
  readonly ttlSec: number | undefined;
  readonly classToken: Token | undefined;
  readonly typeToken: Token | undefined;
  readonly rest: readonly Token[];
}

function readHeader(entry: Entry, from: number): Header {
  let ttlSec: number | undefined;
  let classToken: Token | undefined;
  let at = from;
  for (; at < entry.tokens.length; at++) {
    const token = entry.tokens[at]!;
    if (token.quoted) break;
    const ttl = ttlSec === undefined ? parseTtl(token.text) : undefined;
    if (ttl === 'range') fail('BAD_TTL', token, `TTL ${token.text} is over 2147483647 seconds`);
    if (ttl !== undefined) ttlSec = ttl;
    else if (classToken === undefined && parseClass(token.text) !== undefined) classToken = token;
    else break;
  }
  return { ttlSec, classToken, typeToken: entry.tokens[at], rest: entry.tokens.slice(at + 1) };
}

function readType(token: Token | undefined, entry: Entry): number {
  if (!token) return fail('SYNTAX', entry.tokens.at(-1)!, 'the line ends here; expected a type and its data');
  const type = token.quoted ? undefined : parseType(token.text);
  if (type === undefined) {
    return fail('UNKNOWN_TYPE', token, `expected a TTL, a class or a type, found "${token.text}"`);
  }
  if (type === 0 || isMetaType(type)) {
    return fail('META_TYPE', token, `${token.text} is not for zone data; expected a data type`);
  }
  return type;
}

function readClass(token: Token | undefined, state: LineState, first: Token): number {
  const stated = token ? parseClass(token.text)! : undefined;
  if (stated === RRClass.ANY || stated === RRClass.NONE) {
    fail('WRONG_CLASS', token!, `class ${token!.text} cannot stand in a zone; expected IN`);
  }
  state.class ??= stated ?? RRClass.IN;
  if (stated !== undefined && stated !== state.class) {
    const expected = formatClass(state.class);
    fail('WRONG_CLASS', token ?? first, `class ${formatClass(stated)} in a zone of class ${expected}`);
  }
  return state.class;
}

function resolveTtl(
  stated: number | undefined,
  type: number,
  rdata: Rdata,
  state: LineState,
  place: Place,
  warn: (problem: ZoneError) => void,
): number {
  if (stated !== undefined) {
    state.lastTtlSec = stated;
    return stated;
  }
  const inherited = state.defaultTtlSec ?? state.lastTtlSec;
  if (inherited !== undefined) return inherited;
  if (type !== RRType.SOA) return fail('NO_TTL', place, 'no TTL here, and no $TTL or TTL before it');
  const minimum = soaMinimumSec(rdata);
  warn(zoneWarning('NO_TTL', place, `no TTL and no $TTL; taking the SOA minimum, ${minimum}`));
  state.lastTtlSec = minimum;
  return minimum;
}

/** The last field of SOA RDATA, in seconds (RFC 2308 4). */
export function soaMinimumSec(soa: Rdata): number {
  return Buffer.from(soa.slice(-4), 'latin1').readUInt32BE(0);
}
