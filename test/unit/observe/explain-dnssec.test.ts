/** Verdicts on the wrongly signed zones of the mock internet: who is to blame, and what helps. */
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Stack } from '../../../src/compose/stack.js';
import { parseConfig } from '../../../src/config/load.js';
import { parseName } from '../../../src/dns/name.js';
import { RRClass, RRType } from '../../../src/dns/registry.js';
import { traceQuestion } from '../../../src/observe/sinks/collect.js';
import { explain } from '../../../src/observe/sinks/explain.js';
import { silentLog } from '../../../src/server/log.js';

const zonesDir = fileURLToPath(new URL('../../../zones', import.meta.url));
let stack: Stack;
beforeEach(async () => {
  const config = parseConfig('listen: ["127.0.0.1:0"]', 'test');
  stack = await Stack.create({ config, zonesDir, mockPort: 0, log: silentLog, version: 'test' });
});
afterEach(() => stack.close(0));

async function verdictOn(name: string) {
  const question = { name: parseName(name), type: RRType.A, class: RRClass.IN };
  return explain(await traceQuestion(stack, question, {}));
}

it('of an alias into a broken zone the broken zone is to blame, also when that is known already', async () => {
  expect(await verdictOn('to-bogus.signed.test.')).toMatchObject({ blamed: 'expired.bogus.test.' });
  expect(await verdictOn('to-bogus.signed.test.')).toMatchObject({ blamed: 'www.expired.bogus.test.' });
});

describe('a zone that is wrongly signed is blamed itself, with advice for', () => {
  it.each([
    ['www.expired', /expired at/, /sign the zone again, and see why/],
    ['www.not-yet-valid', /valid only from/, /clock of this machine/],
    ['www.wrong-ds', /matches its DS/, /DS records at the parent/],
    ['www.ds-unsigned', /has a DS but no DNSKEY/, /DS records at the parent/],
    ['www.no-dnskey', /has a DS but no DNSKEY/, /DS records at the parent/],
    ['www.hidden-key', /does not have/, /publish the key that signs/],
    ['www.no-rrsig', /has no signature/, /send its signatures/],
    ['www.corrupt', /does not verify/, /sign the zone again/],
    ['www.no-zone-bit', /no zone key flag/, /has the zone key flag/],
    ['www.revoked', /revoked/, /DS records at the parent/],
    ['nothing.no-nsec', /no NSEC or NSEC3/, /prove what it does not have/],
    ['nothing.wrong-nsec', /no NSEC covers/, /prove what it does not have/],
    ['nothing.wrong-nsec3', /no NSEC3 matches/, /prove what it does not have/],
    ['x.wild.wildcard-no-proof', /no NSEC or NSEC3/, /prove what it does not have/],
  ])('%s', async (name, cause, advice) => {
    const zone = name.slice(name.lastIndexOf('.') + 1);
    const verdict = await verdictOn(`${name}.bogus.test.`);
    expect(verdict).toMatchObject({ ok: false, blame: 'zone', blamed: `${zone}.bogus.test.` });
    expect(verdict.summary).toMatch(cause);
    expect(verdict.advice).toMatch(advice);
    expect(verdict.firstFailure).toMatch(cause);
  });
});

describe('data that counts as unsigned is told with the reason', () => {
  it.each([
    ['www.unknown-algorithm.bogus.test.', /counts as unsigned .*algorithm 200/],
    ['www.unknown-digest.bogus.test.', /counts as unsigned .*digest type 200/],
    ['nothing.many-iterations.bogus.test.', /counts as unsigned .*500 iterations/],
    ['www.island.signed.test.', /in a zone that is not signed/],
  ])('%s', async (name, words) => {
    expect((await verdictOn(name)).summary).toMatch(words);
  });
});
