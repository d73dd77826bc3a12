/** Broken, slow and lying servers, and how the walk gets round them. */
import { describe, expect, it } from 'vitest';
import type { FaultFields } from '../../src/authority/manifest.js';
import { formatName } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import { edeOf, type ScenarioNet } from '../support/scenario-net.js';
import { replaceZone, reply, signed, world, zone } from '../support/world.js';

const root = zone(
  '.',
  '192.0.2.1',
  `test. NS ns.test.
   test. NS ns2.test.
   ns.test. A 192.0.2.2
   ns2.test. A 192.0.2.3`,
);
const www = 'www A 198.51.100.1\nx A 198.51.100.2\ny A 198.51.100.3';
const pair = [root, zone('test.', ['192.0.2.2', '192.0.2.3'], www)];
const faulty = (faults: FaultFields, second: FaultFields = {}) =>
  world(pair, {
    faults: new Map([
      ['192.0.2.2', faults],
      ['192.0.2.3', second],
    ]),
  });

describe('one broken server of two', () => {
  it.each<[string, FaultFields]>([
    ['silent', { silent: 1 }],
    ['lame', { lame: 1 }],
    ['refusing', { refuse: 1 }],
    ['failing', { rcode: 'SERVFAIL' }],
    ['malformed', { malformed: 1 }],
    ['answering another question', { wrongQuestion: 1 }],
    ['answering YXRRSET', { rcode: 'YXRRSET' }],
  ])('a %s one costs no answer, whichever is asked first', async (_what, faults) => {
    for (let seed = 1; seed <= 4; seed++) {
      const net = world(pair, { seed, faults: new Map([['192.0.2.2', faults]]) });
      expect(await net.say('www.test.')).toBe('198.51.100.1');
    }
  });

  it('a lame server is not asked for that zone again', async () => {
    const net = faulty({ lame: 1 });
    for (const name of ['www', 'x', 'y', 'a', 'b', 'c']) await net.say(`${name}.test.`);
    expect(net.work.filter((q) => q.to === '192.0.2.2').length).toBeLessThanOrEqual(1);
  });

  it('a silent server is tried less and less', async () => {
    const net = faulty({ silent: 1 });
    for (let i = 0; i < 100; i++) await net.say(`n${i}.test.`);
    expect(net.work.filter((q) => q.to === '192.0.2.2').length).toBeLessThanOrEqual(12);
  });

  it('every server and what it did is told when all fail', async () => {
    const net = faulty({ refuse: 1 }, { silent: 1 });
    const texts = edeOf(await net.resolve('www.test.'));
    expect(texts[0]).toMatch(/^22 .*test\./);
    expect(texts).toContain('23 192.0.2.2: REFUSED');
    expect(texts).toContain('23 192.0.2.3: timeout');
  });
});

describe('EDNS', () => {
  it.each(['formerr', 'notimp'] as const)(
    'a server that says %s gets the question without OPT',
    async (noEdns) => {
      const net = world([root, pair[1]!], {
        faults: new Map([
          ['192.0.2.2', { noEdns }],
          ['192.0.2.3', { noEdns }],
        ]),
      });
      expect(await net.say('www.test.')).toBe('198.51.100.1');
      for (const name of ['x', 'y', 'z1', 'z2', 'z3', 'z4']) await net.say(`${name}.test.`);
      net.resetQueries();
      await net.say('z5.test.');
      expect(net.work.map((q) => q.edns)).toEqual([false]);
    },
  );

  it('a server that drops packets with OPT is asked without after two timeouts', async () => {
    const net = world([root, zone('test.', '192.0.2.2', www)], {
      faults: new Map([
        ['192.0.2.2', { noEdns: 'drop' }],
        ['192.0.2.3', { silent: 1 }],
      ]),
    });
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.work.filter((q) => q.to === '192.0.2.2').map((q) => q.edns)).toEqual([true, true, false]);
  });

  it('is asked for again by a server that once failed with it and then did not', async () => {
    let once = true;
    const net = world(pair, {
      forge: (query) => {
        if (!query.endpoint.address.startsWith('192.0.2.') || query.endpoint.address === '192.0.2.1' || !once)
          return undefined;
        once = false;
        return reply(query, { rcode: 'FORMERR', edns: false });
      },
    });
    await net.say('www.test.');
    net.resetQueries();
    for (const name of ['x', 'y', 'z']) await net.say(`${name}.test.`);
    expect(net.work.every((q) => q.edns)).toBe(true);
  });
});

