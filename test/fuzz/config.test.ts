/** Whatever stands in a configuration file, it is a `Config` or a `ConfigError` with places, nothing else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';
import { allOptions } from '../../src/config/schema.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';

function read(text: string): void {
  try {
    expect(Object.isFrozen(parseConfig(text, 'f.yaml'))).toBe(true);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    const lines = text.split(/\r\n?|\n/).length;
    for (const problem of error.problems) {
      expect(problem.message).not.toBe('');
      if (problem.line !== undefined) expect(problem.line).toBeLessThanOrEqual(lines + 1);
    }
  }
}

const words = fc.constantFrom(
  'builtin',
  'auto',
  'lru',
  '1h',
  '64MiB',
  '127.0.0.1',
  '192.0.2.1@53',
  'a.test.',
  '::1/128',
  '__proto__',
  'zone',
  'servers',
);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    words,
    fc.string(),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(words, fc.string()), tie('value'), { maxKeys: 3 }),
  ),
})).value;

describe('a configuration file', () => {
  it('may be any text', { timeout: fuzzTimeoutMs }, () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), read), {
      numRuns: fuzzRounds(200),
      seed: fuzzSeed(1),
    });
    const punctuation = fc.string({
      unit: fc.constantFrom(...'a:- {}[]&*!|>\'"%@`#,?\n\t 1~'),
      maxLength: 60,
    });
    fc.assert(fc.property(punctuation, read), { numRuns: fuzzRounds(300), seed: fuzzSeed(2) });
  });

  it('may give any value to any option', { timeout: fuzzTimeoutMs }, () => {
    const options = [...allOptions()].map(([path]) => path);
    fc.assert(
      fc.property(fc.constantFrom(...options), value, (path, given) => {
        read(JSON.stringify(path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), given)));
      }),
      { numRuns: fuzzRounds(500), seed: fuzzSeed(3) },
    );
  });
});
