/**
 * Lists of any text. The rules: they are read to a list, bad lines are counted with a number inside the text, and
 * deciding about any name gives a decision or none, never an error.
 */
import { describe, expect, it } from 'vitest';
import { parseName, toName } from '../../src/dns/name.js';
import { blockList } from '../../src/policy/rules.js';
import { type Random, seededRandom } from '../../src/runtime/random.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';

const LINES = [
  '0.0.0.0 ads.example.com',
  '127.0.0.1 localhost a.example b.example # both',
  '::1 c.example',
  'plain.example',
  '*.wild.example',
  '||adblock.example^',
  '||adblock.example^$important',
  '@@||good.example^',
  '! a comment',
  '# a comment',
  '/banner[0-9]+/',
  '||a.example^$third-party,domain=b.example',
  '0.0.0.0',
  '||^',
  '*',
  '.',
  '\xff\xfe.example',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(130)}example`,
];
const CHARS = ' \t.#!@|^*$/\\-_0aZ\x00\x7f\xe9\u2028%[]()';
const NAMES = [
  'ads.example.com.',
  'x.wild.example.',
  'good.example.',
  '.',
  'adblock.example.',
  'sub.adblock.example.',
];

const names = NAMES.map((name) => parseName(name));
const octet = (random: Random) => String.fromCharCode(random.below(256));

function text(random: Random): string {
  return Array.from({ length: random.below(20) }, () => line(random)).join(
    random.below(4) === 0 ? '\r\n' : '\n',
  );
}

function line(random: Random): string {
  let made = LINES[random.below(LINES.length)]!;
  for (let left = random.below(4); left > 0; left--) {
    const at = random.below(made.length + 1);
    made = made.slice(0, at) + CHARS[random.below(CHARS.length)]! + made.slice(at + random.below(3));
  }
  return random.below(200) === 0 ? made.repeat(500) : made;
}

describe('a list of any text', () => {
  it.each(['hosts', 'domains', 'adblock'] as const)(
    'as %s is read, and decides',
    { timeout: fuzzTimeoutMs },
    (format) => {
      const random = seededRandom(fuzzSeed(35));
      let rules = 0;
      for (let i = 0; i < fuzzRounds(400); i++) {
        const given = text(random);
        const list = blockList('fuzz', given, format, 'nxdomain');
        rules += list.rules;
        const lines = given.split('\n').length;
        expect(list.bad).toBeLessThanOrEqual(lines);
        for (const bad of list.firstBad) {
          expect(bad.line).toBeGreaterThanOrEqual(1);
          expect(bad.line).toBeLessThanOrEqual(lines);
          expect(bad.why).not.toBe('');
        }
        for (const name of [...names, toName(`\x03${octet(random)}\0\xff\0`)]) list.decide(name);
      }
      expect(rules).toBeGreaterThan(100);
    },
  );
});
