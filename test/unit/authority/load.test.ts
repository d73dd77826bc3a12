import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadInternet } from '../../../src/authority/load.js';
import { formatName, parseName } from '../../../src/dns/name.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'internet-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

const root = `. 60 SOA a.root-servers.test. host. 1 2 3 4 5
. 60 NS a.root-servers.test.
test. 60 NS ns.test.
ns.test. 60 A 127.53.0.2
a.root-servers.test. 60 A 127.53.0.1
`;
const testZone = 'test. 60 SOA ns host 1 2 3 4 5\ntest. 60 NS ns\nns 60 A 127.53.0.2\n';
const manifest = `port: 5311
rootServers: [a]
servers:
  - { id: a, name: a.root-servers.test., addresses: [127.53.0.1], zones: [root.zone] }
  - { id: t1, name: ns.test., addresses: [127.53.0.2], zones: [sub/test.zone] }
  - { id: t2, name: ns2.test., addresses: [127.53.0.3], zones: [sub/test.zone] }
`;
const good = { 'internet.yaml': manifest, 'root.zone': root, 'sub/test.zone': testZone };

/** `file:line:column CODE` of every problem; no internet came of it. */
function problems(): string[] {
  const { internet, problems: found } = loadInternet(directory);
  expect(internet).toBeUndefined();
  return found.map((p) => `${p.file.slice(directory.length + 1)}:${p.line}:${p.column} ${p.code}`);
}

describe('loadInternet', () => {
  test('gives servers, zones by the owner of their SOA, and root hints', () => {
    write(good);
    const { internet, problems: found } = loadInternet(directory);
    expect(found).toEqual([]);
    expect(internet!.port).toBe(5311);
    expect(internet!.rootHints).toEqual([
      { name: parseName('a.root-servers.test.'), addresses: ['127.53.0.1'] },
    ]);
    expect(internet!.zones.map((zone) => formatName(zone.apex))).toEqual(['.', 'test.']);
  });

  test('takes a port in place of that of the manifest', () => {
    write(good);
    expect(loadInternet(directory, { port: 0 }).internet!.port).toBe(0);
  });

  test('reads a zone that two servers have once, so that both change with it', () => {
    write(good);
    const { internet } = loadInternet(directory);
    const zoneOf = (address: string) => internet!.serverAt(address)!.zones.get(parseName('test.'));
    expect(zoneOf('127.53.0.2')).toBe(zoneOf('127.53.0.3'));
    const source = internet!.sources[1]!;
    const other = internet!.sources[0]!.zone;
    internet!.replace(source, other);
    expect([zoneOf('127.53.0.2'), zoneOf('127.53.0.3')]).toEqual([undefined, undefined]);
    expect(internet!.serverAt('127.53.0.3')!.zones.get(other.apex)).toBe(other);
  });

  test('reports a directory without manifest', () => {
    expect(problems()).toEqual(['internet.yaml:1:1 MANIFEST_UNREADABLE']);
  });

  test('reports a zone file that is not there where the manifest names it', () => {
    write({ ...good, 'internet.yaml': manifest.replace('[root.zone]', '[gone.zone]') });
    expect(problems()).toEqual(['internet.yaml:4:75 FILE_UNREADABLE']);
  });

  test('collects the problems of all files', () => {
    write({ ...good, 'root.zone': `${root}x. 60 A bad\n`, 'sub/test.zone': `${testZone}y 60 MX bad\n` });
    expect(problems()).toEqual(['root.zone:6:9 BAD_RDATA', 'sub/test.zone:4:9 BAD_RDATA']);
  });

  test('refuses two files of one zone on one server', () => {
    const twice = manifest.replace('zones: [root.zone]', 'zones: [root.zone, root2.zone]');
    write({ ...good, 'internet.yaml': twice, 'root2.zone': root });
    expect(problems()).toEqual(['internet.yaml:4:86 DUPLICATE_ZONE']);
  });

  test('refuses a root server without the root zone', () => {
    write({ ...good, 'internet.yaml': manifest.replace('[a]', '[a, t1]') });
    expect(problems()).toEqual(['internet.yaml:5:7 MANIFEST_REFERENCE']);
  });

  test('loads the internet of this repository without errors', () => {
    const { internet, problems: found } = loadInternet(join(import.meta.dirname, '../../../zones'));
    expect(found.filter((problem) => problem.severity === 'error')).toEqual([]);
    expect(internet!.rootHints.length).toBeGreaterThan(0);
  });
});