describe('TCP and letter case', () => {
  it('a truncated response is asked for again by TCP, and nothing of it is used', async () => {
    const net = world(pair, {
      forge: (query) =>
        query.transport === 'udp' && formatName(query.question.name) === 'www.test.'
          ? reply(query, { tc: true, answer: 'www.test. A 203.0.113.66' })
          : undefined,
    });
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.work.filter((q) => q.asked === 'www.test. A').map((q) => q.transport)).toEqual(['udp', 'tcp']);
  });

  it('a server that truncates and has no TCP fails over to the other', async () => {
    const net = faulty({ truncate: 'udp', noTcp: true });
    for (let i = 0; i < 6; i++) expect(await net.say('www.test.')).toBe('198.51.100.1');
  });

  it('one that truncates even over TCP is given up', async () => {
    const net = faulty({ truncate: 'always' }, { truncate: 'always' });
    expect(await net.say('www.test.')).toBe('failure: no-reachable-server');
    expect(net.work.filter((q) => q.to !== '192.0.2.1').length).toBeLessThanOrEqual(4);
  });

  it('a server that lowers the case is asked by TCP once and without random case from then on', async () => {
    const net = world([root, zone('test.', ['192.0.2.2', '192.0.2.3'], www)], {
      faults: new Map([
        ['192.0.2.2', { lowercase: 1 }],
        ['192.0.2.3', { lowercase: 1 }],
      ]),
    });
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.work.at(-1)?.transport).toBe('tcp');
    for (const name of ['x', 'y', 'z', 'w']) await net.say(`${name}.test.`);
    net.resetQueries();
    await net.say('v.test.');
    expect(net.work).toMatchObject([{ transport: 'udp', randomCase: false }]);
  });

  it('a server that lowers the case and has no TCP still answers', async () => {
    const only = world([root, zone('test.', ['192.0.2.2', '192.0.2.3'], www)], {
      faults: new Map(['192.0.2.2', '192.0.2.3'].map((a) => [a, { lowercase: 1, noTcp: true }])),
    });
    expect(await only.say('www.test.')).toBe('198.51.100.1');
  });

  it('random case can be switched off', async () => {
    const net = world(pair, { config: 'dnssec: { mode: off }\nupstream: { caseRandomization: false }' });
    await net.say('www.test.');
    expect(net.work.some((q) => q.randomCase)).toBe(false);
  });
});

describe('glue', () => {
  it('sibling glue is used', async () => {
    const net = world([
      zone('.', '192.0.2.1', 'test. NS ns.test.\nns.test. A 192.0.2.2'),
      zone('test.', '192.0.2.2', 'a NS ns.b\nb NS ns.b\nns.b A 192.0.2.4'),
      zone('a.test.', '192.0.2.4', 'www A 198.51.100.1'),
    ]);
    expect(await net.say('www.a.test.')).toBe('198.51.100.1');
    expect(net.asked.some((q) => q.startsWith('ns.b'))).toBe(false);
  });

  it('missing glue is looked up', async () => {
    const net = world([
      zone(
        '.',
        '192.0.2.1',
        'test. NS ns.test.\nns.test. A 192.0.2.2\nexample. NS ns.example.\nns.example. A 192.0.2.5',
      ),
      zone('test.', '192.0.2.2', 'a NS ns.example.'),
      zone('example.', '192.0.2.5', 'ns A 192.0.2.5'),
      zone('a.test.', '192.0.2.5', '@ NS ns.example.\nwww A 198.51.100.1'),
    ]);
    expect(await net.say('www.a.test.')).toBe('198.51.100.1');
  });

  it('dead glue is replaced by the address that the zone of the name gives', async () => {
    const net = world(
      [
        zone(
          '.',
          '192.0.2.1',
          'test. NS ns.test.\nns.test. A 192.0.2.2\nexample. NS ns.example.\nns.example. A 192.0.2.5',
        ),
        zone('test.', '192.0.2.2', 'a NS ns.a\nns.a A 203.0.113.1\na NS ns2.example.'),
        zone('example.', '192.0.2.5', 'ns2 A 192.0.2.6'),
        zone('a.test.', '192.0.2.6', 'www A 198.51.100.1'),
      ],
      { faults: new Map([['203.0.113.1', { silent: 1 }]]) },
    );
    expect(await net.say('www.a.test.')).toBe('198.51.100.1');
  });

  it('the servers that the parent names are asked, whatever the child says of itself', async () => {
    const net = world([
      zone('.', '192.0.2.1', 'test. NS ns.test.\nns.test. A 192.0.2.2'),
      zone('test.', '192.0.2.2', 'a NS ns.a\nns.a A 192.0.2.4'),
      zone(
        'a.test.',
        '192.0.2.4',
        '@ NS other.a\nother.a A 203.0.113.1\nwww A 198.51.100.1\nx A 198.51.100.2',
      ),
    ]);
    await net.say('a.test.', 'NS');
    expect(await net.say('www.a.test.')).toBe('198.51.100.1');
    expect(await net.say('x.a.test.')).toBe('198.51.100.2');
    expect(net.queries.map((q) => q.to)).not.toContain('203.0.113.1');
  });

  it('a name server with an IPv6 address only is found', async () => {
    const net = world([
      zone('.', '192.0.2.1', 'test. NS ns.test.\nns.test. AAAA 2001:db8::2'),
      zone('test.', '2001:db8::2', 'www A 198.51.100.1'),
    ]);
    expect(await net.say('www.test.')).toBe('198.51.100.1');
  });
});

