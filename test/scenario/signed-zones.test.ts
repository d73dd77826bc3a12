/** The signed and the wrongly signed zones of zones/, resolved and validated without sockets. */
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Internet } from '../../src/authority/internet.js';
import { loadInternet } from '../../src/authority/load.js';
import { formatName } from '../../src/dns/name.js';
import { Ede, type EdeCode } from '../../src/dns/registry.js';
import { question, ScenarioNet } from '../support/scenario-net.js';

const zonesDir = fileURLToPath(new URL('../../zones', import.meta.url));

let internet: Internet;
let net: ScenarioNet;
beforeAll(() => {
  const loaded = loadInternet(zonesDir);
  expect(loaded.problems.filter((p) => p.severity === 'error')).toEqual([]);
  internet = loaded.internet!;
  net = new ScenarioNet(internet, { config: '', trustAnchors: internet.trustAnchors });
});

/** `answer secure`, `nodata insecure`, or `failure bogus`. */
async function outcomeOf(name: string, type = 'A'): Promise<string> {
  const { outcome } = await net.resolve(name, type);
  return `${outcome.kind} ${outcome.kind === 'failure' ? outcome.reason : outcome.security}`;
}

async function edeOf(name: string): Promise<EdeCode | undefined> {
  const { outcome } = await net.resolve(name);
  return outcome.ede?.[0]?.code;
}

describe('well signed zones', () => {
  const algorithms = ['rsa', 'p256', 'p384', 'ed25519', 'ed448', 'nsec3'];
  it.each(algorithms)('%s.signed.test. is secure in every kind of answer', async (zone) => {
    const kinds = ['www', 'alias', 'x.wild', 'www.old', 'text', 'b.ent', 'nothing'];
    const outcomes = [];
    for (const kind of kinds) outcomes.push(await outcomeOf(`${kind}.${zone}.signed.test.`));
    const positive = Array<string>(4).fill('answer secure');
    expect(outcomes).toEqual([...positive, 'nodata secure', 'nodata secure', 'nxdomain secure']);
  });

  it.each([
    ['www.example.com.', 'answer secure'],
    ['docs.legacy.example.net.', 'answer secure'],
    ['www.example.org.', 'answer secure'],
    ['www.example.nl.', 'answer secure'],
    ['any.wild.test.', 'answer secure'],
    ['x.ent.wild.test.', 'nxdomain secure'],
    ['b.c.ent.test.', 'nodata secure'],
    ['www.first.dname.test.', 'answer secure'],
    ['none.negative.test.', 'nxdomain secure'],
    ['www.c.d.deep.test.', 'answer secure'],
    ['www.bogus.test.', 'answer secure'],
    ['nothing.test.', 'nxdomain secure'],
  ])('%s: %s', async (name, expected) => {
    expect(await outcomeOf(name)).toBe(expected);
  });

  it('a zone on the servers of its parent is secure, although no referral announces the cut', async () => {
    expect(await outcomeOf('co.nl.', 'SOA')).toBe('answer secure');
    expect(await outcomeOf('nothing.co.nl.')).toBe('nxdomain secure');
  });
});

describe('what no chain of trust reaches is insecure, not bogus', () => {
  it.each([
    ['a zone without DS below a zone with NSEC', 'www.unsigned.signed.test.', 'answer insecure'],
    ['a zone without DS below opt-out', 'www.insecure.optout.signed.test.', 'answer insecure'],
    ['a zone without DS below empty non-terminals and NSEC3', 'www.x.y.z.ent.test.', 'answer insecure'],
    ['an alias from a signed zone into an unsigned one', 'to-unsigned.signed.test.', 'answer insecure'],
    ['an island of security', 'www.island.signed.test.', 'answer insecure'],
    ['a signed zone below an unsigned one', 'www.a.b.c.d.deep.test.', 'answer insecure'],
    ['an absent name in an opt-out span', 'nothing.com.', 'nxdomain insecure'],
    ['an unsigned child below a wildcard', 'www.cut.wild.test.', 'answer insecure'],
  ])('%s', async (_what, name, expected) => {
    expect(await outcomeOf(name)).toBe(expected);
  });

  it('the island is secure with its own trust anchor', async () => {
    const island = internet.sources.find(({ zone }) => formatName(zone.apex) === 'island.signed.test.')!;
    const rdatas = island.signer!.anchors(island.zone.apex);
    const own = rdatas.map((rdata) => ({ ...internet.trustAnchors[0]!, zone: island.zone.apex, rdata }));
    const trusting = new ScenarioNet(internet, {
      config: '',
      trustAnchors: [...internet.trustAnchors, ...own],
    });
    const { outcome } = await trusting.resolve('www.island.signed.test.');
    expect(outcome).toMatchObject({ kind: 'answer', security: 'secure' });
  });
});

