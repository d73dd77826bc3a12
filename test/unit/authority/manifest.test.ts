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

describe('the signing of zones in a manifest', () => {
  const signing = (entry: string, zone = 'root.zone') =>
    `${head}${server}signing:\n  inception: 2020-01-01\n  expiration: 2037-12-31\n  zones:\n    ${zone}: ${entry}\n`;

  test('gives a plan for each zone file', () => {
    const entry = '{ ksk: k.pem, zsk: z.pem, denial: nsec3-optout, salt: 0aFF, iterations: 2, ds: false }';
    const { manifest } = parseManifest(signing(entry), 'f');
    expect([...manifest!.signing]).toEqual([
      [
        'root.zone',
        {
          ksk: 'k.pem',
          zsk: 'z.pem',
          denial: { kind: 'nsec3', salt: '\x0a\xff', iterations: 2, optOut: true },
          inceptionSec: Date.UTC(2020, 0, 1) / 1000,
          expirationSec: Date.UTC(2037, 11, 31) / 1000,
          ds: false,
          fault: undefined,
          place: { file: 'f', line: 12, column: 5 },
        },
      ],
    ]);
  });

  test('takes one key for everything, NSEC and a DS unless said otherwise, and times of a zone', () => {
    const entry = '{ csk: c.pem, expiration: 2021-01-01, fault: revoked }';
    const plan = parseManifest(signing(entry), 'f').manifest!.signing.get('root.zone');
    expect(plan).toMatchObject({ ksk: 'c.pem', zsk: undefined, denial: { kind: 'nsec' }, ds: true });
    expect(plan).toMatchObject({ expirationSec: Date.UTC(2021, 0, 1) / 1000, fault: 'revoked' });
  });

  test('is empty when nothing is signed', () => {
    expect(parseManifest(head + server, 'f').manifest!.signing.size).toBe(0);
  });

  test.each([
    ['no key', '{ denial: nsec }', /^12:5 MANIFEST_VALUE .*csk, or ksk and zsk/],
    ['a csk beside a zsk', '{ csk: c, zsk: z }', /^12:5 .*csk, or ksk and zsk/],
    ['a ksk alone', '{ ksk: c }', /^12:5 .*csk, or ksk and zsk/],
    ['an unknown fault', '{ csk: c, fault: late }', /^12:26 MANIFEST_VALUE .*fault/],
    ['a hidden ZSK without ZSK', '{ csk: c, fault: hiddenZsk }', /^12:5 .*hiddenZsk needs ksk and zsk/],
    ['a salt that is not hexadecimal', '{ csk: c, salt: abc }', /^12:26 .*hexadecimal/],
    ['a salt that is a number', '{ csk: c, salt: 1234 }', /^12:26 .*in quotes/],
    ['a date that is none', '{ csk: c, expiration: 2021-02-30 }', /^12:26 .*2030-12-31/],
    ['too many iterations', '{ csk: c, iterations: 2501 }', /^12:26 .*iterations/],
  ])('%s is reported where it stands', (_what, entry, expected) => {
    expect(problems(signing(entry))[0]).toMatch(expected);
  });

  test('a zone file that no server has is reported', () => {
    const found = problems(signing('{ csk: c.pem }', 'other.zone'));
    expect(found).toEqual([expect.stringMatching(/^12:5 MANIFEST_REFERENCE .*no server .*other\.zone/)]);
  });
});