describe('broken IPv6', () => {
  const both = zone(
    '.',
    '192.0.2.1',
    'test. NS ns.test.\nns.test. A 192.0.2.2\nns.test. AAAA 2001:db8::2\ntest. NS ns2.test.\nns2.test. A 192.0.2.3\nns2.test. AAAA 2001:db8::3',
  );
  const child = zone(
    'test.',
    ['192.0.2.2', '192.0.2.3', '2001:db8::2', '2001:db8::3'],
    '@ NS ns\n@ NS ns2\n* A 198.51.100.1\nns A 192.0.2.2\nns2 A 192.0.2.3',
  );
  const without = (net: ScenarioNet) => {
    net.forge = (query) =>
      query.endpoint.address.includes(':') ? { kind: 'fault', fault: 'unreachable', afterMs: 0 } : undefined;
    return net;
  };

  it('costs no answer, and is tried rarely once known', async () => {
    const net = without(world([both, child]));
    for (let i = 0; i < 50; i++) expect(await net.say(`n${i}.test.`)).toBe('198.51.100.1');
    expect(net.work.filter((q) => q.to.includes(':')).length).toBeLessThanOrEqual(6);
  });

  it('that swallows packets costs three timeouts, and not one for each server that is met', async () => {
    const net = world([both, child]);
    net.forge = (query) => (query.endpoint.address.includes(':') ? 'silence' : undefined);
    for (let i = 0; i < 50; i++) expect(await net.say(`n${i}.test.`)).toBe('198.51.100.1');
    // Only two addresses here: each is backed off by itself after three timeouts.
    expect(net.work.filter((q) => q.to.includes(':')).length).toBeLessThanOrEqual(6);

    const servers = Array.from({ length: 8 }, (_, i) => i + 1);
    const many = zone(
      '.',
      '192.0.2.1',
      servers
        .map((i) => `z${i} NS ns.z${i}\nns.z${i} A 198.51.100.${i}\nns.z${i} AAAA 2001:db8::1:${i}`)
        .join('\n'),
    );
    const zones = servers.map((i) => zone(`z${i}.`, `198.51.100.${i}`, 'www A 203.0.113.1'));
    const wide = world([many, ...zones]);
    wide.forge = net.forge;
    for (let round = 0; round < 3; round++)
      for (const i of servers) expect(await wide.say(`${round}.www.z${i}.`)).toBe('NXDOMAIN');
    expect(wide.work.filter((q) => q.to.includes(':')).length).toBeLessThanOrEqual(4);
  });

  it('is tried again a minute later', async () => {
    const net = without(world([both, child]));
    for (let i = 0; i < 50; i++) await net.say(`n${i}.test.`);
    net.forge = () => undefined;
    await net.clock.advance(1_000_000);
    net.resetQueries();
    for (let i = 50; i < 100; i++) await net.say(`n${i}.test.`);
    expect(net.work.some((q) => q.to.includes(':'))).toBe(true);
  });

  it('a family that is off is never asked', async () => {
    const net = world([both, child], { config: 'dnssec: { mode: off }\nupstream: { ipv6: false }' });
    for (let i = 0; i < 20; i++) await net.say(`n${i}.test.`);
    expect(net.queries.some((q) => q.to.includes(':'))).toBe(false);
    const six = world([both, child], { config: 'dnssec: { mode: off }\nupstream: { ipv4: false }' });
    expect(await six.say('www.test.')).toMatch(/^failure/);
    expect(six.queries.some((q) => q.to.includes('.'))).toBe(false);
  });
});

