/**
 * The signed zones of zones/ over real sockets, judged by ourselves and by validators of others: delv, drill,
 * Unbound and ldns-verify-zone. A machine without these programs skips them; where CI is set they must be there.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anchorFile, zoneFileName, zoneText } from '../../scripts/sign-zones/texts.js';
import { loadInternet } from '../../src/authority/load.js';
import { Stack } from '../../src/compose/stack.js';
import { parseConfig } from '../../src/config/load.js';
import { formatName } from '../../src/dns/name.js';
import { silentLog } from '../../src/server/log.js';
import { readDig } from '../support/live-server.js';
import { Unbound } from '../support/unbound.js';

const zonesDir = fileURLToPath(new URL('../../zones', import.meta.url));
const bindAnchors = join(zonesDir, 'trust-anchors.conf');
const recordAnchors = join(zonesDir, 'trust-anchors.ds');
const LIMIT_MS = 60_000;

/** Whether a program can be started at all. */
function has(program: string, flag: string): boolean {
  return spawnSync(program, [flag], { timeout: LIMIT_MS }).error === undefined;
}

const installed = {
  dig: has('dig', '-v'),
  delv: has('delv', '-v'),
  drill: has('drill', '-v'),
  unbound: has('unbound', '-V'),
  'ldns-verify-zone': has('ldns-verify-zone', '-v'),
};

it.runIf(process.env.CI)('the validators of others are installed where CI is set', () => {
  const missing = Object.entries(installed).flatMap(([program, there]) => (there ? [] : [program]));
  expect(missing).toEqual([]);
});

/** Both streams of a program, whatever its exit status. */
function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: LIMIT_MS }, (error, stdout, stderr) => {
      if (error && (error.killed || typeof error.code === 'string')) reject(error);
      else resolve(stdout + stderr);
    });
  });
}

let stack: Stack;
let port = 0;
beforeAll(async () => {
  const config = parseConfig('listen: ["127.0.0.1:0"]', 'test');
  stack = await Stack.create({ config, zonesDir, mockPort: 0, log: silentLog, version: 'test' });
  await stack.start();
  port = stack.listeners[0]!.port;
});
afterAll(() => stack.close(0));

const secure = [
  'www.example.com',
  'www.example.org',
  'docs.legacy.example.net',
  'www.example.nl',
  'any.wild.test',
  'b.c.ent.test',
  'none.negative.test',
  'www.c.d.deep.test',
  ...['rsa', 'p256', 'p384', 'ed25519', 'ed448', 'nsec3'].flatMap((zone) =>
    ['www', 'x.wild', 'nothing', 'b.ent', 'www.old'].map((name) => `${name}.${zone}.signed.test`),
  ),
];
const insecure = [
  'www.unsigned.signed.test',
  'www.insecure.optout.signed.test',
  'www.island.signed.test',
  'www.a.b.c.d.deep.test',
  'www.shop.example.com',
  'www.unknown-algorithm.bogus.test',
  'www.unknown-digest.bogus.test',
];
const revoked = 'www.revoked.bogus.test';
const bogus = [
  'www.expired.bogus.test',
  'www.not-yet-valid.bogus.test',
  'www.wrong-ds.bogus.test',
  'www.ds-unsigned.bogus.test',
  'www.no-rrsig.bogus.test',
  'www.no-dnskey.bogus.test',
  'www.hidden-key.bogus.test',
  'www.corrupt.bogus.test',
  'www.no-zone-bit.bogus.test',
  revoked,
  'nothing.no-nsec.bogus.test',
  'nothing.wrong-nsec.bogus.test',
  'nothing.wrong-nsec3.bogus.test',
  'x.wild.wildcard-no-proof.bogus.test',
];

