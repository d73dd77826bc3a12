/** Forged and lying responses: reference/attacks, poisoning, as far as the resolver itself is concerned. */
import { describe, expect, it } from 'vitest';
import { formatName, parseName } from '../../src/dns/name.js';
import type { UpstreamQuery } from '../../src/transport/upstream.js';
import type { ScenarioNet } from '../support/scenario-net.js';
import { replaceZone, reply, signed, world, zone } from '../support/world.js';

const root = zone(
  '.',
  '192.0.2.1',
  `test. NS ns.test.
   ns.test. A 192.0.2.2
   example. NS ns.example.
   ns.example. A 192.0.2.3`,
);
const test = zone('test.', '192.0.2.2', 'www A 198.51.100.1\nmail MX 1 mx\nmx A 198.51.100.2');
const example = zone('example.', '192.0.2.3', 'www A 198.51.100.3\nweb A 198.51.100.4');

const asks = (query: UpstreamQuery, name: string) => formatName(query.question.name) === name;

describe('records that nobody asked for', () => {
  it('BadNS: an NS RRset of the zone itself beside an answer changes no delegation', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'www.test.')
          ? reply(query, {
              answer: 'www.test. A 198.51.100.1',
              authority: 'test. 86400 NS ns.evil.test.',
              additional: 'ns.evil.test. A 203.0.113.66',
            })
          : undefined,
    });
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.cachedDelegation('test.')?.servers.map((s) => formatName(s.name))).toEqual(['ns.test.']);
    expect(net.caches('ns.evil.test.')).toBe(false);
    expect(net.caches('test.', 'NS')).toBe(false);
  });

  it('an NS RRset of a zone below beside an answer is no referral', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'www.test.')
          ? reply(query, {
              answer: 'www.test. A 198.51.100.1',
              authority: 'www.test. 86400 NS ns.evil.test.',
              additional: 'ns.evil.test. A 203.0.113.66',
            })
          : undefined,
    });
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.cachedDelegation('www.test.')).toBeUndefined();
  });

  it('address records beside MX or SRV in authority are not kept', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'mail.test.')
          ? reply(query, {
              answer: 'mail.test. MX 1 mx.test.',
              authority: 'mail.test. MX 1 www.test.\n_x._tcp.mail.test. SRV 1 1 1 www.test.',
              additional: 'www.test. A 203.0.113.66\nmx.test. A 203.0.113.66',
            })
          : undefined,
    });
    await net.say('mail.test.', 'MX');
    expect(net.caches('www.test.')).toBe(false);
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(await net.say('mx.test.')).toBe('198.51.100.2');
  });

  it('an answer for another name beside the right one is not kept', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'www.test.')
          ? reply(query, { answer: 'www.test. A 198.51.100.1\nmx.test. A 203.0.113.66' })
          : undefined,
    });
    await net.say('www.test.');
    expect(await net.say('mx.test.')).toBe('198.51.100.2');
  });

  it('the target of a CNAME out of the zone is looked up, whatever rides on the answer', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'www.test.')
          ? reply(query, { answer: 'www.test. CNAME www.example.\nwww.example. A 203.0.113.66' })
          : undefined,
    });
    expect(await net.say('www.test.')).toBe('www.example., 198.51.100.3');
    expect(net.work.filter((q) => q.to === '192.0.2.3' && q.asked === 'www.example. A')).toHaveLength(1);
  });

  it('a chain that leaves the zone and comes back is not followed inside the response', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'www.test.')
          ? reply(query, {
              answer: 'www.test. CNAME web.example.\nweb.example. CNAME mx.test.\nmx.test. A 203.0.113.66',
            })
          : undefined,
    });
    expect(await net.say('www.test.')).toBe('web.example., 198.51.100.4');
  });

  it('a DNAME of a zone above is not believed', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'www.test.')
          ? reply(query, { answer: '. DNAME evil.example.\nwww.test. A 198.51.100.1' })
          : undefined,
    });
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.caches('.', 'DNAME')).toBe(false);
  });

  it('the SOA of another zone makes no denial for it', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'nothing.test.')
          ? reply(query, {
              rcode: 'NXDOMAIN',
              authority: 'example. 900 SOA ns.example. h.example. 1 2 3 4 900',
            })
          : undefined,
    });
    expect(await net.say('nothing.test.')).toBe('NXDOMAIN');
    expect(await net.say('www.example.')).toBe('198.51.100.3');
  });
});

