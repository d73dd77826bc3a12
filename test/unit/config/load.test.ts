import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDoNotQuery, builtinRootHints, builtinTrustAnchors } from '../../../src/config/builtin.js';
import type { Config } from '../../../src/config/fields.js';
import { defaultConfig, loadConfig, parseConfig } from '../../../src/config/load.js';
import { ConfigError, type ConfigProblem } from '../../../src/config/problems.js';
import { allOptions } from '../../../src/config/schema.js';
import { formatName, parseName } from '../../../src/dns/name.js';

function problemsOf(text: string): readonly ConfigProblem[] {
  try {
    parseConfig(text, 'test.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

function messageOf(text: string): string {
  return new ConfigError('CONFIG_INVALID', problemsOf(text)).message;
}

/** Writes `a.b.c` and a YAML value as nested mappings; the value stands on the last line. */
function nested(keyPath: string, value: string): string {
  const keys = keyPath.split('.');
  return keys
    .map((key, depth) => `${'  '.repeat(depth)}${key}:${depth === keys.length - 1 ? ` ${value}` : ''}`)
    .join('\n');
}

describe('defaults', () => {
  it('are those of the contract', () => {
    const config = defaultConfig();
    expect(config).toMatchObject({
      listen: [{ address: '127.0.0.1', port: 5300 }],
      workers: 'auto',
      dnssec: {
        mode: 'validate',
        negativeTrustAnchors: [],
        aggressive: true,
        clockSkewMs: 3_600_000,
        overrideDateSec: null,
      },
      specialUse: true,
      qnameMinimization: 'relaxed',
      upstream: { port: 53, ipv4: true, ipv6: true, caseRandomization: true, cookies: true },
      forward: [],
      stub: [],
      cache: {
        stub: { sizeOctets: 64 * 1024 ** 2 },
        resolver: { sizeOctets: 128 * 1024 ** 2, eviction: 'sieve' },
        negative: { sizeOctets: 16 * 1024 ** 2 },
        ttl: { minSec: 0, maxSec: 86_400, negativeMaxSec: 3600 },
        prefetch: true,
        serveStale: { enabled: true, maxAgeSec: 86_400, replyTtlSec: 30, clientWaitMs: 1800 },
        persist: { path: null, intervalMs: 60_000 },
      },
      cookies: { enabled: true, secrets: [] },
      rateLimit: { perClientQps: 0 },
      http: { enabled: true, address: '127.0.0.1', port: 8053, token: null },
      log: { level: 'info', queries: false },
    });
    expect(config.access.allow.map(({ text }) => text)).toEqual(['127.0.0.0/8', '::1/128']);
  });

  it('keep the builtin lists by identity, so that a caller can tell them from a list of the operator', () => {
    const config = defaultConfig();
    expect(config.rootHints).toBe(builtinRootHints);
    expect(config.dnssec.trustAnchors).toBe(builtinTrustAnchors);
    expect(config.upstream.doNotQuery).toBe(builtinDoNotQuery);
  });

  it('stand for sections that are empty, and for an empty file', () => {
    expect(parseConfig('cache:\ndnssec:\n', 'f')).toEqual(defaultConfig());
    expect(parseConfig('# nothing\n', 'f')).toEqual(defaultConfig());
  });

  it('are frozen to the last list, and survive the way to a worker thread', () => {
    const config = defaultConfig();
    const lists: readonly unknown[] = [
      config,
      config.cache.serveStale,
      config.listen[0],
      config.access.allow,
    ];
    for (const value of lists) expect(Object.isFrozen(value)).toBe(true);
    expect(structuredClone(config)).toEqual(config);
  });
});

describe('accepted values', () => {
  const cases: [yaml: string, read: (config: Config) => unknown, expected: unknown][] = [
    [
      'listen: ["[::1]:5300", {address: "2001:DB8:0::1", port: 0}]',
      (c) => c.listen,
      [
        { address: '::1', port: 5300 },
        { address: '2001:db8::1', port: 0 },
      ],
    ],
    ['workers: 4', (c) => c.workers, 4],
    [
      'rootHints: [{ name: A.root-servers.net., addresses: [198.41.0.4] }]',
      (c) => c.rootHints,
      [{ name: parseName('a.root-servers.net.'), addresses: ['198.41.0.4'] }],
    ],
    ['dnssec: { clockSkew: 90 }', (c) => c.dnssec.clockSkewMs, 90_000],
    ['dnssec: { clockSkew: 1500ms }', (c) => c.dnssec.clockSkewMs, 1500],
    [
      'dnssec: { overrideDate: "20260106000000" }',
      (c) => c.dnssec.overrideDateSec,
      Date.UTC(2026, 0, 6) / 1000,
    ],
    [
      'dnssec: { overrideDate: 20260106000000 }',
      (c) => c.dnssec.overrideDateSec,
      Date.UTC(2026, 0, 6) / 1000,
    ],
    [
      'dnssec: { negativeTrustAnchors: [Broken.Test] }',
      (c) => c.dnssec.negativeTrustAnchors,
      [parseName('broken.test.')],
    ],
    ['upstream: { doNotQuery: [] }', (c) => c.upstream.doNotQuery, []],
    ['upstream: { doNotQuery: [192.0.2.7] }', (c) => c.upstream.doNotQuery[0]?.text, '192.0.2.7/32'],
    [
      'forward: [{ zone: corp.example., servers: ["192.0.2.1@5353", 192.0.2.2, "2001:db8::1@53", "[2001:db8::2]@54", "[2001:db8::3]"] }]',
      (c) => c.forward[0]?.servers,
      [
        { address: '192.0.2.1', port: 5353 },
        { address: '192.0.2.2', port: 53 },
        { address: '2001:db8::1', port: 53 },
        { address: '2001:db8::2', port: 54 },
        { address: '2001:db8::3', port: 53 },
      ],
    ],
    [
      'stub: [{ zone: lan., servers: ["192.0.2.2@53"] }]',
      (c) => c.stub,
      [{ zone: parseName('lan.'), servers: [{ address: '192.0.2.2', port: 53 }] }],
    ],
    ['cache: { stub: { size: 1GiB } }', (c) => c.cache.stub.sizeOctets, 1024 ** 3],
    ['cache: { stub: { size: 5 MB } }', (c) => c.cache.stub.sizeOctets, 5_000_000],
    ['cache: { stub: { size: 70000 } }', (c) => c.cache.stub.sizeOctets, 70_000],
    [
      'cache: { ttl: { min: 5, max: 2h, negativeMax: 1m } }',
      (c) => c.cache.ttl,
      { minSec: 5, maxSec: 7200, negativeMaxSec: 60 },
    ],
    [
      'cache: { serveStale: { clientWait: 1800, maxAge: 3d } }',
      (c) => [c.cache.serveStale.clientWaitMs, c.cache.serveStale.maxAgeSec],
      [1800, 259_200],
    ],
    ['cache: { serveStale: { clientWait: 2s } }', (c) => c.cache.serveStale.clientWaitMs, 2000],
    [
      'cache: { persist: { path: ./cache.bin, interval: 5 } }',
      (c) => c.cache.persist,
      { path: './cache.bin', intervalMs: 5000 },
    ],
    ['{"http": {"token": "abc", "port": 0}}', (c) => [c.http.token, c.http.port], ['abc', 0]],
    [
      'access: { allow: &nets [10.0.0.0/8] }\nupstream: { doNotQuery: *nets }',
      (c) => c.upstream.doNotQuery[0]?.text,
      '10.0.0.0/8',
    ],
  ];
  it.each(cases)('%s', (yaml, read, expected) => {
    expect(read(parseConfig(yaml, 'test.yaml'))).toEqual(expected);
  });

  it('DNSKEY anchors become RDATA', () => {
    const key = Buffer.alloc(32, 7).toString('base64');
    const config = parseConfig(
      `dnssec: { trustAnchors: ["test. 3600 IN DNSKEY 257 3 15 ${key} ; comment"] }`,
      'f',
    );
    const [anchor] = config.dnssec.trustAnchors;
    expect(anchor).toEqual({
      zone: parseName('test.'),
      type: 48,
      rdata: `\x01\x01\x03\x0f${'\x07'.repeat(32)}`,
    });
  });
});

/** At least one bad value for every option, with what the message must say. */
const badValues: [keyPath: string, value: string, says: RegExp][] = [
  ['listen', '[]', /list of at least 1/],
  ['listen', '5300', /list of at least 1/],
  ['workers', '0', /from 1 to 256; got 0/],
  ['workers', 'lots', /expected auto, or a whole number/],
  ['rootHints', 'none', /expected builtin, or a list/],
  ['dnssec.mode', 'on', /one of validate, off; got "on"/],
  ['dnssec.trustAnchors', 'none', /builtin/],
  ['dnssec.negativeTrustAnchors', 'broken.test.', /expected a list/],
  ['dnssec.aggressive', 'yes', /true or false; got "yes"/],
  ['dnssec.clockSkew', '1y', /duration such as 60s/],
  ['dnssec.clockSkew', '8d', /from 0 to 1w/],
  ['dnssec.clockSkew', '-1', /duration/],
  ['dnssec.sha1', 'maybe', /auto, validate, insecure/],
  ['dnssec.negativeTrustAnchorLife', '5s', /from 1m to 31d/],
  ['dnssec.anchorState', '12', /path/],
  ['dnssec.overrideDate', '"20260231000000"', /no such date/],
  ['dnssec.overrideDate', 'tomorrow', /YYYYMMDDHHMMSS/],
  ['specialUse', '1', /true or false; got 1/],
  ['policy.lists', 'ads.txt', /expected a list/],
  ['policy.hosts', '/etc/hosts', /expected a list/],
  ['policy.localZones', 'a.zone', /list/],
  ['policy.rebindingProtection', 'on', /true or false/],
  ['policy.rebindingAllowed', 'corp.example.', /expected a list/],
  ['qnameMinimization', 'on', /strict, relaxed, off/],
  ['upstream.port', '0', /from 1 to 65535/],
  ['upstream.port', '53.5', /whole number/],
  ['upstream.ipv4', 'null', /true or false; got null/],
  ['upstream.ipv6', '"true"', /true or false/],
  ['upstream.caseRandomization', '[]', /true or false/],
  ['upstream.cookies', 'yes', /true or false/],
  ['upstream.doNotQuery', 'localhost', /builtin, or a list/],
  ['forward', '{}', /expected a list/],
  ['stub', 'lan.', /expected a list/],
  ['cache.stub.size', '5', /from 64KiB to 8GiB; got 5/],
  ['cache.stub.size', '64M', /size such as 64MiB/],
  ['cache.resolver.size', '-64MiB', /size/],
  ['cache.resolver.size', '9GiB', /to 8GiB/],
  ['cache.resolver.eviction', 'lruu', /did you mean "lru"/],
  ['cache.negative.size', '1.5MiB', /size/],
  ['cache.ttl.min', '2d', /from 0 to 1d/],
  ['cache.rules', 'dev.test.', /expected a list/],
  ['views', 'kids', /expected a list/],
  ['cache.ttl.max', '-1', /duration/],
  ['cache.ttl.negativeMax', '1500ms', /duration/],
  ['cache.prefetch', 'maybe', /true or false/],
  ['cache.serveStale.enabled', 'off', /true or false/],
  ['cache.serveStale.maxAge', '2w', /to 1w/],
  ['cache.serveStale.replyTtl', '2h', /to 1h/],
  ['cache.serveStale.clientWait', '90s', /number of milliseconds, from 0 to 1m/],
  ['cache.persist.path', '5', /file path, or null/],
  ['cache.persist.path', '""', /file path/],
  ['cache.persist.interval', '0', /from 1s to 1d/],
  ['cache.shared.url', 'http://127.0.0.1', /redis:\/\/127\.0\.0\.1:6379/],
  ['cache.shared.timeout', '2s', /from 1ms to 1s/],
  ['cache.shared.secret', 'short', /16 to 512 characters/],
  ['access.allow', '127.0.0.1', /expected a list/],
  ['cookies.enabled', '1', /true or false/],
  ['cookies.secrets', '0123', /a list, each a key of 32 hexadecimal digits in quotes/],
  ['rateLimit.perClientQps', '-5', /from 0 to/],
  ['http.enabled', 'none', /true or false/],
  ['http.address', 'localhost', /IPv4 or IPv6 address/],
  ['http.port', '70000', /to 65535/],
  ['http.token', '"two words"', /visible ASCII/],
  ['log.level', 'ino', /did you mean "info"/],
  ['log.queries', '2', /true or false/],
  ['log.querySampling', '0', /from 1 to 1000000/],
  ['dnstap.path', '1', /a file path/],
  ['dnstap.messages', 'server', /did you mean "servers"/],
];

describe('bad values', () => {
  it.each(badValues)('%s: %s is refused with its place', (keyPath, value, says) => {
    const lines = keyPath.split('.').length;
    const [problem, ...more] = problemsOf(nested(keyPath, value));
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ keyPath, source: 'test.yaml', line: lines });
    const indent = 2 * (lines - 1) + keyPath.split('.').at(-1)!.length + 3;
    expect(problem?.column).toBe(indent);
    expect(messageOf(nested(keyPath, value))).toMatch(says);
  });

  it('are tried for every option', () => {
    const tried = new Set(badValues.map(([keyPath]) => keyPath));
    const all = [...allOptions()].map(([path]) => path.join('.'));
    expect(all.filter((keyPath) => !tried.has(keyPath))).toEqual([]);
  });

  const inLists: [yaml: string, keyPath: string, says: RegExp][] = [
    ['listen: [{ address: 127.0.0.300, port: 53 }]', 'listen[0].address', /IPv4 or IPv6/],
    ['listen: ["127.0.0.1:99999"]', 'listen[0]', /port must be from 0 to 65535/],
    ['listen: [{ address: 127.0.0.1 }]', 'listen[0].port', /got nothing/],
    ['rootHints: [{ name: a..b, addresses: [192.0.2.1] }]', 'rootHints[0].name', /two dots/],
    ['rootHints: [{ name: a., addresses: [a] }]', 'rootHints[0].addresses[0]', /address; got "a"/],
    ['dnssec: { trustAnchors: [". DS 1 8 2 ABC"] }', 'dnssec.trustAnchors[0]', /must be hexadecimal/],
    ['dnssec: { trustAnchors: [". DNSKEY 1 3 8 AAAA"] }', 'dnssec.trustAnchors[0]', /zone key/],
    ['dnssec: { trustAnchors: [". DNSKEY 385 3 8 AAAA"] }', 'dnssec.trustAnchors[0]', /revoked/],
    ['dnssec: { trustAnchors: ["a..b DS 1 8 2 AB"] }', 'dnssec.trustAnchors[0]', /two dots/],
    ['forward: [{ zone: a., servers: ["192.0.2.1@0"] }]', 'forward[0].servers[0]', /port must be/],
    ['forward: [{ zone: a., servers: ["ns.test."] }]', 'forward[0].servers[0]', /server such as/],
    ['stub: [{ zone: a., servers: [] }]', 'stub[0].servers', /at least 1/],
    ['access: { allow: [10.0.0.1/8] }', 'access.allow[0]', /the network is 10.0.0.0\/8/],
    ['access: { allow: [10.0.0.0/33] }', 'access.allow[0]', /from 0 to 32/],
  ];
  it.each(inLists)('%s is refused inside the list', (yaml, keyPath, says) => {
    expect(problemsOf(yaml)).toMatchObject([{ keyPath, line: 1 }]);
    expect(messageOf(yaml)).toMatch(says);
  });

  it('are all reported at once, in one line each', () => {
    const message = messageOf('workers: 0\ncache:\n  ttl: { min: x }\n  prefetch: 3\n');
    expect(message.split('\n')).toEqual([
      'test.yaml:1:10: workers: expected a whole number from 1 to 256; got 0',
      expect.stringContaining('test.yaml:3:15: cache.ttl.min: expected a duration'),
      'test.yaml:4:13: cache.prefetch: expected true or false; got 3',
    ]);
  });

  it('of the token are not repeated in the message', () => {
    expect(messageOf('http: { token: "my secret" }')).not.toContain('my secret');
  });
});

describe('unknown keys', () => {
  const cases: [
    yaml: string,
    keyPath: string,
    line: number,
    column: number,
    suggestion: string | undefined,
  ][] = [
    ['worker: 2', 'worker', 1, 1, 'workers'],
    ['cache:\n  ttl:\n    mni: 3', 'cache.ttl.mni', 3, 5, 'min'],
    ['log: {}\nprefetch: true', 'prefetch', 2, 1, 'cache.prefetch'],
    ['listen: [{ address: 127.0.0.1, port: 53, prot: 5 }]', 'listen[0].prot', 1, 42, 'port'],
    ['forward:\n  - zone: a.\n    servers: [192.0.2.1]\n    server: 1', 'forward[0].server', 4, 5, 'servers'],
    ['xyzzy: 1', 'xyzzy', 1, 1, undefined],
    ['__proto__: { a: 1 }', '__proto__', 1, 1, undefined],
    ['constructor: 1', 'constructor', 1, 1, undefined],
  ];
  it.each(cases)('%s', (yaml, keyPath, line, column, suggestion) => {
    const [problem, ...more] = problemsOf(yaml);
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ keyPath, line, column, message: expect.stringContaining('unknown key') });
    expect(problem?.suggestion).toBe(suggestion);
  });
});

