/**
 * Domain names as values.
 *
 * Owns the one canonical form of a name that every layer uses as a key, and its text form.
 * A `Name` is the wire form (RFC 1035 3.1: length octet, label, ..., root octet) held in a string
 * whose every char is one octet (0-255), with ASCII letters in lower case. So two names are equal
 * when the strings are, a name is its own cache key, any octet survives, and the parent is a slice.
 * V8 stores such strings with one octet per char.
 *
 * Where letter case must survive (RDATA, master files, the question as the client spelled it) the same
 * form without folding is used, typed `Octets`; `toName` folds it.
 *
 * RFC 1034 3.1, 1035 3.1 and 5.1, 2181 11, 4034 6.1 (order), 4343 (case).
 * Limitations: no IDNA; text input is taken as octets of UTF-8, as BIND and NSD do.
 */

/** A string in which every char is one octet, 0-255. RDATA, labels and names on the wire are held so. */
export type Octets = string;

declare const nameBrand: unique symbol;
/** Canonical domain name: uncompressed wire form, ASCII lower case, one char per octet, root label included. */
export type Name = Octets & { readonly [nameBrand]: true };

/** The root, `.`: one zero octet. */
export const ROOT = '\0' as Name;

/** Longest name, in octets of wire form (RFC 1035 2.3.4). */
export const MAX_NAME_OCTETS = 255;
/** Longest label, in octets (RFC 1035 2.3.4). */
export const MAX_LABEL_OCTETS = 63;

export type NameErrorCode =
  | 'EMPTY_NAME'
  | 'EMPTY_LABEL'
  | 'LABEL_TOO_LONG'
  | 'NAME_TOO_LONG'
  | 'BAD_ESCAPE'
  | 'RELATIVE_NAME';

/** Text that is no domain name. `offset` counts chars of the text, from 0. */
export class NameError extends Error {
  constructor(
    readonly code: NameErrorCode,
    message: string,
    readonly offset: number,
  ) {
    super(message);
    this.name = 'NameError';
  }
}

const BACKSLASH = 92;
const DOT = 46;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/**
 * Reads presentation form (RFC 1035 5.1 escapes `\.` and `\DDD`) to wire form, letter case kept.
 *
 * @param text   `www.example.`; without the last dot it is relative to `origin`
 * @param origin what a relative name is completed with, in wire form; the root when left out
 * @throws {NameError} with the offset in `text`
 */
export function nameToOctets(text: string, origin: Octets = ROOT): Octets {
  if (text === '.') return ROOT;
  if (text === '') throw new NameError('EMPTY_NAME', 'a name cannot be empty; the root is "."', 0);
  const bytes = hasWide(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
  let out = '';
  let label = '';
  let absolute = false;
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(i);
    if (code === DOT) {
      if (label === '') throw new NameError('EMPTY_LABEL', 'two dots in a row, or a dot in front', i);
      out += String.fromCharCode(label.length) + label;
      label = '';
      absolute = i === bytes.length - 1;
      continue;
    }
    if (code === BACKSLASH) {
      const [char, used] = readEscape(bytes, i);
      label += char;
      i += used - 1;
    } else {
      label += bytes[i];
    }
    if (label.length > MAX_LABEL_OCTETS) {
      throw new NameError('LABEL_TOO_LONG', `a label is longer than ${MAX_LABEL_OCTETS} octets`, i);
    }
  }
  if (label !== '') out += String.fromCharCode(label.length) + label;
  out += absolute ? ROOT : origin;
  if (out.length > MAX_NAME_OCTETS) {
    throw new NameError('NAME_TOO_LONG', `the name is longer than ${MAX_NAME_OCTETS} octets`, text.length);
  }
  return out;
}

function hasWide(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return true;
  return false;
}

function readEscape(text: string, at: number): [char: string, used: number] {
  const next = text.charCodeAt(at + 1);
  if (Number.isNaN(next)) throw new NameError('BAD_ESCAPE', 'a backslash ends the name', at);
  if (!isDigit(next)) return [text[at + 1]!, 2];
  const digits = text.slice(at + 1, at + 4);
  if (!/^[0-9]{3}$/.test(digits) || Number(digits) > 255) {
    throw new NameError('BAD_ESCAPE', `\\${digits} is not \\DDD with DDD from 000 to 255`, at);
  }
  return [String.fromCharCode(Number(digits)), 4];
}

/** Reads presentation form to a canonical name; see {@link nameToOctets}. */
export function parseName(text: string, origin: Octets = ROOT): Name {
  return toName(nameToOctets(text, origin));
}