const wrong: readonly [zone: string, ask: string, expected: string, ede: EdeCode | undefined][] = [
  ['expired', 'www', 'failure bogus', Ede.SIGNATURE_EXPIRED],
  ['not-yet-valid', 'www', 'failure bogus', Ede.SIGNATURE_NOT_YET_VALID],
  ['wrong-ds', 'www', 'failure bogus', Ede.DNSKEY_MISSING],
  ['ds-unsigned', 'www', 'failure bogus', Ede.DNSKEY_MISSING],
  ['no-rrsig', 'www', 'failure bogus', Ede.RRSIGS_MISSING],
  ['no-dnskey', 'www', 'failure bogus', Ede.DNSKEY_MISSING],
  ['hidden-key', 'www', 'failure bogus', Ede.DNSKEY_MISSING],
  ['corrupt', 'www', 'failure bogus', Ede.DNSSEC_BOGUS],
  ['no-zone-bit', 'www', 'failure bogus', Ede.NO_ZONE_KEY_BIT],
  ['revoked', 'www', 'failure bogus', Ede.DNSKEY_MISSING],
  ['no-nsec', 'www', 'answer secure', undefined],
  ['no-nsec', 'text', 'failure bogus', Ede.NSEC_MISSING],
  ['no-nsec', 'nothing', 'failure bogus', Ede.NSEC_MISSING],
  ['wrong-nsec', 'www', 'answer secure', undefined],
  ['wrong-nsec', 'nothing', 'failure bogus', Ede.NSEC_MISSING],
  ['wrong-nsec3', 'www', 'answer secure', undefined],
  ['wrong-nsec3', 'text', 'failure bogus', Ede.NSEC_MISSING],
  ['wrong-nsec3', 'nothing', 'failure bogus', Ede.NSEC_MISSING],
  ['wildcard-no-proof', 'www', 'answer secure', undefined],
  ['wildcard-no-proof', 'x.wild', 'failure bogus', Ede.NSEC_MISSING],
  ['many-iterations', 'www', 'answer secure', undefined],
  ['many-iterations', 'nothing', 'nxdomain insecure', Ede.UNSUPPORTED_NSEC3_ITERATIONS],
  ['unknown-algorithm', 'www', 'answer insecure', Ede.UNSUPPORTED_DNSKEY_ALGORITHM],
  ['unknown-digest', 'www', 'answer insecure', Ede.UNSUPPORTED_DS_DIGEST],
];

describe('a denial of DS that a chain of trust has met', () => {
  it('answers a client who asks for that DS, without asking a server', async () => {
    const fresh = new ScenarioNet(internet, { config: '', trustAnchors: internet.trustAnchors });
    await fresh.resolve('www.unsigned.signed.test.');
    await fresh.resolve('nothing.signed.test.');
    fresh.resetQueries();
    const { outcome, lookupClass } = await fresh.resolve('unsigned.signed.test.', 'DS');
    expect(outcome).toMatchObject({ kind: 'nodata', security: 'secure' });
    expect(lookupClass).toBe('synthesised');
    expect(fresh.work).toEqual([]);
  });
});

describe('NSEC3 of a small zone', () => {
  it('denies names that were never asked for, without asking a server', async () => {
    const fresh = new ScenarioNet(internet, { config: '', trustAnchors: internet.trustAnchors });
    for (let i = 0; i < 40; i++) await fresh.resolve(`n${i}.negative.test.`);
    fresh.resetQueries();
    const classes: string[] = [];
    for (let i = 0; i < 10; i++) {
      const { outcome, lookupClass } = await fresh.resolve(`m${i}.negative.test.`);
      expect(outcome).toMatchObject({ kind: 'nxdomain', security: 'secure' });
      classes.push(lookupClass);
    }
    expect(classes.filter((one) => one === 'synthesised').length).toBeGreaterThanOrEqual(8);
    expect(fresh.work.length).toBeLessThanOrEqual(4);
  });
});

describe('wrongly signed zones', () => {
  it.each(wrong)('%s: %s is %s with EDE %s', async (zone, ask, expected, ede) => {
    const name = `${ask}.${zone}.bogus.test.`;
    expect(await edeOf(name)).toBe(ede);
    expect(await outcomeOf(name)).toBe(expected);
  });

  it('an alias into a bogus zone is bogus as a whole', async () => {
    expect(await outcomeOf('to-bogus.signed.test.')).toBe('failure bogus');
  });

  it('each has a case here', () => {
    const apexes = internet.sources.map(({ zone }) => formatName(zone.apex));
    const broken = apexes.filter((apex) => apex.endsWith('.bogus.test.'));
    expect([...new Set(wrong.map(([zone]) => `${zone}.bogus.test.`))].sort()).toEqual(broken.sort());
  });
});

describe('an edit of a signed zone', () => {
  it('is signed and believed at once, although the denial was secure and cached', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'signed-edit-'));
    cpSync(zonesDir, directory, { recursive: true });
    const edited = loadInternet(directory).internet!;
    const { clock, engine } = new ScenarioNet(edited, { config: '', trustAnchors: edited.trustAnchors });
    const stop = edited.watch(clock, (_apexes, names) => {
      for (const name of names) engine.flush({ name, subtree: true });
    });
    const ask = async (name: string) =>
      (await clock.runUntil(engine.resolver.resolve(question(name, 'A'), {}))).outcome;
    try {
      expect(await ask('absent.ed25519.signed.test.')).toMatchObject({
        kind: 'nxdomain',
        security: 'secure',
      });
      expect(await ask('fresh.ed25519.signed.test.')).toMatchObject({ kind: 'nxdomain', security: 'secure' });
      appendFileSync(join(directory, 'ed25519.signed.test.zone'), 'fresh IN A 192.0.2.165\n');
      await clock.advance(5000);
      expect(await ask('fresh.ed25519.signed.test.')).toMatchObject({ kind: 'answer', security: 'secure' });
      expect(await ask('absent.ed25519.signed.test.')).toMatchObject({
        kind: 'nxdomain',
        security: 'secure',
      });
    } finally {
      stop();
      rmSync(directory, { recursive: true });
    }
  });
});

describe('the test keys', () => {
  it.each([2027, 2036])('validate in the year %i as well', async (year) => {
    const dated = new ScenarioNet(internet, {
      config: `dnssec: { overrideDate: '${year}0601000000' }`,
      trustAnchors: internet.trustAnchors,
    });
    const { outcome } = await dated.resolve('www.example.com.');
    expect(outcome).toMatchObject({ kind: 'answer', security: 'secure' });
  });
});