describe('contradictions', () => {
  const cases: [yaml: string, keyPath: string][] = [
    ['cache: { ttl: { min: 60, max: 30 } }', 'cache.ttl.min'],
    ['cache: { rules: [{ name: a., minTtl: 60, maxTtl: 30 }] }', 'cache.rules[0].minTtl'],
    ['cache: { rules: [{ name: a., noCache: true, maxTtl: 30 }] }', 'cache.rules[0]'],
    ['cache: { rules: [{ name: a. }] }', 'cache.rules[0]'],
    ['views: [{ name: a, clients: [192.0.2.1] }, { name: a, clients: [192.0.2.2] }]', 'views[1].name'],
    ['cache: { rules: [{ name: a., maxTtl: 1 }, { name: A, noCache: true }] }', 'cache.rules[1].name'],
    ['upstream: { ipv4: false, ipv6: false }', 'upstream.ipv6'],
    [
      'forward: [{ zone: a., servers: [192.0.2.1] }]\nstub: [{ zone: A, servers: [192.0.2.1] }]',
      'stub[0].zone',
    ],
    ['listen: ["127.0.0.1:53", { address: 127.0.0.1, port: 53 }]', 'listen[1]'],
    ['listen: ["127.0.0.1:8053"]\nhttp: { port: 8053 }', 'http.port'],
  ];
  it.each(cases)('%s', (yaml, keyPath) => {
    expect(problemsOf(yaml)).toMatchObject([{ keyPath, line: expect.any(Number) }]);
  });
});

