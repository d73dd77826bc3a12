import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Running, startHttp } from './http-client.js';

const flush = '/cache?name=shop.test';
const lax = { requestsPerSec: 100_000, tracesPerSec: 100_000 };

describe('a page elsewhere', () => {
  let http: Running;
  beforeAll(async () => {
    http = await startHttp({ limits: lax, allowedHosts: ['Resolver.example'] });
  });
  afterAll(() => http.close());

  it.each([
    'evil.example',
    'evil.example:8053',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '192.0.2.1',
    '[2001:db8::1]:80',
    'localhost@evil.example',
    '127.0.0.1, evil.example',
    '0.0.0.0',
  ])('that rebinds its name reaches nothing: Host %j', async (host) => {
    for (const path of [
      '/',
      '/stats',
      '/health',
      '/metrics',
      '/page/main.js',
      '/events',
      '/nothing',
      flush,
    ]) {
      expect(await http.send(path, { headers: { host } }), path).toMatchObject({
        status: 403,
        json: { error: { code: 'HOST_NOT_ALLOWED' } },
      });
    }
    await http.send(flush, { method: 'DELETE', headers: { host } });
    expect(http.control.flushed).toEqual([]);
  });

  it('cannot do without a Host either', async () => {
    expect(await http.raw('GET /stats HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 403 /,
    );
    expect(await http.raw('GET /stats HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.[01] 403 /);
  });

  it.each([
    'localhost',
    'LOCALHOST:8053',
    'a.localhost',
    '127.0.0.1',
    '127.9.9.9:1',
    '[::1]:8053',
    'resolver.example',
    'localhost.',
  ])('is told from this server by Host %s', async (host) => {
    expect(await http.send('/stats', { headers: { host } })).toMatchObject({ status: 200 });
  });

  const foreign: [string, Record<string, string>][] = [
    ['Origin', { origin: 'http://evil.example' }],
    ['an opaque Origin', { origin: 'null' }],
    ['an Origin of another port', { host: 'localhost:8053', origin: 'http://localhost:3000' }],
    ['an Origin of another scheme', { host: 'localhost:8053', origin: 'https://localhost:8053' }],
    ['Sec-Fetch-Site cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site same-site', { 'sec-fetch-site': 'same-site' }],
    ['an unknown Sec-Fetch-Site', { 'sec-fetch-site': 'x' }],
  ];
  it.each(foreign)('can neither flush, nor walk, nor read names: %s', async (_title, headers) => {
    for (const [method, path] of [
      ['DELETE', flush],
      ['POST', '/cache/load'],
      ['GET', '/trace?name=a.test'],
      ['GET', flush],
      ['GET', '/cache/dump'],
    ] as const) {
      expect(await http.send(path, { method, headers }), path).toMatchObject({
        status: 403,
        json: { error: { code: 'CROSS_SITE' } },
      });
    }
    expect(http.control.flushed).toEqual([]);
    expect(http.control.traced).toEqual([]);
  });

  it('may not even preflight', async () => {
    const reply = await http.send(flush, {
      method: 'OPTIONS',
      headers: { origin: 'http://evil.example', 'access-control-request-method': 'DELETE' },
    });
    expect(reply.status).toBe(405);
    expect(reply.headers['access-control-allow-methods']).toBeUndefined();
  });

  it('is not our own page, which may', async () => {
    const own = {
      host: `localhost:${http.port}`,
      origin: `http://localhost:${http.port}`,
      'sec-fetch-site': 'same-origin',
    };
    expect(await http.send(flush, { method: 'DELETE', headers: own })).toMatchObject({ status: 200 });
    expect(await http.send(flush, { method: 'DELETE', headers: { 'sec-fetch-site': 'none' } })).toMatchObject(
      { status: 200 },
    );
    expect(http.control.flushed).toHaveLength(2);
  });

  it.each(['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'])(
    'does not become this machine by a proxy that adds %s',
    async (header) => {
      const headers = { [header]: '127.0.0.1' };
      expect(await http.send('/trace?name=a.test', { headers })).toMatchObject({
        status: 403,
        json: { error: { code: 'TOKEN_NEEDED' } },
      });
      expect(await http.send(flush, { method: 'DELETE', headers })).toMatchObject({ status: 403 });
    },
  );
});

describe('a token', () => {
  let http: Running;
  beforeAll(async () => {
    http = await startHttp({ token: 'correct-horse', limits: lax });
  });
  afterAll(() => http.close());

  it.each([
    undefined,
    'Bearer',
    'Bearer wrong',
    'Bearer correct-horse2',
    'Bearer correct-hors',
    'Basic correct-horse',
    'correct-horse',
    'Bearer correct-horse correct-horse',
  ])('is needed to flush, and %j is not it', async (authorization) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    expect(await http.send(flush, { method: 'DELETE', headers })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="stratadns"' },
    });
    expect(http.control.flushed).toEqual([]);
  });

  it('opens when it is right, but not for another site', async () => {
    const authorization = 'Bearer correct-horse';
    expect(await http.send(flush, { method: 'DELETE', headers: { authorization } })).toMatchObject({
      status: 200,
    });
    expect(
      await http.send(flush, { method: 'DELETE', headers: { authorization, origin: 'http://evil.example' } }),
    ).toMatchObject({ status: 403 });
  });

  it('lets a scraper in under any name, and a wrong one does not', async () => {
    const host = 'resolver.internal.example:8053';
    const get = (authorization: string) => http.send('/metrics', { headers: { host, authorization } });
    expect((await get('Bearer correct-horse')).status).toBe(200);
    expect((await get('Bearer wrong')).status).toBe(403);
    expect((await http.send('/metrics', { headers: { host } })).status).toBe(403);
  });

  it('is needed to record a walk, on this machine too', async () => {
    const path = '/trace?name=a.test&record=1';
    expect(await http.send(path)).toMatchObject({ status: 401 });
    const headers = { authorization: 'Bearer correct-horse' };
    expect(await http.send(path, { headers })).toMatchObject({ status: 200 });
  });

  it('is not needed to read on this machine, and is behind a proxy', async () => {
    expect(await http.send('/trace?name=a.test')).toMatchObject({ status: 200 });
    const headers = { 'x-forwarded-for': '192.0.2.1' };
    expect(await http.send('/trace?name=a.test', { headers })).toMatchObject({ status: 401 });
    expect(
      await http.send('/trace?name=a.test', {
        headers: { ...headers, authorization: 'Bearer correct-horse' },
      }),
    ).toMatchObject({ status: 200 });
  });
});

describe('a wildcard address', () => {
  it('takes any literal address for itself, and still no foreign name', async () => {
    const http = await startHttp({ address: '0.0.0.0' });
    try {
      expect(await http.send('/stats', { headers: { host: '192.0.2.1:8053' } })).toMatchObject({
        status: 200,
      });
      expect(await http.send('/stats', { headers: { host: 'evil.example' } })).toMatchObject({ status: 403 });
    } finally {
      await http.close();
    }
  });
});

describe('a client that wants too much', () => {
  it('gets 429 with Retry-After, while counting goes by client', async () => {
    const http = await startHttp({ limits: { requestsPerSec: 5 } });
    try {
      const replies = await Promise.all(Array.from({ length: 40 }, () => http.send('/health')));
      const refused = replies.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(20);
      expect(replies.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(5);
      expect(refused[0]).toMatchObject({
        headers: { 'retry-after': '1' },
        json: { error: { code: 'RATE_LIMITED' } },
      });
    } finally {
      await http.close();
    }
  });

  it('cannot hold more than a few walks under way', async () => {
    const http = await startHttp({ limits: { ...lax, traces: 2 } });
    try {
      let open = () => {};
      http.control.gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      const walks = [http.send('/trace?name=a.test'), http.send('/trace?name=b.test')];
      await expect.poll(() => http.control.traced.length).toBe(2);
      expect(await http.send('/trace?name=c.test')).toMatchObject({ status: 429 });
      open();
      expect((await Promise.all(walks)).map(({ status }) => status)).toEqual([200, 200]);
      expect(await http.send('/trace?name=c.test')).toMatchObject({ status: 200 });
    } finally {
      await http.close();
    }
  });

  it('gets 413 for a body before it is read, 414 for a long URL, 431 for long headers', async () => {
    const http = await startHttp({ limits: lax });
    try {
      const announced = await http.raw(
        'DELETE /cache?name=a.test HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n\r\n',
      );
      expect(announced).toMatch(/^HTTP\/1\.1 413 /);
      const unread = await http.raw(
        'GET /stats HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n',
      );
      expect(unread).toMatch(/^HTTP\/1\.1 413 /);
      const chunked = await http.raw(
        'POST /stats HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      );
      expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
      expect(await http.send(`/trace?name=${'a'.repeat(5000)}`)).toMatchObject({
        status: 414,
        json: { error: { code: 'URL_TOO_LONG' } },
      });
      expect(
        await http.raw(`GET /stats HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`),
      ).toMatch(/^HTTP\/1\.1 431 /);
      expect(http.control.flushed).toEqual([]);
    } finally {
      await http.close();
    }
  });

  it('that sends no HTTP gets a 400 and is cut off', async () => {
    const http = await startHttp();
    try {
      expect(await http.raw('\x16\x03\x01\x02\x00\x01\x00\r\n\r\n')).toMatch(
        /^HTTP\/1\.1 400 .*"BAD_REQUEST"/s,
      );
    } finally {
      await http.close();
    }
  });

  it('that sends its request slowly is cut off', async () => {
    const http = await startHttp({ limits: { requestMs: 200 } });
    try {
      expect(await http.raw('GET /stats HTTP/1.1\r\nHost: localhost\r\nX: ')).toMatch(/^(HTTP\/1\.1 408 |$)/);
    } finally {
      await http.close();
    }
  });

  it('cannot open more connections than allowed', async () => {
    const http = await startHttp({ limits: { connections: 2 } });
    try {
      const hanging = [http.raw('GET'), http.raw('GET')];
      await expect
        .poll(() => http.raw('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'))
        .toBe('');
      await http.close();
      await Promise.all(hanging);
    } finally {
      await http.close();
    }
  });
});
