/**
 * Kinds of option values: how each is written in YAML, read, bounded, and named in an error.
 *
 * A kind is a zod schema from what YAML gives to the typed value, with one phrase for "expected ...".
 * Sizes, durations, names, addresses are read here and nowhere else, so that the command line and the file
 * accept the same text. fields.ts makes rows of kinds; load.ts turns issues into messages with positions.
 * Limitations: a kind knows one value; what depends on two options is in cross-checks.ts.
 */
import { z } from 'zod';
import { type Name, parseName } from '../dns/name.js';
import { addressOctets, formatAddress, type Network, parseNetwork } from '../runtime/networks.js';
import type { ServerEndpoint } from '../transport/upstream.js';
import { parseTrustAnchor, type TrustAnchor } from './trust-anchor.js';

export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** Completes "expected ...". */
  readonly expected: string;
  /** The keys of a record, or of the records of a list; for suggestions. */
  readonly keys?: readonly string[];
}

/** Reads one scalar with `read`, which throws an Error that says what is wrong. */
function scalar<I, T>(expected: string, input: z.ZodType<I>, read: (value: I) => T): Kind<T> {
  const schema = input.transform((value, context) => {
    try {
      return read(value);
    } catch (error) {
      const why = error instanceof Error && error.message !== '' ? ` (${error.message})` : '';
      context.issues.push({ code: 'custom', message: `expected ${expected}${why}`, input: value });
      return z.NEVER;
    }
  });
  return { expected, schema };
}

function says(expected: string): { error: () => string } {
  return { error: () => `expected ${expected}` };
}

const text = (expected: string) => z.string(says(expected));
const textOrNumber = (expected: string) => z.union([z.string(), z.number()], says(expected));

export function boolean(): Kind<boolean> {
  const expected = 'true or false';
  return { expected, schema: z.boolean(says(expected)) };
}

export function integer(min: number, max: number): Kind<number> {
  const expected = `a whole number from ${min} to ${max}`;
  const schema = z
    .number(says(expected))
    .int(says(expected))
    .min(min, says(expected))
    .max(max, says(expected));
  return { expected, schema };
}

export function choice<const T extends string>(values: readonly [T, ...T[]]): Kind<T> {
  const expected = values.length === 1 ? `"${values[0]}"` : `one of ${values.join(', ')}`;
  return { expected, schema: z.enum(values, says(expected)) };
}

const unitMs = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

