/** How much work a question can cause: reference/attacks, amplification and exhaustion. */
import { describe, expect, it } from 'vitest';
import { formatName } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import type { Resolver } from '../../src/resolver/resolver.js';
import { edeOf, question } from '../support/scenario-net.js';
import { reply, world, zone } from '../support/world.js';

const root = zone(
  '.',
  '192.0.2.1',
  `test. NS ns.test.
   ns.test. A 192.0.2.2
   example. NS ns.example.
   ns.example. A 192.0.2.3`,
);
const list = (n: number, line: (i: number) => string) =>
  Array.from({ length: n }, (_, i) => line(i)).join('\n');

describe('NXNSAttack: a delegation full of names without addresses', () => {
  const victim = zone('example.', '192.0.2.3', 'www A 198.51.100.1');

  it('stops after 5 names that do not exist, says so, and asks nothing the second time', async () => {
    const net = world([
      root,
      zone(
        'test.',
        '192.0.2.2',
        list(100, (i) => `evil NS n${i}.example.`),
      ),
      victim,
    ]);
    const resolution = await net.resolve('www.evil.test.');
    expect(resolution.outcome).toMatchObject({ kind: 'failure', reason: 'no-address' });
    expect(edeOf(resolution)[0]).toMatch(/^22 .*evil\.test\./);
    expect(net.work.filter((q) => q.to === '192.0.2.3').length).toBeLessThanOrEqual(12);
    net.resetQueries();
    await net.resolve('www.evil.test.');
    expect(net.work).toEqual([]);
  });

  it('looks up at most 16 names of a zone whose servers are silent', async () => {
    const net = world(
      [
        root,
        zone('test.', '192.0.2.2', `${list(20, (i) => `evil NS n${i}.example.`)}`),
        zone(
          'example.',
          '192.0.2.3',
          list(20, (i) => `n${i} A 203.0.113.${i}`),
        ),
      ],
      { forge: (query) => (query.endpoint.address.startsWith('203.') ? 'silence' : undefined) },
    );
    expect(await net.say('www.evil.test.')).toMatch(/^failure/);
    const names = new Set(net.asked.filter((q) => /^n\d+\.example\. A$/.test(q)));
    expect(names.size).toBeLessThanOrEqual(16);
    expect(net.work.length).toBeLessThanOrEqual(100);
  });

  it('does not ask again for the same names from another delegation', async () => {
    const net = world([
      root,
      zone(
        'test.',
        '192.0.2.2',
        `${list(4, (i) => `evil NS n${i}.example.`)}\n${list(4, (i) => `bad NS n${i}.example.`)}`,
      ),
      victim,
    ]);
    await net.say('www.evil.test.');
    net.resetQueries();
    await net.say('www.bad.test.');
    expect(net.work.filter((q) => q.to === '192.0.2.3')).toEqual([]);
  });
});

describe('NRDelegation: a delegation of 1500 names whose servers never answer', () => {
  const servers = list(1500, (i) => `evil NS n${i}.dead.example.`);
  const net = () =>
    world(
      [
        root,
        zone('test.', '192.0.2.2', servers),
        zone('example.', '192.0.2.3', 'dead NS ns.dead\nns.dead A 203.0.113.1'),
      ],
      { forge: (query) => (query.endpoint.address === '203.0.113.1' ? 'silence' : undefined) },
    );

  it('costs a bounded number of queries and of time', async () => {
    const one = net();
    const { outcome } = await one.resolve('www.evil.test.');
    expect(outcome.kind).toBe('failure');
    expect(one.work.length).toBeLessThanOrEqual(40);
    expect(one.clock.monotonicMs()).toBeLessThanOrEqual(8000);
  });

  it('costs other names of the zone little while that is remembered', async () => {
    const one = net();
    await one.say('www.evil.test.');
    one.resetQueries();
    await one.say('other.evil.test.');
    expect(one.work.length).toBeLessThanOrEqual(20);
  });
});