describe.skipIf(!installed.dig)('our resolver on sockets, asked with dig (skipped without dig)', () => {
  const dig = async (toPort: number, name: string) =>
    readDig(await run('dig', ['@127.0.0.1', '-p', String(toPort), '+dnssec', '+time=10', '+tries=1', name]));

  it.each(['www.example.com', 'www.nsec3.signed.test'])('%s has AD and signatures', async (name) => {
    const { status, flags, text } = await dig(port, name);
    expect([status, flags.includes('ad')]).toEqual(['NOERROR', true]);
    expect(text).toContain('RRSIG');
  });

  it('an insecure answer has no AD', async () => {
    const { status, flags } = await dig(port, 'www.unsigned.signed.test');
    expect([status, flags.includes('ad')]).toEqual(['NOERROR', false]);
  });

  it('a bogus one is SERVFAIL with the reason', async () => {
    const { status, text } = await dig(port, 'www.expired.bogus.test');
    expect(status).toBe('SERVFAIL');
    expect(text).toMatch(/EDE: 7 \(Signature Expired\).*expired at 20201231000000/);
  });

  describe.skipIf(!installed.unbound)('and Unbound behind it (skipped without unbound)', () => {
    let unbound: Unbound;
    beforeAll(async () => {
      unbound = await Unbound.start(port, recordAnchors);
    });
    afterAll(() => unbound.stop());

    it.each(secure)('%s is secure', async (name) => {
      const { status, flags } = await dig(unbound.port, name);
      expect([status === 'SERVFAIL', flags.includes('ad')]).toEqual([false, true]);
    });
    it.each(insecure)('%s is insecure', async (name) => {
      const { status, flags } = await dig(unbound.port, name);
      expect([status, flags.includes('ad')]).toEqual(['NOERROR', false]);
    });
    // Unbound heeds the revoked flag in trust anchors only.
    it.each(bogus.filter((name) => name !== revoked))('%s is bogus', async (name) => {
      expect((await dig(unbound.port, name)).status).toBe('SERVFAIL');
    });
  });
});

describe.skipIf(!installed.delv)('delv (skipped without delv)', () => {
  const delv = (name: string) =>
    run('delv', ['@127.0.0.1', '-p', String(port), '-a', bindAnchors, '+root=.', name]);

  it.each(secure)('fully validates %s', async (name) => {
    const text = await delv(name);
    expect(text).toContain('fully validated');
    expect(text).not.toContain('resolution failed: SERVFAIL');
  });
  it.each(insecure)('takes %s for unsigned', async (name) => {
    expect(await delv(name)).toContain('; unsigned answer');
  });
  it.each(bogus)('refuses %s', async (name) => {
    const text = await delv(name);
    expect(text).toContain('resolution failed');
    expect(text).not.toContain('validated');
  });
});

describe.skipIf(!installed.drill)('drill -S (skipped without drill)', () => {
  const drill = (name: string) =>
    run('drill', ['-S', '-k', recordAnchors, '-p', String(port), name, '@127.0.0.1']);

  // It follows no DNAME, and looks neither at the flags of keys nor at proofs for wildcards.
  it.each(secure.filter((name) => /^www\.(?!old)/.test(name)))(
    'follows %s to the trust anchor',
    async (name) => {
      const text = await drill(name);
      expect(text).toContain('Chase successful');
      expect(text).toMatch(/---\. \(DNSKEY keytag: \d+ alg: 13 flags: 257\)/);
    },
  );
  // It asks again and again where it is refused, each time until its own time-out.
  const refused = bogus.filter((name) => !/no-zone-bit|revoked|no-proof/.test(name));
  it.each(refused)('refuses %s', { timeout: 90_000 }, async (name) => {
    expect(await drill(name)).not.toContain('Chase successful');
  });
});

describe.skipIf(!installed['ldns-verify-zone'])('ldns-verify-zone (skipped without it)', () => {
  let directory: string;
  const { internet } = loadInternet(zonesDir);
  const signed = internet!.sources.filter(({ signer }) => signer);
  const verify = async (source: (typeof signed)[number]) => {
    const zone = internet!.zoneOf(source);
    const file = join(directory, zoneFileName(zone.apex));
    writeFileSync(file, zoneText(zone));
    return run('ldns-verify-zone', [file]);
  };
  const isBroken = (apex: string) => apex.endsWith('.bogus.test.');
  const named = signed.map((source) => [formatName(source.zone.apex), source] as const);
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'signed-zones-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(named.filter(([apex]) => !isBroken(apex)))('accepts %s', async (_apex, source) => {
    expect(await verify(source)).not.toMatch(/error/i);
  });
  it.each(['corrupt', 'expired', 'no-nsec', 'wrong-nsec3'])('refuses %s.bogus.test.', async (fault) => {
    const [, source] = named.find(([apex]) => apex === `${fault}.bogus.test.`)!;
    expect(await verify(source)).toMatch(/error|could not be found/i);
  });
});

it('the trust anchor files in zones/ are those of the keys there', () => {
  const { internet } = loadInternet(zonesDir);
  for (const file of ['trust-anchors.conf', 'trust-anchors.ds'] as const) {
    expect(readFileSync(join(zonesDir, file), 'utf8')).toBe(anchorFile(file, internet!.trustAnchors));
  }
});
