import { createPrivateKey, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Internet } from '../../../src/authority/internet.js';
import { loadInternet } from '../../../src/authority/load.js';
import { parseName, ROOT } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { parseDnskey, parseDs, parseRrsig } from '../../../src/dnssec/records.js';
import { generateSigningKey } from '../../../src/dnssec/signing-key.js';
import type { Zone } from '../../../src/zone/zone.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signer-test-'));
  const { privateKey } = generateSigningKey(15, 257);
  write('key.pem', String(privateKey.export({ format: 'pem', type: 'pkcs8' })));
  write('root.zone', `${apexOf('.')}test. NS ns.invalid.\n`);
  write('test.zone', `${apexOf('test.')}child.test. NS ns.invalid.\ndeep.down.test. NS ns.invalid.\n`);
  write('child.zone', apexOf('child.test.'));
  write('deep.zone', apexOf('deep.down.test.'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const apexOf = (apex: string) =>
  `$TTL 60\n${apex} SOA ns.invalid. host.invalid. 1 2 3 4 5\n${apex} NS ns.invalid.\n`;
const parent = parseName('test.');
const child = parseName('child.test.');

function write(file: string, text: string): void {
  writeFileSync(join(directory, file), text);
}

/** Loads with these entries of `signing.zones`. */
function load(signing: Readonly<Record<string, string>>) {
  const entries = Object.entries(signing).map(([file, entry]) => `    ${file}: ${entry}\n`);
  write(
    'internet.yaml',
    `port: 0
rootServers: [a]
servers:
  - { id: a, name: a.test., addresses: [127.0.0.1], zones: [root.zone, test.zone] }
  - { id: b, name: b.test., addresses: [127.0.0.2], zones: [test.zone, child.zone, deep.zone] }
signing:
  inception: 2020-01-01
  expiration: 2037-12-31
  zones:
${entries.join('')}`,
  );
  const { internet, problems } = loadInternet(directory);
  return { internet, errors: problems.filter(({ severity }) => severity === 'error') };
}

const key = '{ csk: key.pem }';
const served = (internet: Internet | undefined, address: string, apex: typeof ROOT): Zone =>
  internet!.serverAt(address)!.zones.get(apex)!;

describe('a signed zone of the mock internet', () => {
  test('has keys, denial records and signatures of the times that the manifest says', () => {
    const { internet } = load({ 'test.zone': '{ csk: key.pem, inception: 2021-01-01 }' });
    const zone = served(internet, '127.0.0.1', parent);
    const dnskey = zone.rrset(parent, RRType.DNSKEY)!;
    expect(parseDnskey(dnskey.rdatas[0]!)).toMatchObject({ flags: 257, algorithm: 15 });
    expect(zone.rrset(parent, RRType.NSEC)).toBeDefined();
    expect(parseRrsig(zone.negativeSoa.signatures[0]!)).toMatchObject({
      inception: Date.UTC(2021, 0, 1) / 1000,
      expiration: Date.UTC(2037, 11, 31) / 1000,
    });
  });

  test('is signed once for all its servers; other zones stay as their files have them', () => {
    const { internet } = load({ 'test.zone': key });
    expect(served(internet, '127.0.0.1', parent)).toBe(served(internet, '127.0.0.2', parent));
    expect(served(internet, '127.0.0.1', ROOT)).toBe(internet!.zones[0]);
    expect(internet!.zones[1]!.isSigned).toBe(false);
  });

  test('is signed anew when it is replaced, and the old one is gone', () => {
    const { internet } = load({ 'test.zone': key, 'child.zone': key });
    const before = served(internet, '127.0.0.2', parent);
    internet!.replace(internet!.sources[1]!, internet!.sources[1]!.zone);
    const after = served(internet, '127.0.0.2', parent);
    expect(after).not.toBe(before);
    expect(after.rrset(child, RRType.DS)).toEqual(before.rrset(child, RRType.DS));
    expect(after).toBe(internet!.zoneOf(internet!.sources[1]!));
  });
});

describe('DS records', () => {
  const dsOf = (signing: Readonly<Record<string, string>>, apex = child) =>
    served(load(signing).internet, '127.0.0.1', parent).rrset(apex, RRType.DS);

  test('of signed children are put into signed parents, and signed there', () => {
    const { internet } = load({ 'test.zone': key, 'child.zone': key });
    const ds = served(internet, '127.0.0.1', parent).rrset(child, RRType.DS)!;
    const dnskey = served(internet, '127.0.0.2', child).rrset(child, RRType.DNSKEY)!;
    expect(parseDs(ds.rdatas[0]!)!.keyTag).toBe(parseDnskey(dnskey.rdatas[0]!)!.keyTag);
    expect(ds.signatures).toHaveLength(1);
  });

  test('go to the delegation, also over an empty non-terminal, and not to zones further up', () => {
    const deep = parseName('deep.down.test.');
    expect(dsOf({ 'test.zone': key, 'deep.zone': key }, deep)).toBeDefined();
    const { internet } = load({ 'root.zone': key, 'child.zone': key });
    expect(served(internet, '127.0.0.1', ROOT).rrset(child, RRType.DS)).toBeUndefined();
  });

  test('are left out for an island of security, for unsigned children and in unsigned parents', () => {
    expect(dsOf({ 'test.zone': key, 'child.zone': '{ csk: key.pem, ds: false }' })).toBeUndefined();
    expect(dsOf({ 'test.zone': key })).toBeUndefined();
    expect(dsOf({ 'child.zone': key })).toBeUndefined();
  });

  test('in the file of the parent count more than our own', () => {
    const own = `child.test. DS 1 15 2 ${'00'.repeat(32)}\n`;
    write('test.zone', `${apexOf('test.')}child.test. NS ns.invalid.\n${own}`);
    const ds = dsOf({ 'test.zone': key, 'child.zone': key })!;
    expect(ds.rdatas.map((rdata) => parseDs(rdata)!.keyTag)).toEqual([1]);
  });
});

describe('trust anchors', () => {
  test('are those of the root, when it is signed', () => {
    expect(load({ 'test.zone': key }).internet!.trustAnchors).toEqual([]);
    const { internet } = load({ 'root.zone': key });
    const dnskey = served(internet, '127.0.0.1', ROOT).rrset(ROOT, RRType.DNSKEY)!;
    const [anchor, ...more] = internet!.trustAnchors;
    expect([anchor!.zone, anchor!.type, more]).toEqual([ROOT, RRType.DS, []]);
    expect(parseDs(anchor!.rdata)!.keyTag).toBe(parseDnskey(dnskey.rdatas[0]!)!.keyTag);
  });
});

describe('keys that cannot be used are reported where the manifest names the zone', () => {
  test.each([
    ['a file that is not there', 'gone.pem', /cannot use the key gone\.pem: ENOENT/],
    ['a file that is no key', 'root.zone', /cannot use the key root\.zone: /],
    ['a key that cannot sign', 'x25519.pem', /no algorithm signs with x25519 keys/],
  ])('%s', (_what, file, message) => {
    const key = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), randomBytes(32)]);
    const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    write('x25519.pem', String(privateKey.export({ format: 'pem', type: 'pkcs8' })));
    const { internet, errors } = load({ 'test.zone': `{ csk: ${file} }` });
    expect(internet).toBeUndefined();
    expect(errors).toMatchObject([{ code: 'MANIFEST_REFERENCE', line: 10, column: 5 }]);
    expect(errors[0]!.message).toMatch(message);
  });

  test('a zone name that leaves no room for hashes', () => {
    const long = `${`${'a'.repeat(60)}.`.repeat(4)}test.`;
    write('child.zone', apexOf(long));
    const { errors } = load({ 'child.zone': '{ csk: key.pem, denial: nsec3 }' });
    expect(errors.map(({ message }) => message)).toEqual(['the name of the zone is too long for NSEC3']);
    expect(load({ 'child.zone': key }).errors).toEqual([]);
  });
});
