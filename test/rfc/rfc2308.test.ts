/** RFC 2308, Negative Caching of DNS Queries, as the resolver does it. */
import { describe, expect, it } from 'vitest';
import { formatName } from '../../src/dns/name.js';
import { edeOf } from '../support/scenario-net.js';
import { replaceZone, reply, world, zone } from '../support/world.js';

const root = zone(
  '.',
  '192.0.2.1',
  'test. NS ns.test.\nns.test. A 192.0.2.2\nexample. NS ns.example.\nns.example. A 192.0.2.3',
);
const soa = (ttl: number, minimum: number) => `@ ${ttl} SOA ns host 1 2 3 4 ${minimum}`;
const test = (ttl = 3600, minimum = 900, more = '') =>
  zone('test.', '192.0.2.2', `${soa(ttl, minimum)}\nwww A 198.51.100.1\nent.x A 198.51.100.2\n${more}`);
const said = (authority: string | undefined, rcode: 'NXDOMAIN' | 'NOERROR' = 'NXDOMAIN', aa = true) => ({
  forge: (query: Parameters<typeof reply>[0]) =>
    formatName(query.question.name) === 'gone.test.'
      ? reply(query, { rcode, aa, ...(authority === undefined ? {} : { authority }) })
      : undefined,
});
const SOA = 'test. 900 SOA ns.test. h.test. 1 2 3 4 900';
const NS = 'test. NS ns.test.';

