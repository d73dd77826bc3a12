/** Two resolvers and one store: what one walked the other has, and what the store cannot do. */
import { describe, expect, it } from 'vitest';
import type { SharedStore } from '../../src/cache/shared-cache.js';
import { Engine } from '../../src/compose/engine.js';
import { parseConfig } from '../../src/config/load.js';
import { formatName, parseName } from '../../src/dns/name.js';
import type { Resolution, ResolveOptions } from '../../src/resolver/contract.js';
import { seededRandom } from '../../src/runtime/random.js';
import type { TracedEvent } from '../../src/runtime/trace.js';
import { question, type ScenarioNet } from '../support/scenario-net.js';
import { replaceZone, signed, world, zone } from '../support/world.js';

const SECRET = 'correct horse battery staple';
const shared = (more = '', secret = SECRET) =>
  `cache: { shared: { url: "redis://192.0.2.9", secret: "${secret}" } }\n${more}`;

/** Keeps values for their time, and shows them to tests that would forge them. */
class MapStore implements SharedStore {
  readonly values = new Map<string, Buffer>();
  readonly ttls = new Map<string, number>();
  silent = false;

  get(key: string): Promise<Buffer | undefined> {
    return this.silent ? new Promise(() => {}) : Promise.resolve(this.values.get(key));
  }

  async put(key: string, value: Buffer, ttlSec: number): Promise<void> {
    this.values.set(key, value);
    this.ttls.set(key, ttlSec);
  }

  async close(): Promise<void> {}

  keyOf(text: string): string {
    return [...this.values.keys()].find((key) => key.endsWith(text))!;
  }
}

const hints = zone('.', '192.0.2.1', 'test NS ns.test\nns.test A 192.0.2.2');
const plain = zone(
  'test.',
  '192.0.2.2',
  `www 300 A 198.51.100.1
alias 60 CNAME www
d 120 DNAME other.test.
x.other A 198.51.100.2
short 1 A 198.51.100.3`,
);

function pair(
  net: ScenarioNet,
  store: SharedStore,
  text = shared('dnssec: { mode: off }'),
  otherText = text,
) {
  const engine = (config: string) =>
    new Engine({
      config: parseConfig(config, 'test'),
      clock: net.clock,
      random: seededRandom(1),
      upstream: upstreamOf(net),
      mock: mockOf(net),
      sharedStore: store,
    });
  const resolve =
    (on: Engine) =>
    (name: string, type = 'A', options: ResolveOptions = {}) =>
      net.clock.runUntil(on.resolver.resolve(question(name, type), options)) as Promise<Resolution>;
  const [one, two] = [engine(text), engine(otherText)];
  return { one, two, ask: resolve(one), askOther: resolve(two) };
}

/** The mock's own upstream and root, as its engine has them. */
function partsOf(net: ScenarioNet) {
  return (net.engine as unknown as { parts: ConstructorParameters<typeof Engine>[0] }).parts;
}
const upstreamOf = (net: ScenarioNet) => partsOf(net).upstream;
const mockOf = (net: ScenarioNet) => partsOf(net).mock!;

const textOf = ({ outcome }: Resolution) => JSON.stringify({ ...outcome });
const refusedBy = (engine: Engine) => engine.sharedStats!.refused;

