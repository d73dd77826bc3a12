import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import {
  BadNameError,
  BadTypeError,
  ConfigError,
  createResolver,
  type LibraryResolver,
  NameNotFoundError,
  NoDataError,
  type RdataValue,
  type ResolveError,
  ResolverClosedError,
  type ResolverOptions,
  ServerFailureError,
} from '../../../src/index.js';
import { createInternet, type TestInternet } from '../../../src/testing.js';

const zones = {
  'example.com': `
www      60 A     192.0.2.80
         60 A     192.0.2.81
www         AAAA  2001:db8::80
alias   30  CNAME www
@           MX    10 mail
text        TXT   "one" "two"
odd         TXT   "\\255"
raw         TYPE65280 \\# 2 abcd
`,
  'lab.test': 'printer A 192.0.2.9',
  'broken.example': { records: '', faults: { rcode: 'SERVFAIL' } },
};

const open: LibraryResolver[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((resolver) => resolver.close()));
});

function resolverOn(internet: TestInternet, options: ResolverOptions = {}): LibraryResolver {
  const resolver = createResolver({ ...options, internet });
  open.push(resolver);
  return resolver;
}

function fresh(options: ResolverOptions = {}) {
  const internet = createInternet({ zones, time: 'virtual', seed: 1 });
  return { internet, resolver: resolverOn(internet, options) };
}

