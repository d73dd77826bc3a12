import { describe, expect, it } from 'vitest';
import { parseName } from '../../../../src/dns/name.js';
import type { FailureReason, Outcome } from '../../../../src/dns/outcome.js';
import { Ede, Rcode, RRType } from '../../../../src/dns/registry.js';
import type { Security } from '../../../../src/dns/rrset.js';
import type { Message } from '../../../../src/wire/message.js';
import {
  answerOf,
  aRecord,
  edeOf,
  edns,
  fakeRrsig,
  Harness,
  query,
  resolutionOf,
  rrset,
  soaRecord,
} from '../../../support/server-harness.js';

const cname = (from: string, to: string) => rrset(from, RRType.CNAME, [parseName(to)]);
const signed = (set: ReturnType<typeof aRecord>) => ({
  ...set,
  signatures: [fakeRrsig(set.type, 'example.')],
});
const nsec = signed(rrset('a.example.', RRType.NSEC, [`${parseName('z.example.')}\0\x01\x40`]));

async function answer(
  outcome: Outcome,
  more: Partial<Message> = {},
  type: number = RRType.A,
): Promise<Message> {
  const response = await new Harness(() => resolutionOf(outcome)).ask(query('www.example.', type, more));
  if (!response) throw new Error('no response came');
  return response;
}
const withDo = { edns: edns({ do: true }) };

describe('answers', () => {
  it('hold the aliases in order and then what they lead to', async () => {
    const aliases = [cname('www.example.', 'b.example.'), cname('b.example.', 'c.example.')];
    const response = await answer(answerOf([aRecord('c.example.')], { aliases }));
    expect(response.answer).toEqual([...aliases, aRecord('c.example.')]);
    expect(response).toMatchObject({
      rcode: Rcode.NOERROR,
      ra: true,
      aa: false,
      authority: [],
      additional: [],
    });
  });

  it('have signatures and proofs only with DO', async () => {
    const outcome = answerOf([signed(aRecord('www.example.'))], { proof: [nsec] });
    const plain = await answer(outcome, { edns: edns() });
    expect(plain.answer).toEqual([aRecord('www.example.')]);
    expect(plain.authority).toEqual([]);
    const full = await answer(outcome, withDo);
    expect(full.answer).toEqual([signed(aRecord('www.example.'))]);
    expect(full.authority).toEqual([nsec]);
    expect(full.edns?.do).toBe(true);
  });

  it('hold NSEC and RRSIG when these were asked for, DO or not', async () => {
    const asked = rrset('www.example.', RRType.RRSIG, [fakeRrsig(1, 'example.')]);
    expect((await answer(answerOf([asked]), {}, RRType.RRSIG)).answer).toEqual([asked]);
    expect((await answer(answerOf([nsec]), {}, RRType.NSEC)).answer).toEqual([{ ...nsec, signatures: [] }]);
  });
});

describe('denials', () => {
  const denial = (kind: 'nodata' | 'nxdomain', more: object = {}): Outcome => {
    return { kind, aliases: [], proof: [], soa: soaRecord('example.'), security: 'insecure', ...more };
  };

  it.each([
    ['nodata' as const, Rcode.NOERROR],
    ['nxdomain' as const, Rcode.NXDOMAIN],
  ])('%s has its RCODE and the SOA with the TTL that the resolver gave', async (kind, rcode) => {
    const response = await answer(denial(kind));
    expect(response.rcode).toBe(rcode);
    expect(response.answer).toEqual([]);
    expect(response.authority).toEqual([soaRecord('example.', 60)]);
  });

  it('have the proof with DO, and the SOA once though the proof names it too', async () => {
    const soa = signed(soaRecord('example.'));
    const outcome = denial('nxdomain', { soa, proof: [soa, nsec] });
    expect((await answer(outcome, withDo)).authority).toEqual([soa, nsec]);
    expect((await answer(outcome)).authority).toEqual([soaRecord('example.')]);
  });

  it('at the end of an alias keep the alias in the answer', async () => {
    const aliases = [cname('www.example.', 'gone.example.')];
    const response = await answer(denial('nxdomain', { aliases }));
    expect(response).toMatchObject({ rcode: Rcode.NXDOMAIN, answer: aliases });
  });

  it('without an SOA are sent without', async () => {
    expect((await answer(denial('nodata', { soa: undefined }), withDo)).authority).toEqual([]);
  });
});

