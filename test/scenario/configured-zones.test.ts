/**
 * Stub and forward zones as partitions: what public servers say of names in them is neither believed nor kept, and what
 * their servers say counts only there (MaginotDNS).
 */
import { describe, expect, it } from 'vitest';
import { reply, signed, world, zone } from '../support/world.js';

const root = zone('.', '192.0.2.1', 'test. 172800 NS ns.test.\nns.test. 172800 A 192.0.2.2');
const test = zone('test.', '192.0.2.2', 'www A 198.51.100.1\nalias CNAME www.corp');
const corp = zone('corp.test.', '192.0.2.53', 'www A 198.51.100.5\nout CNAME www.test.');
const kinds = ['stub', 'forward'] as const;
const config = (kind: string) =>
  `{ dnssec: { mode: off }, ${kind}: [{ zone: corp.test., servers: ["192.0.2.53@53"] }] }`;

describe.each(kinds)('a %s zone', (kind) => {
  it('gets nothing from the servers of the zone above it, though they may speak of its names', async () => {
    const net = world([root, test, corp], {
      config: config(kind),
      forge: (query) =>
        query.endpoint.address === '192.0.2.2'
          ? reply(query, { answer: 'alias.test. CNAME www.corp.test.\nwww.corp.test. A 203.0.113.66' })
          : undefined,
    });
    expect(await net.say('alias.test.')).toBe('www.corp.test., 198.51.100.5');
    expect(await net.say('www.corp.test.')).toBe('198.51.100.5');
  });

  it('gives nothing about names above it', async () => {
    const net = world([root, test, corp], {
      config: config(kind),
      forge: (query) =>
        query.endpoint.address === '192.0.2.53'
          ? reply(query, {
              answer: 'out.corp.test. CNAME www.test.\nwww.test. A 203.0.113.66',
              authority: 'test. NS ns.corp.test.',
              additional: 'ns.corp.test. A 203.0.113.66',
            })
          : undefined,
    });
    expect(await net.say('out.corp.test.')).toBe('www.test., 198.51.100.1');
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.cachedDelegation('test.')?.servers.map((server) => server.addresses)).toEqual([['192.0.2.2']]);
  });

  it('exists whatever a signed zone above it proves', async () => {
    const net = world(
      [
        signed('.', '192.0.2.1', 'test. NS ns.test.\nns.test. A 192.0.2.2'),
        signed('test.', '192.0.2.2', 'a A 198.51.100.1\nz A 198.51.100.2'),
        corp,
      ],
      {
        config: `{ dnssec: { negativeTrustAnchors: [corp.test.] }, ${kind}: [{ zone: corp.test., servers: ["192.0.2.53@53"] }] }`,
      },
    );
    expect(await net.say('corps.test.')).toBe('NXDOMAIN');
    expect(await net.say('b.test.')).toBe('NXDOMAIN');
    expect(await net.say('www.corp.test.')).toBe('198.51.100.5');
    expect(await net.say('none.corp.test.')).toBe('NXDOMAIN');
    expect(net.work.filter((query) => query.to === '192.0.2.53').length).toBeGreaterThan(1);
  });
});

describe('a forward zone with several servers', () => {
  it('is answered while one of them is, and soon prefers it', async () => {
    const net = world([root], {
      config: `{ dnssec: { mode: off }, cache: { prefetch: false }, forward: [{ zone: corp., servers: ["192.0.2.53@53", "192.0.2.54@53"] }] }`,
      forge: (query) => {
        if (query.endpoint.address === '192.0.2.53') return 'silence';
        return query.endpoint.address === '192.0.2.54'
          ? reply(query, { ra: true, answer: 'www.corp. 5 A 198.51.100.9' })
          : undefined;
      },
    });
    const asked: number[] = [];
    for (let i = 0; i < 20; i++) {
      net.resetQueries();
      expect(await net.say('www.corp.')).toBe('198.51.100.9');
      asked.push(net.work.filter((query) => query.to === '192.0.2.53').length);
      await net.clock.advance(6000);
    }
    expect(asked.slice(5).reduce((sum, count) => sum + count, 0)).toBeLessThan(5);
  });
});

describe('a forward zone with first: true', () => {
  const first = (forged: 'silence' | 'SERVFAIL' | undefined) =>
    world([root, zone('test.', '192.0.2.2', 'www A 198.51.100.1\na.www A 198.51.100.3')], {
      config:
        '{ dnssec: { mode: off }, forward: [{ zone: test., servers: ["192.0.2.53@53"], first: true }] }',
      forge: (query) => {
        if (query.endpoint.address !== '192.0.2.53') return undefined;
        if (forged === 'silence') return forged;
        if (forged) return reply(query, { rcode: forged });
        return reply(query, { ra: true, answer: 'www.test. A 198.51.100.9' });
      },
    });

  it('is walked when its servers fail or are silent', async () => {
    for (const forged of ['SERVFAIL', 'silence'] as const) {
      const net = first(forged);
      expect([forged, await net.say('www.test.')]).toEqual([forged, '198.51.100.1']);
      expect([forged, await net.say('a.www.test.')]).toEqual([forged, '198.51.100.3']);
      expect([forged, await net.say('none.test.')]).toEqual([forged, 'NXDOMAIN']);
    }
  });

  it('is asked of them while they answer', async () => {
    const net = first(undefined);
    expect(await net.say('www.test.')).toBe('198.51.100.9');
    expect(net.work.map((query) => query.to)).toEqual(['192.0.2.53']);
  });
});