describe('cyclic delegations', () => {
  it('TsuNAME: two zones that need each other cost at most 10 queries, and none the second time', async () => {
    const net = world([root, zone('test.', '192.0.2.2', 'a NS ns.b\nb NS ns.a')]);
    const first = await net.resolve('www.a.test.');
    expect(first.outcome.kind).toBe('failure');
    expect(net.work.length).toBeLessThanOrEqual(10);
    net.resetQueries();
    expect(await net.say('www.a.test.')).toMatch(/^failure/);
    expect(net.work).toEqual([]);
  });

  it('other names below the cycle cost little too', async () => {
    const net = world([root, zone('test.', '192.0.2.2', 'a NS ns.b\nb NS ns.a')]);
    await net.say('www.a.test.');
    net.resetQueries();
    for (let i = 0; i < 10; i++) await net.say(`n${i}.a.test.`);
    expect(net.work.length).toBeLessThanOrEqual(60);
  });

  it('a server inside its own zone without glue ends at once', async () => {
    const net = world([root, zone('test.', '192.0.2.2', 'a NS ns.a')]);
    const resolution = await net.resolve('www.a.test.');
    expect(resolution.outcome).toMatchObject({ kind: 'failure', reason: 'no-address' });
    expect(net.work.length).toBeLessThanOrEqual(6);
  });

  it('a cycle of six zones ends as well', async () => {
    const net = world([
      root,
      zone(
        'test.',
        '192.0.2.2',
        list(6, (i) => `z${i} NS ns.z${(i + 1) % 6}`),
      ),
    ]);
    expect(await net.say('www.z0.test.')).toMatch(/^failure/);
    expect(net.work.length).toBeLessThanOrEqual(40);
  });

  it('a zone in a cycle still resolves when one of its servers is outside of it', async () => {
    const net = world([
      root,
      zone('test.', '192.0.2.2', 'a NS ns.b\na NS ok\nok A 192.0.2.9\nb NS ns.a'),
      zone('a.test.', '192.0.2.9', '@ NS ok.test.\nwww A 198.51.100.1'),
    ]);
    expect(await net.say('www.a.test.')).toBe('198.51.100.1');
  });
});

describe('CAMP: aliases times glueless delegations times minimisation', () => {
  it('one budget holds for the whole tree', async () => {
    const hops = 10;
    const net = world([
      root,
      zone(
        'test.',
        '192.0.2.2',
        list(hops, (i) => list(6, (j) => `h${i} NS n${j}.x${i}.y.example.`)),
      ),
      zone(
        'example.',
        '192.0.2.3',
        list(hops, (i) =>
          list(6, (j) => `x${i}.y NS m${j}.x${i}.y.example.\nm${j}.x${i}.y A 203.0.113.${i}`),
        ),
      ),
      ...Array.from({ length: hops }, (_, i) =>
        zone(
          `x${i}.y.example.`,
          `203.0.113.${i}`,
          list(6, (j) => `n${j} A 198.51.100.${i}`),
        ),
      ),
      ...Array.from({ length: hops }, (_, i) =>
        zone(`h${i}.test.`, `198.51.100.${i}`, `a.b.c.d.e.f.g.h CNAME a.b.c.d.e.f.g.h.h${i + 1}.test.`),
      ),
    ]);
    const { outcome, budget } = await net.resolve('a.b.c.d.e.f.g.h.h0.test.');
    expect(outcome.kind).toBe('failure');
    expect(net.work.length).toBeLessThanOrEqual(100);
    // Two sub-resolutions that wait for one packet have both paid for it.
    expect(budget!.usedOf('upstreamQueries')).toBeGreaterThanOrEqual(net.work.length);
  });

  it('the limit that ended the work is named, and the trace shows what was used', async () => {
    const net = world([
      root,
      zone(
        'test.',
        '192.0.2.2',
        list(11, (i) => `h${i} NS n.h${i}\nn.h${i} A 203.0.113.${i}`),
      ),
      ...Array.from({ length: 11 }, (_, i) =>
        zone(
          `h${i}.test.`,
          `203.0.113.${i}`,
          `a.b.c.d.e.f.g.h.i.j.k CNAME a.b.c.d.e.f.g.h.i.j.k.h${i + 1}.test.`,
        ),
      ),
    ]);
    const events = await net.trace('a.b.c.d.e.f.g.h.i.j.k.h0.test.');
    expect(events.find((e) => e.kind === 'limit')).toMatchObject({ item: 'upstreamQueries' });
    const used = events.find((e) => e.kind === 'budget');
    expect(used?.used.upstreamQueries).toEqual({ used: 100, limit: 100 });
    expect(edeOf(await net.resolve('a.b.c.d.e.f.g.h.i.j.k.h0.test.'))[0]).toMatch(/upstreamQueries 100/);
  });

  it('sub-resolutions draw on the budget of the client query, so what is used never falls', async () => {
    const net = world([
      root,
      zone('test.', '192.0.2.2', 'a NS ns.b.example.'),
      zone('example.', '192.0.2.3', 'b NS ns.b\nns.b A 203.0.113.1'),
      zone('b.example.', '203.0.113.1', 'ns A 203.0.113.1'),
      zone('a.test.', '203.0.113.1', 'www CNAME www.c\nwww.c A 198.51.100.1'),
    ]);
    const events = await net.trace('www.a.test.');
    const spans = new Set(events.map((e) => e.span));
    expect(spans.size).toBeGreaterThan(1);
    const sent = events.filter((e) => e.kind === 'query').length;
    expect(events.find((e) => e.kind === 'budget')?.used.upstreamQueries.used).toBe(sent);
  });
});

