/**
 * The values of SVCB parameters: their names, form and text.
 * RFC 9460 7 and appendix A.1 (lists with escaped commas), 14.3.2; RFC 9461 5; RFC 9540 4; RFC 9848.
 * Limitations: dohpath is only checked to be not empty.
 */
import type { Octets } from '../../dns/name.js';
import { u16At, u16Octets } from '../octets.js';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './address.js';
import { fromBase64, toBase64 } from './binary.js';
import { quote } from './strings.js';
import type { TokenReader } from './token.js';

interface ParamKind {
  readonly name: string;
  /** Why the value is not valid. */
  fault(value: Octets): string | undefined;
  /** Only called on valid values; '' for a key without value. */
  format(value: Octets): string;
  /** Undefined when the text is not of this kind; `text` has its character-string escapes resolved. */
  parse(text: Octets): Octets | undefined;
}

/** Parameter keys in a list of 16-bit numbers. */
export function paramKeys(value: Octets): number[] {
  const keys: number[] = [];
  for (let at = 0; at + 2 <= value.length; at += 2) keys.push(u16At(value, at));
  return keys;
}

/** Cuts a value into items of one size. */
function items(value: Octets, size: number): Octets[] {
  const out: Octets[] = [];
  for (let at = 0; at < value.length; at += size) out.push(value.slice(at, at + size));
  return out;
}

function addresses(
  name: string,
  size: number,
  format: (item: Octets) => string,
  parse: (text: string) => Octets | undefined,
): ParamKind {
  return {
    name,
    fault: (value) =>
      value.length > 0 && value.length % size === 0 ? undefined : `is not a list of ${size}-octet addresses`,
    format: (value) =>
      items(value, size)
        .map((item) => format(item))
        .join(','),
    parse(text) {
      const parsed = text.split(',').map(parse);
      return parsed.includes(undefined) ? undefined : parsed.join('');
    },
  };
}

function empty(name: string): ParamKind {
  return {
    name,
    fault: (value) => (value === '' ? undefined : 'has a value'),
    format: () => '',
    parse: (text) => (text === '' ? '' : undefined),
  };
}

const mandatory: ParamKind = {
  name: 'mandatory',
  fault(value) {
    const keys = paramKeys(value);
    if (value.length === 0 || value.length % 2 !== 0) return 'is not a list of keys';
    if (keys.some((key, i) => key === 0 || (i > 0 && key <= keys[i - 1]!)))
      return 'keys are not ascending, or name itself';
    return undefined;
  },
  format: (value) => paramKeys(value).map(paramName).join(','),
  parse(text) {
    const keys = text.split(',').map(paramKey);
    if (keys.includes(undefined) || new Set(keys).size !== keys.length) return undefined;
    return (keys as number[])
      .sort((a, b) => a - b)
      .map(u16Octets)
      .join('');
  },
};

const alpn: ParamKind = {
  name: 'alpn',
  fault: (value) => (alpnIds(value) === undefined ? 'is not a list of protocol IDs' : undefined),
  format: (value) =>
    quote(
      alpnIds(value)!
        .map((id) => id.replace(/[\\,]/g, '\\$&'))
        .join(','),
    ),
  parse(text) {
    const ids = splitList(text);
    if (ids === undefined || ids.some((id) => id.length === 0 || id.length > 255)) return undefined;
    return ids.map((id) => String.fromCharCode(id.length) + id).join('');
  },
};

/** Protocol IDs; undefined when the value is not a list of them. */
function alpnIds(value: Octets): Octets[] | undefined {
  const ids: Octets[] = [];
  for (let at = 0; at < value.length; ) {
    const next = at + 1 + value.charCodeAt(at);
    if (next > value.length || next === at + 1) return undefined;
    ids.push(value.slice(at + 1, next));
    at = next;
  }
  return ids.length === 0 ? undefined : ids;
}

/** Cuts at commas, `\,` and `\\` being plain chars (RFC 9460 A.1). */
function splitList(text: Octets): Octets[] | undefined {
  const list = [''];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === ',') {
      list.push('');
      continue;
    }
    if (text[i] === '\\' && ++i === text.length) return undefined;
    list[list.length - 1] += text[i]!;
  }
  return list;
}

const port: ParamKind = {
  name: 'port',
  fault: (value) => (value.length === 2 ? undefined : 'is not 2 octets'),
  format: (value) => String(u16At(value, 0)),
  parse: (text) => (/^[0-9]{1,5}$/.test(text) && Number(text) <= 65535 ? u16Octets(Number(text)) : undefined),
};

const ech: ParamKind = {
  name: 'ech',
  fault: (value) => (value === '' ? 'is empty' : undefined),
  format: (value) => toBase64(value),
  parse: (text) => (text === '' ? undefined : fromBase64(text)),
};

const dohpath: ParamKind = {
  name: 'dohpath',
  fault: (value) => (value === '' ? 'is empty' : undefined),
  format: quote,
  parse: (text) => (text === '' ? undefined : text),
};

const kinds = new Map<number, ParamKind>([
  [0, mandatory],
  [1, alpn],
  [2, empty('no-default-alpn')],
  [3, port],
  [4, addresses('ipv4hint', 4, formatIpv4, parseIpv4)],
  [5, ech],
  [6, addresses('ipv6hint', 16, formatIpv6, parseIpv6)],
  [7, dohpath],
  [8, empty('ohttp')],
]);
const keysByName = new Map<string, number>([...kinds].map(([key, { name }]) => [name, key]));
/** Key 65535 is reserved as invalid (RFC 9460 14.3.2). */
const INVALID_KEY = 65535;

/** `alpn`, or `key667` for a key without name. */
export function paramName(key: number): string {
  return kinds.get(key)?.name ?? `key${key}`;
}

/** Undefined for what is no key. Names are lower case (RFC 9460 2.1). */
function paramKey(name: string): number | undefined {
  const known = keysByName.get(name);
  if (known !== undefined) return known;
  const digits = /^key(0|[1-9][0-9]{0,4})$/.exec(name)?.[1];
  return digits !== undefined && Number(digits) < INVALID_KEY ? Number(digits) : undefined;
}

/** Why the value is not valid for its key; undefined when it is, or when the key is not known. */
export function paramValueFault(key: number, value: Octets): string | undefined {
  return key === INVALID_KEY ? 'key is reserved' : kinds.get(key)?.fault(value);
}

/** Text after `=`; '' when there is none. */
export function formatParamValue(key: number, value: Octets): string {
  const kind = kinds.get(key);
  if (kind !== undefined) return kind.format(value);
  return value === '' ? '' : quote(value);
}

/** Reads one parameter. A known key written as keyN takes its value as plain octets. Throws RdataError. */
export function parseParamValue(
  tokens: TokenReader,
  name: string,
  text: string | undefined,
): [key: number, value: Octets] {
  const key = paramKey(name);
  if (key === undefined) throw tokens.fail('BAD_VALUE', `"${name}" is not a parameter`);
  const octets = tokens.unescape(text ?? '', name);
  const kind = keysByName.has(name) ? kinds.get(key) : undefined;
  const value = kind === undefined ? octets : kind.parse(octets);
  if (value === undefined)
    throw tokens.fail('BAD_VALUE', `${name}: "${text ?? ''}" is not of the form of this parameter`);
  if (value.length > 65535) throw tokens.fail('BAD_VALUE', `${name} is too long`);
  return [key, value];
}
