/**
 * The built program: caches dumped to a file, a cold start without an internet, the file loaded, the same answers.
 * Needs `npm run build`.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheEntry } from '../../src/observe/control.js';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

const questions = [
  ['www.example.com', 'A'],
  ['www.example.org', 'A'],
  ['example.net', 'NS'],
  ['nothing.example.com', 'A'],
  ['example.com', 'MX'],
] as const;

let folder = '';
let config = '';
let file = '';
let internet: Program;
const answers = new Map<string, string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-dump-'));
  file = join(folder, 'dump.jsonl');
  const zones = join(folder, 'zones');
  cpSync('zones', zones, { recursive: true });
  const manifest = join(zones, 'internet.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
  internet = runBuiltProgram(['mock', '--zones', zones]);
  const ready = await internet.line('ready');
  const root = /@(\S+)/.exec(String(ready.try))![1]!;
  config = join(folder, 'config.yaml');
  const rootHints = [{ name: 'root.test.', addresses: [root] }];
  const upstream = { port: ready.port, doNotQuery: [] };
  writeFileSync(config, JSON.stringify({ rootHints, dnssec: { mode: 'off' }, upstream }));
});
afterAll(async () => {
  await internet.stop();
  rmSync(folder, { recursive: true });
});

async function serve(workers: number) {
  const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
  const program = runBuiltProgram(['serve', '--config', config, '--workers', String(workers), ...free]);
  const ready = await program.line('ready');
  const port = String((ready.listen as string[])[0])
    .split(':')
    .at(-1)!;
  return { program, port, http: String(ready.http) };
}

/** Status and records, without what counts down. */
async function ask(port: string, [name, type]: readonly [string, string]): Promise<string> {
  const args = [
    '@127.0.0.1',
    '-p',
    port,
    '+tries=1',
    '+time=10',
    '+noall',
    '+comments',
    '+answer',
    name,
    type,
  ];
  const { stdout } = await promisify(execFile)('dig', args, { timeout: 15_000 });
  const status = /status: (\w+)/.exec(stdout)?.[1];
  const records = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  return [status, ...records.map((line) => line.replace(/\t\d+\t/, ' ').replace(/\s+/g, ' ')).sort()].join(
    '\n',
  );
}

async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('node', ['dist/cli/main.js', ...args], { timeout: 30_000 });
  return stdout;
}

describe('cache dump and cache load', () => {
  it('writes every entry of all workers on a line of its own', async () => {
    const { program, port, http } = await serve(2);
    for (const question of questions) answers.set(question.join(' '), await ask(port, question));
    expect(answers.get('nothing.example.com A')).toMatch(/^NXDOMAIN/);
    expect(await run('cache', 'dump', '--out', file, '--at', http)).toMatch(/^\d+ entries written to /);
    const entries = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as CacheEntry);
    expect(new Set(entries.map(({ layer }) => layer))).toEqual(
      new Set(['stub', 'resolver', 'negative', 'delegation']),
    );
    const www = entries.find(({ layer, name }) => layer === 'resolver' && name === 'www.example.com.')!;
    expect(www).toMatchObject({ type: 'A', details: { rank: 'answer', security: 'unchecked' } });
    expect(www.records[0]).toMatch(/^www\.example\.com\.\t\d+\tIN\tA\t192\.0\.2\.10$/);
    expect(Date.parse(www.expires!) - Date.now()).toBeLessThanOrEqual(300_000);
    await program.stop();
    await internet.stop();
  });

  it.each([1, 2])('gives the same answers to %i cold workers without an internet', async (workers) => {
    const { program, port, http } = await serve(workers);
    expect(await run('cache', 'load', file, '--at', http)).toMatch(/^\d+ entries loaded, .* 0 bad lines\n$/);
    for (const question of questions) {
      expect(await ask(port, question), question.join(' ')).toBe(answers.get(question.join(' ')));
    }
    const { queries } = (await (await fetch(`${http}/stats`)).json()) as {
      queries: { byClass: Record<string, number> };
    };
    expect(queries.byClass).toMatchObject({ walked: 0, failure: 0, stub: 0 });
    await program.stop();
  });
});