/** Writes a duration in the largest unit that keeps it whole. */
export function formatDuration(ms: number): string {
  for (const [unit, factor] of [...unitMs].reverse()) {
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}

/**
 * A duration with a unit (`1800ms`, `60s`, `5m`, `1h`, `1d`, `1w`), or a plain number, whose unit `bare`
 * is that of the option. `unit` is what the value is given in; it must come out whole.
 */
export function duration(unit: 'ms' | 's', bare: 'ms' | 's', minMs: number, maxMs: number): Kind<number> {
  const bareName = bare === 's' ? 'seconds' : 'milliseconds';
  const range = `${minMs === 0 ? '0' : formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const expected = `a duration such as 60s, 5m or 1h, or a number of ${bareName}, from ${range}`;
  return scalar(expected, textOrNumber(expected), (value) => {
    const match = /^([0-9]{1,12}) ?(ms|s|m|h|d|w)?$/.exec(String(value));
    if (!match) throw new Error();
    const ms = Number(match[1]) * unitMs.get(match[2] ?? bare)!;
    const result = unit === 's' ? ms / 1000 : ms;
    if (ms < minMs || ms > maxMs || !Number.isInteger(result)) throw new Error();
    return result;
  });
}

const sizeFactors = new Map([
  ['b', 1],
  ['kb', 1000],
  ['mb', 1e6],
  ['gb', 1e9],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
]);

/** Octets: `64MiB`, `500kB`, or a plain number. */
export function size(min: number, max: number): Kind<number> {
  const expected = `a size such as 64MiB or a number of octets, from ${formatSize(min)} to ${formatSize(max)}`;
  return scalar(expected, textOrNumber(expected), (value) => {
    const match = /^([0-9]{1,12}) ?([kmg]?i?b)?$/i.exec(String(value));
    const factor = match && sizeFactors.get((match[2] ?? 'b').toLowerCase());
    if (!match || !factor) throw new Error();
    const octets = Number(match[1]) * factor;
    if (octets < min || octets > max) throw new Error();
    return octets;
  });
}

/** Writes octets in the largest binary unit that keeps them whole. */
export function formatSize(octets: number): string {
  for (const [unit, factor] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (octets >= factor && octets % factor === 0) return `${octets / factor}${unit}`;
  }
  return `${octets}B`;
}

export function domainName(): Kind<Name> {
  const expected = 'a domain name such as corp.example.';
  return scalar(expected, text(expected), (value) => parseName(value));
}

/** A literal address, given back in canonical text. */
export function address(): Kind<string> {
  const expected = 'an IPv4 or IPv6 address';
  return scalar(expected, text(expected), readAddress);
}

function readAddress(value: string): string {
  const octets = addressOctets(value);
  if (!octets) throw new Error();
  return formatAddress(octets);
}

function readPort(value: string, min: number): number {
  const port = Number(value);
  if (!/^[0-9]{1,5}$/.test(value) || port < min || port > 65535) {
    throw new Error(`the port must be from ${min} to 65535`);
  }
  return port;
}

export function network(): Kind<Network> {
  const expected = 'a network such as 192.0.2.0/24 or 2001:db8::/32';
  return scalar(expected, text(expected), parseNetwork);
}

/** `192.0.2.1@53`, `[2001:db8::1]@53`, `2001:db8::1@53`; port 53 when left out. */
export function server(): Kind<ServerEndpoint> {
  const expected = 'a server such as 192.0.2.1@53 or [2001:db8::1]@53';
  return scalar(expected, text(expected), (value) => {
    const match = /^(?:\[([^\]]+)\]|([^@[\]]+))(?:@(.*))?$/.exec(value);
    if (!match) throw new Error();
    const port = match[3] === undefined ? 53 : readPort(match[3], 1);
    return { address: readAddress(match[1] ?? match[2]!), port };
  });
}

const endpointText = 'ADDRESS:PORT such as 127.0.0.1:5300 or [::1]:5300';

/** Where to listen, as on the command line: `127.0.0.1:5300`, `[::1]:5300`. Port 0 takes a free one. */
export function endpoint(): Kind<ServerEndpoint> {
  return scalar(endpointText, text(endpointText), (value) => {
    const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(.*)$/.exec(value);
    if (!match) throw new Error();
    return { address: readAddress(match[1] ?? match[2]!), port: readPort(match[3]!, 0) };
  });
}

/** An endpoint as a mapping of address and port, or as text. */
export function endpointOrText(): Kind<ServerEndpoint> {
  const expected = `{ address, port } or ${endpointText}`;
  const mapping = record({ address: address(), port: integer(0, 65535) });
  return { ...mapping, expected, schema: z.union([endpoint().schema, mapping.schema], says(expected)) };
}

export function trustAnchor(): Kind<TrustAnchor> {
  const expected = 'a DS or DNSKEY record';
  return scalar(expected, text(expected), parseTrustAnchor);
}

/** A date as RRSIG records write it, YYYYMMDDHHMMSS in UTC, to seconds since 1970 (RFC 4034 3.2). */
export function date(): Kind<number> {
  const expected = 'a UTC date as "YYYYMMDDHHMMSS"';
  return scalar(expected, textOrNumber(expected), (value) => {
    const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(String(value));
    if (!match) throw new Error();
    const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const at = Date.UTC(year, month - 1, day, hour, minute, second);
    const written = new Date(at).toISOString().replace(/[-:T]|\.000Z/g, '');
    if (written !== String(value)) throw new Error('there is no such date');
    return at / 1000;
  });
}

/** A name that people give something, for logs and statistics. */
export function word(): Kind<string> {
  const expected = 'a word of 1 to 32 letters, digits, dots, dashes';
  return { expected, schema: text(expected).regex(/^[A-Za-z0-9_.-]{1,32}$/, says(expected)) };
}

/** A file path, as it is. */
export function path(): Kind<string> {
  const expected = 'a file path';
  return scalar(expected, text(expected), (value) => {
    if (value === '' || value.includes('\0')) throw new Error();
    return value;
  });
}

/** Where a Valkey or Redis server is. */
export function storeUrl(): Kind<string> {
  const expected = 'a URL such as redis://127.0.0.1:6379, or rediss:// for TLS';
  return scalar(expected, text(expected), (value) => {
    if (!URL.canParse(value)) throw new Error();
    const { protocol, hostname } = new URL(value);
    if ((protocol !== 'redis:' && protocol !== 'rediss:') || hostname === '') throw new Error();
    return value;
  });
}

/** A key that several servers share. */
export function secret(): Kind<string> {
  const expected = 'a secret of 16 to 512 characters';
  return { expected, schema: text(expected).min(16, says(expected)).max(512, says(expected)) };
}

/** 16 octets in hexadecimal. */
export function hexKey(): Kind<string> {
  const expected = 'a key of 32 hexadecimal digits in quotes';
  return { expected, schema: text(expected).regex(/^[0-9a-fA-F]{32}$/, says(expected)) };
}

/** What travels in an Authorization header: visible ASCII. */
export function token(): Kind<string> {
  const expected = 'a token of 1 to 512 visible ASCII characters without spaces';
  return { expected, schema: text(expected).regex(/^[\x21-\x7e]{1,512}$/, says(expected)) };
}

/** The value, or null. */
export function orNull<T>(kind: Kind<T>): Kind<T | null> {
  return {
    expected: `${kind.expected}, or null`,
    schema: z.union([z.null(), kind.schema], says(`${kind.expected}, or null`)),
  };
}

export function list<T>(item: Kind<T>, min = 0): Kind<readonly T[]> {
  const expected = `a list${min > 0 ? ` of at least ${min}` : ''}, each ${item.expected}`;
  const schema = z.array(item.schema, says(expected)).min(min, says(expected)).max(10_000, says(expected));
  return { expected, schema, keys: item.keys };
}

/** A word that stands for a ready-made value, or the value itself. */
export function wordOr<T>(word: string, stands: T, kind: Kind<T>): Kind<T> {
  const expected = `${word}, or ${kind.expected}`;
  const named = z.literal(word).transform(() => stands);
  return { expected, schema: z.union([named, kind.schema], says(expected)), keys: kind.keys };
}

type RecordOf<S extends Record<string, Kind<unknown>>> = {
  readonly [K in keyof S]: S[K] extends Kind<infer T> ? T : never;
};

/** A mapping inside a list; the keys of `shape` are required, those of `extra` may be left out. */
export function openRecord<S extends Record<string, Kind<unknown>>, E extends Record<string, Kind<unknown>>>(
  shape: S,
  extra: E,
): Kind<RecordOf<S> & Partial<RecordOf<E>>> {
  const names = [...Object.keys(shape), ...Object.keys(extra).map((key) => `${key}?`)];
  const expected = `{ ${names.join(', ')} }`;
  const required = Object.entries(shape).map(([key, kind]) => [key, kind.schema]);
  const optional = Object.entries(extra).map(([key, kind]) => [key, kind.schema.optional()]);
  const inner = Object.fromEntries([...required, ...optional]);
  const schema = z.strictObject(inner, says(expected)) as unknown as z.ZodType<
    RecordOf<S> & Partial<RecordOf<E>>
  >;
  return { expected, schema, keys: [...Object.keys(shape), ...Object.keys(extra)] };
}

/** The same in the file; the program receives what `map` makes of it. */
export function mapped<T, U>(kind: Kind<T>, map: (value: T) => U): Kind<U> {
  return { ...kind, schema: kind.schema.transform(map) };
}

/** A mapping inside a list; every key is required and no other is allowed. */
export function record<S extends Record<string, Kind<unknown>>>(shape: S): Kind<RecordOf<S>> {
  const expected = `{ ${Object.keys(shape).join(', ')} }`;
  const inner = Object.fromEntries(Object.entries(shape).map(([key, kind]) => [key, kind.schema]));
  const schema = z.strictObject(inner, says(expected)) as unknown as z.ZodType<RecordOf<S>>;
  return { expected, schema, keys: Object.keys(shape) };
}