describe('our own network is down', () => {
  const many = zone(
    '.',
    ['192.0.2.1', '192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14'],
    'test. NS ns.test.\nns.test. A 192.0.2.2',
  );

  it('no failure is kept and no server is punished, so that all is well the moment it is back', async () => {
    const net = world([many, zone('test.', '192.0.2.2', www)]);
    net.forge = () => 'silence';
    for (let i = 0; i < 5; i++) expect(await net.say(`n${i}.test.`)).toMatch(/^failure/);
    expect(net.engine.resolver.core.health.offline).toBe(true);
    expect(await net.say('www.test.')).toMatch(/^failure/);
    net.forge = () => undefined;
    const before = net.clock.monotonicMs();
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    expect(net.clock.monotonicMs() - before).toBeLessThan(100);
    expect(net.engine.resolver.core.health.offline).toBe(false);
    expect(await net.say('n0.test.')).toBe('NXDOMAIN');
  });

  it('a dead zone with many servers does not look like it', async () => {
    const list = Array.from({ length: 6 }, (_, i) => `dead NS n${i}.dead\nn${i}.dead A 203.0.113.${i}`).join(
      '\n',
    );
    const net = world([root, zone('test.', ['192.0.2.2', '192.0.2.3'], list)]);
    net.forge = (query) => (query.endpoint.address.startsWith('203.') ? 'silence' : undefined);
    expect(await net.say('www.dead.test.')).toMatch(/^failure/);
    for (const name of ['a', 'b', 'c']) await net.say(`${name}.dead.test.`);
    expect(net.engine.resolver.core.health.offline).toBe(false);
    net.resetQueries();
    expect(await net.say('c.dead.test.')).toMatch(/^failure/);
    expect(net.work).toEqual([]);
    // New names wait for two of its servers and no longer for all.
    expect(await net.say('d.dead.test.')).toMatch(/^failure/);
    expect(net.work.length).toBeLessThanOrEqual(2);
  });
});

