import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Io } from '../../../src/cli/io.js';
import { runProgram } from '../../../src/cli/program.js';
import { recordingText } from '../../../src/compose/recording/recording-file.js';
import { describeOptions } from '../../../src/config/describe.js';
import { parseName } from '../../../src/dns/name.js';
import type { CacheEntry } from '../../../src/observe/control.js';
import { Counters } from '../../../src/observe/counters.js';
import { recordOver } from '../../support/recorded-walk.js';
import { sampleEntry } from '../observe/http/fake-control.js';
import { type Running, startHttp } from '../observe/http/http-client.js';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], io: Partial<Io> = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await runProgram(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    colour: false,
    token: undefined,
    ...io,
  });
  return { code, out, err };
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('help', () => {
  it('lists every command of the contract', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    for (const command of ['serve', 'trace', 'explain', 'stats', 'cache', 'mock', 'check']) {
      expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
  });

  it.each([
    [
      'serve',
      ['--config <file>', '--zones <dir>', '--listen <addr:port>', '--http <addr:port>', '--workers <n>'],
    ],
    [
      'trace',
      ['--json', '--zones <dir>', '--config <file>', '--at <url>', '--record <file>', '--replay <file>'],
    ],
    ['explain', ['--json', '--zones <dir>', '--config <file>', '--at <url>']],
    ['stats', ['--at <url>', 'http://127.0.0.1:8053']],
    ['mock', ['--zones <dir>']],
    ['check', ['--config <file>', '--zones <dir>']],
  ])('of %s names its flags', async (command, flags) => {
    const { code, out } = await run([command, '--help']);
    expect(code).toBe(0);
    for (const flag of flags) expect(out).toContain(flag);
  });

  it('of check documents every option of the file', async () => {
    const { out } = await run(['check', '--help']);
    for (const { key, doc } of describeOptions()) {
      expect(out).toContain(`\n  ${key}\n`);
      expect(out).toContain(doc);
    }
  });

  it('of the version is that of the package', async () => {
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('wrong command lines', () => {
  const cases: [args: string[], says: RegExp][] = [
    [[], /Usage: stratadns/],
    [['srve'], /unknown command 'srve'\n\(Did you mean serve\?\)/],
    [['serve', '--lsten', 'x'], /unknown option '--lsten'\n\(Did you mean --listen\?\)/],
    [['serve', 'extra'], /too many arguments/],
    [['serve', '--listen', 'here'], /^--listen: expected ADDRESS:PORT.*"here"\n$/],
    [['serve', '--http', '127.0.0.1'], /^--http: expected ADDRESS:PORT/],
    [['serve', '--workers', '0'], /^--workers: expected auto, or a whole number from 1 to 256/],
    [['serve', '--config', '/nonexistent.yaml'], /^\/nonexistent.yaml: cannot be read/],
    [['trace'], /missing required argument 'name'/],
    [['trace', 'a..b'], /^That is no domain name: two dots/],
    [['trace', 'a.test', 'NOPE'], /^That is no record type/],
    [['explain', 'a.test', 'AXFR'], /^That type cannot be asked for/],
    [['trace', 'a.test', '--at', 'http://127.0.0.1:9', '--zones', 'x'], /cannot be used with/],
    [
      ['trace', 'a.test', '--at', 'nowhere'],
      /^--at: expected a URL such as http:\/\/127.0.0.1:8053; got "nowhere"/,
    ],
    [['trace', 'a.test', '--replay', '/nonexistent.json'], /^\/nonexistent\.json: cannot be read: ENOENT/],
    [['explain', '--replay', 'package.json'], /^package\.json:1: no recording of stratadns/],
    [['trace', '--replay', 'package.json', '--zones', 'zones'], /cannot be used with/],
    [['trace', 'a.test', '--replay', 'x', '--record', 'y'], /cannot be used with/],
    [['trace', 'a.test', '--record', 'x', '--client', '192.0.2.1'], /cannot be used with/],
    [
      ['trace', 'a.test', '--record', 'x', '--config', '/nonexistent.yaml'],
      /^\/nonexistent\.yaml: cannot be read/,
    ],
    [['stats', '--at', 'file:///etc/passwd'], /^--at: expected a URL/],
    [['cache', 'show'], /missing required argument/],
    [['cache', 'flush', 'a..b'], /no domain name/],
    [['cache', 'flush'], /^What to forget is missing/],
    [['cache', 'flush', 'a.test', '--all'], /^Give a name or say all, not both/],
    [['cache', 'flush', 'a.test', '--layer', 'l2'], /^That is no layer; known are stub, resolver,/],
    [['cache', 'flush', 'a.test', '--type', 'NOPE'], /^That is no record type/],
    [['cache', 'show', 'a.test', '--type', 'NOPE'], /^That is no record type/],
    [['cache', 'drop', 'a'], /unknown command 'drop'/],
    [['mock'], /required option '-z, --zones <dir>' not specified/],
  ];
  it.each(cases)('%j end with 2 and a sentence', async (args, says) => {
    const { code, out, err } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/^\s+at /m);
  });
});

describe('check', () => {
  it('of nothing finds the defaults right', async () => {
    expect(await run(['check'])).toEqual({ code: 0, out: 'ok: the defaults\n', err: '' });
  });

  it('of a good file says so', async () => {
    const path = file('good.yaml', 'cache: { prefetch: false }\n');
    expect(await run(['check', '--config', path])).toEqual({ code: 0, out: `ok: ${path}\n`, err: '' });
  });

  it('of a file with a trust anchor that never matches warns, and finds it usable', async () => {
    const path = file('anchor.yaml', 'dnssec: { trustAnchors: [". DS 1 8 2 ABCD"] }\n');
    const { code, out } = await run(['check', '--config', path]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /anchor\.yaml:1:26: warning: dnssec\.trustAnchors\[0\]: this anchor of \. cannot be used: a digest of type 2/,
    );
    expect(out).toMatch(/^ok: /m);
  });

  it('of a bad file gives every problem with file, line and column, and 2', async () => {
    const path = file('bad.yaml', 'cache:\n  ttl: { mni: 3 }\nworkers: no\n');
    const { code, out } = await run(['check', '--config', path]);
    expect(code).toBe(2);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/bad\.yaml:3:10: workers: expected auto/),
      expect.stringMatching(/bad\.yaml:2:10: cache\.ttl\.mni: unknown key.*did you mean "min"/),
      `2 errors in ${path}`,
      '',
    ]);
  });

  const policyFiles = () => {
    const [zone, hosts] = [
      file('bad.zone', 'a.test. A 1\nb.test. A 2\n'),
      file('fine.hosts', '192.0.2.1 a\n'),
    ];
    const missing = join(folder, 'nowhere.txt');
    const list = `{ path: ${missing}, format: hosts, action: nodata }`;
    const path = file(
      'policy.yaml',
      [
        'policy:',
        `  lists: [${list}]`,
        `  hosts: [${hosts}, ${missing}]`,
        '  localZones:',
        `    - ${zone}`,
        `views: [{ name: v, clients: [192.0.2.0/24], policy: { lists: [${list}] } }]`,
      ].join('\n'),
    );
    const places = [
      `${path}:2:19: policy.lists[0].path: ${missing}: ENOENT`,
      `${path}:3:${13 + hosts.length}: policy.hosts[1]: ${missing}: ENOENT`,
      `${path}:5:7: policy.localZones[0]: ${zone}:1:11: error: `,
      `${path}:5:7: policy.localZones[0]: ${zone}:2:11: error: `,
      `${path}:6:65: views[0].policy.lists[0].path: ${missing}: ENOENT`,
    ];
    return { path, places };
  };
  const starts = (places: readonly string[]) =>
    places.map((place) => expect.toSatisfy((line: string) => line.startsWith(place), `starts with ${place}`));

  it('of policy files that cannot be used gives each with its place and that of what names it, and 2', async () => {
    const { path, places } = policyFiles();
    const { code, out } = await run(['check', '--config', path]);
    expect(out.split('\n').slice(0, -2)).toEqual(starts(places));
    expect(out).toContain(`\n5 errors in ${path}\n`);
    expect(code).toBe(2);
  });

  it.each(['trace', 'explain'])('of them is what %s says as well', async (command) => {
    const { path, places } = policyFiles();
    const { code, err } = await run([command, 'a.test', '--config', path]);
    expect(err.trim().split('\n')).toEqual(starts(places));
    expect(code).toBe(2);
  });

  it('of zones gives what is wrong there, and 2', async () => {
    const { code, out } = await run(['check', '--zones', join(folder, 'no-zones')]);
    expect(code).toBe(2);
    expect(out).toMatch(/internet\.yaml:1:1: error: cannot read the manifest/);
  });

  it('of the zones that ship finds no error', async () => {
    const { code, out } = await run(['check', '--zones', 'zones']);
    expect(out).toMatch(/^ok: zones \(\d+ zones on \d+ servers\)$/m);
    expect(code).toBe(0);
  });
});