describe('RFC 2308', () => {
  it('1: NXDOMAIN holds for every type of the name', async () => {
    const net = world([root, test()]);
    expect(await net.say('gone.test.', 'A')).toBe('NXDOMAIN');
    net.resetQueries();
    for (const type of ['AAAA', 'MX', 'TXT', 'HTTPS'])
      expect(await net.say('gone.test.', type)).toBe('NXDOMAIN');
    expect(net.work).toEqual([]);
  });

  it('1: NODATA holds for its type only', async () => {
    const net = world([root, test()]);
    expect(await net.say('www.test.', 'MX')).toBe('NODATA');
    net.resetQueries();
    expect(await net.say('www.test.', 'MX')).toBe('NODATA');
    expect(net.work).toEqual([]);
    expect(await net.say('www.test.', 'A')).toBe('198.51.100.1');
  });

  it.each([
    ['type 1, SOA and NS', `${SOA}\n${NS}`],
    ['type 2, SOA alone', SOA],
  ])('2.1: a name error response of %s is one, and kept', async (_type, authority) => {
    const net = world([root, test()], said(authority));
    expect(await net.say('gone.test.')).toBe('NXDOMAIN');
    net.resetQueries();
    await net.say('gone.test.');
    expect(net.work).toEqual([]);
  });

  it.each([
    ['type 3, nothing in authority', undefined],
    ['type 4, NS alone', NS],
  ])('2.1: a name error response of %s is believed', async (_type, authority) => {
    expect(await world([root, test()], said(authority)).say('gone.test.')).toBe('NXDOMAIN');
  });

  it.each([
    ['type 1, SOA and NS', `${SOA}\n${NS}`],
    ['type 2, SOA alone', SOA],
    ['type 3, nothing at all', undefined],
  ])('2.2: a NODATA response of %s is one', async (_type, authority) => {
    expect(await world([root, test()], said(authority, 'NOERROR')).say('gone.test.')).toBe('NODATA');
  });

  it('2.2.1: NODATA is told from a referral by the SOA', async () => {
    const referral = 'gone.test. NS ns.gone.test.';
    const net = world([root, test()], {
      forge: (query) =>
        query.endpoint.address === '192.0.2.2'
          ? reply(query, { aa: false, authority: referral, additional: 'ns.gone.test. A 203.0.113.1' })
          : undefined,
      faults: new Map([['203.0.113.1', { refuse: 1 }]]),
    });
    await net.say('gone.test.');
    expect(net.work.map((q) => q.to)).toContain('203.0.113.1');
  });

  it('2.2.1: SOA and NS of the zone together are NODATA, whatever AA says', async () => {
    const net = world([root, test()], said(`${SOA}\n${NS}`, 'NOERROR', false));
    expect(await net.say('gone.test.')).toBe('NODATA');
  });

  it('2.1: an alias whose target does not exist gives NXDOMAIN for the target, kept by the target', async () => {
    const net = world([root, test(3600, 900, 'alias CNAME gone')]);
    expect(await net.say('alias.test.')).toBe('NXDOMAIN');
    net.resetQueries();
    expect(await net.say('gone.test.')).toBe('NXDOMAIN');
    expect(await net.say('alias.test.', 'CNAME')).toBe('gone.test.');
    expect(net.work).toEqual([]);
  });

  it('3: the negative answer carries the SOA of the zone that denies', async () => {
    const { outcome } = await world([root, test()]).resolve('gone.test.');
    expect(outcome.kind === 'nxdomain' && formatName(outcome.soa!.name)).toBe('test.');
  });

  it.each([
    [3600, 900, 900],
    [60, 900, 60],
    [3600, 3600, 3600],
    [86_400, 86_400, 3600],
    [100_000, 10_800, 3600],
  ])('5: with an SOA of TTL %i and minimum %i it is kept for %i seconds', async (ttl, minimum, kept) => {
    const net = world([root, test(ttl, minimum)]);
    expect(await net.ttl('gone.test.')).toBe(kept);
    await net.clock.advance((kept - 1) * 1000);
    net.resetQueries();
    expect(await net.ttl('gone.test.')).toBe(1);
    expect(net.work).toEqual([]);
    await net.clock.advance(1001);
    await net.say('gone.test.');
    expect(net.work.length).toBeGreaterThan(0);
  });

  it('5: a minimum of 0 means that it is not kept', async () => {
    const net = world([root, test(3600, 0)]);
    await net.say('gone.test.');
    net.resetQueries();
    await net.say('gone.test.');
    expect(net.work.length).toBeGreaterThan(0);
  });

  it('5: the TTL counts down', async () => {
    const net = world([root, test()]);
    await net.ttl('gone.test.');
    await net.clock.advance(100_000);
    expect(await net.ttl('gone.test.')).toBe(800);
  });

  it('5: a denial without SOA is not kept for longer than a moment', async () => {
    const net = world([root, test()], said(undefined));
    await net.say('gone.test.');
    await net.clock.advance(6000);
    net.resetQueries();
    await net.say('gone.test.');
    expect(net.work.length).toBeGreaterThan(0);
  });

  it('5: data that is learnt ends the denial', async () => {
    const net = world([root, test()]);
    expect(await net.say('new.test.')).toBe('NXDOMAIN');
    replaceZone(net, test(3600, 900, 'new A 198.51.100.8'));
    await net.resolve('new.test.', 'A', { bypassCache: true });
    expect(await net.say('new.test.')).toBe('198.51.100.8');
  });

  it('6: an answer from the cache says the same as the first one', async () => {
    const net = world([root, test()]);
    const first = await net.resolve('gone.test.');
    const second = await net.resolve('gone.test.');
    expect(second.lookupClass).toBe('negative');
    expect(second.outcome).toEqual(first.outcome);
  });

  it('7.1: a server failure is kept for a while, by name and type', async () => {
    const net = world([root, test()], {
      forge: (query) =>
        formatName(query.question.name) === 'gone.test.' ? reply(query, { rcode: 'SERVFAIL' }) : undefined,
    });
    await net.say('gone.test.', 'MX');
    net.resetQueries();
    await net.say('gone.test.', 'MX');
    expect(net.work).toEqual([]);
    await net.say('gone.test.', 'A');
    expect(net.work.length).toBeGreaterThan(0);
  });

  it('7.2: a dead server is told by its address', async () => {
    const net = world([root, test()], { faults: new Map([['192.0.2.2', { silent: 1 }]]) });
    expect(edeOf(await net.resolve('www.test.'))).toContain('23 192.0.2.2: timeout');
  });

  it('RFC 8020 2: an empty non-terminal is NODATA, and its names exist', async () => {
    const net = world([root, test()]);
    expect(await net.say('x.test.')).toBe('NODATA');
    expect(await net.say('ent.x.test.')).toBe('198.51.100.2');
  });
});