describe('QNAME minimisation', () => {
  const deep = [
    zone('.', '192.0.2.1', 'test. NS ns.test.\nns.test. A 192.0.2.2'),
    zone('test.', '192.0.2.2', 'a NS ns.a\nns.a A 192.0.2.4'),
    zone('a.test.', '192.0.2.4', 'www.b.c TXT "hello"\nleaf A 198.51.100.1'),
  ];
  const mode = (text: string) => ({ config: `dnssec: { mode: off }\nqnameMinimization: ${text}` });

  it('shows each server one label more than it must know, and hides the type', async () => {
    const net = world(deep, mode('relaxed'));
    expect(await net.say('www.b.c.a.test.', 'TXT')).toBe('"hello"');
    expect(net.work.map((q) => `${q.to} ${q.asked}`)).toEqual([
      '192.0.2.1 test. A',
      '192.0.2.2 a.test. A',
      '192.0.2.4 c.a.test. A',
      '192.0.2.4 b.c.a.test. A',
      '192.0.2.4 www.b.c.a.test. TXT',
    ]);
  });

  describe('what a short name said is kept', () => {
    const text = 'a.ent 300 A 198.51.100.1\nb.ent 300 A 198.51.100.2\n*.any 60 A 198.51.100.3';

    it('and new names below an empty non-terminal cost one query each', async () => {
      const net = world([deep[0]!, zone('test.', '192.0.2.2', text)], mode('relaxed'));
      await net.say('a.ent.test.');
      net.resetQueries();
      expect(await net.say('b.ent.test.')).toBe('198.51.100.2');
      expect(await net.say('c.ent.test.')).toBe('NXDOMAIN');
      expect(net.asked).toEqual(['b.ent.test. A', 'c.ent.test. A']);
    });

    it('where one server has parent and child', async () => {
      const both = [
        zone('test.', '192.0.2.2', 'sub NS ns.test.'),
        zone('sub.test.', '192.0.2.2', '@ 600 A 198.51.100.9\na A 198.51.100.1\nb A 198.51.100.2'),
      ];
      const net = world([deep[0]!, ...both], mode('relaxed'));
      await net.say('a.sub.test.');
      net.resetQueries();
      expect(await net.say('b.sub.test.')).toBe('198.51.100.2');
      expect(net.asked).toEqual(['b.sub.test. A']);
    });

    it('no longer than its TTL', async () => {
      const net = world([deep[0]!, zone('test.', '192.0.2.2', text)], mode('relaxed'));
      await net.say('x.y.any.test.');
      await net.clock.advance(30_000);
      net.resetQueries();
      await net.say('z.y.any.test.');
      expect(net.asked).toEqual(['z.y.any.test. A']);
      await net.clock.advance(31_000);
      net.resetQueries();
      await net.say('w.y.any.test.');
      expect(net.asked).toContain('y.any.test. A');
    });

    it('a denial of the short name in relaxed mode, too', async () => {
      const net = world(deep, denying('relaxed'));
      await net.say('www.b.c.a.test.', 'TXT');
      net.resetQueries();
      await net.say('other.b.c.a.test.', 'TXT');
      expect(net.asked).not.toContain('c.a.test. A');
    });

    it('and a cut that is new below it is followed', async () => {
      const net = world([deep[0]!, zone('test.', '192.0.2.2', text)], mode('relaxed'));
      await net.say('a.ent.test.');
      replaceZone(net, zone('test.', '192.0.2.2', 'ent NS ns.ent\nns.ent A 192.0.2.7'));
      net.forge = (query) =>
        query.endpoint.address === '192.0.2.7'
          ? reply(query, { answer: 'b.ent.test. 300 A 198.51.100.77' })
          : undefined;
      expect(await net.say('b.ent.test.')).toBe('198.51.100.77');
    });
  });

  it('shows everybody everything when it is off', async () => {
    const net = world(deep, mode('off'));
    expect(await net.say('www.b.c.a.test.', 'TXT')).toBe('"hello"');
    expect(new Set(net.asked)).toEqual(new Set(['www.b.c.a.test. TXT']));
  });

  const denying = (text: string) => ({
    ...mode(text),
    forge: (query: Parameters<NonNullable<Parameters<typeof world>[1]>['forge'] & object>[0]) =>
      ['c.a.test.', 'b.c.a.test.'].includes(formatName(query.question.name))
        ? reply(query, { rcode: 'NXDOMAIN', authority: 'a.test. 900 SOA ns.a.test. h.a.test. 1 2 3 4 900' })
        : undefined,
  });

  it('relaxed: a server that denies empty non-terminals is asked the full question', async () => {
    expect(await world(deep, denying('relaxed')).say('www.b.c.a.test.', 'TXT')).toBe('"hello"');
  });

  it('strict: it is believed', async () => {
    const net = world(deep, denying('strict'));
    expect(await net.say('www.b.c.a.test.', 'TXT')).toBe('NXDOMAIN');
    expect(net.asked).not.toContain('www.b.c.a.test. TXT');
  });

  it.each(['SERVFAIL', 'REFUSED', 'NOTIMP', 'FORMERR'] as const)(
    'relaxed: %s for a short name leads to the full question',
    async (rcode) => {
      const net = world(deep, {
        ...mode('relaxed'),
        forge: (query) =>
          formatName(query.question.name) === 'c.a.test.' ? reply(query, { rcode }) : undefined,
      });
      expect(await net.say('www.b.c.a.test.', 'TXT')).toBe('"hello"');
    },
  );

  it('silence for short names leads to the full question', async () => {
    const net = world(deep, {
      ...mode('relaxed'),
      forge: (query) => (formatName(query.question.name) === 'c.a.test.' ? 'silence' : undefined),
    });
    net.forge = (query) => (formatName(query.question.name) === 'c.a.test.' ? 'silence' : undefined);
    await net.say('leaf.a.test.');
    expect(await net.say('www.b.c.a.test.', 'TXT')).toBe('"hello"');
  });

  it('a name of 100 labels costs at most 10 steps', async () => {
    const labels = 'l.'.repeat(100);
    const net = world(
      [deep[0]!, zone('test.', '192.0.2.2', `${labels}test. A 198.51.100.1`)],
      mode('relaxed'),
    );
    expect(await net.say(`${labels}test.`)).toBe('198.51.100.1');
    expect(net.work.length).toBeLessThanOrEqual(12);
  });

  it('labels with an underscore are not asked for by themselves', async () => {
    const net = world([deep[0]!, zone('test.', '192.0.2.2', '_sip._tcp SRV 1 1 1 x')], mode('relaxed'));
    expect(await net.say('_sip._tcp.test.', 'SRV')).toMatch(/x\.test/);
    expect(net.asked.filter((q) => q.includes('_tcp'))).toEqual(['_sip._tcp.test. SRV']);
  });
});

