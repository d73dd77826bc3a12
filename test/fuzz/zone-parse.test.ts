import { describe, expect, test } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { type Random, seededRandom } from '../../src/runtime/random.js';
import { loadZoneText } from '../../src/zone/build.js';
import { childZone, parentZone } from '../support/differential-zones.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';

const alphabet = ' \t\n\r"();\\$@.*-0123456789abcINSOATX{},/#\x00\xff\u00e9';
const words = [
  '$TTL',
  '$ORIGIN',
  '$GENERATE',
  '$INCLUDE',
  '\\#',
  '\\000',
  'TYPE65535',
  '4294967296',
  '..',
  '(',
];

/** Deletes, doubles, swaps in or inserts pieces. */
function mutate(text: string, random: Random): string {
  let result = text;
  for (let n = 1 + random.below(8); n > 0; n--) {
    const at = random.below(result.length + 1);
    const length = random.below(12);
    const piece = [
      () => '',
      () => alphabet[random.below(alphabet.length)]!,
      () => words[random.below(words.length)]!,
      () => result.slice(at, at + length).repeat(2),
    ][random.below(4)]!();
    result = result.slice(0, at) + piece + result.slice(at + length);
  }
  return result;
}

describe('a master file that was changed at random', () => {
  test.each([
    ['parent', parentZone],
    ['child', childZone],
  ])(
    'is read to a zone or to errors with a place inside the file: %s',
    { timeout: fuzzTimeoutMs },
    (_what, text) => {
      const random = seededRandom(fuzzSeed(1035));
      let refused = 0;
      for (let i = 0; i < fuzzRounds(250); i++) {
        const changed = mutate(text, random);
        const readFile = () => {
          throw new Error('no files here');
        };
        const { zone, problems } = loadZoneText(changed, {
          origin: parseName('example.'),
          file: 'f',
          readFile,
        });
        const lines = changed.split('\n').length;
        for (const { line, column, file, message } of problems) {
          expect(file).toBe('f');
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(message).not.toBe('');
        }
        const errors = problems.filter((problem) => problem.severity === 'error');
        expect(zone === undefined).toBe(errors.length > 0);
        if (!zone) refused++;
      }
      // Both outcomes must have come up, or the test looks at one half only.
      expect(refused).toBeGreaterThan(fuzzRounds(30));
      expect(refused).toBeLessThan(fuzzRounds(245));
    },
  );
});
