/**
 * From a YAML file and flags to a frozen `Config`, or to errors that point at the line.
 *
 * Read once by the command line before anything else is built, and again on SIGHUP. YAML 1.2, so JSON too.
 * Limitations: no includes and no environment variables; a file over 1 MiB is refused unread.
 */
import { readFileSync, statSync } from 'node:fs';
import { type Document, isMap, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { crossCheck } from './cross-checks.js';
import { type Config, fields } from './fields.js';
import { ConfigError, type ConfigProblem, formatKeyPath, nearest } from './problems.js';
import type { Rows } from './rows.js';
import { allOptions, configSchema, rowAt, toConfig } from './schema.js';

const MAX_FILE_OCTETS = 1024 * 1024;

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** Reads and checks a file. @throws {ConfigError} */
export function loadConfig(file: string): Config {
  return parseConfig(readConfigFile(file), file);
}

function readConfigFile(file: string): string {
  try {
    if (statSync(file).size > MAX_FILE_OCTETS) throw new Error('it is larger than 1 MiB');
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError('CONFIG_UNREADABLE', [
      { keyPath: '', source: file, message: `cannot be read: ${why}` },
    ]);
  }
}

/**
 * Where values stand in a file that could be read, for what is found wrong with them later.
 * @throws {ConfigError} when it cannot be read any more
 */
export function placesIn(file: string): (path: Path) => Place {
  const { document, lines } = readDocument(readConfigFile(file));
  return (path) => placeOf(document, lines, path);
}

/** What holds without a file. */
export function defaultConfig(): Config {
  return parseConfig('', 'defaults');
}

/**
 * Checks the text of a configuration.
 *
 * @param source what to call the text in errors: its path
 * @throws {ConfigError} with every problem found
 */
export function parseConfig(text: string, source: string): Config {
  const { document, lines } = readDocument(text);
  const syntax = [...document.errors, ...document.warnings].map((error): ConfigProblem => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { keyPath: '', source, line, column: col, message: `not valid YAML: ${error.message}` };
  });
  if (syntax.length > 0) throw new ConfigError('CONFIG_INVALID', syntax);
  const place = (path: Path) => placeOf(document, lines, path);
  return check(toPlain(document, source), source, place);
}

function readDocument(text: string): { document: Document; lines: LineCounter } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    logLevel: 'error', // what it would warn of on the terminal is refused, with its place
  });
  return { document, lines };
}

/**
 * Checks a configuration that is a value already: the options of the library.
 *
 * @param source what to call it in errors, which have no line
 * @throws {ConfigError} with every problem found
 */
export function checkConfig(value: unknown, source: string): Config {
  return check(value, source, () => undefined);
}

/** Aliases are resolved here; a bomb made of them is an error of the file, not of the program. */
function toPlain(document: Document, source: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError('CONFIG_INVALID', [{ keyPath: '', source, message: `not valid YAML: ${why}` }]);
  }
}

export type Place = { line: number; column: number } | undefined;

function check(value: unknown, source: string, place: (path: Path) => Place): Config {
  const given = withoutEmptySections(value ?? {}, fields);
  const result = configSchema.safeParse(given);
  if (!result.success) {
    const problems = result.error.issues.flatMap((issue) => problemsOf(issue, [], given));
    throw new ConfigError(
      'CONFIG_INVALID',
      problems.map(({ at, ...rest }) => ({ ...rest, source, ...place(at) })),
    );
  }
  const config = toConfig(result.data);
  const clashes = crossCheck(config).map(({ path, message }) => ({
    keyPath: formatKeyPath(path),
    source,
    message,
    ...place(path),
  }));
  if (clashes.length > 0) throw new ConfigError('CONFIG_INVALID', clashes);
  return config;
}

/** A section whose keys are all commented out reads as null; it means the defaults. */
function withoutEmptySections(value: unknown, rows: Rows): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    const row = Object.hasOwn(rows, key) ? rows[key] : undefined;
    return [key, row?.row === 'section' ? withoutEmptySections(inner ?? {}, row.rows) : inner];
  });
  return Object.fromEntries(entries);
}

type Found = Omit<ConfigProblem, 'source'> & { at: Path };

function problemsOf(issue: Issue, above: Path, root: unknown): Found[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key));
  if (issue.code === 'invalid_union') {
    const branch = closestBranch(issue.errors);
    if (branch) return branch.flatMap((inner) => problemsOf(inner, path, root));
  }
  const value = valueAt(root, path);
  const row = rowAt(path);
  const got =
    value === undefined ? 'nothing' : row?.row === 'option' && row.secret ? 'something else' : show(value);
  return [
    {
      keyPath: formatKeyPath(path),
      message: `${issue.message}; got ${got}`,
      at: path,
      ...meant(issue, value),
    },
  ];
}

/** The alternative that took the value's shape and failed further in; none when it fits no shape at all. */
function closestBranch(branches: readonly Issue[][]): Issue[] | undefined {
  const deeper = (issue: Issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys';
  const custom = (issue: Issue) => issue.code === 'custom';
  const nested = (issue: Issue) =>
    issue.code === 'invalid_union' && closestBranch(issue.errors) !== undefined;
  const missing = (branch: Issue[]) => branch.some(deeper) || branch.some(custom) || branch.some(nested);
  return branches.find(missing);
}

function unknownKey(path: Path, key: string): Found {
  const row = rowAt(path);
  const known = row?.row === 'section' ? Object.keys(row.rows) : (row?.kind.keys ?? []);
  const elsewhere = [...allOptions()].map(([full]) => full).filter((full) => full.at(-1) === key);
  const suggestion = nearest(key, known) ?? (elsewhere.length === 1 ? elsewhere[0]!.join('.') : undefined);
  const at = [...path, key];
  const expected = known.length > 0 ? `; expected one of ${known.join(', ')}` : '';
  return {
    keyPath: formatKeyPath(at),
    message: `unknown key${expected}`,
    at,
    ...(suggestion ? { suggestion } : {}),
  };
}

/** A misspelled word of a closed list. */
function meant(issue: Issue, value: unknown): { suggestion?: string } {
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return {};
  const suggestion = nearest(value, issue.values.map(String));
  return suggestion === undefined ? {} : { suggestion };
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Where the value at `path` stands; for an unknown key the key itself; else the nearest thing above. */
function placeOf(document: Document, lines: LineCounter, path: Path): Place {
  for (let length = path.length; length >= 0; length--) {
    const offset = offsetOf(document, path.slice(0, length), length === path.length);
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  }
  return undefined;
}

function offsetOf(document: Document, path: Path, exact: boolean): number | undefined {
  if (exact && path.length > 0 && unknownKeyAt(path)) return keyOffset(document, path);
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return (node as Node | null | undefined)?.range?.[0];
}

/** Whether the key itself is the problem, rather than its value. */
function unknownKeyAt(path: Path): boolean {
  const key = path.at(-1);
  const row = rowAt(path.slice(0, -1));
  if (row?.row === 'section') return !Object.hasOwn(row.rows, key ?? '');
  return typeof key === 'string' && row?.kind.keys?.includes(key) === false;
}

function keyOffset(document: Document, path: Path): number | undefined {
  const above = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(above)) return undefined;
  const pair = above.items.find((item) => String(item.key) === String(path.at(-1)));
  return (pair?.key as Node | undefined)?.range?.[0];
}
