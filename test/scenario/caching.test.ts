/** What is kept and for how long: stale data, prefetch, failures, TTL 0, joining, and bounds of the stub cache. */
import { describe, expect, it } from 'vitest';
import { formatName } from '../../src/dns/name.js';
import { edeOf, question, type ScenarioNet } from '../support/scenario-net.js';
import { replaceZone, reply, world, zone } from '../support/world.js';

const root = zone('.', '192.0.2.1', 'test. 172800 NS ns.test.\nns.test. 172800 A 192.0.2.2');
const text = 'www 600 A 198.51.100.1\nalias 600 CNAME www\nzero 0 A 198.51.100.9\nlong 86400 A 198.51.100.3';
const test = zone('test.', '192.0.2.2', text);
const off = 'dnssec: { mode: off }';

/** The servers of test. fall silent. */
function silence(net: ScenarioNet): void {
  net.forge = (query) => (query.endpoint.address === '192.0.2.2' ? 'silence' : undefined);
}

/** The servers of test. answer at once with this RCODE. */
function fail(net: ScenarioNet, rcode: 'SERVFAIL' | 'REFUSED' = 'SERVFAIL'): void {
  net.forge = (query) => (query.endpoint.address === '192.0.2.2' ? reply(query, { rcode }) : undefined);
}

describe('stale data (RFC 8767)', () => {
  it('goes out at once where clients are not to wait, though the servers would have answered', async () => {
    const net = world([root, test], { config: `${off}\ncache: { serveStale: { clientWait: 0 } }` });
    await net.say('www.test.');
    await net.clock.advance(601_000);
    replaceZone(net, zone('test.', '192.0.2.2', 'www 600 A 198.51.100.77'));
    expect((await net.resolve('www.test.')).lookupClass).toBe('stale');
    await net.clock.advance(50);
    expect(await net.say('www.test.')).toBe('198.51.100.77');
  });

  async function warmAndExpired(name = 'www.test.'): Promise<ScenarioNet> {
    const net = world([root, test]);
    await net.say(name);
    await net.clock.advance(601_000);
    return net;
  }

  it('serves after 1.8 seconds while the servers are silent, with TTL 30 and EDE 3', async () => {
    // A server this far away is waited for longer than the client wants to wait.
    const net = world([root, test], { faults: new Map([['192.0.2.2', { delay: '100ms' }]]) });
    await net.say('www.test.');
    await net.clock.advance(601_000);
    silence(net);
    const before = net.clock.monotonicMs();
    const resolution = await net.resolve('www.test.');
    expect(net.clock.monotonicMs() - before).toBe(1800);
    expect(resolution.outcome).toMatchObject({ kind: 'answer', stale: true });
    expect(resolution.lookupClass).toBe('stale');
    expect(resolution.keepUntilMs).toBeUndefined();
    expect(edeOf(resolution)[0]).toMatch(/^3 /);
    expect(await net.ttl('www.test.')).toBe(30);
  });

  it('is not served while servers answer in time', async () => {
    const net = await warmAndExpired();
    replaceZone(net, zone('test.', '192.0.2.2', 'www 600 A 198.51.100.77'));
    expect(await net.say('www.test.')).toBe('198.51.100.77');
  });

  it('the walk that the client did not wait for is kept when it ends', async () => {
    const net = world([root, test], { faults: new Map([['192.0.2.2', { delay: '300ms' }]]) });
    await net.say('www.test.');
    await net.clock.advance(601_000);
    let lost = 0;
    net.forge = (query) => (query.endpoint.address === '192.0.2.2' && lost++ < 1 ? 'silence' : undefined);
    const resolution = await net.resolve('www.test.');
    net.resetQueries();
    await net.clock.advance(7000);
    const later = await net.resolve('www.test.');
    expect(['stale', 'walked']).toContain(resolution.lookupClass);
    expect(later.lookupClass).toBe('resolver');
    expect(net.work).toEqual([]);
  });

  it('serves at once when the servers fail, and lets them rest for 30 seconds', async () => {
    const net = await warmAndExpired();
    fail(net);
    expect((await net.resolve('www.test.')).lookupClass).toBe('stale');
    net.resetQueries();
    await net.clock.advance(29_000);
    expect((await net.resolve('www.test.')).lookupClass).toBe('stale');
    expect(net.work).toEqual([]);
    await net.clock.advance(2000);
    expect((await net.resolve('www.test.')).lookupClass).toBe('stale');
    expect(net.work.length).toBeGreaterThan(0);
  });

  it('ends when the servers are back', async () => {
    const net = await warmAndExpired();
    fail(net);
    await net.say('www.test.');
    net.forge = () => undefined;
    await net.clock.advance(31_000);
    const resolution = await net.resolve('www.test.');
    expect(resolution.lookupClass).toBe('walked');
    expect(resolution.outcome).toMatchObject({ kind: 'answer', stale: false });
  });

  it('serves names that are aliases, and the whole chain within one wait', async () => {
    const net = world(
      [
        root,
        zone('test.', '192.0.2.2', `${text}\nfar 600 CNAME web.example.`),
        zone('example.', '192.0.2.3', 'web 600 A 198.51.100.1'),
      ].map((z) =>
        z.apex === '.'
          ? { ...z, text: `${z.text}\nexample. 172800 NS ns.example.\nns.example. 172800 A 192.0.2.3` }
          : z,
      ),
      {
        faults: new Map(['192.0.2.2', '192.0.2.3'].map((address) => [address, { delay: '100ms' }])),
      },
    );
    await net.say('far.test.');
    await net.clock.advance(601_000);
    net.forge = (query) => (query.endpoint.address === '192.0.2.1' ? undefined : 'silence');
    const before = net.clock.monotonicMs();
    expect(await net.say('far.test.')).toBe('web.example., 198.51.100.1');
    expect(net.clock.monotonicMs() - before).toBe(1800);
  });

  it('is no older than the configuration says', async () => {
    const net = world([root, test], { config: `${off}\ncache: { serveStale: { maxAge: 1h } }` });
    await net.say('www.test.');
    await net.clock.advance(600_000 + 3_590_000);
    silence(net);
    expect((await net.resolve('www.test.')).lookupClass).toBe('stale');
    await net.clock.advance(60_000);
    expect(await net.say('www.test.')).toMatch(/^failure/);
  });

  it('serves denials too, with the code of its own', async () => {
    const net = world([root, test]);
    await net.say('gone.test.');
    await net.clock.advance(901_000);
    fail(net);
    const resolution = await net.resolve('gone.test.');
    expect(resolution.outcome).toMatchObject({ kind: 'nxdomain', stale: true });
    expect(edeOf(resolution)[0]).toMatch(/^19 /);
  });

  it('can be switched off', async () => {
    const net = world([root, test], { config: `${off}\ncache: { serveStale: { enabled: false } }` });
    await net.say('www.test.');
    await net.clock.advance(601_000);
    silence(net);
    expect(await net.say('www.test.')).toMatch(/^failure/);
  });
});

