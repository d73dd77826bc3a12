/**
 * From the rows of fields.ts to a zod schema, and from its output to `Config`.
 *
 * Sections are strict: a key without a row is an issue. A missing key or section takes its default, which
 * passes the same kind as a value from a file.
 */
import { z } from 'zod';
import { type Config, fields } from './fields.js';
import type { Option, Rows, Section } from './rows.js';

type Tree = Readonly<Record<string, unknown>>;

function sectionSchema(rows: Rows): z.ZodType<Tree> {
  const shape = new Map<string, z.ZodType>();
  for (const [key, row] of Object.entries(rows)) {
    shape.set(
      key,
      row.row === 'section'
        ? sectionSchema(row.rows).prefault({})
        : row.kind.schema.prefault(row.default).describe(row.doc),
    );
  }
  const keys = `a mapping with the keys ${[...shape.keys()].join(', ')}`;
  return z.strictObject(Object.fromEntries(shape), { error: () => `expected ${keys}` });
}

/** Checks a whole file. Its output still has the keys of the file; see {@link toConfig}. */
export const configSchema = sectionSchema(fields);

/** Puts checked values under the property names of `Config`, and freezes all but octets. */
export function toConfig(checked: Tree): Config {
  return deepFreeze(rename(checked, fields)) as Config;
}

function rename(tree: Tree, rows: Rows): Tree {
  const out: Record<string, unknown> = {};
  for (const [key, row] of Object.entries(rows)) {
    const value = tree[key];
    if (row.row === 'section') out[key] = rename(value as Tree, row.rows);
    else out[row.as ?? key] = value;
  }
  return out;
}

function deepFreeze<T>(value: T): T {
  // The octets of a network cannot be frozen: typed arrays refuse it.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}

/** Finds the row at a key path; list indexes and what follows belong to the option above them. */
export function rowAt(path: readonly PropertyKey[]): Option<unknown> | Section | undefined {
  let row: Option<unknown> | Section = { row: 'section', rows: fields };
  for (const key of path) {
    if (row.row === 'option') return row;
    const next: Option<unknown> | Section | undefined = Object.hasOwn(row.rows, key)
      ? row.rows[String(key)]
      : undefined;
    if (!next) return undefined;
    row = next;
  }
  return row;
}

/** Every option with its key path, in the order of the rows. */
export function* allOptions(
  rows: Rows = fields,
  above: readonly string[] = [],
): Generator<[readonly string[], Option<unknown>]> {
  for (const [key, row] of Object.entries(rows)) {
    const path = [...above, key];
    if (row.row === 'section') yield* allOptions(row.rows, path);
    else yield [path, row];
  }
}

/** JSON Schema (draft 2020-12) of the file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
}
