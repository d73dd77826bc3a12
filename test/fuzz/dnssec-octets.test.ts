/** Octets of any kind where DNSSEC records should be: there is always a verdict, and it is never "secure". */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import type { RRset } from '../../src/dns/rrset.js';
import { signRRset } from '../../src/dnssec/signing-key.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';
import { contextOf } from '../support/signed-data.js';
import { fixedKey, NOW_SEC, SignedNet } from '../support/signed-net.js';

const victim = parseName('evil.test.');
const times = { inceptionSec: NOW_SEC - 86_400, expirationSec: NOW_SEC + 86_400 };

function evilNet(): SignedNet {
  const records = ['www 300 IN A 192.0.2.1'];
  return new SignedNet([{ apex: '.' }, { apex: 'test.' }, { apex: 'evil.test.', records }]);
}

function signed(rrset: RRset, by = fixedKey('evil.test.'), zone = victim): RRset {
  return { ...rrset, signatures: [signRRset(rrset, by, zone, times)] };
}

describe('octets of any kind', () => {
  const octets = (max: number) =>
    fc.uint8Array({ maxLength: max }).map((o) => Buffer.from(o).toString('latin1'));

  test('keys, signatures and denial records of any content give a verdict, never secure, never an error', {
    timeout: fuzzTimeoutMs,
  }, async () => {
    const net = evilNet();
    const input = net.input('www.evil.test.');
    const types = fc.constantFrom(RRType.NSEC, RRType.NSEC3, RRType.SOA);
    await fc.assert(
      fc.asyncProperty(
        fc.array(octets(80), { maxLength: 5 }),
        octets(120),
        types,
        async (rdatas, junk, type) => {
          const answer = input.answer.map((r) => ({ ...r, signatures: [...rdatas, junk] }));
          const authority = [
            { ...input.answer[0]!, type, rdatas: [junk], signatures: rdatas.length > 0 ? rdatas : [junk] },
          ];
          for (const kind of ['answer', 'nodata', 'nxdomain'] as const) {
            const spoilt = { ...input, kind, answer: kind === 'answer' ? answer : [], authority };
            const verdict = await net.validator().validate(spoilt, net.context());
            expect(verdict.security).toBe('bogus');
            expect(verdict.ede.length).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: fuzzRounds(60), seed: fuzzSeed(4) },
    );
  });

  test('DS and DNSKEY answers of any content give a verdict, never secure, never an error', {
    timeout: fuzzTimeoutMs,
  }, async () => {
    const net = evilNet();
    await fc.assert(
      fc.asyncProperty(
        fc.array(octets(70), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (rdatas, ds) => {
          const spoilt = ds ? RRType.DS : RRType.DNSKEY;
          const ctx = contextOf((name, type) => {
            const found = net.fetch(name, type);
            if (name !== victim || type !== spoilt || found?.kind !== 'answer') return found;
            // The parent signs whatever DS it is given; the child signs its keys.
            const bare = { ...found.rrsets[0]!, rdatas, signatures: [] };
            return {
              kind: 'answer',
              rrsets: [ds ? signed(bare, fixedKey('test.'), parseName('test.')) : signed(bare)],
            };
          });
          const verdict = await net.validator().validate(net.input('www.evil.test.'), ctx);
          expect(verdict.security).not.toBe('secure');
        },
      ),
      { numRuns: fuzzRounds(100), seed: fuzzSeed(5) },
    );
  });
});
