import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportFromJson } from '../../../../src/observe/sinks/json.js';
import { fullSnapshot } from '../full-snapshot.js';
import { sampleEntry } from './fake-control.js';
import { type Running, startHttp } from './http-client.js';

let http: Running;
beforeAll(async () => {
  http = await startHttp({ limits: { requestsPerSec: 100_000, tracesPerSec: 100_000 } });
});
afterAll(() => http.close());

describe('GET', () => {
  it('/health says ok, and 503 while the server drains', async () => {
    expect(await http.send('/health')).toMatchObject({ status: 200, json: { status: 'ok', workers: 2 } });
    http.control.status = 'draining';
    expect(await http.send('/health')).toMatchObject({ status: 503, json: { status: 'draining' } });
    http.control.status = 'ok';
  });

  it('/stats gives classes that sum to the total', async () => {
    const { json } = await http.send('/stats');
    expect(json).toMatchObject({
      version: '9.9.9',
      startedAt: '2026-01-06T00:00:00.000Z',
      queries: { total: 4, byClass: { stub: 3, walked: 1, resolver: 0 }, missReasons: { 'never-seen': 1 } },
      caches: [{ layer: 'resolver', hits: 3 }],
    });
  });

  it('/metrics gives Prometheus text in which bucket counts grow to the count', async () => {
    const { text, headers } = await http.send('/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('stratadns_queries_total{class="stub"} 3\n');
    expect(text).toContain('stratadns_cache_lookups_total{layer="resolver",result="never-seen"} 5\n');
    expect(text).toContain('# TYPE stratadns_query_duration_seconds histogram\n');
    const stub = [
      ...text.matchAll(/stratadns_query_duration_seconds_bucket\{class="stub",le="([^"]+)"\} (\d+)/g),
    ];
    expect(stub.map(([, le, count]) => [le, Number(count)])).toEqual([
      ['0.000064', 2],
      ['0.000256', 2],
      ['0.001024', 2],
      ['0.004096', 2],
      ['0.016384', 2],
      ['0.065536', 3],
      ['0.262144', 3],
      ['1.048576', 3],
      ['4.194304', 3],
      ['8.388608', 3],
      ['+Inf', 3],
    ]);
    expect(text).toContain('stratadns_query_duration_seconds_count{class="stub"} 3\n');
    for (const line of text.split('\n').filter((one) => one !== '')) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+)$/,
      );
    }
  });

  it('/stats shows names and servers to this machine, and not to who comes through a proxy', async () => {
    http.control.snapshot = fullSnapshot();
    const here = await http.send('/stats');
    expect(here.json).toMatchObject({
      names: {
        asked: [{ name: 'www.example.test.', type: 'A', count: 11, error: 0 }],
        failing: [
          { name: 'www.example.test.', count: 1, rcode: 'SERVFAIL', ede: { code: 23, text: 'no route' } },
        ],
      },
      servers: { counts: { ok: 1, backoff: 1 }, recent: [{ name: 'ns1.example.test.', rttMs: 12.5 }, {}] },
      prefetch: { started: 5, refreshed: 3, failed: 1 },
      queries: { limits: { perClientQps: 1 } },
    });
    const strangers: Record<string, string>[] = [
      { 'x-forwarded-for': '192.0.2.1' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of strangers) {
      const reply = await http.send('/stats', { headers });
      expect(reply.status).toBe(200);
      expect(reply.text).not.toMatch(/example\.test|192\.0\.2\.53/);
    }
  });

  it('/trace with explain adds the verdict, and each event in words', async () => {
    const { json } = await http.send('/trace?name=www.shop.test&explain=1');
    const report = json as { events: unknown[]; lines: string[]; verdict: { summary: string } };
    expect(report.lines).toHaveLength(report.events.length);
    expect(report.lines.join('\n')).toContain('not believed: victim.example. NS');
    expect(report.verdict.summary).toContain('no such name');
    expect(reportFromJson(json).events).toHaveLength(report.events.length);
    expect((await http.send('/trace?name=www.shop.test')).json).not.toHaveProperty('verdict');
  });

  it('/trace gives a report that reads back', async () => {
    const { status, json } = await http.send('/trace?name=WWW.shop.test&type=aaaa&fresh=1');
    expect(status).toBe(200);
    expect(json).toMatchObject({ QNAME: 'www.shop.test.', QTYPE: 28, outcome: 'nxdomain' });
    expect(reportFromJson(json).events.length).toBeGreaterThan(20);
    expect(http.control.traced.at(-1)).toBe('www.shop.test. 28 fresh');
  });

  it('/trace with record gives the file as it is, and nothing beside it', async () => {
    http.control.recording = '{\n  "a": 1\n}\n';
    const { status, text, headers } = await http.send('/trace?name=www.shop.test&type=MX&record=1');
    expect({ status, text }).toEqual({ status: 200, text: http.control.recording });
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(http.control.traced.at(-1)).toBe('www.shop.test. 15 recorded');
  });

  it('/trace asks for A when no type is given', async () => {
    await http.send('/trace?name=www.shop.test.');
    expect(http.control.traced.at(-1)).toBe('www.shop.test. 1');
  });

  it('/cache shows what is held under a name', async () => {
    expect(await http.send('/cache?name=www.shop.test')).toMatchObject({
      status: 200,
      json: { name: 'www.shop.test.', entries: [sampleEntry] },
    });
    expect(await http.send('/cache?name=other.test')).toMatchObject({ status: 200, json: { entries: [] } });
  });

  it('/cache/dump gives one entry a line', async () => {
    const { text, headers } = await http.send('/cache/dump');
    expect(headers['content-type']).toContain('application/x-ndjson');
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).ttlSec),
    ).toEqual([0, 1, 2]);
  });

  it('/ gives the page, whose files need nothing from elsewhere', async () => {
    const page = await http.send('/');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const named = [...page.text.matchAll(/(?:href|src)="(\/page\/[^"]+)"/g)].map(([, path]) => path!);
    expect(named).toContain('/page/main.js');
    const texts = [page.text];
    for (const path of named) {
      const file = await http.send(path);
      expect(file.headers['content-type'], path).toMatch(/^text\/(javascript|css); charset=utf-8$/);
      const imports = [...file.text.matchAll(/from '\.\/([^']+)'/g)].map(([, module]) => `/page/${module}`);
      for (const more of imports) if (!named.includes(more)) named.push(more);
      texts.push(file.text);
    }
    expect(named.length).toBeGreaterThan(15);
    for (const text of texts) {
      expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
        /(https?:)?\/\/[a-z0-9-]+\.[a-z]/i,
      );
      expect(text).not.toMatch(/innerHTML|insertAdjacent|document\.write|eval\(| style="| on[a-z]+="/);
    }
  });

  it.each(['/', '/stats', '/health', '/nothing', '/trace'])(
    '%s carries headers that keep other sites out',
    async (path) => {
      const { headers } = await http.send(path);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    },
  );
});

