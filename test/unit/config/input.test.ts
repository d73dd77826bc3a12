import { describe, expectTypeOf, it } from 'vitest';
import type { fields } from '../../../src/config/fields.js';
import type { ConfigInput } from '../../../src/config/input.js';
import type { Option, Section } from '../../../src/config/rows.js';

/** Key paths of the rows. */
type RowKeys<R, Above extends string = ''> = {
  [K in keyof R & string]: R[K] extends Section<infer S>
    ? RowKeys<S, `${Above}${K}.`>
    : R[K] extends Option<unknown>
      ? `${Above}${K}`
      : never;
}[keyof R & string];

/** Key paths of the written form: what is a section in the rows is an object here. */
type InputKeys<R, I, Above extends string = ''> = {
  [K in keyof I & string]-?: K extends keyof R
    ? R[K] extends Section<infer S>
      ? InputKeys<S, NonNullable<I[K]>, `${Above}${K}.`>
      : `${Above}${K}`
    : `unknown ${Above}${K}`;
}[keyof I & string];

describe('ConfigInput', () => {
  it('has exactly the keys of the rows', () => {
    expectTypeOf<InputKeys<typeof fields, ConfigInput>>().toEqualTypeOf<RowKeys<typeof fields>>();
  });
});