describe('prefetch', () => {
  async function ask(net: ScenarioNet, times: number): Promise<void> {
    for (let i = 0; i < times; i++) await net.say('www.test.');
    await net.clock.advance(10);
  }

  it('renews a popular answer in the last tenth of its life, once', async () => {
    const net = world([root, test]);
    await ask(net, 3);
    await net.clock.advance(530_000);
    net.resetQueries();
    await ask(net, 1);
    expect(net.work).toEqual([]);
    await net.clock.advance(20_000);
    await ask(net, 5);
    expect(net.asked).toEqual(['www.test. A']);
    expect(await net.ttl('www.test.')).toBeGreaterThan(590);
  });

  it('leaves what is asked for only once', async () => {
    const net = world([root, test]);
    await ask(net, 1);
    net.resetQueries();
    await net.clock.advance(599_000);
    expect(net.work).toEqual([]);
  });

  it('renews what its lease ends together with the lease, from the parent', async () => {
    const net = world([zone('.', '192.0.2.1', 'test. 600 NS ns.test.\nns.test. 600 A 192.0.2.2'), test]);
    for (let i = 0; i < 5; i++) await net.say('long.test.');
    await net.clock.advance(560_000);
    net.resetQueries();
    for (let i = 0; i < 5; i++) await net.say('long.test.');
    await net.clock.advance(10);
    expect(net.work.map((q) => `${q.to} ${q.asked}`)).toEqual([
      '192.0.2.1 test. A',
      '192.0.2.2 long.test. A',
    ]);
    await net.clock.advance(100_000);
    net.resetQueries();
    expect((await net.resolve('long.test.')).lookupClass).toBe('resolver');
    expect(net.work).toEqual([]);
  });

  it('does not make a lease longer that the parent has taken back', async () => {
    const delegated = zone('.', '192.0.2.1', 'test. 600 NS ns.test.\nns.test. 600 A 192.0.2.2');
    const net = world([delegated, test]);
    for (let i = 0; i < 5; i++) await net.say('long.test.');
    await net.clock.advance(560_000);
    replaceZone(net, zone('.', '192.0.2.1'));
    await net.say('long.test.');
    await net.clock.advance(41_000);
    expect(await net.say('long.test.')).toBe('NXDOMAIN');
  });

  it('that fails keeps the answer to the end of its life', async () => {
    const net = world([root, test]);
    await ask(net, 3);
    await net.clock.advance(560_000);
    fail(net);
    await ask(net, 2);
    expect((await net.resolve('www.test.')).lookupClass).toBe('resolver');
    expect(net.engine.resolver.prefetches).toMatchObject({ started: 1, failed: 1 });
  });

  it('can be switched off', async () => {
    const net = world([root, test], { config: `${off}\ncache: { prefetch: false }` });
    await ask(net, 3);
    await net.clock.advance(560_000);
    net.resetQueries();
    await ask(net, 5);
    expect(net.work).toEqual([]);
  });
});