describe('servers', () => {
  it('ten names with one address are one server', async () => {
    const net = world(
      [
        root,
        zone(
          'test.',
          '192.0.2.2',
          list(10, (i) => `a NS n${i}\nn${i} A 203.0.113.1`),
        ),
      ],
      {
        forge: (query) =>
          query.endpoint.address === '203.0.113.1' ? reply(query, { rcode: 'REFUSED' }) : undefined,
      },
    );
    await net.say('www.a.test.');
    expect(net.work.filter((q) => q.to === '203.0.113.1')).toHaveLength(1);
  });

  it('takes at most 6 addresses of a name and 20 names of a delegation', async () => {
    const net = world(
      [
        root,
        zone(
          'test.',
          '192.0.2.2',
          list(30, (i) => `a NS n${i}\n${list(8, (j) => `n${i} A 203.${i}.113.${j}`)}`),
        ),
      ],
      { config: 'dnssec: { mode: off }\nupstream: { doNotQuery: [] }' },
    );
    net.forge = (query) => (query.endpoint.address.startsWith('203.') ? 'silence' : undefined);
    await net.say('www.a.test.');
    const delegation = net.cachedDelegation('a.test.')!;
    expect(delegation.servers.length).toBeLessThanOrEqual(20);
    expect(Math.max(...delegation.servers.map((s) => s.addresses.length))).toBeLessThanOrEqual(6);
  });

  it('sends at most 32 queries to the servers of one zone, and three to each silent address', async () => {
    const net = world(
      [
        root,
        zone(
          'test.',
          '192.0.2.2',
          list(20, (i) => `a NS n${i}\nn${i} A 203.0.113.${i}`),
        ),
      ],
      {
        forge: (query) =>
          query.endpoint.address.startsWith('203.') ? reply(query, { rcode: 'SERVFAIL' }) : undefined,
      },
    );
    await net.say('www.a.test.');
    expect(net.work.filter((q) => q.to.startsWith('203.')).length).toBeLessThanOrEqual(32);
    net.resetQueries();
    const silent = world([root, zone('test.', '192.0.2.2', 'a NS n\nn A 203.0.113.1')], {
      forge: (query) => (query.endpoint.address.startsWith('203.') ? 'silence' : undefined),
    });
    await silent.say('www.a.test.');
    expect(silent.work.filter((q) => q.to === '203.0.113.1').length).toBe(3);
  });

  it.each(['127.0.0.1', '0.0.0.0', '169.254.1.1', '224.0.0.1', '255.255.255.255'])(
    'glue %s is never asked',
    async (address) => {
      const net = world([zone('.', '192.0.2.1', `test. NS ns.test.\nns.test. A ${address}`)]);
      // The list is off for a mock internet, which may live on loopback: this net is put in place of the real one.
      const real = asIfReal(net);
      const outcome = await net.clock.runUntil(real.resolve(question('www.test.', 'A')));
      expect(outcome.outcome).toMatchObject({ kind: 'failure', reason: 'no-address' });
      expect(net.queries.map((q) => q.to)).not.toContain(address);
    },
  );

  it.each(['::', '::1', 'fe80::1', 'ff02::1'])('glue %s is never asked', async (address) => {
    const net = world([zone('.', '192.0.2.1', `test. NS ns.test.\nns.test. AAAA ${address}`)]);
    const outcome = await net.clock.runUntil(asIfReal(net).resolve(question('www.test.', 'A')));
    expect(outcome.outcome.kind).toBe('failure');
    expect(net.queries.map((q) => q.to)).not.toContain(address);
  });
});