describe('zones of the configuration', () => {
  const inner = zone('lan.', '192.0.2.77', 'www A 198.51.100.1\nsub NS ns.sub\nns.sub A 192.0.2.78');
  const sub = zone('sub.lan.', '192.0.2.78', 'www A 198.51.100.2');

  it('a stub zone is asked without RD and its referrals are followed', async () => {
    const net = world([root, inner, sub], {
      config: 'dnssec: { mode: off }\nstub: [{ zone: lan., servers: ["192.0.2.77@53"] }]',
    });
    expect(await net.say('www.lan.')).toBe('198.51.100.1');
    expect(await net.say('www.sub.lan.')).toBe('198.51.100.2');
    expect(net.work.map((q) => q.to)).not.toContain('192.0.2.1');
  });

  it('a forward zone is asked the full question with RD, by failover among its servers', async () => {
    const seen: boolean[] = [];
    const net = world([root], {
      config:
        'dnssec: { mode: off }\nforward: [{ zone: corp., servers: ["192.0.2.53@53", "192.0.2.54@53"] }]',
      forge: (query) => {
        if (query.endpoint.address === '192.0.2.53') return reply(query, { rcode: 'SERVFAIL', ra: true });
        if (query.endpoint.address !== '192.0.2.54') return undefined;
        seen.push(query.rd);
        return reply(query, { aa: false, ra: true, answer: 'www.a.b.corp. A 198.51.100.9' });
      },
    });
    expect(await net.say('www.a.b.corp.')).toBe('198.51.100.9');
    expect(seen).toEqual([true]);
    expect(new Set(net.asked)).toEqual(new Set(['www.a.b.corp. A']));
  });

  it('everything can be forwarded', async () => {
    const net = world([root], {
      config: 'dnssec: { mode: off }\nforward: [{ zone: ., servers: ["192.0.2.53@53"] }]',
      forge: (query) =>
        query.endpoint.address === '192.0.2.53'
          ? reply(query, {
              aa: false,
              ra: true,
              answer: `${formatName(query.question.name)} CNAME web.example.\nweb.example. A 198.51.100.9`,
            })
          : undefined,
    });
    expect(await net.say('www.test.')).toBe('web.example., 198.51.100.9');
    expect(new Set(net.work.map((q) => q.to))).toEqual(new Set(['192.0.2.53']));
  });

  it('a stub inside a forward zone goes to the stub', async () => {
    const net = world([root, inner, sub], {
      config:
        'dnssec: { mode: off }\nforward: [{ zone: ., servers: ["192.0.2.53@53"] }]\nstub: [{ zone: lan., servers: ["192.0.2.77@53"] }]',
    });
    expect(await net.say('www.sub.lan.')).toBe('198.51.100.2');
  });
});