describe('a shared cache', () => {
  it('spares the second resolver the walk, and counts and traces that', async () => {
    const net = world([hints, plain]);
    const store = new MapStore();
    const { two, ask, askOther } = pair(net, store);
    const walked = await ask('www.test');
    expect(walked.lookupClass).toBe('walked');
    await net.clock.advance(100_000);
    net.resetQueries();
    const events: TracedEvent[] = [];
    const found = await askOther('www.test', 'A', { trace: { emit: (event) => void events.push(event) } });
    expect(net.work).toEqual([]);
    expect(found).toMatchObject({
      lookupClass: 'shared',
      missReason: undefined,
      outcome: { kind: 'answer', rrsets: [{ ttlSec: 200 }] },
    });
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'probe', layer: 'shared', result: 'hit', ttlSec: 200 }),
    );
    // From now on it is in its own cache, where it ends when it would have.
    expect((await askOther('www.test')).lookupClass).toBe('resolver');
    await net.clock.advance(200_000);
    expect((await askOther('www.test')).lookupClass).toBe('walked');
    expect(two.sharedStats).toMatchObject({ state: 'closed', hits: 2, refused: { mac: 0, old: 1 } });
  });

  it.each(['alias.test', 'x.d.test', 'nothing.test', 'www.test AAAA'])(
    'says of %s what the walk said',
    async (asked) => {
      const [name, type] = asked.split(' ') as [string, string?];
      const net = world([hints, plain]);
      const { ask, askOther } = pair(net, new MapStore());
      const walked = await ask(name, type);
      net.resetQueries();
      const found = await askOther(name, type);
      expect(found.lookupClass).toBe('shared');
      expect(net.work).toEqual([]);
      expect(textOf(found)).toBe(textOf(walked));
    },
  );

  it('keeps security and proofs', async () => {
    const zones = [
      signed('.', '192.0.2.1', 'test NS ns.test\nns.test A 192.0.2.2'),
      signed('test.', '192.0.2.2', 'www A 198.51.100.1\n*.wild A 198.51.100.7'),
    ];
    const net = world(zones, { config: '{}' });
    const { ask, askOther } = pair(net, new MapStore(), shared());
    for (const [name, type] of [
      ['www.test', 'A'],
      ['no.test', 'A'],
      ['a.wild.test', 'A'],
    ] as const) {
      const walked = await ask(name, type);
      net.resetQueries();
      const found = await askOther(name, type);
      expect(found.lookupClass, name).toBe('shared');
      expect(found.outcome).toMatchObject({ security: 'secure' });
      expect(textOf(found)).toBe(textOf(walked));
      expect(net.work).toEqual([]);
    }
  });

  it('never takes bogus data along', async () => {
    const zones = [
      signed('.', '192.0.2.1', 'test NS ns.test\nns.test A 192.0.2.2'),
      signed('test.', '192.0.2.2', 'www A 198.51.100.1', (rrset) =>
        formatName(rrset.name) === 'www.test.' ? { ...rrset, rdatas: ['\x01\x02\x03\x04'] } : rrset,
      ),
    ];
    const store = new MapStore();
    const { ask } = pair(world(zones, { config: '{}' }), store, shared());
    expect((await ask('www.test')).outcome).toMatchObject({ kind: 'failure', reason: 'bogus' });
    expect((await ask('www.test', 'A', { cd: true })).outcome).toMatchObject({ kind: 'answer' });
    expect([...store.values.keys()].filter((key) => key.includes('www.test'))).toEqual([]);
  });

  it('lets a value expire with its TTL, or with the lease when that is shorter', async () => {
    const net = world([zone('.', '192.0.2.1', 'test 30 NS ns.test\nns.test 30 A 192.0.2.2'), plain]);
    const store = new MapStore();
    const { ask } = pair(net, store);
    await ask('www.test');
    expect(store.ttls.get(store.keyOf(':A:www.test.'))).toBe(30);
    await ask('short.test');
    expect(store.keyOf(':A:short.test.')).toBeUndefined();
  });

  it('does not outlive its time though the store keeps it', async () => {
    const net = world([hints, plain]);
    const { two, ask, askOther } = pair(net, new MapStore());
    await ask('www.test');
    await net.clock.advance(300_000);
    expect((await askOther('www.test')).lookupClass).toBe('walked');
    expect(refusedBy(two).old).toBe(1);
  });

  it('cannot poison: each changed octet, another key, another secret are refused, and the walk answers', async () => {
    const net = world([hints, plain]);
    const store = new MapStore();
    const { two, ask, askOther } = pair(net, store);
    await ask('www.test');
    await ask('x.other.test');
    const key = store.keyOf(':A:www.test.');
    const good = store.values.get(key)!;
    let refused = 0;
    const tryValue = async (value: Buffer) => {
      store.values.set(key, value);
      const found = await askOther('www.test');
      expect(found.lookupClass).toBe('walked');
      expect(found.outcome).toMatchObject({ rrsets: [{ rdatas: ['\xc6\x33\x64\x01'] }] });
      const { mac, unsound } = refusedBy(two);
      expect(mac + unsound).toBe(++refused);
      two.caches.rrsets.clear();
    };
    for (let at = 0; at < good.length; at += 3) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1;
      await tryValue(bad);
    }
    await tryValue(store.values.get(store.keyOf(':A:x.other.test.'))!);
    await tryValue(Buffer.alloc(0));
    await tryValue(Buffer.alloc(200_000));
    const { two: stranger, askOther: askStranger } = pair(
      net,
      store,
      shared('dnssec: { mode: off }'),
      shared('dnssec: { mode: off }', 'another secret altogether'),
    );
    store.values.set(key, good);
    expect((await askStranger('www.test')).lookupClass).toBe('walked');
    expect(refusedBy(stranger).mac).toBe(1);
  });

  it('is not shared with resolvers that believe other things', async () => {
    const net = world([hints, plain]);
    const nta = shared('dnssec: { mode: off, negativeTrustAnchors: [test] }');
    const { two, ask, askOther } = pair(net, new MapStore(), shared('dnssec: { mode: off }'), nta);
    await ask('www.test');
    expect((await askOther('www.test')).lookupClass).toBe('walked');
    expect(two.sharedStats).toMatchObject({ hits: 0, misses: expect.any(Number) });
  });

  it('gives nothing back that was flushed', async () => {
    const net = world([hints, plain]);
    const { one, ask } = pair(net, new MapStore());
    await ask('www.test');
    replaceZone(net, zone('test.', '192.0.2.2', 'www 300 A 198.51.100.99'));
    one.flush({ name: parseName('test'), subtree: true });
    const again = await ask('www.test');
    expect(again.lookupClass).toBe('walked');
    expect(again.outcome).toMatchObject({ rrsets: [{ rdatas: ['\xc6\x33\x64\x63'] }] });
    expect(refusedBy(one).flushed).toBe(1);
  });

  it('costs a query at most its timeout when it is silent, and nothing once that is known', async () => {
    const net = world([hints, plain]);
    const store = new MapStore();
    store.silent = true;
    const { one, ask } = pair(net, store);
    const lookups = Array.from({ length: 12 }, (_, i) => `n${i}.test`);
    const tookMs: number[] = [];
    for (const name of lookups) {
      const startedMs = net.clock.monotonicMs();
      expect((await ask(name)).outcome.kind).toBe('nxdomain');
      tookMs.push(net.clock.monotonicMs() - startedMs);
    }
    expect(tookMs.slice(0, 5).every((ms) => ms <= 20)).toBe(true);
    expect(tookMs.slice(5).every((ms) => ms === 0)).toBe(true);
    expect(one.sharedStats).toMatchObject({ state: 'open', timeouts: 5, skipped: 7 });
  });
});