describe('referrals', () => {
  const refers = (authority: string, additional = '') =>
    world([root, test, example], {
      forge: (query) =>
        query.endpoint.address === '192.0.2.2'
          ? reply(query, { aa: false, authority, additional })
          : undefined,
    });

  it.each([
    ['a sibling', 'example. NS ns.evil.test.'],
    ['a zone that the name is not in', 'other.test. NS ns.evil.test.'],
    ['the zone itself', 'test. NS ns.evil.test.'],
    ['the root', '. NS ns.evil.test.'],
  ])('to %s are neither followed nor kept', async (_what, authority) => {
    const net = refers(authority, 'ns.evil.test. A 203.0.113.66');
    const before = net.cachedDelegation('example.');
    expect(await net.say('www.test.')).toMatch(/^failure|^NODATA/);
    expect(net.queries.map((q) => q.to)).not.toContain('203.0.113.66');
    expect(net.cachedDelegation('example.')).toEqual(before);
    expect(net.cachedDelegation('other.test.')).toBeUndefined();
    expect(net.cachedDelegation('test.')?.servers.map((s) => formatName(s.name))).toEqual(['ns.test.']);
  });

  it('addresses out of bailiwick serve this delegation only', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        query.endpoint.address === '192.0.2.2'
          ? reply(query, {
              aa: false,
              authority: 'sub.test. NS ns.example.',
              additional: 'ns.example. A 203.0.113.66\nwww.example. A 203.0.113.66',
            })
          : undefined,
    });
    await net.say('www.sub.test.');
    expect(net.caches('www.example.')).toBe(false);
    expect(await net.say('ns.example.')).toBe('192.0.2.3');
    expect(await net.say('www.example.')).toBe('198.51.100.3');
  });

  it('glue never becomes an answer', async () => {
    const net = world([
      root,
      zone('test.', '192.0.2.2', 'sub NS ns.sub\nns.sub A 192.0.2.4'),
      zone('sub.test.', '192.0.2.4', '@ NS ns\nns A 198.51.100.99\nwww A 198.51.100.1'),
    ]);
    expect(await net.say('www.sub.test.')).toBe('198.51.100.1');
    expect(await net.say('ns.sub.test.')).toBe('198.51.100.99');
  });
});

describe('MaginotDNS: a forwarder', () => {
  const config = `
dnssec: { mode: off }
forward: [{ zone: corp.test., servers: ["192.0.2.53@53"] }]`;

  it('may not speak about zones outside the one forwarded', async () => {
    const net = world([root, test, example], {
      config,
      forge: (query) =>
        query.endpoint.address === '192.0.2.53'
          ? reply(query, {
              ra: true,
              answer: 'www.corp.test. A 198.51.100.5\nwww.example. A 203.0.113.66',
              authority: 'example. 86400 NS ns.evil.test.\n. 86400 NS ns.evil.test.',
              additional: 'ns.evil.test. A 203.0.113.66',
            })
          : undefined,
    });
    expect(await net.say('www.corp.test.')).toBe('198.51.100.5');
    expect(net.cachedDelegation('example.')).toBeUndefined();
    expect(await net.say('www.example.')).toBe('198.51.100.3');
  });

  it('is never taken at its word for a referral', async () => {
    const net = world([root, test, example], {
      config,
      forge: (query) =>
        query.endpoint.address === '192.0.2.53'
          ? reply(query, {
              aa: false,
              authority: 'www.corp.test. NS ns.evil.corp.test.',
              additional: 'ns.evil.corp.test. A 203.0.113.66',
            })
          : undefined,
    });
    await net.say('www.corp.test.');
    expect(net.queries.map((q) => q.to)).not.toContain('203.0.113.66');
    expect(net.cachedDelegation('www.corp.test.')).toBeUndefined();
  });

  it('is not believed about the target of an alias that leaves its zone', async () => {
    const net = world([root, test, example], {
      config,
      forge: (query) =>
        query.endpoint.address === '192.0.2.53'
          ? reply(query, { answer: 'a.corp.test. CNAME www.example.\nwww.example. A 203.0.113.66' })
          : undefined,
    });
    expect(await net.say('a.corp.test.')).toBe('www.example., 198.51.100.3');
  });
});