describe('priming (RFC 9609)', () => {
  it('asks the hints once, and its answer is used from then on', async () => {
    const net = world([
      zone('.', ['192.0.2.1', '192.0.2.11'], 'test. NS ns.test.\nns.test. A 192.0.2.2'),
      zone('test.', '192.0.2.2', www),
    ]);
    await net.say('www.test.');
    await net.clock.advance(1000);
    for (let i = 0; i < 20; i++) await net.say(`n${i}.`);
    expect(net.queries.filter((q) => q.asked === '. NS')).toHaveLength(1);
    expect(net.cachedDelegation('.')?.servers.map((s) => formatName(s.name))).toEqual(['a.root.', 'b.root.']);
  });

  it('primes again when the TTL is over', async () => {
    const net = world([
      zone('.', '192.0.2.1', '@ 600 NS a.root.\na.root. 600 A 192.0.2.1'),
      zone('test.', '192.0.2.2', www),
    ]);
    await net.say('n1.');
    await net.clock.advance(601_000);
    await net.say('n2.');
    await net.clock.advance(1000);
    expect(net.queries.filter((q) => q.asked === '. NS')).toHaveLength(2);
  });

  it('servers that the answer leaves without address keep that of the hints', async () => {
    const net = world([zone('.', ['192.0.2.1', '192.0.2.11'])], {
      forge: (query) =>
        query.question.type === 2
          ? reply(query, {
              answer: '. 3600 NS a.root.\n. 3600 NS b.root.',
              additional: 'a.root. A 192.0.2.1',
            })
          : undefined,
    });
    await net.say('n1.');
    await net.clock.advance(100);
    expect(
      net
        .cachedDelegation('.')
        ?.servers.flatMap((s) => s.addresses)
        .sort(),
    ).toEqual(['192.0.2.1', '192.0.2.11']);
  });

  it('goes on with the hints when it fails, and does not try again at once', async () => {
    const net = world([zone('.', '192.0.2.1', 'x A 198.51.100.1')], {
      forge: (query) => (query.question.type === 2 ? reply(query, { rcode: 'REFUSED' }) : undefined),
    });
    expect(await net.say('x.')).toBe('198.51.100.1');
    await net.clock.advance(1000);
    const first = net.queries.filter((q) => q.asked === '. NS').length;
    expect(first).toBeLessThanOrEqual(6);
    await net.say('y.');
    await net.clock.advance(1000);
    expect(net.queries.filter((q) => q.asked === '. NS').length).toBe(first);
    await net.clock.advance(31_000);
    await net.say('z.');
    expect(net.queries.filter((q) => q.asked === '. NS').length).toBeGreaterThan(first);
  });
});

