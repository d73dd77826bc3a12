/** Names whose data is kept otherwise than that of others: cache.rules. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { formatName } from '../../src/dns/name.js';
import { question, type ScenarioNet } from '../support/scenario-net.js';
import { world, zone } from '../support/world.js';

const root = zone('.', '192.0.2.1', 'test. 172800 NS ns.test.\nns.test. 172800 A 192.0.2.2');
const text = [
  'www.dev 600 A 198.51.100.1',
  'kept.dev 600 A 198.51.100.2',
  'www.cdn 10 A 198.51.100.3',
  'long.cdn 86400 A 198.51.100.4',
  'alias 600 CNAME www.dev',
  'plain 600 A 198.51.100.5',
].join('\n');
const test = zone('test.', '192.0.2.2', text);
const configOf = (rules: string) =>
  `{ dnssec: { mode: off }, cache: { prefetch: false, rules: [${rules}] } }`;
const noCache = '{ name: dev.test., noCache: true }';
const limits = '{ name: cdn.test., minTtl: 60s, maxTtl: 300s, negativeMax: 10s }';

const ruled = (rules = `${noCache}, ${limits}`) => world([root, test], { config: configOf(rules) });

async function classes(net: ScenarioNet, name: string, type = 'A'): Promise<string[]> {
  const first = await net.resolve(name, type);
  return [first.lookupClass, (await net.resolve(name, type)).lookupClass];
}

describe('a name with noCache', () => {
  it('is walked for by each query, and nothing of it is kept', async () => {
    const net = ruled();
    expect(await classes(net, 'www.dev.test.')).toEqual(['walked', 'walked']);
    expect((await net.resolve('www.dev.test.')).keepUntilMs).toBeUndefined();
    expect(net.caches('www.dev.test.')).toBe(false);
    expect(net.asked.filter((asked) => asked === 'www.dev.test. A').length).toBe(3);
  });

  it('keeps no denial either', async () => {
    expect(await classes(ruled(), 'none.dev.test.')).toEqual(['walked', 'walked']);
    expect(await classes(ruled(), 'www.dev.test.', 'AAAA')).toEqual(['walked', 'walked']);
  });

  it('shares the walk with equal queries under way', async () => {
    const net = ruled();
    const both = Promise.all([1, 2].map(() => net.engine.resolve(question('www.dev.test.', 'A'))));
    const [one, other] = await net.clock.runUntil(both);
    expect([one!.lookupClass, other!.lookupClass]).toEqual(['walked', 'joined']);
    expect(net.asked.filter((asked) => asked === 'www.dev.test. A').length).toBe(1);
  });

  it('keeps a chain that leads to it out of the stub cache, and the alias in the resolver cache', async () => {
    const net = ruled();
    expect(await net.say('alias.test.')).toContain('198.51.100.1');
    expect((await net.resolve('alias.test.')).keepUntilMs).toBeUndefined();
    expect(net.caches('alias.test.', 'CNAME')).toBe(true);
    expect(net.caches('www.dev.test.')).toBe(false);
  });

  it('is found in no cache for clients that want no recursion', async () => {
    const net = ruled();
    await net.say('www.dev.test.');
    const { outcome } = await net.resolve('www.dev.test.', 'A', { cacheOnly: true });
    expect(outcome).toMatchObject({ kind: 'failure', reason: 'not-cached' });
  });

  it('rests after a failure like any other', async () => {
    const net = ruled();
    net.forge = (query) => (query.endpoint.address === '192.0.2.2' ? 'silence' : undefined);
    expect((await net.resolve('www.dev.test.')).lookupClass).toBe('walked');
    expect((await net.resolve('www.dev.test.')).lookupClass).toBe('failure');
  });
});

describe('limits of a rule', () => {
  it.each([
    ['www.cdn.test.', 60],
    ['long.cdn.test.', 300],
    ['plain.test.', 600],
  ])('give %s the TTL %i, for the first client and from the cache', async (name, ttlSec) => {
    const net = ruled();
    expect(await net.ttl(name)).toBe(ttlSec);
    expect(await net.ttl(name)).toBe(ttlSec);
    await net.clock.advance(ttlSec * 1000 - 1);
    expect((await net.resolve(name)).lookupClass).toBe('resolver');
    await net.clock.advance(1);
    expect((await net.resolve(name)).lookupClass).toBe('walked');
  });

  it('let a denial live as long as negativeMax', async () => {
    const net = ruled();
    expect(await net.ttl('none.cdn.test.')).toBe(10);
    await net.clock.advance(9999);
    expect((await net.resolve('none.cdn.test.')).lookupClass).toBe('negative');
    await net.clock.advance(1);
    expect((await net.resolve('none.cdn.test.')).lookupClass).toBe('walked');
    expect(await net.ttl('none.test.')).toBeGreaterThan(10);
  });

  it('are those of the nearest rule above a name', async () => {
    const net = ruled(`${noCache}, { name: kept.dev.test., maxTtl: 5s }, { name: ., maxTtl: 50s }`);
    expect(await net.ttl('kept.dev.test.')).toBe(5);
    expect(await classes(net, 'kept.dev.test.')).toEqual(['resolver', 'resolver']);
    expect(await classes(net, 'www.dev.test.')).toEqual(['walked', 'walked']);
    expect(await net.ttl('plain.test.')).toBe(50);
  });
});

describe('a rule', () => {
  it('is named in the trace of every name it holds for', async () => {
    const net = ruled();
    const named = async (name: string) =>
      (await net.trace(name)).flatMap((event) =>
        event.kind === 'cache-rule' ? [formatName(event.rule)] : [],
      );
    expect(await named('www.dev.test.')).toEqual(['dev.test.']);
    expect(await named('long.cdn.test.')).toEqual(['cdn.test.']);
    expect(await named('long.cdn.test.')).toEqual(['cdn.test.']);
    expect(await named('plain.test.')).toEqual([]);
  });

  it('that a reload brings forgets what was kept by others, and only that', async () => {
    const net = ruled('');
    await net.say('long.cdn.test.');
    await net.say('plain.test.');
    net.engine.reload(parseConfig(configOf(limits), 'test'));
    expect(net.caches('plain.test.')).toBe(true);
    expect(await net.ttl('long.cdn.test.')).toBe(300);
    net.engine.reload(parseConfig(configOf(''), 'test'));
    expect(await net.ttl('long.cdn.test.')).toBe(86_400);
  });
});
