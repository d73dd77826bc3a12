import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createResolver } from '../../../src/index.js';
import { createInternet, InternetError, type InternetOptions, ZonesError } from '../../../src/testing.js';

const example = { 'example.com': 'www A 192.0.2.80' };

/** Addresses of a name, or the code of the error. */
async function say(options: InternetOptions, name: string, type = 'A'): Promise<string> {
  const resolver = createResolver({ internet: createInternet({ time: 'virtual', ...options }) });
  try {
    return (await resolver.resolve(name, type)).records.map(({ text }) => text).join(' ');
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await resolver.close();
  }
}

describe('createInternet from zones', () => {
  it('makes root, servers and delegations, nested zones too', async () => {
    const zones = {
      'example.com': 'www A 192.0.2.1',
      'sub.example.com': 'www A 192.0.2.2',
      'deep.er.sub.example.com': '* A 192.0.2.3',
      'example.nl': '@ A 192.0.2.4',
    };
    expect(await say({ zones }, 'www.example.com')).toBe('192.0.2.1');
    expect(await say({ zones }, 'www.sub.example.com')).toBe('192.0.2.2');
    expect(await say({ zones }, 'any.deep.er.sub.example.com')).toBe('192.0.2.3');
    expect(await say({ zones }, 'example.nl')).toBe('192.0.2.4');
    expect(await say({ zones }, 'www.example.org')).toBe('ENOTFOUND');
    expect(await say({ zones }, 'www.example.com', 'MX')).toBe('ENODATA');
    expect(await say({ zones }, 'sub.example.com', 'NS')).toBe('ns.sub.example.com.');
  });

  it('leaves what a zone says of itself', async () => {
    const zones = {
      'example.com': `$TTL 1h
@ SOA ns1 admin 7 1 1 1 30
@ NS ns1
ns1 A 192.0.2.53
www A 192.0.2.1
lame NS ns.nowhere.example.com.
`,
      'lame.example.com': 'www A 192.0.2.9',
    };
    expect(await say({ zones }, 'example.com', 'SOA')).toMatch(/^ns1.* 7 1 1 1 30$/);
    expect(await say({ zones }, 'example.com', 'NS')).toBe('ns1.example.com.');
    expect(await say({ zones }, 'www.lame.example.com')).toBe('ESERVFAIL');
  });

  it('says line and column of what is wrong, in the text as given', () => {
    const zones = { 'example.com': 'www A 192.0.2.1\nbad A 192.0.2.999' };
    expect(() => createInternet({ zones })).toThrow(InternetError);
    expect(() => createInternet({ zones })).toThrow(/^zone example\.com\.:2:7: error/);
    const indented = {
      'example.com': '\n    www A 192.0.2.1\n        TXT "same owner"\n    bad A 192.0.2.999',
    };
    expect(() => createInternet({ zones: indented })).toThrow(/^zone example\.com\.:4:11: error/);
    const distant = { 'example.com': '@ NS ns.example.net.' };
    expect(() => createInternet({ zones: distant })).toThrow('describe it with `servers`');
  });

  it('gives a server the faults of its zone, and others later', async () => {
    const internet = createInternet({
      time: 'virtual',
      seed: 5,
      zones: { 'example.com': { records: 'www 10 A 192.0.2.1', faults: { refuse: true } } },
    });
    const resolver = createResolver({ internet, cache: { serveStale: { enabled: false } } });
    await expect(resolver.resolve('www.example.com')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    internet.setFaults('example.com', {});
    await internet.advance(3_600_000);
    expect((await resolver.resolve('www.example.com')).records[0]?.text).toBe('192.0.2.1');
    internet.setFaults('example.com', { silent: true });
    await internet.advance(60_000);
    await expect(resolver.resolve('www.example.com')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    expect(() => internet.setFaults('example.org', {})).toThrow(InternetError);
    await resolver.close();
  });

  it('serves a changed zone to its resolvers at once', async () => {
    const internet = createInternet({
      time: 'virtual',
      zones: { ...example, 'sub.example.com': '@ A 192.0.2.7' },
    });
    const resolver = createResolver({ internet });
    expect((await resolver.resolve('www.example.com')).records[0]?.text).toBe('192.0.2.80');
    await expect(resolver.resolve('new.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    internet.setZone('example.com', 'new A 192.0.2.81');
    expect((await resolver.resolve('new.example.com')).records[0]?.text).toBe('192.0.2.81');
    await expect(resolver.resolve('www.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect((await resolver.resolve('sub.example.com')).records[0]?.text).toBe('192.0.2.7');
    expect(() => internet.setZone('example.com', 'broken')).toThrow(InternetError);
    expect((await resolver.resolve('new.example.com')).records[0]?.text).toBe('192.0.2.81');
    expect(() => internet.setZone('example.org', '')).toThrow('no zone example.org.');
    await resolver.close();
  });

  it('notes the questions it gets', async () => {
    const internet = createInternet({ time: 'virtual', zones: example });
    const resolver = createResolver({ internet, qnameMinimization: 'off' });
    await resolver.resolve('www.example.com');
    const last = internet.queries.at(-1);
    expect(last).toMatchObject({
      server: 'example.com.',
      name: 'www.example.com.',
      type: 'A',
      transport: 'udp',
    });
    expect(internet.queries[0]?.server).toBe('.');
    await resolver.close();
  });
});

describe('createInternet from servers and directories', () => {
  it('takes servers with whole zones', async () => {
    const servers = [
      {
        name: 'a.root.test',
        addresses: ['192.0.2.1'],
        zones: [
          `. 60 SOA a.root.test. x. 1 1 1 1 1
. 60 NS a.root.test.
a.root.test. 60 A 192.0.2.1
example. 60 NS ns.example.
ns.example. 60 A 192.0.2.2`,
        ],
      },
      {
        name: 'ns.example',
        addresses: ['192.0.2.2'],
        zones: [
          'example. 60 SOA ns x 1 1 1 1 1\nexample. 60 NS ns.example.\nns.example. 60 A 192.0.2.2\nwww.example. 60 A 192.0.2.9',
        ],
      },
    ];
    expect(await say({ servers }, 'www.example')).toBe('192.0.2.9');
  });

  it('takes a directory with a manifest, and names every problem of one', async () => {
    const directory = fileURLToPath(new URL('../../../zones', import.meta.url));
    expect(await say({ directory }, 'www.example.com')).not.toBe('ESERVFAIL');
    const empty = mkdtempSync(join(tmpdir(), 'library-zones-'));
    try {
      expect(() => createInternet({ directory: empty })).toThrow(ZonesError);
      writeFileSync(join(empty, 'internet.yaml'), 'servers: 3');
      expect(() => createInternet({ directory: empty })).toThrow(ZonesError);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });

  it('is validated from the root of its own, where its zones are signed', async () => {
    const directory = fileURLToPath(new URL('../../../zones', import.meta.url));
    const resolver = createResolver({ internet: createInternet({ directory, time: 'virtual', seed: 1 }) });
    expect((await resolver.resolve('www.example.com')).security).toBe('secure');
    expect((await resolver.resolve('www.shop.example.com')).security).toBe('insecure');
    const bogus = resolver.resolve('www.expired.bogus.test');
    await expect(bogus).rejects.toMatchObject({ code: 'ESERVFAIL', reason: 'bogus' });
    await resolver.close();
  });

  it('is made of exactly one of them', () => {
    expect(() => createInternet({})).toThrow(TypeError);
    expect(() => createInternet({ zones: example, directory: 'zones' })).toThrow(TypeError);
  });
});

describe('time', () => {
  it('stands still when virtual, and passes by advance and by waiting', async () => {
    const internet = createInternet({
      time: 'virtual',
      zones: { 'slow.test': { records: '@ A 192.0.2.1', faults: { delay: '900ms' } } },
    });
    const before = internet.nowMs;
    const resolver = createResolver({ internet });
    await resolver.resolve('slow.test');
    expect(internet.nowMs - before).toBeGreaterThanOrEqual(900);
    const later = internet.nowMs;
    await internet.advance(5000);
    expect(internet.nowMs).toBe(later + 5000);
    await resolver.close();
  });

  it('cannot be moved when real, and sockets cannot live in virtual time', async () => {
    await expect(createInternet({ zones: example }).advance(1)).rejects.toThrow(TypeError);
    await expect(createInternet({ zones: example, time: 'virtual' }).listen()).rejects.toThrow(TypeError);
  });
});
