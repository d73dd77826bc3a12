import { describe, expect, it } from 'vitest';
import { parseName } from '../../../../src/dns/name.js';
import { Rcode, RRClass, RRType } from '../../../../src/dns/registry.js';
import type { Message } from '../../../../src/wire/message.js';
import { edeOf, edns, Harness, query, tcpClient, udpClient } from '../../../support/server-harness.js';

function chaos(name: string, type: number = RRType.TXT, more: Partial<Message> = {}): Message {
  const asked = query(name, type, { edns: edns(), ...more });
  return { ...asked, questions: [{ ...asked.questions[0]!, class: RRClass.CH }] };
}

describe('CHAOS', () => {
  const named = { version: 'strata 1', identity: 'node-7' };

  it.each([
    ['version.bind.', '\x08strata 1'],
    ['version.server.', '\x08strata 1'],
    ['id.server.', '\x06node-7'],
    ['hostname.bind.', '\x06node-7'],
    ['VERSION.Bind.', '\x08strata 1'],
  ])('TXT %s tells what the operator set', async (name, rdata) => {
    const h = new Harness(undefined, named);
    const response = await h.ask(chaos(name, RRType.TXT, { rd: false }));
    expect(response).toMatchObject({ rcode: Rcode.NOERROR, aa: true });
    expect(response?.answer).toEqual([
      {
        name: parseName(name),
        type: RRType.TXT,
        class: RRClass.CH,
        ttlSec: 0,
        rdatas: [rdata],
        signatures: [],
      },
    ]);
    expect(h.recorder.records).toMatchObject([{ lookupClass: 'local' }]);
  });

  it('refuses what the operator left unset, and names that do not exist', async () => {
    const h = new Harness(undefined, { version: undefined, identity: undefined });
    for (const name of ['version.bind.', 'id.server.', 'authors.bind.', 'www.example.']) {
      expect((await h.ask(chaos(name)))?.rcode).toBe(Rcode.REFUSED);
    }
    expect(h.resolver.asked).toEqual([]);
  });

  it('answers ANY, has no data for other types, and keeps texts within one string', async () => {
    const h = new Harness(undefined, { version: 'é'.repeat(200) });
    const rdata = (await h.ask(chaos('version.bind.', RRType.ANY)))?.answer[0]?.rdatas[0];
    expect(rdata).toHaveLength(256);
    expect(await h.ask(chaos('version.bind.', RRType.A))).toMatchObject({ rcode: Rcode.NOERROR, answer: [] });
  });

  it('does not answer those names in class IN', async () => {
    const h = new Harness(undefined, named);
    await h.ask(query('version.bind.', RRType.TXT));
    expect(h.resolver.asked).toHaveLength(1);
  });
});

describe('special-use names', () => {
  it('are answered here with AA, and their SOA when they do not exist', async () => {
    const h = new Harness();
    const found = await h.ask(query('localhost.', RRType.A, { edns: edns() }));
    expect(found).toMatchObject({ rcode: Rcode.NOERROR, aa: true, ra: true, ad: false });
    expect(edeOf(found)[0]).toMatch(/^29 special-use name/);
    const denied = await h.ask(query('facebookcorewwwi.onion.', RRType.AAAA));
    expect(denied).toMatchObject({ rcode: Rcode.NXDOMAIN, aa: true });
    expect(denied?.authority.map((s) => s.type)).toEqual([RRType.SOA]);
    expect(h.resolver.asked).toEqual([]);
    expect(h.recorder.records.map((r) => r.lookupClass)).toEqual(['local', 'local']);
  });

  it('go to the resolver when they are switched off', async () => {
    const h = new Harness(undefined, { specialUse: false });
    await h.ask(query('www.test.'));
    expect(h.resolver.asked).toHaveLength(1);
  });

  it('stand back for a zone that is configured, and only for that', async () => {
    const mine = parseName('1.10.in-addr.arpa.');
    const h = new Harness(undefined, { servedElsewhere: (name) => name.endsWith(mine) });
    await h.ask(query('9.1.10.in-addr.arpa.', RRType.PTR));
    expect((await h.ask(query('9.2.10.in-addr.arpa.', RRType.PTR)))?.rcode).toBe(Rcode.NXDOMAIN);
    expect(h.resolver.asked.map((q) => q.name)).toEqual([parseName('9.1.10.in-addr.arpa.')]);
  });

  it('echo the letter case of the client', async () => {
    const wire = await new Harness().wire(query('LocalHost.'));
    expect(wire?.toString('latin1', 13, 22)).toBe('LocalHost');
  });
});

describe('QTYPE ANY', () => {
  it('gets one HINFO by UDP from another machine, and asks nobody', async () => {
    const h = new Harness();
    const response = await h.ask(query('www.example.', RRType.ANY));
    expect(response?.answer).toMatchObject([{ type: RRType.HINFO, ttlSec: 3600, rdatas: ['\x07RFC8482\0'] }]);
    expect(response).toMatchObject({ rcode: Rcode.NOERROR, aa: false });
    expect(h.resolver.asked).toEqual([]);
  });

  it.each([
    ['TCP', tcpClient],
    ['UDP from this machine', { ...udpClient, address: '127.0.0.1' }],
    ['UDP from this machine by IPv6', { ...udpClient, address: '::1' }],
  ])('is put to the resolver by %s, whose address is not forged', async (_how, from) => {
    const h = new Harness();
    await h.ask(query('www.example.', RRType.ANY), from);
    expect(h.resolver.asked.map((q) => q.type)).toEqual([RRType.ANY]);
  });

  it('is put to the resolver when the operator wants that', async () => {
    const h = new Harness(undefined, { any: 'resolve' });
    await h.ask(query('www.example.', RRType.ANY));
    expect(h.resolver.asked.map((q) => q.type)).toEqual([RRType.ANY]);
  });
});
