import { describe, expect, it } from 'vitest';
import { parseName } from '../../../../src/dns/name.js';
import { Rcode, RRType } from '../../../../src/dns/registry.js';
import { Policy } from '../../../../src/policy/policy.js';
import { responsePolicyZone } from '../../../../src/policy/rpz.js';
import { blockList } from '../../../../src/policy/rules.js';
import { parseZoneText } from '../../../../src/zone/parse.js';
import {
  answerOf,
  aRecord,
  edeOf,
  edns,
  Harness,
  query,
  resolutionOf,
  rrset,
  tcpClient,
} from '../../../support/server-harness.js';

const apex = parseName('rpz.');
const listOf = (text: string) =>
  responsePolicyZone('rpz', apex, parseZoneText(`$TTL 60\n${text}\n`, { origin: apex }).records);
const alias = (from: string, to: string) => rrset(from, RRType.CNAME, [parseName(to)]);

/** A resolver with one chain, www -> b -> c.example with an address, and answers for all other names. */
function harness(...texts: string[]): Harness {
  const h: Harness = new Harness(
    ({ name }) => {
      const keep = { keepUntilMs: h.clock.wallMs() + 60_000 };
      if (name !== parseName('www.example.'))
        return resolutionOf(answerOf([{ ...aRecord('x.', 9), name }]), keep);
      const aliases = [alias('www.example.', 'b.example.'), alias('b.example.', 'c.example.')];
      return resolutionOf(answerOf([aRecord('c.example.')], { aliases, security: 'secure' }), keep);
    },
    { policy: new Policy({ lists: texts.map(listOf) }) },
  );
  return h;
}

const ask = (h: Harness) => h.ask(query('www.example.', RRType.A, { edns: edns() }));

describe('a rule about the address in an answer', () => {
  it.each([
    ['CNAME .', Rcode.NXDOMAIN],
    ['CNAME *.', Rcode.NOERROR],
  ])(
    '%s replaces it, with the list and the rule in an EDE, and no cache keeps that',
    async (action, rcode) => {
      const h = harness(`32.1.2.0.192.rpz-ip ${action}`);
      for (let i = 0; i < 2; i++) {
        const response = await ask(h);
        expect(response).toMatchObject({ rcode, ad: false, aa: false });
        expect(response!.answer.map(({ type }) => type)).toEqual([RRType.CNAME, RRType.CNAME]);
        expect(edeOf(response)).toEqual(['15 list rpz, rule 32.1.2.0.192.rpz-ip.']);
      }
      expect(h.stubCache.stats().entries).toBe(0);
      expect(h.recorder.records.map((record) => record.lookupClass)).toEqual(['resolver', 'resolver']);
    },
  );

  it('lets others through to the cache as they are', async () => {
    const h = harness('32.2.2.0.192.rpz-ip CNAME .');
    expect((await ask(h))!.answer).toHaveLength(3);
    expect(h.stubCache.stats().entries).toBe(1);
  });

  it('may drop, and may give data of its own', async () => {
    const dropping = harness('32.1.2.0.192.rpz-ip CNAME rpz-drop.');
    expect(await ask(dropping)).toBeUndefined();
    expect(dropping.recorder.drops).toEqual(['policy']);
    const given = await ask(harness('32.1.2.0.192.rpz-ip A 203.0.113.5'));
    expect(given!.answer.at(-1)).toMatchObject({ name: parseName('c.example.'), rdatas: ['\xcb\0\x71\x05'] });
    expect(edeOf(given)).toEqual(['4 list rpz, rule 32.1.2.0.192.rpz-ip.']);
  });

  it('may lead elsewhere, which is resolved', async () => {
    const h = harness('32.1.2.0.192.rpz-ip CNAME *.garden.');
    const response = await ask(h);
    expect(h.resolver.asked.map(({ name }) => name)).toEqual([
      parseName('www.example.'),
      parseName('c.example.garden.'),
    ]);
    expect(response!.answer.at(-1)).toMatchObject({ name: parseName('c.example.garden.') });
    expect(edeOf(response)).toEqual(['4 list rpz, rule 32.1.2.0.192.rpz-ip.']);
    expect(h.stubCache.stats().entries).toBe(0);
  });

  it('may want TCP', async () => {
    const h = harness('32.1.2.0.192.rpz-ip CNAME rpz-tcp-only.');
    expect(await ask(h)).toMatchObject({ tc: true, answer: [] });
    const tcp = await h.ask(query('www.example.'), tcpClient);
    expect(tcp!.answer).toHaveLength(3);
    expect(h.stubCache.stats().entries).toBe(0);
  });
});

describe('a rule about name servers', () => {
  it.each(['ns.evil.example.rpz-nsdname CNAME .', '24.0.100.51.198.rpz-nsip CNAME .'])(
    '%s speaks of those that the resolver knows',
    async (rule) => {
      const h = harness(rule);
      expect((await ask(h))!.rcode).toBe(Rcode.NOERROR);
      h.stubCache.beginGeneration(1);
      h.resolver.servers = { names: [parseName('ns.evil.example.')], addresses: ['198.51.100.53'] };
      expect((await ask(h))!.rcode).toBe(Rcode.NXDOMAIN);
    },
  );
});

describe('a rule about a name', () => {
  it('holds for names that aliases lead to, in a list of plain names too', async () => {
    const policy = new Policy({ lists: [blockList('ads', 'b.example\n', 'domains', 'nodata')] });
    const h = harness();
    const cloaked = new Harness(h.resolver.answering, { policy });
    const response = await ask(cloaked);
    expect(response!.answer.map(({ name }) => name)).toEqual([parseName('www.example.')]);
    expect(edeOf(response)).toEqual(['15 list ads, rule b.example.']);
  });

  it('waits for the answer where an earlier list judges answers', async () => {
    const h = harness('32.9.2.0.192.rpz-ip CNAME *.', 'other.example CNAME .');
    const judged = await h.ask(query('other.example.'));
    expect(judged).toMatchObject({ rcode: Rcode.NOERROR, answer: [] });
    const other = harness('32.9.9.9.9.rpz-ip CNAME *.', 'other.example CNAME .');
    const named = await other.ask(query('other.example.'));
    expect(named).toMatchObject({ rcode: Rcode.NXDOMAIN, answer: [] });
    expect(other.stubCache.stats().entries).toBe(0);
  });

  it('that lets it pass ends the matter for what it leads to', async () => {
    const h = harness('www.example CNAME rpz-passthru.\nb.example CNAME .\n32.1.2.0.192.rpz-ip CNAME .');
    expect((await ask(h))!.answer).toHaveLength(3);
  });

  it('holds for a chain that ends in a failure', async () => {
    const failing = new Harness(
      () =>
        resolutionOf(
          { kind: 'failure', reason: 'timeout', ede: [] },
          { failedAliases: [alias('www.example.', 'b.example.')] },
        ),
      { policy: new Policy({ lists: [listOf('b.example CNAME .')] }) },
    );
    expect(await ask(failing)).toMatchObject({ rcode: Rcode.NXDOMAIN });
  });

  it('that leads in a circle of local aliases ends in SERVFAIL', async () => {
    const h = harness('www.example CNAME b.example.\nb.example CNAME www.example.');
    const response = await ask(h);
    expect(response).toMatchObject({ rcode: Rcode.SERVFAIL });
    expect(h.resolver.asked).toEqual([]);
  });
});