describe('resolve', () => {
  it('gives typed values, TTLs, aliases, and the layer they came from', async () => {
    const { resolver } = fresh();
    const first = await resolver.resolve('alias.example.com', 'A');
    expect(first.name).toBe('alias.example.com.');
    expect(first.records.map(({ value }) => value)).toEqual([
      { type: 'A', address: '192.0.2.80' },
      { type: 'A', address: '192.0.2.81' },
    ]);
    expect(first.aliases.map(({ type, text, ttlSec }) => [type, text, ttlSec])).toEqual([
      ['CNAME', 'www.example.com.', 30],
    ]);
    expect(first.ttlSec).toBe(30);
    expect(first.layer).toBe('walked');
    expect(first.security).toBe('indeterminate');
    expect(first.stale).toBe(false);
    expect((await resolver.resolve('alias.example.com', 'A')).layer).toBe('resolver');
  });

  it('asks for A when no type is given, and takes TYPEn', async () => {
    const { resolver } = fresh();
    expect((await resolver.resolve('www.example.com')).type).toBe('A');
    const raw = await resolver.resolve('raw.example.com', 'TYPE65280');
    expect(raw.records[0]?.value).toEqual({ type: 'other', mnemonic: 'TYPE65280', text: '\\# 2 ABCD' });
  });

  it('knows the shape of a value from the type that was asked for', async () => {
    const { resolver } = fresh();
    const { records } = await resolver.resolve('www.example.com', 'AAAA');
    expectTypeOf(records[0]!.value.address).toEqualTypeOf<string>();
    expect(records[0]!.value.address).toBe('2001:db8::80');
    const [mx] = (await resolver.resolve('example.com', 'MX')).records;
    if (mx?.value.type !== 'MX') return expect.fail('no MX');
    expectTypeOf(mx.value.preference).toEqualTypeOf<number>();
    expect(mx.value).toEqual({ type: 'MX', preference: 10, exchange: 'mail.example.com.' });
    const type: string = 'A';
    const any = await resolver.resolve('www.example.com', type);
    expectTypeOf(any.records[0]!.value).toEqualTypeOf<RdataValue>();
  });

  it('gives what a type cannot say as text', async () => {
    const { resolver } = fresh();
    const [text] = (await resolver.resolve('text.example.com', 'TXT')).records;
    expect(text?.value).toEqual({ type: 'TXT', strings: ['one', 'two'] });
    const [odd] = (await resolver.resolve('odd.example.com', 'TXT')).records;
    expect(odd?.value.type).toBe('other');
    expect(odd?.text).toBe('"\\255"');
  });

  it('counts TTLs down and walks again after them', async () => {
    const { internet, resolver } = fresh({ cache: { prefetch: false } });
    await resolver.resolve('www.example.com');
    await internet.advance(20_000);
    const aged = await resolver.resolve('www.example.com');
    expect([aged.ttlSec, aged.layer]).toEqual([40, 'resolver']);
    await internet.advance(40_001);
    const renewed = await resolver.resolve('www.example.com');
    expect([renewed.ttlSec, renewed.layer]).toEqual([60, 'walked']);
  });

  it('rejects with the codes of dns.promises', async () => {
    const { resolver } = fresh();
    const thrown = (name: string, type?: string) =>
      resolver.resolve(name, type).then(
        () => expect.fail(),
        (error: ResolveError) => error,
      );
    const missing = await thrown('nothing.example.com');
    expect(missing).toBeInstanceOf(NameNotFoundError);
    expect(missing).toMatchObject({ code: 'ENOTFOUND', hostname: 'nothing.example.com', syscall: 'queryA' });
    const empty = await thrown('www.example.com', 'MX');
    expect(empty).toBeInstanceOf(NoDataError);
    expect(empty).toMatchObject({ code: 'ENODATA', syscall: 'queryMx' });
    const failed = await thrown('www.broken.example', 'AAAA');
    expect(failed).toBeInstanceOf(ServerFailureError);
    expect(failed).toMatchObject({ code: 'ESERVFAIL', syscall: 'queryAaaa' });
    expect(failed.ede.length).toBeGreaterThan(0);
    expect(failed.message).toContain(failed.ede[0]!.text);
  });

  it('rejects what cannot be asked', async () => {
    const { internet, resolver } = fresh();
    await expect(resolver.resolve('a..b')).rejects.toBeInstanceOf(BadNameError);
    await expect(resolver.resolve('a..b')).rejects.toMatchObject({ code: 'EBADNAME' });
    await expect(resolver.resolve('x'.repeat(64))).rejects.toBeInstanceOf(BadNameError);
    await expect(resolver.resolve('www.example.com', 'NOTYPE')).rejects.toBeInstanceOf(BadTypeError);
    await expect(resolver.resolve('www.example.com', 'AXFR')).rejects.toMatchObject({ code: 'EBADQUERY' });
    expect(internet.queries).toEqual([]);
  });

  it('takes names in other scripts as IDNA', async () => {
    const internet = createInternet({ zones: { 'xn--bcher-kva.example': '@ A 192.0.2.7' }, time: 'virtual' });
    const found = await resolverOn(internet).resolve('Bücher.example');
    expect(found.name).toBe('xn--bcher-kva.example.');
    expect(found.records[0]?.text).toBe('192.0.2.7');
  });

  it('answers special-use names itself, unless the internet has them or it is told not to', async () => {
    const { internet, resolver } = fresh();
    const local = await resolver.resolve('db.localhost', 'AAAA');
    expect([local.layer, local.records[0]?.text]).toEqual(['local', '::1']);
    await expect(resolver.resolve('private.onion')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(internet.queries).toEqual([]);
    expect((await resolver.resolve('printer.lab.test')).records[0]?.text).toBe('192.0.2.9');
    const walking = resolverOn(internet, { specialUse: false });
    internet.queries.length = 0;
    await expect(walking.resolve('private.onion')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(internet.queries.length).toBeGreaterThan(0);
  });

  it('joins equal questions that are under way', async () => {
    const { internet, resolver } = fresh();
    const many = await Promise.all(Array.from({ length: 20 }, () => resolver.resolve('www.example.com')));
    expect(new Set(many.map(({ layer }) => layer))).toEqual(new Set(['walked', 'joined']));
    expect(internet.queries.filter(({ name }) => name === 'www.example.com.')).toHaveLength(1);
  });
});

describe('trace', () => {
  it('tells each step, as data, tree, JSON and verdict', async () => {
    const { resolver } = fresh();
    const trace = await resolver.trace('www.example.com');
    expect(trace.outcome.kind).toBe('answer');
    const asked = trace.events.flatMap((event) => (event.kind === 'query' ? [event.address] : []));
    expect(asked.length).toBeGreaterThanOrEqual(2);
    expect(String(trace)).toContain('zone example.com.');
    expect(JSON.parse(JSON.stringify(trace))).toMatchObject({ QNAME: 'www.example.com.', outcome: 'answer' });
    expect(trace.explain().ok).toBe(true);
  });

  it('reports names that do not resolve, and walks past caches when asked', async () => {
    const { internet, resolver } = fresh();
    expect((await resolver.trace('nothing.example.com')).outcome.kind).toBe('nxdomain');
    await resolver.resolve('www.example.com');
    internet.queries.length = 0;
    await resolver.trace('www.example.com', 'A');
    expect(internet.queries).toHaveLength(0);
    await resolver.trace('www.example.com', 'A', { fresh: true });
    expect(internet.queries.length).toBeGreaterThan(0);
  });

  it('says when a special-use name never left the resolver', async () => {
    const { resolver } = fresh();
    expect(String(await resolver.trace('localhost'))).toContain('special-use');
  });
});

describe('options', () => {
  it('are checked as the configuration file is', () => {
    const wrong = { cache: { tll: { min: 5 } } } as ResolverOptions;
    expect(() => createResolver(wrong)).toThrow(ConfigError);
    expect(() => createResolver(wrong)).toThrow('options: cache.tll: unknown key');
    expect(() => createResolver({ cache: { ttl: { min: '5 parsecs' } } })).toThrow('cache.ttl.min');
  });

  it('have effect', async () => {
    const { resolver } = fresh({ cache: { ttl: { min: '2m' } } });
    expect((await resolver.resolve('www.example.com')).ttlSec).toBe(120);
  });
});

describe('close', () => {
  it('rejects what is under way and what comes after, and may be called twice', async () => {
    const slow = createInternet({
      zones: { 'slow.test': { records: '@ A 192.0.2.1', faults: { silent: true } } },
    });
    const resolver = resolverOn(slow);
    const waiting = resolver.resolve('slow.test');
    await Promise.all([
      expect(waiting).rejects.toBeInstanceOf(ResolverClosedError),
      resolver.close(),
      resolver.close(),
    ]);
    await expect(resolver.resolve('slow.test')).rejects.toMatchObject({ code: 'ECANCELLED' });
    await expect(resolver.trace('slow.test')).rejects.toMatchObject({ code: 'ECANCELLED' });
  });

  it('is what asynchronous disposal does', async () => {
    const { resolver } = fresh();
    await resolver[Symbol.asyncDispose]();
    await expect(resolver.resolve('www.example.com')).rejects.toMatchObject({ code: 'ECANCELLED' });
  });
});