describe('octets', () => {
  it('responses are counted, and the limit is named', async () => {
    const net = world([root, zone('test.', '192.0.2.2')], {
      forge: (query) =>
        query.endpoint.address === '192.0.2.2'
          ? reply(query, {
              answer: `${formatName(query.question.name)} 0 CNAME x${formatName(query.question.name)}`,
              sizeOctets: 65_535,
            })
          : undefined,
    });
    const resolution = await net.resolve('a.test.');
    expect(resolution.outcome).toMatchObject({ kind: 'failure', reason: 'budget' });
    expect(edeOf(resolution)[0]).toMatch(/bytes 524288/);
    expect(net.work.length).toBeLessThanOrEqual(12);
  });
});

describe('large RRsets', () => {
  it('an RRset of 3000 addresses is refused by rule, and costs nothing to keep', async () => {
    const big = list(3000, (i) => `big.test. A 10.0.${i >> 8}.${i & 255}`);
    const net = world([root, zone('test.', '192.0.2.2')], {
      forge: (query) =>
        formatName(query.question.name) === 'big.test.' ? reply(query, { answer: big }) : undefined,
    });
    const resolution = await net.resolve('big.test.');
    expect(resolution.outcome).toMatchObject({ kind: 'failure', reason: 'bad-response' });
    expect(edeOf(resolution)[0]).toMatch(/256/);
    expect(net.caches('big.test.')).toBe(false);
    net.resetQueries();
    await net.resolve('big.test.');
    expect(net.work).toEqual([]);
  });

  it('256 records are taken', async () => {
    const net = world([root, zone('test.', '192.0.2.2')], {
      forge: (query) =>
        formatName(query.question.name) === 'big.test.'
          ? reply(query, { answer: list(256, (i) => `big.test. A 10.0.0.${i}`) })
          : undefined,
    });
    expect((await net.resolve('big.test.')).outcome.kind).toBe('answer');
  });

  it('more than 16 KiB in one RRset are refused', async () => {
    const text = 'x'.repeat(250);
    const net = world([root, zone('test.', '192.0.2.2')], {
      forge: (query) =>
        formatName(query.question.name) === 'big.test.'
          ? reply(query, { answer: list(70, (i) => `big.test. TXT "${i}${text}"`) })
          : undefined,
    });
    expect(await net.say('big.test.', 'TXT')).toBe('failure: bad-response');
  });
});