describe('failures (RFC 9520)', () => {
  it('3.2: are kept for 5 seconds, then twice as long each time', async () => {
    const net = world([root, test]);
    fail(net);
    const lives: number[] = [];
    for (let round = 0; round < 3; round++) {
      await net.say('www.test.');
      let seconds = 0;
      for (;;) {
        net.resetQueries();
        await net.clock.advance(1000);
        seconds++;
        await net.say('www.test.');
        if (net.work.length > 0) break;
      }
      lives.push(seconds);
    }
    expect(lives).toEqual([5, 10, 20]);
  });

  it('3.2: never for more than 5 minutes', async () => {
    const net = world([root, test]);
    fail(net);
    for (let i = 0; i < 12; i++) {
      await net.say('www.test.');
      await net.clock.advance(301_000);
      net.resetQueries();
      await net.say('www.test.');
      expect(net.work.length).toBeGreaterThan(0);
    }
  });

  it('start with 5 seconds again after a success', async () => {
    const net = world([root, test]);
    fail(net);
    await net.say('www.test.');
    net.forge = () => undefined;
    await net.clock.advance(6000);
    expect(await net.say('www.test.')).toBe('198.51.100.1');
    net.engine.flush({ name: question('www.test.', 'A').name, subtree: false });
    fail(net);
    await net.say('www.test.');
    await net.clock.advance(6000);
    net.forge = () => undefined;
    expect(await net.say('www.test.')).toBe('198.51.100.1');
  });

  it('say what happened each time, and that it was a moment ago', async () => {
    const net = world([root, test]);
    fail(net, 'REFUSED');
    await net.resolve('www.test.');
    const again = await net.resolve('www.test.');
    expect(again.lookupClass).toBe('failure');
    expect(edeOf(again)).toContain('23 192.0.2.2: REFUSED');
    expect(edeOf(again).at(-1)).toMatch(/^13 /);
  });

  it('of one name do not fail another of the zone', async () => {
    const net = world([root, test], {
      forge: (query) =>
        formatName(query.question.name) === 'bad.test.' ? reply(query, { rcode: 'SERVFAIL' }) : undefined,
    });
    expect(await net.say('bad.test.')).toMatch(/^failure/);
    expect(await net.say('www.test.')).toBe('198.51.100.1');
  });
});