describe('guessing and downgrades', () => {
  it('a near miss makes that query go by TCP, and not the next one', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'www.test.') && query.transport === 'udp'
          ? { kind: 'fault', fault: 'near-miss', afterMs: 1 }
          : undefined,
    });
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.work.filter((q) => q.asked === 'www.test. A').map((q) => q.transport)).toEqual(['udp', 'tcp']);
    net.resetQueries();
    await net.say('mail.test.', 'MX');
    expect(net.work.map((q) => q.transport)).toEqual(['udp']);
  });

  it('one forged FORMERR does not end EDNS for the server', async () => {
    let forged = 0;
    const net = world([root, test, example], {
      config: 'dnssec: { mode: validate }',
      forge: (query) =>
        query.endpoint.address === '192.0.2.2' && query.edns && forged++ === 0
          ? reply(query, { rcode: 'FORMERR', edns: false })
          : undefined,
    });
    await net.resolve('www.test.', 'A', { cd: true });
    net.resetQueries();
    await net.resolve('mx.test.', 'A', { cd: true });
    expect(net.work.filter((q) => q.to === '192.0.2.2').every((q) => q.dnssecOk)).toBe(true);
  });
});

describe('ghost and Phoenix domains', () => {
  const parent = (delegated: boolean) =>
    zone(
      'test.',
      '192.0.2.2',
      delegated ? 'ghost 600 NS ns.ghost\nns.ghost 600 A 203.0.113.66' : 'other A 192.0.2.9',
    );
  const child = zone(
    'ghost.test.',
    '203.0.113.66',
    `@ 86400 NS ns
     ns 86400 A 203.0.113.66
     www 86400 A 203.0.113.1
     *.w 86400 A 203.0.113.1`,
  );

  async function goneAfter(net: ScenarioNet, ask: (second: number) => [string, string]) {
    await net.say('www.ghost.test.');
    replaceZone(net, parent(false));
    for (let second = 0; second < 600; second += 20) {
      await net.say(...ask(second));
      await net.clock.advance(20_000);
    }
    await net.clock.advance(1000);
    return net.say('www.ghost.test.');
  }

  it('a revoked zone is gone at the TTL of its parent, however often its NS RRset is asked for', async () => {
    const net = world([root, parent(true), child]);
    expect(await goneAfter(net, () => ['ghost.test.', 'NS'])).toBe('NXDOMAIN');
  });

  it('nor do questions for addresses of its server or new names keep it alive', async () => {
    const net = world([root, parent(true), child]);
    const ask = (n: number): [string, string] =>
      n % 40 ? ['ns.ghost.test.', 'A'] : [`n${n}.w.ghost.test.`, 'A'];
    expect(await goneAfter(net, ask)).toBe('NXDOMAIN');
  });

  it('30 nested delegations live no longer than the first', async () => {
    const nested = Array.from({ length: 30 }, (_, i) => `${'d.'.repeat(i + 1)}ghost.test.`);
    const zones = nested.map((apex, i) =>
      zone(
        apex,
        '203.0.113.66',
        `@ 86400 NS ns\nns 86400 A 203.0.113.66\nwww 86400 A 203.0.113.1\n${
          i < 29 ? 'd 86400 NS ns.d\nns.d 86400 A 203.0.113.66' : ''
        }`,
      ),
    );
    // Each level has a server of its own, so that each answers with a referral.
    const own = zones.map((z, i) => ({
      ...z,
      addresses: [`203.0.113.${100 + i}`],
      text: z.text.replaceAll('ns.d 86400 A 203.0.113.66', `ns.d 86400 A 203.0.113.${101 + i}`),
    }));
    const first = {
      ...child,
      text: `${child.text}\nd 86400 NS ns.d\nns.d 86400 A 203.0.113.100`,
    };
    const net = world([root, parent(true), first, ...own]);
    const deep = (depth: number) => `www.${'d.'.repeat(depth)}ghost.test.`;
    expect(await net.say(deep(1))).toBe('203.0.113.1');
    replaceZone(net, parent(false));
    for (let depth = 2; depth <= 30; depth++) {
      await net.clock.advance(15_000);
      expect(await net.say(deep(depth))).toBe('203.0.113.1');
    }
    await net.clock.advance(600_000 - 29 * 15_000 + 1000);
    expect(await net.say(deep(30))).toBe('NXDOMAIN');
    expect(
      [...net.engine.caches.delegations.entries()].filter(
        (d) => d.zone.includes('ghost') && d.leaseUntilMs > net.clock.wallMs(),
      ),
    ).toEqual([]);
  });

  it('stale data does not outlive the lease either', async () => {
    const net = world([root, parent(true), child]);
    await net.say('www.ghost.test.');
    await net.clock.advance(601_000);
    net.forge = () => 'silence';
    expect(await net.say('www.ghost.test.')).toMatch(/^failure/);
  });

  it('a delegation that came back is used again', async () => {
    const net = world([root, parent(true), child]);
    expect(await goneAfter(net, () => ['ghost.test.', 'NS'])).toBe('NXDOMAIN');
    replaceZone(net, parent(true));
    await net.clock.advance(901_000);
    expect(await net.say('www.ghost.test.')).toBe('203.0.113.1');
  });
});

