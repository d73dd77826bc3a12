/** RFC 5155: how a validator judges NSEC3, on the RFC's own zone and responses (appendices A to C). */
import { describe, expect, test } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { Ede, RRType } from '../../src/dns/registry.js';
import { nsec3Hash } from '../../src/dnssec/nsec3.js';
import { toBase32Hex } from '../../src/wire/rdata/binary.js';
import { RfcExamples } from '../support/dnssec-rfc.js';
import { onlyRrset } from '../support/signed-data.js';

const present = RfcExamples.present('rfc5155');
const salt = '\xaa\xbb\xcc\xdd';

describe('RFC 5155', () => {
  test.each([
    ['example', '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom'],
    ['a.example', '35mthgpgcu1qg68fab165klnsnk3dpvl'],
    ['*.w.example', 'r53bq7cc2uvmubfu5ocmm6pers9tk9en'],
    ['xx.example', 't644ebqk9bibcna874givr6joj62mlhv'],
  ])('5 and appendix A: the hash of %s is as printed', (name, hash) => {
    expect(toBase32Hex(nsec3Hash(parseName(name), salt, 12)).toLowerCase()).toBe(hash);
  });
});

describe.skipIf(!present)('RFC 5155 (needs the shared vectors)', () => {
  const rfc = present ? new RfcExamples('rfc5155') : (undefined as never);

  test('8.4: a name error is insecure where the span that covers it is opt-out', async () => {
    // The NSEC3 that covers the next closer name c.x.w.example. has the opt-out flag (9.2).
    expect(await rfc.judge('B.1.')).toMatchObject({ security: 'insecure' });
  });

  test.each(['B.2.', 'B.2.1.'])('8.5: %s no data is secure', async (id) => {
    expect(await rfc.judge(id)).toMatchObject({ security: 'secure', denies: 'nodata' });
  });

  test('8.9: data below an opt-out referral is insecure', async () => {
    const answer = [onlyRrset('mc.c.example. 300 IN MX 1 mail.c.example.')];
    const question = { name: parseName('mc.c.example.'), type: RRType.MX, class: 1 };
    const input = { question, kind: 'answer' as const, answer, authority: [], zone: parseName('c.example.') };
    const verdict = await rfc.validator().validate(input, rfc.context('B.3.', 'c.example.'));
    expect(verdict).toMatchObject({ security: 'insecure' });
    expect(verdict.reason).toContain('opt-out');
  });

  test.each([
    ['8.8', 'B.4.', 'answer'],
    ['8.7', 'B.5.', 'no data'],
  ])('%s: %s, a wildcard %s in an opt-out span, is insecure (9.2)', async (_section, id) => {
    const verdict = await rfc.judge(id);
    expect(verdict).toMatchObject({ security: 'insecure' });
    expect(verdict.reason).toContain('opt-out');
  });

  test.each([0, 1])(
    '8.7: wildcard no data without record %i of the closest encloser proof is bogus',
    async (left) => {
      const denials = rfc.authority('B.5.').filter((r) => r.type === RRType.NSEC3);
      const verdict = await rfc.judge('B.5.', (i) => ({
        ...i,
        authority: i.authority.filter((r) => r.name !== denials[left]!.name),
      }));
      expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.NSEC_MISSING }] });
    },
  );

  test('8.6: the absence of a DS cannot be judged from the child side of the cut', async () => {
    expect(await rfc.judge('B.6.')).toMatchObject({ security: 'indeterminate' });
  });

  test.each(['B.1.', 'B.2.', 'B.2.1.'])('8: %s with any one of its records left out is bogus', async (id) => {
    const denials = rfc.authority(id).filter((r) => r.type === RRType.NSEC3);
    expect(denials.length).toBeGreaterThan(0);
    for (const left of denials) {
      const verdict = await rfc.judge(id, (input) => ({
        ...input,
        authority: input.authority.filter((r) => r.name !== left.name || r.type !== left.type),
      }));
      expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.NSEC_MISSING }] });
    }
  });

  test('8.8: a wildcard answer without its NSEC3 is bogus', async () => {
    const verdict = await rfc.judge('B.4.', (input) => ({ ...input, authority: [] }));
    expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.NSEC_MISSING }] });
  });
});