/** Folds ASCII letters to lower case (RFC 4343); length octets never exceed 63, so they are untouched. */
export function toName(octets: Octets): Name {
  for (let i = 0; i < octets.length; i++) {
    const c = octets.charCodeAt(i);
    if (c >= 65 && c <= 90) return foldFrom(octets, i);
  }
  return octets as Name;
}

function foldFrom(octets: Octets, from: number): Name {
  let out = octets.slice(0, from);
  for (let i = from; i < octets.length; i++) {
    const c = octets.charCodeAt(i);
    out += c >= 65 && c <= 90 ? String.fromCharCode(c + 32) : octets[i];
  }
  return out as Name;
}

/** Presentation form, absolute, with escapes where RFC 1035 5.1 needs them. Letter case as held. */
export function formatName(name: Octets): string {
  if (name === ROOT) return '.';
  let out = '';
  for (let i = 0; i < name.length - 1; ) {
    const end = i + 1 + name.charCodeAt(i);
    for (i++; i < end; i++) out += formatOctet(name.charCodeAt(i));
    out += '.';
  }
  return out;
}

function formatOctet(c: number): string {
  if (c <= 32 || c >= 127) return `\\${String(c).padStart(3, '0')}`;
  const char = String.fromCharCode(c);
  return '.\\"();@$'.includes(char) ? `\\${char}` : char;
}

/** The name without its first label; the root's parent is the root. */
export function parentName(name: Name): Name {
  return name === ROOT ? ROOT : (name.slice(1 + name.charCodeAt(0)) as Name);
}

/** Number of labels, the root label not counted (RFC 4034 3.1.3 counts so too). */
export function labelCount(name: Name): number {
  let count = 0;
  for (let i = 0; i < name.length - 1; i += 1 + name.charCodeAt(i)) count++;
  return count;
}

/** True when `name` is `ancestor` or below it. */
export function isSubdomain(name: Name, ancestor: Name): boolean {
  const start = name.length - ancestor.length;
  if (start < 0) return false;
  let i = 0;
  while (i < start) i += 1 + name.charCodeAt(i);
  return i === start && name.endsWith(ancestor);
}

/** True when `name` is below `ancestor` and not `ancestor` itself. */
export function isStrictSubdomain(name: Name, ancestor: Name): boolean {
  return name !== ancestor && isSubdomain(name, ancestor);
}

/** The ancestor of `name` that has `count` labels, or `name` itself when it has no more than that. */
export function ancestorWithLabels(name: Name, count: number): Name {
  let current = name;
  for (let n = labelCount(name); n > count; n--) current = parentName(current);
  return current;
}

/** Longest common ancestor of two names. */
export function commonAncestor(a: Name, b: Name): Name {
  let current = ancestorWithLabels(a, labelCount(b));
  while (!isSubdomain(b, current)) current = parentName(current);
  return current;
}

/** The labels from left to right, without the root label. */
export function labelsOf(name: Octets): Octets[] {
  const labels: Octets[] = [];
  for (let i = 0; i < name.length - 1; ) {
    const next = i + 1 + name.charCodeAt(i);
    labels.push(name.slice(i + 1, next));
    i = next;
  }
  return labels;
}

/** Puts one label in front. Returns undefined when the name would exceed 255 octets. */
export function prependLabel(label: Octets, name: Name): Name | undefined {
  if (label.length === 0 || label.length > MAX_LABEL_OCTETS) return undefined;
  if (1 + label.length + name.length > MAX_NAME_OCTETS) return undefined;
  return toName(String.fromCharCode(label.length) + label + name);
}

/** Replaces the ancestor `from` of `name` by `to` (DNAME, RFC 6672 2.2); undefined when it gets too long. */
export function replaceSuffix(name: Name, from: Name, to: Name): Name | undefined {
  const prefix = name.slice(0, name.length - from.length);
  return prefix.length + to.length > MAX_NAME_OCTETS ? undefined : ((prefix + to) as Name);
}

/** True for `*.x`: the first label is a single asterisk (RFC 4592 2.1.1). */
export function isWildcard(name: Name): boolean {
  return name.charCodeAt(0) === 1 && name.charCodeAt(1) === 42;
}

/** `*.name`; undefined when too long. */
export function wildcardOf(name: Name): Name | undefined {
  return prependLabel('*', name);
}

/** Canonical DNS name order, RFC 4034 6.1: label by label from the right, shorter first. */
export function compareNames(a: Name, b: Name): number {
  const left = labelsOf(a);
  const right = labelsOf(b);
  for (let i = 1; i <= left.length && i <= right.length; i++) {
    const x = left[left.length - i]!;
    const y = right[right.length - i]!;
    if (x !== y) return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