describe('commands for a running server', () => {
  let http: Running;
  let at: string[];
  beforeAll(async () => {
    http = await startHttp({ token: 'secret', limits: { requestsPerSec: 100_000, tracesPerSec: 100_000 } });
    at = ['--at', `http://127.0.0.1:${http.port}`];
  });
  afterAll(() => http.close());

  it('stats shows classes with their share, caches and reasons', async () => {
    const { code, out } = await run(['stats', ...at]);
    expect(code).toBe(0);
    expect(out).toMatch(/^stratadns 9\.9\.9, up 90 s, 2 workers, 4 queries$/m);
    expect(out).toMatch(/^stub +3 +75\.0 % +0\.06 ms +30\.0 ms$/m);
    expect(out).toMatch(/^resolver +7 +1\.0 KiB +3 +6 +2$/m);
    expect(out).toMatch(/^misses +never-seen 1$/m);
    expect(JSON.parse((await run(['stats', '--json', ...at])).out)).toMatchObject({ queries: { total: 4 } });
  });

  it('stats shows the class of names that are not of class IN', async () => {
    const before = http.control.snapshot;
    const counters = new Counters();
    const asked = { lookupClass: 'refused', transport: 'udp', tookMs: 1, client: '192.0.2.1' } as const;
    for (const [name, qclass] of [
      ['version.bind.', 3],
      ['www.shop.test.', 1],
    ] as const) {
      const qname = parseName(name);
      counters.record({ ...asked, missReason: undefined, qtype: 16, qclass, qname, rcode: 5 });
    }
    http.control.snapshot = { ...before, counters: counters.state() };
    const { out } = await run(['stats', ...at]);
    http.control.snapshot = before;
    expect(out).toMatch(/^top +www\.shop\.test\. TXT 1\n +version\.bind\. CH TXT 1$/m);
    expect(out).toMatch(/^ +version\.bind\. CH TXT 1 {2}REFUSED$/m);
  });

  it('cache show prints entries, or that there are none', async () => {
    const { out } = await run(['cache', 'show', 'WWW.shop.test', ...at]);
    expect(out).toBe(
      'resolver: www.shop.test. A rrset 42 s left, rank answer\n  www.shop.test. 42 IN A 192.0.2.80\n',
    );
    expect((await run(['cache', 'show', 'none.test', ...at])).out).toBe(
      'Nothing is cached under none.test.\n',
    );
  });

  it('cache show tells data past its TTL from fresh data, and gives what time does not end no time', async () => {
    const show = http.control.showCache;
    const { ttlSec: _, ...timeless } = sampleEntry;
    const rule: CacheEntry = {
      ...timeless,
      layer: 'local',
      holds: 'cache-rule',
      records: [],
      details: { noCache: true },
    };
    http.control.showCache = async () => [rule, { ...sampleEntry, ttlSec: -3, records: [] }];
    const { out } = await run(['cache', 'show', 'www.shop.test', ...at]);
    http.control.showCache = show;
    expect(out).toBe(
      'local: www.shop.test. A cache-rule noCache true\n' +
        'resolver: www.shop.test. A rrset 3 s past its TTL, rank answer\n',
    );
  });

  it('cache flush needs the token, from the flag or the environment', async () => {
    const refused = await run(['cache', 'flush', 'shop.test', ...at]);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/refused: This needs a Bearer token\. \(401\)/);
    expect(await run(['cache', 'flush', 'shop.test', '--token', 'secret', ...at])).toEqual({
      code: 0,
      out: '3 entries removed under shop.test. (stub 1, resolver 2)\n',
      err: '',
    });
    const below = await run(['cache', 'flush', 'shop.test', '--subtree', ...at], { token: 'secret' });
    expect(below.out).toBe('3 entries removed at and below shop.test. (stub 1, resolver 2)\n');
    expect(http.control.flushed).toEqual(['shop.test.', 'shop.test. subtree']);
  });

  it('cache flush takes a type, layers, what denies, or everything', async () => {
    const before = http.control.flushed.length;
    const flush = (...args: string[]) => run(['cache', 'flush', ...args, ...at], { token: 'secret' });
    const some = await flush('shop.test', '--type', 'aaaa', '--layer', 'stub', '--layer', 'resolver');
    expect(some.out).toBe(
      '3 entries removed under shop.test., type AAAA, only stub, resolver (stub 1, resolver 2)\n',
    );
    expect((await flush('shop.test', '--negatives')).out).toMatch(/under shop\.test\., only what denies/);
    expect((await flush('--all')).out).toMatch(/^3 entries removed everywhere \(/);
    expect(http.control.flushed.slice(before)).toEqual([
      'shop.test. 28 stub+resolver',
      'shop.test. negatives',
      '. subtree',
    ]);
  });

  it('cache load needs the token, sends a file line by line, and names bad lines by their place', async () => {
    const file = join(folder, 'load.jsonl');
    const lines = Array.from({ length: 9000 }, (_, i) => `{"filler":"${'x'.repeat(90)}","i":${i}}`);
    lines[4] = 'bad';
    lines[8000] = 'bad';
    writeFileSync(file, `${lines.join('\n')}\n`);
    expect((await run(['cache', 'load', file, ...at])).err).toMatch(/needs a Bearer token/);
    const { code, out, err } = await run(['cache', 'load', file, ...at], { token: 'secret' });
    expect({ code, err }).toEqual({
      code: 1,
      err: `${file}:5: it is no JSON\n${file}:8001: it is no JSON\n`,
    });
    expect(out).toMatch(/^8998 entries loaded, 0 skipped .* 2 bad lines\n$/);
    expect(http.control.loaded).toEqual(lines);
    expect(await run(['cache', 'load', '/nonexistent', ...at], { token: 'secret' })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/ENOENT/),
    });
  });

  it('cache dump writes a file that only its owner may read', async () => {
    const file = join(folder, 'dump.jsonl');
    expect((await run(['cache', 'dump', '--out', file, ...at])).out).toBe(`3 entries written to ${file}\n`);
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(3);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('cache dump prints one JSON object a line', async () => {
    const { out } = await run(['cache', 'dump', ...at]);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).ttlSec),
    ).toEqual([0, 1, 2]);
  });

  it('trace prints the tree of the server, in colour where there is some', async () => {
    const { code, out } = await run(['trace', 'www.shop.test', ...at]);
    expect(code).toBe(0);
    expect(out).toMatch(/^├─ zone shop\.test\. 1 server, from the referral$/m);
    expect(out).toMatch(/└─ no such name, insecure\n/);
    expect((await run(['trace', 'www.shop.test', ...at], { colour: true })).out).toContain('\u001b[');
    expect(out).not.toContain('\u001b');
  });

  it('trace --json prints what the server gave', async () => {
    const { out } = await run(['trace', 'www.shop.test', 'AAAA', '--json', '--fresh', ...at]);
    expect(JSON.parse(out)).toMatchObject({
      QNAME: 'www.shop.test.',
      QTYPEname: 'AAAA',
      outcome: 'nxdomain',
    });
    expect(http.control.traced.at(-1)).toBe('www.shop.test. 28 fresh');
  });

  it('trace --record has the server walk, writes what it gave, and shows that', async () => {
    const { recording } = await recordOver('www.lame.broken.test');
    http.control.recording = recordingText(recording);
    const path = join(folder, 'recorded.json');
    const withToken = ['--record', path, '--token', 'secret', ...at];
    const { code, out, err } = await run(['explain', 'www.lame.broken.test', ...withToken]);
    expect(code).toBe(0);
    expect(out).toContain('with nothing that can be used (lame)');
    expect(err).toMatch(/^Recorded in .*recorded\.json: \d+ exchanges\.\n$/);
    expect(http.control.traced.at(-1)).toBe('www.lame.broken.test. 1 recorded');
    expect(readFileSync(path, 'utf8')).toBe(recordingText(recording));
    const { exchanges, ...rest } = JSON.parse(recordingText(recording));
    http.control.recording = JSON.stringify({ ...rest, exchanges: exchanges.slice(0, 1) });
    const cut = await run(['trace', 'www.lame.broken.test', ...withToken]);
    expect(cut.code).toBe(1);
    expect(cut.err).toMatch(/ended otherwise than the recording/);
    http.control.recording = JSON.stringify({ ...rest, exchanges, 'stratadns-recording': 2 });
    const newer = await run(['trace', 'a.test', ...withToken]);
    expect(newer.err).toMatch(/the reply: .*2/);
    expect(newer.err).not.toMatch(/is not stratadns/);
    http.control.recording = '{}';
    const other = await run(['trace', 'a.test', ...withToken]);
    expect(other).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/is not stratadns\.\n$/) });
  });

  it('explain prints the verdict, as JSON too', async () => {
    expect((await run(['explain', 'www.shop.test', ...at])).out).toMatch(/says that there is no such name/);
    expect(JSON.parse((await run(['explain', 'www.shop.test', '--json', ...at])).out)).toMatchObject({
      ok: true,
      blame: 'client',
    });
  });
});

describe('servers that are none of ours', () => {
  let server: Server;
  let reply = '';
  let at: string[];
  beforeAll(async () => {
    server = createServer((_request, response) => response.end(reply));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    at = ['--at', `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
  });
  afterAll(() => server.close());

  it.each(['', '<html>', '{}', '[]', '{"entries":5}', '{"outcome":"answer","events":[],"EDE":[]}'])(
    'that reply %j are an error, not a crash',
    async (text) => {
      reply = text;
      for (const args of [
        ['stats'],
        ['cache', 'show', 'a.test'],
        ['cache', 'flush', 'a.test'],
        ['trace', 'a.test'],
        ['explain', 'a.test'],
      ]) {
        const { code, out, err } = await run([...args, ...at]);
        expect({ args, code, out }).toEqual({ args, code: 1, out: '' });
        expect(err).not.toMatch(/bug|^\s+at /m);
      }
    },
  );

  it('and no server at all are named, with what to do', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const { code, err } = await run(['stats', '--at', `http://127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^No server answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. Start one with "stratadns serve"/,
    );
  });
});