describe('DELETE /cache', () => {
  it('flushes a name, or all below it', async () => {
    expect(await http.send('/cache?name=shop.test', { method: 'DELETE' })).toMatchObject({
      status: 200,
      json: { removed: 3, subtree: false, layers: { stub: 1, resolver: 2 } },
    });
    await http.send('/cache?name=shop.test&subtree=1', { method: 'DELETE' });
    await http.send('/cache?name=.&subtree=0', { method: 'DELETE' });
    expect(http.control.flushed).toEqual(['shop.test.', 'shop.test. subtree', '.']);
  });

  it('flushes by type, by layer, what denies, and everything', async () => {
    const before = http.control.flushed.length;
    for (const query of [
      'name=shop.test&type=aaaa',
      'name=shop.test&type=ANY&layer=stub&layer=negative',
      'name=shop.test&subtree=1&layer=failures,infra',
      'name=shop.test&negative=1',
      'all=1',
      'all=1&layer=stub&type=MX',
    ]) {
      expect(await http.send(`/cache?${query}`, { method: 'DELETE' })).toMatchObject({ status: 200 });
    }
    expect(http.control.flushed.slice(before)).toEqual([
      'shop.test. 28',
      'shop.test. stub+negative',
      'shop.test. subtree failure+infra',
      'shop.test. negatives',
      '. subtree',
      '. subtree 15 stub',
    ]);
  });

  it.each([
    ['', 'BAD_NAME'],
    ['subtree=1', 'BAD_NAME'],
    ['all=1&name=a.test', 'BAD_NAME'],
    ['name=a.test&type=NOPE', 'BAD_TYPE'],
    ['name=a.test&type=AXFR', 'BAD_TYPE'],
    ['name=a.test&layer=', 'BAD_LAYER'],
    ['name=a.test&layer=stub&layer=l2', 'BAD_LAYER'],
    ['name=a.test&negative=some', 'BAD_PARAMETER'],
    ['name=a.test&layers=stub', 'BAD_PARAMETER'],
  ])('refuses %j with 400 %s and a sentence, and flushes nothing', async (query, code) => {
    const before = http.control.flushed.length;
    expect(await http.send(`/cache?${query}`, { method: 'DELETE' })).toMatchObject({
      status: 400,
      json: { error: { code, message: expect.stringMatching(/\w.*\.$/) } },
    });
    expect(http.control.flushed.length).toBe(before);
  });
});

