/** The built program records against a mock internet, which then is gone, and replays from the file. Needs `npm run build`. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../../src/testing.js';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

const LIMIT_MS = 30_000;
let folder = '';
let zones = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-recordings-'));
  zones = join(folder, 'zones');
  cpSync('zones', zones, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/cli/main.js', ...args], { timeout: LIMIT_MS }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

/** Without times, of which a recording has microseconds. */
const untimed = (text: string) =>
  text.replaceAll(/\d+ of 7000 ms/g, 'T').replaceAll(/\d+(\.\d+)? (ms|s)\b/g, 'T');

const path = (name: string) => join(folder, `${name}.json`);

describe('stratadns trace --record', () => {
  it.each([
    ['www.example.com', 'A', 'NOERROR', 'secure'],
    ['www.shop.example.com', 'A', 'NOERROR', 'insecure'],
    ['none.negative.test', 'A', 'NXDOMAIN', 'secure'],
    ['t16000.big.test', 'TXT', 'NOERROR', 'insecure'],
    ['www.expired.bogus.test', 'A', 'SERVFAIL', undefined],
    ['www.silent.broken.test', 'A', 'SERVFAIL', undefined],
    ['www.wrong-id.broken.test', 'A', 'SERVFAIL', undefined],
    ['www.unreachable.broken.test', 'A', 'SERVFAIL', undefined],
  ])('of %s %s gives a file with the same walk in it', async (name, type, rcode, security) => {
    const file = path(name);
    const live = await run('trace', name, type, '--zones', zones, '--record', file);
    expect(live).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^Recorded in .*: \d+ exchanges\.\n$/),
    });
    const again = await run('trace', '--replay', file);
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(untimed(again.out)).toBe(untimed(live.out));
    const verdict = await run('explain', '--replay', file, '--json');
    expect(JSON.parse(verdict.out)).toMatchObject({ ok: rcode !== 'SERVFAIL' });
    const { rcode: told, outcome, differences } = await replay(file);
    expect({ told, security: outcome.security, differences }).toEqual({
      told: rcode,
      security,
      differences: [],
    });
  });

  it('keeps no secret of the configuration, and says what is no part of a recording', async () => {
    const config = join(folder, 'secret.yaml');
    const hosts = join(folder, 'hosts-of-mine');
    writeFileSync(hosts, '192.0.2.1 printer.lan\n');
    writeFileSync(
      config,
      `http: { token: hush-hush }\npolicy: { hosts: [${hosts}] }\nqnameMinimization: "off"\n`,
    );
    const args = ['--zones', zones, '--config', config, '--record', path('secret')];
    const { code, err } = await run('explain', 'www.example.nl', ...args);
    expect(code).toBe(0);
    expect(err).toContain('(policy, views) are no part of a recording');
    const text = readFileSync(path('secret'), 'utf8');
    expect(text).toContain('"qnameMinimization": "off"');
    for (const secret of ['hush-hush', 'hosts-of-mine', folder, zones]) expect(text).not.toContain(secret);
  });

  it('says when the file cannot be written', async () => {
    const file = join(folder, 'nowhere', 'x.json');
    const { code, err } = await run('trace', 'www.example.com', '--zones', zones, '--record', file);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/^The recording cannot be written: ENOENT/),
    });
  });
});

describe('stratadns trace --replay', () => {
  beforeAll(async () => {
    await run('trace', 'www.example.com', '--zones', zones, '--record', path('signed'));
  });

  it('asks nobody, and says what it would have asked', async () => {
    const { code, out, err } = await run('explain', 'www.example.nl', 'AAAA', '--replay', path('signed'));
    expect(code).toBe(0);
    expect(out).toContain('The replay asked what nobody was asked');
    expect(err).toMatch(/^not in the recording: nl\. A at 127\.53\.0\.\d@\d+ udp$/m);
  });

  it('judges signatures by the date in the recording, and ends with 1 when the outcome is another', async () => {
    const text = readFileSync(path('signed'), 'utf8');
    const later = path('later');
    writeFileSync(later, text.replace(/"recordedAt": "\d+/, '"recordedAt": "2039'));
    const { code, out, err } = await run('trace', '--replay', later);
    expect(code).toBe(1);
    expect(out).toMatch(/^└─ failure, bogus, EDE 7: .*expired at 20371231000000; it is 2039/m);
    expect(err).toMatch(
      /^The replay ended otherwise than the recording:\n {2}RCODE: recorded NOERROR, now SERVFAIL$/m,
    );
  });

  it('ends with 2 for a file that is cut off', async () => {
    const cut = path('cut');
    writeFileSync(cut, readFileSync(path('signed')).subarray(0, 2000));
    const { code, out, err } = await run('trace', '--replay', cut);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/cut\.json:\d+: not JSON, or not all of it\n$/);
  });
});

describe.each([1, 2])('a server with %i worker(s)', (workers) => {
  let program: Program;
  let at = '';
  beforeAll(async () => {
    const config = join(folder, `server-${workers}.yaml`);
    writeFileSync(config, 'http: { token: hush-hush }\n');
    const manifest = join(zones, 'internet.yaml');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
    const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--workers', String(workers)];
    program = runBuiltProgram(['serve', '--config', config, '--zones', zones, ...free]);
    at = String((await program.line('ready')).http);
  });
  afterAll(() => program.stop());

  it('records from where it stands, for who has its token; the file outlives it', async () => {
    const file = path(`server-${workers}`);
    const asked = ['explain', 'www.expired.bogus.test', '--record', file, '--at', at];
    expect(await run(...asked)).toMatchObject({
      code: 1,
      err: expect.stringContaining('needs a Bearer token'),
    });
    const live = await run(...asked, '--token', 'hush-hush');
    expect(live).toMatchObject({ code: 0, err: expect.stringMatching(/^Recorded in/) });
    expect(live.out).toContain('expired at 20201231000000');
    await program.stop();
    expect(readFileSync(file, 'utf8')).not.toContain('hush-hush');
    expect(await run('explain', '--replay', file)).toEqual({ code: 0, out: live.out, err: '' });
  });
});
