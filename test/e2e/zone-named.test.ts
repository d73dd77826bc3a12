import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatName, parseName } from '../../src/dns/name.js';
import { loadZoneFile } from '../../src/zone/build.js';
import { isServable } from '../../src/zone/zone-error.js';
import { linesOf } from '../support/answer-lines.js';
import { childZone, parentZone } from '../support/differential-zones.js';

/** What master files may look like; BIND reads all of it. */
const syntax = `; a comment in front
$ORIGIN example.
$TTL 1h30m
@ IN SOA ns1 hostmaster.example. (
      2026010500 ; serial
      2h 15M     ; refresh, retry
      2w         ; expire
      5m )       ; minimum
      NS ns1
      IN NS ns2
      1d IN MX 10 mail
      IN 2d MX 20 mail
      TXT "two" words "semi ; colon" semi\\;colon "quote \\" and \\\\ backslash" \\065\\066
ns1   A 192.0.2.1
ns2 60 A 192.0.2.2
mail  A 192.0.2.3
      AAAA 2001:db8::3
MiXeD CNAME NS1
esc\\.aped A 192.0.2.4
d\\065t A 192.0.2.5
*.wild TXT ( "in"
  "parentheses" )
generic TYPE65280 \\# 5 00 0102 0304
known TYPE1 \\# 4 C0000206
svc HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.1
uri URI 10 1 "https://example/"
$ORIGIN sub
relative A 192.0.2.7
up A 192.0.2.8
$ORIGIN example.
$GENERATE 1-4 host$ A 192.0.2.$
$GENERATE 0-20/10 step-\${100,5} 300 IN A 192.0.2.$
$GENERATE 10-12 \${0,3,n}.nib CNAME host\${-9}
$GENERATE 8-9 hex\${8,4,X} TXT v$
$GENERATE 1-2 mx$ MX "\${10} mail"
`;

const hasNamed = spawnSync('named-checkzone', ['-v']).error === undefined;
const hasNsdCheck = spawnSync('nsd-checkzone', ['-h']).error === undefined;
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zone-test-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function ourLines(path: string): string[] {
  const { zone, problems } = loadZoneFile(path, { origin: parseName('example.') });
  expect(problems.filter((problem) => problem.severity === 'error')).toEqual([]);
  return linesOf([...zone!.rrsets()]);
}

describe.skipIf(!hasNamed)('master files are read as BIND reads them', () => {
  test.each([
    ['all of the syntax', syntax],
    ['the zone for comparing servers', parentZone],
  ])('%s: every record is the same after named-checkzone wrote it out', (_what, text) => {
    const input = join(directory, 'in.zone');
    const output = join(directory, 'out.zone');
    writeFileSync(input, text);
    const relaxed = ['-i', 'none', '-k', 'ignore'];
    execFileSync('named-checkzone', [...relaxed, '-D', '-o', output, 'example.', input], { stdio: 'pipe' });
    expect(readFileSync(output, 'latin1')).not.toBe('');
    expect(ourLines(input)).toEqual(ourLines(output));
  });

  test.each([
    ['a CNAME beside other data', 'www CNAME x\nwww A 192.0.2.1'],
    ['two CNAMEs', 'www CNAME x\nwww CNAME y'],
    ['two SOAs', '@ SOA ns1 other 2 3 4 5 6'],
    ['no such type', 'www FOO bar'],
    ['a bad address', 'www A 192.0.2'],
    ['a label that is too long', `${'x'.repeat(64)} A 192.0.2.1`],
    ['an open parenthesis', 'www TXT ( x'],
    ['an open quote', 'www TXT "x'],
    ['an unknown directive', '$FOO x'],
  ])('%s is refused by both', (_what, line) => {
    const input = join(directory, 'bad.zone');
    writeFileSync(input, `$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n${line}\n`);
    expect(spawnSync('named-checkzone', ['-i', 'none', 'example.', input]).status).not.toBe(0);
    const { problems } = loadZoneFile(input, { origin: parseName('example.') });
    expect(isServable(problems)).toBe(false);
  });
});

describe.skipIf(!hasNsdCheck)('nsd-checkzone', () => {
  test.each([
    ['example.', parentZone],
    ['child.example.', childZone],
  ])('accepts what we accept: %s', (apex, text) => {
    const input = join(directory, 'nsd.zone');
    writeFileSync(input, text);
    expect(String(spawnSync('nsd-checkzone', [apex, input]).stdout)).toContain('is ok');
    expect(isServable(loadZoneFile(input, { origin: parseName(apex) }).problems)).toBe(true);
  });
});

describe.skipIf(!hasNamed)('the zones of this repository', () => {
  const zones = join(import.meta.dirname, '../../zones');
  const files = ['.', 'broken'].flatMap((sub) =>
    readdirSync(join(zones, sub))
      .filter((file) => file.endsWith('.zone'))
      .map((file) => join(sub, file)),
  );

  test.each(files)('%s is accepted by BIND and by us', (file) => {
    const path = join(zones, file);
    const { zone, problems } = loadZoneFile(path);
    expect(problems.filter((problem) => problem.severity === 'error')).toEqual([]);
    const apex = formatName(zone!.apex);
    const relaxed = ['-i', 'none', '-k', 'ignore', '-w', zones];
    const checked = spawnSync('named-checkzone', [...relaxed, apex, file]);
    expect(`${checked.stdout}${checked.stderr}`).toMatch(/OK\n$/);
  });
});
