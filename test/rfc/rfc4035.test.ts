/** RFC 4035: how a validator judges, on the RFC's own zone and responses (appendices A to C). */
import { describe, expect, test } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { Ede, RRType } from '../../src/dns/registry.js';
import { RfcExamples } from '../support/dnssec-rfc.js';
import { onlyRrset } from '../support/signed-data.js';

const present = RfcExamples.present('rfc4035');

describe.skipIf(!present)('RFC 4035 (needs the shared vectors)', () => {
  const rfc = present ? new RfcExamples('rfc4035') : (undefined as never);

  test('C.1: an answer is secure, for at most as long as its signature says', async () => {
    const verdict = await rfc.judge('B.1.');
    expect(verdict).toMatchObject({ security: 'secure', ede: [], ttlCapSec: 3600 });
    expect(verdict.reason).toContain('38519');
  });

  test('C.2: a name error is secure', async () => {
    expect(await rfc.judge('B.2.')).toMatchObject({ security: 'secure', denies: 'nxdomain' });
  });

  test('C.3: no data is secure', async () => {
    expect(await rfc.judge('B.3.')).toMatchObject({ security: 'secure', denies: 'nodata' });
  });

  test('C.4: the DS of a referral to a signed zone is secure', async () => {
    const ds = rfc.authority('B.4.').find((r) => r.type === RRType.DS)!;
    const question = { name: ds.name, type: RRType.DS, class: 1 };
    const input = { question, kind: 'answer' as const, answer: [ds], authority: [] };
    expect(await rfc.validator().validate(input, rfc.context())).toMatchObject({ security: 'secure' });
  });

  test('C.5: data below a referral to an unsigned zone is insecure', async () => {
    const answer = [onlyRrset('mc.b.example. 300 IN MX 1 mail.b.example.')];
    const question = { name: parseName('mc.b.example.'), type: RRType.MX, class: 1 };
    const input = { question, kind: 'answer' as const, answer, authority: [], zone: parseName('b.example.') };
    const verdict = await rfc.validator().validate(input, rfc.context('B.5.', 'b.example.'));
    expect(verdict).toMatchObject({ security: 'insecure' });
    expect(verdict.reason).toContain('b.example.');
  });

  test('C.6: a wildcard answer is secure with the proof that the name itself does not exist', async () => {
    const verdict = await rfc.judge('B.6.');
    expect(verdict).toMatchObject({ security: 'secure' });
    expect(verdict.rrsets[0]?.closestEncloser).toBe(parseName('w.example.'));
  });

  test('5.3.4: a wildcard answer without that proof is bogus', async () => {
    const verdict = await rfc.judge('B.6.', (input) => ({ ...input, authority: [] }));
    expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.NSEC_MISSING }] });
  });

  test('C.7: wildcard no data is secure', async () => {
    expect(await rfc.judge('B.7.')).toMatchObject({ security: 'secure', denies: 'nodata' });
  });

  test('C.8: the absence of a DS cannot be judged from the child side of the cut', async () => {
    expect(await rfc.judge('B.8.')).toMatchObject({ security: 'indeterminate' });
  });

  test.each(['B.2.', 'B.3.', 'B.7.'])('5.4: %s with any one of its records left out is bogus', async (id) => {
    const denials = rfc.authority(id).filter((r) => r.type === RRType.NSEC);
    expect(denials.length).toBeGreaterThan(0);
    for (const left of denials) {
      const verdict = await rfc.judge(id, (input) => ({
        ...input,
        authority: input.authority.filter((r) => r.name !== left.name || r.type !== left.type),
      }));
      expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.NSEC_MISSING }] });
    }
  });

  test('5.3.1: one changed octet of RDATA makes the answer bogus', async () => {
    const verdict = await rfc.judge('B.1.', (input) => {
      const [mx] = input.answer;
      return { ...input, answer: [{ ...mx!, rdatas: [`\0\x02${mx!.rdatas[0]!.slice(2)}`] }] };
    });
    expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.DNSSEC_BOGUS }] });
    expect(verdict.blame).toEqual({ zone: parseName('example.'), name: parseName('x.w.example.'), type: 15 });
  });

  test('5.3.1: an answer stripped of its signatures is bogus, for the zone is secure', async () => {
    const strip = rfc.input('B.1.', (i) => ({
      ...i,
      answer: i.answer.map((r) => ({ ...r, signatures: [] })),
    }));
    const nsec = {
      kind: 'nodata' as const,
      authority: rfc.zone.filter((r) => r.name === parseName('x.w.example.')),
    };
    const ent = {
      kind: 'nodata' as const,
      authority: rfc.zone.filter((r) => r.name === parseName('ns2.example.')),
    };
    const base = rfc.context();
    const fetch = async (name: never, type: number, attempt: number) => {
      if (type !== RRType.DS) return base.fetch(name, type, attempt);
      return name === parseName('w.example.') ? ent : nsec;
    };
    const verdict = await rfc.validator().validate(strip, { ...base, fetch });
    expect(verdict).toMatchObject({ security: 'bogus', ede: [{ code: Ede.RRSIGS_MISSING }] });
  });

  test('5.3.1: the answer is bogus after its time, and before', async () => {
    const late = await rfc.validator(rfc.nowSec + 40 * 86400).validate(rfc.input('B.1.'), rfc.context());
    expect(late).toMatchObject({ security: 'bogus', ede: [{ code: Ede.SIGNATURE_EXPIRED }] });
    expect(late.ede[0]?.text).toContain('20040509183619');
    const early = await rfc.validator(rfc.nowSec - 40 * 86400).validate(rfc.input('B.1.'), rfc.context());
    expect(early).toMatchObject({ security: 'bogus', ede: [{ code: Ede.SIGNATURE_NOT_YET_VALID }] });
  });

  test('RFC 7646: below a negative trust anchor a bogus answer is insecure', async () => {
    const late = rfc.validator(rfc.nowSec + 40 * 86400, ['w.example.']);
    expect(await late.validate(rfc.input('B.1.'), rfc.context())).toMatchObject({ security: 'insecure' });
  });
});
