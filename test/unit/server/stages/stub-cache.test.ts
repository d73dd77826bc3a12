import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../../src/dns/outcome.js';
import { Ede, Rcode, RRType } from '../../../../src/dns/registry.js';
import type { Resolution } from '../../../../src/resolver/contract.js';
import type { Message } from '../../../../src/wire/message.js';
import {
  answerOf,
  aRecord,
  decoded,
  edns,
  fakeRrsig,
  Harness,
  query,
  resolutionOf,
  rrset,
  soaRecord,
  tcpClient,
} from '../../../support/server-harness.js';

/** A harness whose answers may be kept for 300 s. */
function keeping(
  outcome: Outcome = answerOf([aRecord('www.example.')]),
  more: Partial<Resolution> = {},
): Harness {
  const h: Harness = new Harness(() =>
    resolutionOf(outcome, { keepUntilMs: h.clock.wallMs() + 300_000, ...more }),
  );
  return h;
}

describe('a hit', () => {
  it('is answered in the same turn, asks nobody, and counts as stub', async () => {
    const h = keeping();
    await h.ask(query());
    expect(h.now(query())).toBeDefined();
    expect(h.resolver.asked).toHaveLength(1);
    expect(h.recorder.records.map((r) => r.lookupClass)).toEqual(['resolver', 'stub']);
    expect(h.recorder.records[1]).toMatchObject({ rcode: Rcode.NOERROR, qname: query().questions[0]!.name });
  });

  it('has the ID, flags and letter case of its own query', async () => {
    const h = keeping();
    await h.ask(query('www.example.', RRType.A, { id: 1 }));
    const wire = h.now(query('WwW.eXample.', RRType.A, { id: 0xbeef }))!;
    expect(decoded(wire)).toMatchObject({ id: 0xbeef, rd: true, ra: true, edns: undefined });
    expect(wire.toString('latin1', 13, 24)).toBe('WwW\x07eXample');
  });

  it('counts its TTLs down and ends with them', async () => {
    const h = keeping();
    await h.ask(query());
    await h.clock.advance(100_000);
    expect(decoded(h.now(query())!).answer[0]?.ttlSec).toBe(200);
    await h.clock.advance(200_000);
    expect(h.now(query())).toBeUndefined();
  });

  it('follows the wall clock when it is set forward', async () => {
    const h = keeping();
    await h.ask(query());
    h.clock.jumpWall(3_600_000);
    expect(h.now(query())).toBeUndefined();
  });

  it('has the OPT of its own query', async () => {
    const h = keeping();
    await h.ask(query());
    expect(decoded(h.now(query('www.example.', RRType.A, { edns: edns() }))!).edns?.udpSize).toBe(1232);
    expect(decoded(h.now(query())!).edns).toBeUndefined();
  });

  it('is told AD only when it asks for it and the data is secure', async () => {
    const secure = keeping(answerOf([aRecord('www.example.')], { security: 'secure' }));
    await secure.ask(query());
    expect(decoded(secure.now(query('www.example.', RRType.A, { ad: true }))!).ad).toBe(true);
    expect(decoded(secure.now(query())!).ad).toBe(false);
    const insecure = keeping();
    await insecure.ask(query());
    expect(decoded(insecure.now(query('www.example.', RRType.A, { ad: true }))!).ad).toBe(false);
  });

  it('may be a denial', async () => {
    const h = keeping({
      kind: 'nxdomain',
      aliases: [],
      proof: [],
      soa: soaRecord('example.'),
      security: 'insecure',
    });
    await h.ask(query());
    expect(decoded(h.now(query())!)).toMatchObject({
      rcode: Rcode.NXDOMAIN,
      authority: [{ type: RRType.SOA }],
    });
    expect(h.recorder.records[1]).toMatchObject({ rcode: Rcode.NXDOMAIN });
  });

  it('serves UDP and TCP clients from one entry', async () => {
    const h = keeping();
    await h.ask(query());
    expect(h.now(query(), tcpClient)).toEqual(h.now(query()));
  });

  it('too large for this client goes on, is resolved, and comes truncated', async () => {
    const big = rrset(
      'www.example.',
      RRType.A,
      Array.from({ length: 40 }, (_, i) => `\xc0\0\x02${String.fromCharCode(i)}`),
    );
    const h = keeping(answerOf([big]));
    await h.ask(query(), tcpClient);
    expect(await h.ask(query())).toMatchObject({ tc: true, answer: [] });
    expect(h.resolver.asked).toHaveLength(2);
    expect(decoded(h.now(query(), tcpClient)!).answer[0]?.rdatas).toHaveLength(40);
  });
});

describe('what makes two queries differ', () => {
  const signed = answerOf([{ ...aRecord('www.example.'), signatures: [fakeRrsig(1, 'example.')] }]);
  it.each([
    ['DO', { edns: edns({ do: true }) }],
    ['CD', { cd: true }],
  ] as [string, Partial<Message>][])('%s', async (_, more) => {
    const h = keeping(signed);
    await h.ask(query());
    expect(h.now(query('www.example.', RRType.A, more))).toBeUndefined();
  });

  it('the type and the name', async () => {
    const h = keeping();
    await h.ask(query());
    expect(h.now(query('www.example.', RRType.AAAA))).toBeUndefined();
    expect(h.now(query('ww.example.'))).toBeUndefined();
  });

  it('DO keeps the signatures out of answers without it', async () => {
    const h = keeping(signed);
    await h.ask(query('www.example.', RRType.A, { edns: edns({ do: true }) }));
    await h.ask(query('www.example.', RRType.A, { edns: edns() }));
    const withDo = decoded(h.now(query('www.example.', RRType.A, { edns: edns({ do: true }) }))!);
    const without = decoded(h.now(query('www.example.', RRType.A, { edns: edns() }))!);
    expect(withDo.answer[0]?.signatures).toHaveLength(1);
    expect(without.answer[0]?.signatures).toEqual([]);
  });
});

describe('what is not kept', () => {
  it.each([
    ['an answer that the resolver does not let out', keeping(undefined, { keepUntilMs: undefined })],
    ['an answer whose time is over', keeping(undefined, { keepUntilMs: 1 })],
    ['stale data', keeping(answerOf([aRecord('www.example.')], { stale: true }))],
    ['a failure', keeping({ kind: 'failure', reason: 'timeout', ede: [] })],
    [
      'an answer with Extended DNS Errors, which its wire form does not carry',
      keeping(answerOf([aRecord('www.example.')], { ede: [{ code: Ede.SYNTHESIZED, text: '' }] })),
    ],
  ])('%s', async (_, h) => {
    await h.ask(query());
    expect(h.now(query())).toBeUndefined();
    expect([...h.stubCache.entries()]).toEqual([]);
  });

  it('an answer that is cut even by TCP', async () => {
    const texts = Array.from({ length: 700 }, (_, i) => `\x57${String(i).padStart(87, '.')}`);
    const h = keeping(answerOf([rrset('www.example.', RRType.TXT, texts)]));
    expect(await h.ask(query('www.example.', RRType.TXT), tcpClient)).toMatchObject({ tc: true, answer: [] });
    expect([...h.stubCache.entries()]).toEqual([]);
  });

  it('local answers', async () => {
    const h = keeping();
    for (const [name, type] of [
      ['localhost.', RRType.A],
      ['www.example.', RRType.ANY],
    ] as const)
      h.now(query(name, type));
    expect([...h.stubCache.entries()]).toEqual([]);
  });
});