describe('POST /cache/load', () => {
  const post = (body: string, type = 'application/x-ndjson') =>
    http.send('/cache/load', { method: 'POST', headers: { 'content-type': type }, body });

  it('takes lines and says what became of them', async () => {
    expect(await post('{"a":1}\nbad\n{"b":2}')).toMatchObject({
      status: 200,
      json: { loaded: 2, bad: [{ line: 2, reason: 'it is no JSON' }] },
    });
    expect(http.control.loaded).toEqual(['{"a":1}', 'bad', '{"b":2}']);
  });

  it('takes larger bodies than the rest, up to a limit, and nothing but lines', async () => {
    expect(await post('x'.repeat(1 << 20))).toMatchObject({ status: 200 });
    const before = http.control.loaded.length;
    expect(await post('x'.repeat((1 << 20) + 1))).toMatchObject({
      status: 413,
      json: { error: { code: 'BODY_TOO_LARGE' } },
    });
    expect((await post('{}', 'application/json')).status).toBe(400);
    expect((await post('{}', 'text/plain')).status).toBe(415);
    expect((await http.send('/cache/load', { method: 'POST' })).status).toBe(400);
    expect(http.control.loaded.length).toBe(before);
  });
});

describe('what cannot be served', () => {
  const bad: [path: string, code: string][] = [
    ['/trace', 'BAD_NAME'],
    ['/trace?name=', 'BAD_NAME'],
    ['/trace?name=a..b', 'BAD_NAME'],
    [`/trace?name=${'a'.repeat(64)}.test`, 'BAD_NAME'],
    [`/trace?name=${'a.'.repeat(200)}`, 'BAD_NAME'],
    ['/trace?name=a.test&type=NOPE', 'BAD_TYPE'],
    ['/trace?name=a.test&type=TYPE65536', 'BAD_TYPE'],
    ['/trace?name=a.test&type=AXFR', 'BAD_TYPE'],
    ['/trace?name=a.test&type=OPT', 'BAD_TYPE'],
    ['/trace?name=a.test&name=b.test', 'BAD_PARAMETER'],
    ['/trace?name=a.test&tpye=A', 'BAD_PARAMETER'],
    ['/trace?name=a.test&fresh=maybe', 'BAD_PARAMETER'],
    ['/trace?name=a.test&record=1&explain=1', 'BAD_PARAMETER'],
    ['/trace?name=a.test&record=1&client=192.0.2.1', 'BAD_PARAMETER'],
    ['/trace?__proto__=1&name=a.test', 'BAD_PARAMETER'],
    ['/cache', 'BAD_NAME'],
    ['/cache?name=a.test&type=NOPE', 'BAD_TYPE'],
    ['/cache/dump?name=a.test', 'BAD_PARAMETER'],
    ['/%zz', 'BAD_REQUEST'],
  ];
  it.each(bad)('%s is 400 %s', async (path, code) => {
    const traced = http.control.traced.length;
    expect(await http.send(path)).toMatchObject({
      status: 400,
      json: { error: { code, message: expect.any(String) } },
    });
    expect(http.control.traced).toHaveLength(traced);
  });

  it('a name with any octet is taken', async () => {
    await http.send('/trace?name=%00%0a%5c255.%C3%BC.test');
    expect(http.control.traced.at(-1)).toBe('\\000\\010\\255.\\195\\188.test. 1');
  });

  it('an unknown path is 404, a wrong method 405 with what is allowed', async () => {
    expect(await http.send('/nothing')).toMatchObject({
      status: 404,
      json: { error: { code: 'NOT_FOUND' } },
    });
    expect(await http.send('/../../package.json')).toMatchObject({ status: 404 });
    expect(await http.send('/page/index.html')).toMatchObject({ status: 404 });
    expect(await http.send('/stats', { method: 'POST' })).toMatchObject({
      status: 405,
      headers: { allow: 'HEAD, GET' },
    });
    expect(await http.send('/cache?name=a.test', { method: 'PUT' })).toMatchObject({
      status: 405,
      headers: { allow: 'HEAD, GET, DELETE' },
    });
  });

  it('an error of ours is a 500 that tells the client nothing and the operator all', async () => {
    http.control.fail = true;
    const reply = await http.send('/stats');
    http.control.fail = false;
    expect(reply).toMatchObject({ status: 500, json: { error: { code: 'INTERNAL' } } });
    expect(reply.text).not.toContain('secret detail');
    expect(http.errors).toMatchObject([{ message: 'secret detail' }]);
  });
});

describe('the server', () => {
  it('says when its port is taken', async () => {
    await expect(startHttp({ port: http.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('closes with connections open, and twice', async () => {
    const other = await startHttp();
    const hanging = other.raw('GET / HTTP/1.1\r\n');
    await other.send('/health');
    await other.close();
    await other.close();
    await hanging;
    await expect(other.send('/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
