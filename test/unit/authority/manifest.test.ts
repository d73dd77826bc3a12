import { describe, expect, test } from 'vitest';
import { noFaults } from '../../../src/authority/faults.js';
import { parseManifest } from '../../../src/authority/manifest.js';
import { formatName } from '../../../src/dns/name.js';
import { Rcode } from '../../../src/dns/registry.js';

const head = `port: 5311
rootServers: [a]
servers:
`;
const server = `  - id: a
    name: a.root-servers.test.
    addresses: [127.53.0.1, "::1"]
    zones: [root.zone]
`;

/** `line:column CODE message` of every problem. */
function problems(text: string): string[] {
  const { manifest, problems: found } = parseManifest(text, 'internet.yaml');
  expect(manifest).toBeUndefined();
  return found.map((problem) => `${problem.line}:${problem.column} ${problem.code} ${problem.message}`);
}

describe('a manifest', () => {
  test('gives servers with canonical names, and where each zone file is named', () => {
    const { manifest } = parseManifest(head + server, 'internet.yaml');
    const [first] = manifest!.servers;
    expect([manifest!.port, manifest!.rootServers]).toEqual([5311, ['a']]);
    expect(formatName(first!.name)).toBe('a.root-servers.test.');
    expect(first!.zoneFiles[0]).toEqual({
      path: 'root.zone',
      place: { file: 'internet.yaml', line: 7, column: 13 },
    });
    expect(first!.faults).toEqual(noFaults);
  });

  test('reads every fault', () => {
    const faults = `    faults: { delay: 20ms, jitter: 1.5s, loss: 0.1, lame: true, truncate: udp, wrongId: 0.5, refuse: false,
      rcode: servfail, noEdns: drop, lowercase: true, noTcp: true, silent: true, wrongQuestion: 1, noAa: true, malformed: true }\n`;
    expect(parseManifest(head + server + faults, 'f').manifest!.servers[0]!.faults).toEqual({
      delayMs: 20,
      jitterMs: 1500,
      loss: 0.1,
      lame: 1,
      truncate: 'udp',
      wrongId: 0.5,
      refuse: 0,
      rcode: Rcode.SERVFAIL,
      noEdns: 'drop',
      lowercase: 1,
      noTcp: true,
      silent: 1,
      wrongQuestion: 1,
      noAa: 1,
      malformed: 1,
    });
  });

  test('takes faults from defaults where a server does not say otherwise', () => {
    const text = `defaults: { delay: 5ms, loss: 0.2 }\n${head}${server}    faults: { loss: 0 }\n`;
    expect(parseManifest(text, 'f').manifest!.servers[0]!.faults).toMatchObject({ delayMs: 5, loss: 0 });
  });
});

describe('mistakes in a manifest are reported where they stand', () => {
  test.each([
    [
      'a server with an unknown key',
      `${head}${server}    fault: {}\n`,
      /^8:5 MANIFEST_VALUE servers\.0\.fault/,
    ],
    ['an unknown fault', `${head}${server}    faults: { slow: 1 }\n`, /^8:15 MANIFEST_VALUE .*slow/],
    ['a bad duration', `${head}${server}    faults: { delay: 20 minutes }\n`, /^8:15 .*expected a duration/],
    ['a probability over 1', `${head}${server}    faults: { loss: 1.5 }\n`, /^8:15 .*probability/],
    ['an unknown RCODE', `${head}${server}    faults: { rcode: NOPE }\n`, /^8:15 .*expected an RCODE/],
    [
      'a host name as address',
      head + server.replace('127.53.0.1', 'localhost'),
      /^6:17 .*literal IPv4 or IPv6/,
    ],
    ['a bad name', head + server.replace('a.root', 'a..root'), /^5:5 .*two dots/],
    ['a missing address list', head + server.replace(/.*addresses.*\n/, ''), /^4:5 .*addresses/],
    ['a bad port', (head + server).replace('5311', '70000'), /^1:1 .*port/],
    ['an id used twice', head + server + server.replaceAll(/127.53.0.1|, "::1"/g, ''), /./],
    ['a root server that is none', (head + server).replace('[a]', '[b]'), /^2:15 MANIFEST_REFERENCE .*id b/],
    [
      'an address used twice',
      head + server + server.replace('id: a', 'id: b'),
      /^10:17 .*already belongs to a/,
    ],
    ['broken YAML', 'port: [1, 2\nservers: }', /MANIFEST_SYNTAX/],
    ['an alias to nothing', 'port: *nothing\n', /^1:[0-9]+ MANIFEST_SYNTAX .*nothing/],
    ['a key twice', 'port: 1\nport: 2\n', /^2:1 MANIFEST_SYNTAX/],
    ['a list instead of a map', '- a\n- b\n', /^1:1 MANIFEST_VALUE/],
    ['an empty file', '', /^1:1 MANIFEST_VALUE/],
  ])('%s', (_what, text, expected) => {
    expect(problems(text)[0]).toMatch(expected);
  });
});