describe('broken YAML', () => {
  it.each([
    ['a: [1', 1],
    ['log: {}\nlog: {}', 2],
    ['log: {}\n\t- x', 2],
    ['log: *nowhere', 1],
    ['log: {}\n---\nlog: {}', 2],
  ])('%j is an error with its line', (yaml, line) => {
    const [problem] = problemsOf(yaml);
    expect(problem?.message).toMatch(/not valid YAML/);
    if (problem?.line !== undefined) expect(problem.line).toBe(line);
  });

  it('an alias bomb is refused', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i}: &l${i} [${Array(10).fill(i === 0 ? '1' : `*l${i - 1}`)}]`,
    );
    expect(messageOf(levels.join('\n'))).toMatch(/not valid YAML/);
  });

  it('a list at the top is refused', () => {
    expect(messageOf('- 1')).toMatch(/test.yaml:1:1: expected a mapping/);
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stratadns-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are read by path, which errors name', () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'workers: 3\n');
    expect(loadConfig(file).workers).toBe(3);
    writeFileSync(file, 'workers: x\n');
    expect(() => loadConfig(file)).toThrow(`${file}:1:10: workers:`);
  });

  it('that are missing or too large are errors with a code of their own', () => {
    const file = join(folder, 'big.yaml');
    writeFileSync(file, `#${'x'.repeat(1024 * 1024)}`);
    for (const path of [file, join(folder, 'none.yaml'), folder]) {
      expect(() => loadConfig(path)).toThrow(expect.objectContaining({ code: 'CONFIG_UNREADABLE' }));
    }
  });
});

describe('names', () => {
  it('of root servers are those of the root zone', () => {
    expect(builtinRootHints.map(({ name }) => formatName(name))).toContain('m.root-servers.net.');
    expect(builtinRootHints).toHaveLength(13);
  });
});
