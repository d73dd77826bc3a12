/**
 * Block lists as the world writes them, line by line: hosts files, plain names, and the part of the adblock
 * syntax that speaks of whole domains.
 *
 * A line that cannot be used is counted with its number and never stops a list: lists of others have
 * mistakes, and the rest of them still protects.
 * Limitations: adblock rules with paths, options other than `$important`, or regular expressions are for
 * browsers and are counted as skipped.
 */
import { isIP } from 'node:net';
import { type Name, NameError, parseName, ROOT } from '../dns/name.js';
import type { Reach } from './name-table.js';

export type ListFormat = 'hosts' | 'domains' | 'adblock';

export interface ListRule {
  readonly name: Name;
  readonly reach: Reach;
  /** False for an exception: the name is let through whatever other lists say. */
  readonly blocks: boolean;
}

export interface BadLine {
  readonly line: number;
  readonly why: string;
}

/** Bad lines of a list that are named; the rest is counted. */
const NAMED_BAD_LINES = 5;

export class BadLines {
  count = 0;
  readonly first: BadLine[] = [];

  readonly add = (bad: BadLine): void => {
    this.count++;
    if (this.first.length < NAMED_BAD_LINES) this.first.push(bad);
  };
}

/** Longest line looked at; longer ones are counted as bad. */
const MAX_LINE = 1024;
/** Names that hosts files hold for the machine itself. */
const ownNames = new Set([
  'localhost',
  'localhost.localdomain',
  'local',
  'broadcasthost',
  'ip6-localhost',
  'ip6-loopback',
  '0.0.0.0',
]);

/**
 * Reads a list.
 * @param text  in pieces of any size, cut anywhere
 * @param onBad is told of each line that cannot be used
 */
export function* readList(
  text: Iterable<string>,
  format: ListFormat,
  onBad: (bad: BadLine) => void,
): IterableIterator<ListRule> {
  let line = 0;
  for (const raw of lines(text, MAX_LINE)) {
    line++;
    if (raw.length > MAX_LINE) {
      onBad({ line, why: 'the line is too long' });
      continue;
    }
    const result = readLine(raw.trim(), format);
    if (typeof result === 'string') onBad({ line, why: result });
    else yield* result;
  }
}

/**
 * Cuts text into lines.
 * @param longest of one that is longer no more than that can be told
 */
export function* lines(pieces: Iterable<string>, longest: number): IterableIterator<string> {
  let rest = '';
  for (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      yield rest + piece.slice(start, end);
      rest = '';
      start = end + 1;
    }
    if (rest.length <= longest) rest += piece.slice(start);
  }
  if (rest !== '') yield rest;
}

/** The rules of one line; empty for comments. A string says what is wrong. */
function readLine(line: string, format: ListFormat): readonly ListRule[] | string {
  if (line === '' || line.startsWith('#')) return [];
  switch (format) {
    case 'hosts':
      return hostsLine(line.replace(/\s*#.*$/, ''));
    case 'domains':
      return domainLine(line.replace(/\s*#.*$/, ''));
    case 'adblock':
      return adblockLine(line);
  }
}

function hostsLine(line: string): readonly ListRule[] | string {
  const [address, ...names] = line.split(/\s+/);
  if (isIP(address!) === 0) return 'it does not begin with an address';
  if (names.length === 0) return 'it names nothing';
  const rules: ListRule[] = [];
  for (const text of names) {
    if (ownNames.has(text.toLowerCase())) continue;
    const name = nameOf(text);
    if (name === undefined) return `"${text}" is no name`;
    rules.push({ name, reach: 'name', blocks: true });
  }
  return rules;
}

function domainLine(line: string): readonly ListRule[] | string {
  if (/\s/.test(line)) return 'more than one name stands in it';
  const below = line.startsWith('*.');
  const name = nameOf(below ? line.slice(2) : line);
  if (name === undefined) return `"${line}" is no name`;
  return [{ name, reach: below ? 'below' : 'subtree', blocks: true }];
}

/** `||name^`, and `@@||name^` for exceptions. */
function adblockLine(line: string): readonly ListRule[] | string {
  if (line.startsWith('!') || line.startsWith('[')) return [];
  const found = /^(@@)?\|\|([^/^$*|]+)\^(?:\$important)?$/.exec(line);
  if (!found) return 'only rules for whole domains count here';
  const name = nameOf(found[2]!);
  if (name === undefined) return `"${found[2]}" is no name`;
  return [{ name, reach: 'subtree', blocks: found[1] === undefined }];
}

function nameOf(text: string): Name | undefined {
  try {
    const name = parseName(text);
    return name === ROOT || isIP(text) !== 0 ? undefined : name;
  } catch (error) {
    if (error instanceof NameError) return undefined;
    throw error;
  }
}
