/** The signer: what it signs, and that others agree with it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatName, parseName } from '../../../src/dns/name.js';
import { formatType, RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { type DenialMethod, signZone } from '../../../src/dnssec/sign-zone.js';
import { dsRdata, generateSigningKey, readSigningKey } from '../../../src/dnssec/signing-key.js';
import { formatRdata } from '../../../src/wire/rdata/registry.js';
import { newSigningKey } from '../../support/new-signing-key.js';
import { rrsetsOf } from '../../support/signed-data.js';
import { fixedKey, nsec3, optOut } from '../../support/signed-net.js';

const apex = parseName('shop.test.');
const text = `$ORIGIN shop.test.
@ 3600 IN SOA ns host 1 3600 600 86400 900
@ 3600 IN NS ns
ns 3600 IN A 192.0.2.1
MiXed 300 IN MX 10 Mail.Shop.Test.
*.wild 300 IN TXT "any"
a.b.ent 300 IN A 192.0.2.3
signed 300 IN NS ns.signed
signed 300 IN DS 1 13 2 ${'ab'.repeat(32)}
ns.signed 300 IN A 192.0.2.4
plain 300 IN NS ns.plain
ns.plain 300 IN A 192.0.2.5
far.off.plain2 300 IN NS ns
old 300 IN DNAME new
`;
const nowSec = Math.floor(Date.UTC(2026, 0, 6) / 1000);
const times = { inceptionSec: nowSec - 3600, expirationSec: nowSec + 30 * 86_400 };

function signWith(denial: DenialMethod, keys = [fixedKey('ksk'), fixedKey('zsk', 256)]): RRset[] {
  return signZone(apex, rrsetsOf(text), { keys, denial, ...times });
}

function lines(rrsets: readonly RRset[]): string {
  const line = (r: RRset, type: number, rdata: string) =>
    `${formatName(r.name)} ${r.ttlSec} IN ${formatType(type)} ${formatRdata(type, rdata)}`;
  const all = rrsets.flatMap((r) => [
    ...r.rdatas.map((rdata) => line(r, r.type, rdata)),
    ...r.signatures.map((rdata) => line(r, RRType.RRSIG, rdata)),
  ]);
  return `${all.join('\n')}\n`;
}

describe('signZone', () => {
  test('signs what is authoritative and nothing below or at a cut but DS and NSEC', () => {
    const signed = signWith({ kind: 'nsec' });
    const unsigned = signed.filter((r) => r.signatures.length === 0);
    expect(unsigned.map((r) => `${formatName(r.name)} ${formatType(r.type)}`).toSorted()).toEqual([
      'far.off.plain2.shop.test. NS',
      'ns.plain.shop.test. A',
      'ns.signed.shop.test. A',
      'plain.shop.test. NS',
      'signed.shop.test. NS',
    ]);
  });

  test('keys with the SEP flag sign the DNSKEY RRset, the others the rest', () => {
    for (const rrset of signWith({ kind: 'nsec' })) {
      const expected = rrset.type === RRType.DNSKEY ? fixedKey('ksk') : fixedKey('zsk', 256);
      const tags = rrset.signatures.map((sig) => (sig.charCodeAt(16) << 8) | sig.charCodeAt(17));
      if (tags.length > 0) expect(tags, formatType(rrset.type)).toEqual([expected.keyTag]);
    }
  });

  test('opt-out leaves unsigned delegations and what only they need out of the chain', () => {
    const count = (denial: DenialMethod) => signWith(denial).filter((r) => r.type === RRType.NSEC3).length;
    // plain, far.off.plain2, off.plain2, plain2
    expect(count(nsec3) - count(optOut)).toBe(4);
  });

  test('signing a signed zone again gives the same names and types', () => {
    const once = signWith(nsec3);
    const twice = signZone(apex, once, {
      keys: [fixedKey('ksk'), fixedKey('zsk', 256)],
      denial: nsec3,
      ...times,
    });
    expect(lines(twice)).toBe(lines(once));
  });

  test('a zone without SOA is refused', () => {
    const bare = rrsetsOf('www.shop.test. 300 IN A 192.0.2.1');
    expect(() => signZone(apex, bare, { keys: [fixedKey('k')], denial: nsec3, ...times })).toThrow(
      'without SOA',
    );
  });
});

describe('signing keys', () => {
  test('a key that does not fit the algorithm is refused', () => {
    const pem = fixedKey('k').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    expect(readSigningKey(15, 257, pem).rdata).toBe(fixedKey('k').rdata);
    expect(() => readSigningKey(13, 257, pem)).toThrow('ECDSAP256SHA256');
    expect(() => readSigningKey(8, 257, pem)).toThrow('RSASHA256');
    expect(() => generateSigningKey(3, 257)).toThrow('algorithm 3');
    expect(() => generateSigningKey(8, 257)).toThrow('RSASHA256');
  });

  test('a DS of an unknown digest type cannot be made', () => {
    expect(() => dsRdata(apex, fixedKey('k'), 99)).toThrow('digest type 99');
  });
});

const hasVerifier = spawnSync('ldns-verify-zone', ['-h']).error === undefined;
const cases = [8, 10, 13, 14, 15, 16].flatMap((algorithm) =>
  [
    ['NSEC', { kind: 'nsec' }],
    ['NSEC3', { ...nsec3, salt: '\xab\xcd', iterations: 3 }],
    ['NSEC3 opt-out', optOut],
  ].map(([name, denial]) => [algorithm, name as string, denial as DenialMethod] as const),
);

describe.skipIf(!hasVerifier)('other verifiers (need ldns-verify-zone)', () => {
  test.each(cases)('accept a zone signed with algorithm %i and %s', (algorithm, _name, denial) => {
    const keys = [newSigningKey(algorithm, 257), newSigningKey(algorithm, 256)];
    const directory = mkdtempSync(join(tmpdir(), 'sign-zone-'));
    try {
      const file = join(directory, 'zone');
      writeFileSync(file, lines(signWith(denial, keys)));
      const output = execFileSync('ldns-verify-zone', ['-t', '20260106000000', file], {
        encoding: 'utf8',
        timeout: 10_000,
      });
      expect(output).toContain('Zone is verified and complete');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