describe('floods', () => {
  it('water torture: names below a dead zone cost one query each once it is known to be dead', async () => {
    const net = world(
      [root, zone('test.', '192.0.2.2', 'dead NS n.dead\nn.dead A 203.0.113.1\nlive A 198.51.100.1')],
      {
        forge: (query) => (query.endpoint.address.startsWith('203.') ? 'silence' : undefined),
      },
    );
    for (let i = 0; i < 5; i++) await net.say(`r${i}.dead.test.`);
    net.resetQueries();
    for (let i = 0; i < 50; i++) await net.say(`s${i}.dead.test.`);
    expect(net.work.length).toBeLessThanOrEqual(50);
    expect(await net.say('live.test.')).toBe('198.51.100.1');
  });

  it.each([
    [1, 100],
    [4, 200],
  ])(
    'water torture: on a dead zone with %i servers at most %i questions wait, and other zones are not touched',
    async (servers, limit) => {
      const dead = list(servers, (i) => `dead NS n${i}.dead\nn${i}.dead A 203.0.113.${i}`);
      const net = world([root, zone('test.', '192.0.2.2', `${dead}\nlive A 198.51.100.1`)], {
        forge: (query) => (query.endpoint.address.startsWith('203.') ? 'silence' : undefined),
      });
      const { resolver } = net.engine;
      await net.say('x.test.');
      const flood = Array.from({ length: 1000 }, (_, i) =>
        resolver.resolve(question(`r${i}.dead.test.`, 'A')),
      );
      await net.clock.advance(10);
      expect(net.work.filter((q) => q.to.startsWith('203.')).length).toBe(limit);
      expect(await net.say('live.test.')).toBe('198.51.100.1');
      expect(net.clock.monotonicMs()).toBeLessThan(100);
      const outcomes = await net.clock.runUntil(Promise.all(flood));
      expect(outcomes.every((r) => r.outcome.kind === 'failure')).toBe(true);
      const told = outcomes.filter((r) => edeOf(r).some((text) => /questions wait for/.test(text)));
      expect(told.length).toBeGreaterThanOrEqual(1000 - limit);
      const counted = outcomes.filter((r) => /^waitingPer(Zone|Server)$/.test(r.budget?.limit ?? ''));
      expect(counted.length).toBeGreaterThanOrEqual(told.length);
    },
  );

  it('1000 equal questions are one query upstream', async () => {
    const net = world([root, zone('test.', '192.0.2.2', 'www A 198.51.100.1')]);
    await net.say('x.test.');
    net.resetQueries();
    const { resolver } = net.engine;
    const answers = await net.clock.runUntil(
      Promise.all(Array.from({ length: 1000 }, () => resolver.resolve(question('www.test.', 'A')))),
    );
    expect(net.work).toHaveLength(1);
    expect(answers.filter((a) => a.lookupClass === 'joined')).toHaveLength(999);
    expect(answers.filter((a) => a.lookupClass === 'walked')).toHaveLength(1);
    expect(resolver.pending).toBe(0);
  });

  it('different questions that need the same step ask for it once (birthday attacks live on many)', async () => {
    const net = world(
      [
        root,
        zone('test.', '192.0.2.2', 'a NS ns.host.example.'),
        zone('example.', '192.0.2.3', 'host NS ns.host\nns.host A 203.0.113.1'),
        zone('host.example.', '203.0.113.1', 'ns A 203.0.113.1'),
        zone(
          'a.test.',
          '203.0.113.1',
          list(50, (i) => `n${i} A 198.51.100.${i}`),
        ),
      ],
      {
        faults: new Map(
          ['192.0.2.1', '192.0.2.2', '192.0.2.3', '203.0.113.1'].map((a) => [a, { delay: 20 }]),
        ),
      },
    );
    const { resolver } = net.engine;
    await net.clock.runUntil(
      Promise.all(Array.from({ length: 50 }, (_, i) => resolver.resolve(question(`n${i}.a.test.`, 'A')))),
    );
    const asked = net.work.map((q) => `${q.to} ${q.asked}`);
    expect(asked.length).toBe(new Set(asked).size);
  });

  it('CacheFlush: junk names push out neither delegations nor what is popular', async () => {
    const net = world(
      [
        root,
        zone('test.', '192.0.2.2', '* A 198.51.100.1'),
        zone(
          'example.',
          '192.0.2.3',
          list(20, (i) => `hot${i} A 198.51.100.${i}`),
        ),
      ],
      { config: 'dnssec: { mode: off }\ncache: { resolver: { size: 128KiB, eviction: sieve } }' },
    );
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < 20; i++) await net.resolve(`hot${i}.example.`);
    let hits = 0;
    let looks = 0;
    for (let i = 0; i < 2000; i++) {
      await net.resolve(`junk${i}.test.`);
      if (i % 4) continue;
      looks++;
      if ((await net.resolve(`hot${(i / 4) % 20}.example.`)).lookupClass === 'resolver') hits++;
    }
    expect(hits / looks).toBeGreaterThan(0.9);
    expect(net.cachedDelegation('example.')).toBeDefined();
  });
});

describe('bugs in the parts below', () => {
  it('a throw in the upstream rejects that question only, with no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const net = world(
        [
          root,
          zone('test.', '192.0.2.2', 'www A 198.51.100.1\nb NS n1.example.\nb NS n2.example.'),
          zone('example.', '192.0.2.3'),
        ],
        {
          forge: (query) => {
            if (
              formatName(query.question.name).includes('bad') ||
              query.question.type === RRType.NS ||
              query.endpoint.address === '192.0.2.3'
            )
              throw new Error('a bug');
            return undefined;
          },
        },
      );
      await expect(net.resolve('bad.test.')).rejects.toThrow('a bug');
      await expect(net.resolve('x.b.test.')).rejects.toThrow('a bug');
      expect(await net.say('www.test.')).toBe('198.51.100.1');
      expect(net.engine.resolver.pending).toBe(0);
      await net.clock.advance(100);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

/** A resolver over the same net that treats addresses as on the real internet. */
function asIfReal(net: ReturnType<typeof world>): Resolver {
  return net.asReal('dnssec: { mode: off }').resolver;
}
