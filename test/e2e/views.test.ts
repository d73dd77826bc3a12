/** Views of the built program, with one worker and with two, over UDP and TCP, and over a restart. Needs `npm run build`. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KID = '127.0.0.2';
const GUEST = '127.0.0.3';
const OTHER = '127.0.0.1';
let folder = '';
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-views-'));
  cpSync('zones', file('zones'), { recursive: true });
  const manifest = file('zones/internet.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
  writeFileSync(file('kids.txt'), 'www.example.com\n');
  writeFileSync(file('all.txt'), 'www.example.org\n');
  writeFileSync(file('guests.hosts'), '198.51.100.9 www.example.com\n');
});
const running = new Set<Program>();
/** What a failed test left running. */
afterEach(async () => {
  for (const program of running) await program.stop();
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Running {
  readonly program: Program;
  readonly port: string;
  readonly http: string;
}

async function serve(workers: number, persisted?: string): Promise<Running> {
  const list = (path: string) => ({ path: file(path), format: 'domains', action: 'nxdomain' });
  const config = {
    policy: { lists: [list('all.txt')] },
    views: [
      { name: 'kids', clients: [`${KID}/32`], policy: { lists: [list('kids.txt')] } },
      { name: 'guests', clients: [GUEST], policy: { hosts: [file('guests.hosts')] } },
    ],
    cache: { prefetch: false, persist: { path: persisted ?? null } },
  };
  writeFileSync(file('config.yaml'), JSON.stringify(config));
  const args = ['--zones', file('zones'), '--config', file('config.yaml'), '--workers', String(workers)];
  const program = runBuiltProgram(['serve', ...args, '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0']);
  running.add(program);
  const ready = await program.line('ready');
  return {
    program,
    port: String((ready.listen as string[])[0])
      .split(':')
      .at(-1)!,
    http: String(ready.http),
  };
}

/** RCODE and the answer, of one client. */
async function ask(port: string, name: string, from: string, ...more: string[]): Promise<string> {
  const common = ['@127.0.0.1', '-p', port, '-b', from, '+tries=1', '+time=10', '+nocookie', name, 'A'];
  const { stdout } = await promisify(execFile)('dig', [...common, ...more], { timeout: 15_000 });
  const rcode = /status: (\w+)/.exec(stdout)?.[1];
  return [rcode, ...[...stdout.matchAll(/\s\d+\s+IN\s+A\s+(\S+)/g)].map((match) => match[1])].join(' ');
}

const expected = new Map([
  [KID, ['NXDOMAIN', 'NOERROR']],
  [GUEST, ['NOERROR 198.51.100.9', 'NOERROR']],
  [OTHER, ['NOERROR 192.0.2.10', 'NXDOMAIN']],
]);

async function askAll(port: string, order: readonly string[], ...more: string[]): Promise<void> {
  for (const from of order) {
    const [com, org] = expected.get(from)!;
    expect([from, await ask(port, 'www.example.com', from, ...more)]).toEqual([from, com]);
    expect([from, (await ask(port, 'www.example.org', from, ...more)).split(' ')[0]]).toEqual([from, org]);
  }
}

describe.each([1, 2])('with %i workers', (workers) => {
  it.each([
    ['the blocked first', [KID, GUEST, OTHER]],
    ['the free first', [OTHER, GUEST, KID]],
  ])(
    'each view has its own answers, %s, by UDP and TCP, again and again',
    async (_title, order) => {
      const { program, port, http } = await serve(workers);
      for (const more of [['+notcp'], ['+tcp'], ['+notcp'], ['+notcp']]) await askAll(port, order, ...more);
      const { queries } = (await (await fetch(`${http}/stats`)).json()) as {
        queries: { views: object; total: number };
      };
      expect(queries).toMatchObject({ total: 24, views: { kids: 8, guests: 8 } });
      const text = (await promisify(execFile)(process.execPath, [main, 'stats', '--at', http])).stdout;
      expect(text).toMatch(/views +(kids 8, guests 8|guests 8, kids 8)/);
      await program.stop();
    },
    60_000,
  );

  it('they stay apart over a restart from the snapshot', async () => {
    const path = file(`caches-${workers}`);
    const first = await serve(workers, path);
    await askAll(first.port, [OTHER, KID, GUEST]);
    await first.program.stop();
    const second = await serve(workers, path);
    await askAll(second.port, [KID, GUEST, OTHER]);
    expect(second.program.log.map((line) => line.msg)).toContain('caches restored from the snapshot');
    await second.program.stop();
  }, 60_000);
});

it('a trace for a client names its view and its rule', async () => {
  const { program, http } = await serve(2);
  const trace = async (...more: string[]) =>
    (await promisify(execFile)(process.execPath, [main, 'trace', 'www.example.com', '--at', http, ...more]))
      .stdout;
  const kid = await trace('--client', KID);
  expect(kid).toContain('policy view kids: its rules hold');
  expect(kid).toContain(`policy ${file('kids.txt')}: www.example.com.: nxdomain`);
  expect(await trace('--client', OTHER)).not.toContain('kids');
  expect(await trace()).toContain('192.0.2.10');
  await program.stop();
}, 60_000);

it('a list of a view is read again when it changes', async () => {
  const { program, port } = await serve(1);
  expect(await ask(port, 'www.example.net', KID)).toContain('NOERROR');
  writeFileSync(file('kids.txt'), 'www.example.com\nwww.example.net\n');
  await program.line('a list was loaded');
  const end = Date.now() + 10_000;
  while (!(await ask(port, 'www.example.net', KID)).includes('NXDOMAIN')) {
    if (Date.now() > end) throw new Error('waited too long for the changed list');
  }
  expect(await ask(port, 'www.example.net', OTHER)).toContain('NOERROR');
  writeFileSync(file('kids.txt'), 'www.example.com\n');
  await program.stop();
}, 60_000);