describe('denials that reach too far', () => {
  it('an unsigned NXDOMAIN denies nothing below it', async () => {
    const net = world([root, test, example], {
      forge: (query) =>
        asks(query, 'sub.test.')
          ? reply(query, { rcode: 'NXDOMAIN', authority: 'test. 900 SOA ns.test. h.test. 1 2 3 4 900' })
          : asks(query, 'www.sub.test.')
            ? reply(query, { answer: 'www.sub.test. A 198.51.100.9' })
            : undefined,
    });
    expect(await net.say('sub.test.')).toBe('NXDOMAIN');
    expect(await net.say('www.sub.test.')).toBe('198.51.100.9');
  });

  it('the NXDOMAIN of a zone above does not shadow a stub zone', async () => {
    const net = world([root, test, example, zone('lan.test.', '192.0.2.77', 'www A 198.51.100.8')], {
      config: 'dnssec: { mode: off }\nstub: [{ zone: lan.test., servers: ["192.0.2.77@53"] }]',
    });
    net.engine.caches.negative.putNxdomain(parseName('lan.test.'), {
      soa: undefined,
      proof: [],
      security: 'secure',
      origin: {
        server: '192.0.2.2',
        serverName: undefined,
        transport: 'udp',
        zone: parseName('test.'),
        question: { name: parseName('lan.test.'), type: 1, class: 1 },
      },
    });
    expect(await net.say('www.lan.test.')).toBe('198.51.100.8');
  });

  describe('the NSEC of a signed zone above', () => {
    const zones = [
      signed('.', '192.0.2.1', 'test. NS ns.test.\nns.test. A 192.0.2.2'),
      signed('test.', '192.0.2.2', 'a A 198.51.100.1\nz A 198.51.100.2'),
      zone('lan.test.', '192.0.2.77', 'www A 198.51.100.8'),
    ];
    const stub = 'stub: [{ zone: lan.test., servers: ["192.0.2.77@53"] }]';

    it('does not deny what is in a stub zone', async () => {
      const net = world(zones, { config: `dnssec: { negativeTrustAnchors: [lan.test.] }\n${stub}` });
      expect(await net.say('nothing.test.')).toBe('NXDOMAIN');
      expect(await net.say('www.lan.test.')).toBe('198.51.100.8');
    });

    it('does not deny what is below a negative trust anchor', async () => {
      const net = world(zones, { config: 'dnssec: { negativeTrustAnchors: [lan.test.] }' });
      expect(await net.say('nothing.test.')).toBe('NXDOMAIN');
      net.resetQueries();
      expect((await net.resolve('www.lan.test.')).lookupClass).toBe('walked');
      expect((await net.resolve('none.test.')).lookupClass).toBe('synthesised');
    });
  });

  it('NXDOMAIN of a name server gives SERVFAIL for the question and no NXDOMAIN', async () => {
    const net = world([zone('.', '192.0.2.1', 'test. NS ns.nowhere.invalid.')]);
    expect(await net.say('www.test.')).toBe('failure: no-address');
  });
});

describe('odd names', () => {
  it.each(['constructor.', '__proto__.', 'toString.', 'hasOwnProperty.test.', '__proto__.test.'])(
    'asks for %s like for any other name',
    async (name) => {
      const net = world([root, test, example]);
      expect(await net.say(name)).toBe('NXDOMAIN');
      net.resetQueries();
      expect(await net.say(name)).toBe('NXDOMAIN');
      expect(net.work).toEqual([]);
    },
  );

  it('keeps names with dots and zero octets inside labels apart', async () => {
    const net = world([
      root,
      zone('test.', '192.0.2.2', 'a\\.b A 198.51.100.1\na.b A 198.51.100.2\na\\000b A 198.51.100.3'),
    ]);
    expect(await net.say('a\\.b.test.')).toBe('198.51.100.1');
    expect(await net.say('a.b.test.')).toBe('198.51.100.2');
    expect(await net.say('a\\000b.test.')).toBe('198.51.100.3');
  });
});