describe('failures', () => {
  it.each([
    ['bogus', Rcode.SERVFAIL],
    ['timeout', Rcode.SERVFAIL],
    ['budget', Rcode.SERVFAIL],
    ['loop', Rcode.SERVFAIL],
    ['unsupported', Rcode.SERVFAIL],
    ['internal', Rcode.SERVFAIL],
    ['policy', Rcode.REFUSED],
    ['alias-too-long', Rcode.SERVFAIL],
    ['name-too-long', Rcode.YXDOMAIN],
    ['not-cached', Rcode.REFUSED],
  ] as [FailureReason, number][])('%s becomes its RCODE with every EDE', async (reason, rcode) => {
    const errors = [
      { code: Ede.DNSSEC_BOGUS, text: 'no signature fits' },
      { code: Ede.NETWORK_ERROR, text: '192.0.2.1: timeout' },
    ];
    const response = await answer({ kind: 'failure', reason, ede: errors }, { edns: edns() });
    expect(response).toMatchObject({ rcode, answer: [], authority: [], ad: false });
    expect(edeOf(response)).toEqual(['6 no signature fits', '23 192.0.2.1: timeout']);
  });

  it('say nothing more than the RCODE to a client without EDNS', async () => {
    const response = await answer({ kind: 'failure', reason: 'bogus', ede: [{ code: 6, text: 'x' }] });
    expect(response).toMatchObject({ rcode: Rcode.SERVFAIL, edns: undefined });
  });
});

describe('stale data', () => {
  it.each([
    ['an answer', answerOf([aRecord('www.example.')], { stale: true }), 3],
    [
      'a denial',
      { kind: 'nxdomain', aliases: [], proof: [], soa: undefined, security: 'insecure', stale: true },
      19,
    ],
  ] as [string, Outcome, number][])(
    '%s is marked as such when the resolver did not do it',
    async (_, outcome, code) => {
      expect(edeOf(await answer(outcome, { edns: edns() }))[0]).toMatch(new RegExp(`^${code} `));
    },
  );

  it('is marked once', async () => {
    const ede = [{ code: Ede.STALE_ANSWER, text: 'two hours past' }];
    const outcome = answerOf([aRecord('www.example.')], { stale: true, ede });
    expect(edeOf(await answer(outcome, { edns: edns() }))).toEqual(['3 two hours past']);
  });
});

describe('AD (RFC 6840 5.7, 5.8)', () => {
  const secure = (security: Security) => answerOf([aRecord('www.example.')], { security });

  it.each([
    ['secure', { ad: true }, true],
    ['secure', { edns: edns({ do: true }) }, true],
    ['secure', {}, false],
    ['secure', { edns: edns() }, false],
    ['secure', { ad: true, cd: true }, false],
    ['secure', { cd: true, edns: edns({ do: true }) }, false],
    ['insecure', { ad: true, edns: edns({ do: true }) }, false],
    ['unchecked', { ad: true }, false],
    ['indeterminate', { ad: true }, false],
    ['bogus', { ad: true }, false],
  ] as [Security, Partial<Message>, boolean][])('%s data, query with %o: %s', async (security, more, ad) => {
    expect((await answer(secure(security), more)).ad).toBe(ad);
  });

  it('CD and RD come back as they were sent', async () => {
    expect(await answer(secure('insecure'), { cd: true })).toMatchObject({ cd: true, rd: true });
    expect(await answer(secure('insecure'))).toMatchObject({ cd: false, rd: true });
  });
});
