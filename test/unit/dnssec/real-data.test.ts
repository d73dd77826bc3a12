/** Signatures made by others over real and recorded data, each at its own date. */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compareNames, formatName, labelsOf, type Name, parseName, ROOT } from '../../../src/dns/name.js';
import { formatType, RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { dsMatchesKey } from '../../../src/dnssec/algorithms.js';
import { isInZone } from '../../../src/dnssec/nsec.js';
import { nsec3Hash } from '../../../src/dnssec/nsec3.js';
import { hasType, parseDnskey, parseDs, parseNsec, parseNsec3 } from '../../../src/dnssec/records.js';
import { CryptoVerifier } from '../../../src/dnssec/signature-verifier.js';
import { Validator } from '../../../src/dnssec/validator.js';
import { type RRsetResult, verifyRRset, type ZoneKeys } from '../../../src/dnssec/verify.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { toBase32Hex } from '../../../src/wire/rdata/binary.js';
import { parseTime } from '../../../src/wire/rdata/dnssec-fields.js';
import { recordedEntries } from '../../support/recorded-signatures.js';
import { hasSharedData, readShared, sharedPath } from '../../support/shared-data.js';
import { budgetOf, contextOf, fromRrsets, onlyRrset, rrsetsOf } from '../../support/signed-data.js';

const verifier = new CryptoVerifier({ allowSha1: true });
const plenty = { signatureChecks: 1_000_000, nsec3Hashes: 1_000_000 };

function verifyAt(rrset: RRset, zoneKeys: ZoneKeys, nowSec: number): RRsetResult {
  return verifyRRset(rrset, zoneKeys, { verifier, nowSec, skewSec: 0, budget: budgetOf(plenty) });
}

function keysOf(rrset: RRset): ZoneKeys {
  return { zone: rrset.name, keys: rrset.rdatas.map((rdata) => parseDnskey(rdata)!) };
}

interface AlgorithmVector {
  readonly id: string;
  readonly algorithm: number;
  readonly dnskey: string;
  readonly key_tag: number;
  readonly rrset: readonly string[];
  readonly rrsig: string;
  readonly validate_at_unix: number;
  readonly ds?: string;
}

const algorithmFile = 'vectors/dnssec-algorithms.json';
describe.skipIf(!hasSharedData(algorithmFile))('example signatures of RFC 5702, 6605 and 8080', () => {
  const { vectors } = hasSharedData(algorithmFile)
    ? (JSON.parse(readShared(algorithmFile)) as { vectors: AlgorithmVector[] })
    : { vectors: [] };

  test.each(vectors)('$id verifies, and with one octet of the data changed it does not', (vector) => {
    const key = onlyRrset(vector.dnskey);
    const rrset = onlyRrset([...vector.rrset, vector.rrsig]);
    expect(keysOf(key).keys[0]?.keyTag).toBe(vector.key_tag);
    expect(verifyAt(rrset, keysOf(key), vector.validate_at_unix)).toMatchObject({ kind: 'valid' });
    const changed = { ...rrset, rdatas: [`${rrset.rdatas[0]!.slice(0, -1)}\x07`] };
    expect(verifyAt(changed, keysOf(key), vector.validate_at_unix)).toMatchObject({ kind: 'bogus', ede: 6 });
    if (vector.ds) {
      const ds = parseDs(onlyRrset(vector.ds).rdatas[0]!)!;
      expect(dsMatchesKey(key.name, ds, keysOf(key).keys[0]!)).toBe(true);
    }
  });
});

const clocks: readonly (readonly [file: string, time: string])[] = [
  ['test_signatures.1', '20070818005004'],
  ['test_signatures.2', '20080414005004'],
  ['test_signatures.3', '20080416005004'],
  ['test_signatures.4', '20080416005004'],
  ['test_signatures.5', '20080416005004'],
  ['test_signatures.6', '20080416005004'],
  ['test_signatures.7', '20070829144150'],
  ['test_signatures.8', '20070829144150'],
  ['test_signatures.9', '20171215000000'],
  ['test_sigs.rsasha256', '20070829144150'],
  ['test_sigs.hinfo', '20090107100022'],
  ['test_sigs.revoked', '20080414005004'],
  ['test_sigs.gost', '20090807060504'],
  ['test_sigs.ecdsa_p256', '20100908100439'],
  ['test_sigs.ecdsa_p384', '20100908100439'],
  ['test_sigs.ed25519', '20170530140439'],
  ['test_sigs.ed448', '20180408143630'],
];
const recorded = 'vectors/unbound-signatures';

/** A revoked key may sign its own DNSKEY RRset, which only RFC 5011 cares for: to us it never verifies. */
const revoked = 'test_sigs.revoked';

function expectedOf(file: string, rrset: RRset, qname: Name): Partial<RRsetResult> {
  const algorithms = rrset.signatures.map((sig) => sig.charCodeAt(2));
  if (algorithms.every((algorithm) => !verifier.supports(algorithm))) return { kind: 'bogus', ede: 1 };
  if (file === revoked) return { kind: 'bogus' };
  return labelsOf(qname)[0] === 'bogus' ? { kind: 'bogus' } : { kind: 'valid' };
}

describe.skipIf(!hasSharedData(recorded))('recorded signatures (need the shared vectors)', () => {
  test.each(clocks)('%s at %s: what is bogus is bogus, all else verifies', (file, time) => {
    const [first, ...entries] = recordedEntries(readShared(`${recorded}/${file}`));
    const keys = keysOf([...first!.sections.values()].flat()[0]!);
    const wrong: string[] = [];
    let checked = 0;
    for (const { qname, sections } of entries) {
      for (const rrset of [...sections.values()].flat()) {
        if (rrset.signatures.length === 0) continue;
        checked++;
        const result = verifyAt(rrset, keys, parseTime(time)!);
        const expected = expectedOf(file, rrset, qname);
        const fits =
          result.kind === expected.kind &&
          (!('ede' in expected) || ('ede' in result && result.ede === expected.ede));
        if (!fits)
          wrong.push(`${formatName(rrset.name)} ${formatType(rrset.type)}: ${JSON.stringify(result)}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(0);
  });

  test('test_sigs.sha1_and_256: of two algorithms one that verifies is enough (RFC 6840 5.11)', () => {
    const [first, ...entries] = recordedEntries(readShared(`${recorded}/test_sigs.sha1_and_256`));
    const keys = keysOf([...first!.sections.values()].flat()[0]!);
    const signed = entries.flatMap((entry) => [...entry.sections.values()].flat());
    const results = signed.map((rrset) => verifyAt(rrset, keys, parseTime('20070829144150')!).kind);
    // Both good; SHA-1 broken; SHA-256 broken; both broken.
    expect(results).toEqual(['valid', 'valid', 'valid', 'bogus']);
  });

  test.each(['test_ds.sha1', 'test_ds.sha384'])('%s: a DS matches its key and no other', (file) => {
    const entries = recordedEntries(readShared(`${recorded}/${file}`));
    expect(entries.length).toBeGreaterThan(0);
    for (const { qname, sections } of entries) {
      const rrsets = [...sections.values()].flat();
      const ds = rrsets.find((r) => r.type === RRType.DS)!;
      const key = rrsets.find((r) => r.type === RRType.DNSKEY)!;
      const matches = dsMatchesKey(key.name, parseDs(ds.rdatas[0]!)!, parseDnskey(key.rdatas[0]!)!);
      expect(matches, formatName(ds.name)).toBe(labelsOf(qname)[0] === 'yes');
    }
  });

  test('test_nsec3_hash.1: names hash as recorded', () => {
    const entries = recordedEntries(readShared(`${recorded}/test_nsec3_hash.1`));
    expect(entries.length).toBeGreaterThan(0);
    for (const { qname, sections } of entries) {
      const expected = sections.get('ANSWER')![0]!.name;
      const nsec3 = sections.get('AUTHORITY')![0]!;
      const { salt, iterations } = parseNsec3(nsec3.name, nsec3.rdatas[0]!)!;
      const hash = toBase32Hex(nsec3Hash(qname, salt, iterations)).toLowerCase();
      expect(hash, formatName(qname)).toBe(labelsOf(expected)[0]);
    }
  });
});

const roots = [
  { file: 'zones/root-2026010500.zone.gz', ds: 'zones/root-ksk-2017-2024.ds', time: '20260106000000' },
  { file: 'zones/root-2017073001.zone.gz', ds: 'zones/root-ksk-2010.ds', time: '20170801000000' },
];

describe.each(roots)('the root zone of $file', ({ file, ds, time }) => {
  const there = hasSharedData(file);
  const zone = there ? rrsetsOf(gunzipSync(readFileSync(sharedPath(file))).toString('latin1')) : [];
  const nowSec = parseTime(time)!;
  const validator = () =>
    new Validator({
      anchors: rrsetsOf(readShared(ds)).flatMap((r) =>
        r.rdatas.map((rdata) => ({ zone: ROOT, type: RRType.DS, rdata })),
      ),
      negativeTrustAnchors: [],
      clock: new VirtualClock(nowSec * 1000),
      clockSkewMs: 0,
    });
  const judge = (rrset: RRset) =>
    validator().validate(
      { question: rrset, kind: 'answer', answer: [rrset], authority: [] },
      contextOf(fromRrsets(zone), budgetOf(plenty)),
    );

  test.skipIf(!there)('its apex chains to the key that IANA published', async () => {
    const apex = zone.filter((r) => r.name === ROOT && r.signatures.length > 0);
    expect(apex.map((r) => formatType(r.type))).toEqual(
      expect.arrayContaining(['SOA', 'NS', 'NSEC', 'DNSKEY']),
    );
    for (const rrset of apex)
      expect(await judge(rrset), formatType(rrset.type)).toMatchObject({ security: 'secure' });
  });

  test.skipIf(!there)('every fifth signed RRset verifies with the keys of the zone', () => {
    const keys = keysOf(zone.find((r) => r.type === RRType.DNSKEY)!);
    const signed = zone.filter((r) => r.signatures.length > 0).filter((_, index) => index % 5 === 0);
    expect(signed.length).toBeGreaterThan(300);
    const wrong = signed.filter((rrset) => verifyAt(rrset, keys, nowSec).kind !== 'valid');
    expect(wrong).toEqual([]);
  });

  test.skipIf(!there)('its NSEC records form one closed chain', () => {
    const records = zone.filter((r) => r.type === RRType.NSEC);
    const nsecs = new Map(records.map((r) => [r.name, parseNsec(r.name, r.rdatas[0]!)!]));
    let at = nsecs.get(ROOT)!;
    for (let i = 0; i < nsecs.size; i++) {
      expect(isInZone(at, ROOT)).toBe(true);
      at = nsecs.get(at.next)!;
    }
    expect(at.owner).toBe(ROOT);
  });

  test.skipIf(!there)(
    'a name that does not exist, and the DS of an unsigned TLD, are denied securely',
    async () => {
      const nsecs = zone.filter((r) => r.type === RRType.NSEC);
      const name = parseName('no-such-tld.');
      const denial = nsecs.filter((r) => {
        const nsec = parseNsec(r.name, r.rdatas[0]!)!;
        return r.name === ROOT || (compareNames(r.name, name) < 0 && compareNames(name, nsec.next) < 0);
      });
      const question = { name, type: RRType.A, class: 1 };
      const context = contextOf(fromRrsets(zone), budgetOf(plenty));
      const input = { question, kind: 'nxdomain' as const, answer: [], authority: denial };
      expect(await validator().validate(input, context)).toMatchObject({
        security: 'secure',
        denies: 'nxdomain',
      });
      const unsigned = nsecs.find(
        (r) => r.name !== ROOT && !hasType(parseNsec(r.name, r.rdatas[0]!)!.types, RRType.DS),
      )!;
      const ds = { question: { ...question, name: unsigned.name, type: RRType.DS }, kind: 'nodata' as const };
      const verdict = await validator().validate({ ...ds, answer: [], authority: [unsigned] }, context);
      expect(verdict).toMatchObject({ security: 'secure', denies: 'nodata' });
    },
  );
});
