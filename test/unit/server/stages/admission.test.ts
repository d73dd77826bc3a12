import { describe, expect, it } from 'vitest';
import { Rcode, RRType } from '../../../../src/dns/registry.js';
import { client, edeOf, edns, Harness, query, tcpClient } from '../../../support/server-harness.js';

describe('access', () => {
  const settings = { allowed: (address: string) => address === '192.0.2.10' };

  it('refuses a client that is not allowed, and says so', async () => {
    const h = new Harness(undefined, settings);
    const response = await h.ask(
      query('www.example.', RRType.A, { edns: edns() }),
      client('203.0.113.9', 'udp'),
    );
    expect(response?.rcode).toBe(Rcode.REFUSED);
    expect(response?.answer).toEqual([]);
    expect(edeOf(response)).toEqual(['18 this client may not use this resolver']);
    expect(h.resolver.asked).toEqual([]);
    expect(h.recorder.records).toMatchObject([{ lookupClass: 'refused', client: '203.0.113.9' }]);
  });

  it('serves one that is', async () => {
    expect((await new Harness(undefined, settings).ask(query()))?.rcode).toBe(Rcode.NOERROR);
  });

  it.each([
    ['a cached answer', query()],
    ['a CHAOS name', query('version.bind.', RRType.TXT)],
    ['localhost', query('localhost.')],
    ['what is malformed', Buffer.from('123401000000000000000000', 'hex')],
  ])('stands before %s', async (_, packet) => {
    const h = new Harness(undefined, settings);
    await h.ask(query());
    expect((await h.ask(packet, client('203.0.113.9', 'udp')))?.rcode).toBe(Rcode.REFUSED);
  });
});

describe('rate limit', () => {
  const settings = { perClientQps: 5 };
  const flood = async (h: Harness, count: number, from = client('192.0.2.10', 'udp')) => {
    const responses = [];
    for (let i = 0; i < count; i++)
      responses.push(await h.ask(query('www.example.', RRType.A, { edns: edns() }), from));
    return responses;
  };

  it('is off at 0', async () => {
    const responses = await flood(new Harness(), 500);
    expect(responses.every((r) => r?.rcode === Rcode.NOERROR && !r.tc)).toBe(true);
  });

  it('over it drops one UDP query and truncates the next, in turn', async () => {
    const h = new Harness(undefined, settings);
    const responses = await flood(h, 11);
    expect(responses.slice(0, 5).map((r) => r?.answer.length)).toEqual([1, 1, 1, 1, 1]);
    expect(responses.slice(5).map((r) => r?.tc)).toEqual([undefined, true, undefined, true, undefined, true]);
    expect(responses[6]).toMatchObject({ rcode: Rcode.NOERROR, answer: [] });
    expect(h.recorder.drops).toEqual(['rate-limited', 'rate-limited', 'rate-limited']);
  });

  it('leaves TCP open for those whom it truncates, and refuses there when that is too much as well', async () => {
    const h = new Harness(undefined, settings);
    await flood(h, 20);
    const responses = await flood(h, 6, tcpClient);
    expect(responses.map((r) => r?.rcode)).toEqual([0, 0, 0, 0, 0, Rcode.REFUSED]);
    expect(edeOf(responses[5])).toEqual(['0 too many queries per second from this client']);
  });

  it('counts a whole IPv6 /64 as one client, and others apart', async () => {
    const h = new Harness(undefined, settings);
    for (let i = 0; i < 5; i++) await flood(h, 1, client(`2001:db8::${i}`, 'udp'));
    expect(await flood(h, 1, client('2001:db8::ffff', 'udp'))).toEqual([undefined]);
    expect((await flood(h, 1, client('2001:db8:0:1::1', 'udp')))[0]?.rcode).toBe(Rcode.NOERROR);
  });

  it('forgives with time', async () => {
    const h = new Harness(undefined, settings);
    await flood(h, 20);
    await h.clock.advance(1000);
    expect((await flood(h, 5)).every((r) => r?.answer.length === 1)).toBe(true);
  });
});

describe('recursion desired', () => {
  it('makes the resolver answer from caches or not at all when RD is clear', async () => {
    const h = new Harness();
    await h.ask(query('www.example.', RRType.A, { rd: false }));
    await h.ask(query('other.example.', RRType.A, { rd: true }));
    expect(h.resolver.options.map((o) => o.cacheOnly)).toEqual([true, false]);
  });

  it('refuses with EDE 20 what no cache has', async () => {
    const h = new Harness();
    const ede = [{ code: 20, text: 'no cache has it' }] as const;
    h.resolver.answering = () => ({
      outcome: { kind: 'failure', reason: 'not-cached', ede },
      lookupClass: 'refused',
      budget: undefined,
      keepUntilMs: undefined,
    });
    const response = await h.ask(query('www.example.', RRType.A, { rd: false, edns: edns() }));
    expect(response).toMatchObject({ rcode: Rcode.REFUSED, answer: [], rd: false, ra: true });
    expect(edeOf(response)[0]).toMatch(/^20 /);
  });

  it('is not asked of names that are answered here', async () => {
    const h = new Harness();
    expect((await h.ask(query('localhost.', RRType.A, { rd: false })))?.answer).toHaveLength(1);
  });
});
