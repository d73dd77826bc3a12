/**
 * What the rows of fields.ts are made of, and the type of what comes out of them.
 */
import type { Kind } from './kinds.js';

/** One option. `T` is what the program receives. */
export interface Option<T, As extends string | undefined = string | undefined> {
  readonly row: 'option';
  readonly kind: Kind<T>;
  readonly default: unknown;
  readonly doc: string;
  readonly rfc?: string;
  readonly as: As;
  /** The value is never shown. */
  readonly secret?: boolean;
}

/** Options under one key. */
export interface Section<S extends Rows = Rows> {
  readonly row: 'section';
  readonly rows: S;
}

export interface Rows {
  readonly [key: string]: Option<unknown> | Section;
}

interface OptionSpec<T> {
  readonly kind: Kind<T>;
  readonly default: unknown;
  readonly doc: string;
  readonly rfc?: string;
  readonly secret?: boolean;
}

export function option<T, const As extends string | undefined = undefined>(
  spec: OptionSpec<T> & { readonly as?: As },
): Option<T, As> {
  return { row: 'option', ...spec, as: spec.as as As };
}

export function section<S extends Rows>(rows: S): Section<S> {
  return { row: 'section', rows };
}

type ValueOf<R> = R extends Option<infer T> ? T : R extends Section<infer S> ? ConfigOf<S> : never;
type NameOf<R, Key> = R extends { readonly as: infer As extends string } ? As : Key;
export type ConfigOf<S> = { readonly [K in keyof S as NameOf<S[K], K> & string]: ValueOf<S[K]> };