describe('lives', () => {
  it('TTL 0 serves the query that fetched it and no other', async () => {
    const net = world([root, test]);
    const first = await net.resolve('zero.test.');
    expect(first.outcome.kind).toBe('answer');
    expect(first.keepUntilMs).toBeUndefined();
    net.resetQueries();
    expect((await net.resolve('zero.test.')).lookupClass).toBe('walked');
    expect(net.work).toHaveLength(1);
  });

  it('the stub cache may keep nothing past the lease', async () => {
    const net = world([zone('.', '192.0.2.1', 'test. 600 NS ns.test.\nns.test. 600 A 192.0.2.2'), test]);
    const { keepUntilMs } = await net.resolve('long.test.');
    expect(keepUntilMs! - net.clock.wallMs()).toBeLessThanOrEqual(600_000);
    await net.clock.advance(100_000);
    const later = await net.resolve('long.test.');
    expect(later.lookupClass).toBe('resolver');
    expect(later.keepUntilMs! - net.clock.wallMs()).toBeLessThanOrEqual(500_000);
  });

  it('the stub cache may keep a chain no longer than its shortest link', async () => {
    const net = world([root, zone('test.', '192.0.2.2', 'a 60 CNAME b\nb 5 CNAME c\nc 600 A 198.51.100.1')]);
    const { keepUntilMs } = await net.resolve('a.test.');
    expect(keepUntilMs! - net.clock.wallMs()).toBeLessThanOrEqual(5000);
  });

  it('the stub cache keeps no failure', async () => {
    const net = world([root, test]);
    fail(net);
    expect((await net.resolve('www.test.')).keepUntilMs).toBeUndefined();
  });

  it('a TTL of a week is cut to the limit', async () => {
    const net = world([
      zone('.', '192.0.2.1', 'test. 604800 NS ns.test.\nns.test. A 192.0.2.2'),
      zone('test.', '192.0.2.2', 'www 604800 A 198.51.100.1'),
    ]);
    expect(await net.ttl('www.test.')).toBe(86_400);
  });

  it('a jump of the wall clock ages what is kept', async () => {
    const net = world([root, test]);
    await net.say('www.test.');
    net.clock.jumpWall(700_000);
    expect((await net.resolve('www.test.')).lookupClass).toBe('walked');
  });

  it('RRSIG and ANY are asked anew each time', async () => {
    const net = world([root, test]);
    expect(await net.say('www.test.', 'ANY')).toBe('198.51.100.1');
    net.resetQueries();
    await net.say('www.test.', 'ANY');
    expect(net.work).toHaveLength(1);
  });
});

describe('joining', () => {
  it('a traced query is not joined, and gets all its events', async () => {
    const net = world([root, test], { faults: new Map([['192.0.2.2', { delay: '50ms' }]]) });
    const { resolver } = net.engine;
    const events: string[] = [];
    const plain = resolver.resolve(question('www.test.', 'A'));
    const traced = resolver.resolve(question('www.test.', 'A'), {
      trace: { emit: (event) => void events.push(event.kind) },
    });
    const [a, b] = await net.clock.runUntil(Promise.all([plain, traced]));
    expect([a.lookupClass, b.lookupClass]).toEqual(['walked', 'walked']);
    expect(events).toContain('query');
    expect(events.at(-1)).toBe('budget');
  });

  it('questions that differ in type or CD are not joined', async () => {
    const net = world([root, test], { faults: new Map([['192.0.2.2', { delay: '50ms' }]]) });
    const { resolver } = net.engine;
    const all = await net.clock.runUntil(
      Promise.all([
        resolver.resolve(question('www.test.', 'A')),
        resolver.resolve(question('www.test.', 'AAAA')),
        resolver.resolve(question('www.test.', 'A'), { cd: true }),
      ]),
    );
    expect(all.map((r) => r.lookupClass)).toEqual(['walked', 'walked', 'walked']);
    expect(all.map((r) => r.outcome.kind)).toEqual(['answer', 'nodata', 'answer']);
  });

  it('those who join share a failure too', async () => {
    const net = world([root, test]);
    fail(net);
    const { resolver } = net.engine;
    const all = await net.clock.runUntil(
      Promise.all(Array.from({ length: 5 }, () => resolver.resolve(question('www.test.', 'A')))),
    );
    expect(all.every((r) => r.outcome.kind === 'failure')).toBe(true);
    expect(net.work.filter((q) => q.to === '192.0.2.2')).toHaveLength(1);
  });
});