describe('validation seen from the resolver', () => {
  const validate = { config: 'dnssec: { mode: validate }' };
  const spoilA = (text: string) =>
    signed('test.', ['192.0.2.2', '192.0.2.3'], text, (rrset) =>
      rrset.type === 1 && formatName(rrset.name).startsWith('bad')
        ? { ...rrset, rdatas: rrset.rdatas.map(() => '\xcb\x00\x71\x42' as (typeof rrset.rdatas)[number]) }
        : rrset,
    );
  const tree = [
    signed(
      '.',
      '192.0.2.1',
      'test. NS ns.test.\ntest. NS ns2.test.\nns.test. A 192.0.2.2\nns2.test. A 192.0.2.3',
    ),
    spoilA('bad A 198.51.100.1\ngood A 198.51.100.2'),
  ];

  it('good data is secure', async () => {
    const { outcome } = await world(tree, validate).resolve('good.test.');
    expect(outcome).toMatchObject({ kind: 'answer', security: 'secure' });
  });

  it('bogus data is a failure, and data for those who ask with CD', async () => {
    const net = world(tree, validate);
    expect(await net.say('bad.test.')).toBe('failure: bogus');
    const { outcome, keepUntilMs } = await net.resolve('bad.test.', 'A', { cd: true });
    expect(outcome).toMatchObject({ kind: 'answer', security: 'bogus' });
    expect(keepUntilMs).toBeUndefined();
    expect(await net.say('bad.test.')).toBe('failure: bogus');
  });

  it('CD first leaves nothing that the next one would take for good', async () => {
    const net = world(tree, validate);
    expect((await net.resolve('bad.test.', 'A', { cd: true })).outcome.kind).toBe('answer');
    expect(await net.say('bad.test.')).toBe('failure: bogus');
  });

  it('a bogus answer costs a bounded number of restarts on one budget', async () => {
    const net = world(tree, validate);
    const { budget } = await net.resolve('bad.test.');
    expect(net.work.length).toBeLessThanOrEqual(12);
    expect(budget!.usedOf('upstreamQueries')).toBeGreaterThanOrEqual(net.work.length);
    net.resetQueries();
    await net.resolve('bad.test.');
    expect(net.work).toEqual([]);
  });

  it('bogus data is never served stale', async () => {
    const net = world(tree, validate);
    await net.say('bad.test.');
    await net.clock.advance(3_700_000);
    net.forge = () => 'silence';
    expect(await net.say('bad.test.')).toMatch(/^failure/);
  });

  it('one poisoned server of two does not take the name down', async () => {
    const net = world([tree[0]!, signed('test.', ['192.0.2.2', '192.0.2.3'], 'good A 198.51.100.2')], {
      ...validate,
      forge: (query) =>
        query.endpoint.address === '192.0.2.2' && formatName(query.question.name) === 'good.test.'
          ? reply(query, { answer: 'good.test. A 203.0.113.66' })
          : undefined,
    });
    for (let seed = 0; seed < 3; seed++) expect(await net.say('good.test.')).toBe('198.51.100.2');
  });

  it('a server that leaves signatures out does not either, where nobody says if there is a cut', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const net = world([tree[0]!, signed('test.', ['192.0.2.2', '192.0.2.3'], 'good A 198.51.100.2')], {
        ...validate,
        seed,
        forge: (query) => {
          if (formatName(query.question.name) !== 'good.test.') return undefined;
          if (query.question.type === RRType.DS) return reply(query, { rcode: 'SERVFAIL' });
          return query.endpoint.address === '192.0.2.2'
            ? reply(query, { answer: 'good.test. A 198.51.100.2' })
            : undefined;
        },
      });
      const { outcome } = await net.resolve('good.test.');
      expect(outcome).toMatchObject({ kind: 'answer', security: 'secure' });
    }
  });

  it('the DS of a stub zone comes from its parent, though the stub servers refuse it', async () => {
    const net = world(
      [
        tree[0]!,
        signed('test.', '192.0.2.2', 'sub NS ns.sub\nns.sub A 192.0.2.77'),
        signed('sub.test.', '192.0.2.77', 'www A 198.51.100.4'),
      ],
      {
        config: 'stub: [{ zone: sub.test., servers: ["192.0.2.77@53"] }]',
        forge: (query) =>
          query.endpoint.address === '192.0.2.77' && query.question.type === RRType.DS
            ? reply(query, { rcode: 'REFUSED' })
            : undefined,
      },
    );
    const { outcome } = await net.resolve('www.sub.test.');
    expect(outcome).toMatchObject({ kind: 'answer', security: 'secure' });
  });

  it('an address fetched for asking is judged before it is given as an answer', async () => {
    // a.test is served by a name of the signed zone b.test whose address does not validate; a name of a.test
    // is an alias of that very name.
    const net = world(
      [
        signed('.', '192.0.2.1', 'a. NS bad.test.\ntest. NS ns.test.\nns.test. A 192.0.2.2'),
        signed('test.', '192.0.2.2', 'bad A 192.0.2.9', (rrset) =>
          rrset.type === 1 && formatName(rrset.name) === 'bad.test.'
            ? { ...rrset, ttlSec: 0, signatures: [] }
            : rrset,
        ),
        zone('a.', '192.0.2.9', '@ NS bad.test.\nwww CNAME bad.test.'),
      ],
      validate,
    );
    expect(await net.say('www.a.')).toBe('failure: bogus');
  });
});

describe('caches only', () => {
  it('answers from them, and fails without asking when they do not know', async () => {
    const net = world(pair);
    const cold = await net.resolve('www.test.', 'A', { cacheOnly: true });
    expect(cold.outcome).toMatchObject({ kind: 'failure', reason: 'not-cached' });
    expect(net.work).toEqual([]);
    await net.say('www.test.');
    net.resetQueries();
    const warm = await net.resolve('www.test.', 'A', { cacheOnly: true });
    expect(warm.outcome.kind).toBe('answer');
    expect(net.work).toEqual([]);
    expect((await net.resolve('x.test.', 'A')).outcome.kind).toBe('answer');
  });
});

describe('bypassing caches', () => {
  it('walks, and what it learns replaces what was held', async () => {
    const net = world(pair);
    await net.say('www.test.');
    replaceZone(net, zone('test.', ['192.0.2.2', '192.0.2.3'], 'www A 198.51.100.99'));
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    const { outcome, missReason } = await net.resolve('www.test.', 'A', { bypassCache: true });
    expect(outcome.kind).toBe('answer');
    expect(missReason).toBe('bypassed');
    expect(net.engine.caches.rrsets.stats().misses.bypassed).toBe(1);
    expect(await net.say('www.test.')).toBe('198.51.100.99');
  });
});
