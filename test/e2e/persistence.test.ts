/**
 * The built program over a `kill -9`: what it had answered it answers again though the internet is gone, with
 * the time that went by counted. Needs `npm run build`.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
let folder = '';
let config = '';
let snapshot = '';
let internet: Program;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-persist-'));
  const zones = join(folder, 'zones');
  cpSync('zones', zones, { recursive: true });
  const manifest = join(zones, 'internet.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
  internet = runBuiltProgram(['mock', '--zones', zones]);
  const ready = await internet.line('ready');
  const root = /@(\S+)/.exec(String(ready.try))![1]!;
  snapshot = join(folder, 'caches');
  config = join(folder, 'config.yaml');
  const settings = {
    rootHints: [{ name: 'root.test.', addresses: [root] }],
    dnssec: { mode: 'off' },
    upstream: { port: ready.port, doNotQuery: [] },
    cache: { persist: { path: snapshot, interval: '1s' } },
  };
  writeFileSync(config, JSON.stringify(settings));
});
afterAll(async () => {
  await internet.stop();
  rmSync(folder, { recursive: true });
});

const started: Program[] = [];
// One that a failed test left behind would go on writing the file of the next.
afterEach(() => {
  for (const program of started.splice(0)) program.signal('SIGKILL');
});

interface Running {
  readonly program: Program;
  readonly port: string;
  readonly http: string;
}

async function serve(workers = 1, file = config): Promise<Running> {
  const program = runBuiltProgram(['serve', '--config', file, '--workers', String(workers), ...free]);
  started.push(program);
  const ready = await program.line('ready');
  return {
    program,
    port: String((ready.listen as string[])[0])
      .split(':')
      .at(-1)!,
    http: String(ready.http),
  };
}

/** TTL and address, or undefined when there is no answer. */
async function ask(port: string, name: string): Promise<{ ttlSec: number; address: string } | undefined> {
  const args = ['@127.0.0.1', '-p', port, '+noall', '+answer', '+tries=1', '+time=10', name, 'A'];
  const { stdout } = await promisify(execFile)('dig', args, { timeout: 15_000 }).catch(() => ({
    stdout: '',
  }));
  const match = /\s(\d+)\s+IN\s+A\s+(\S+)/.exec(stdout);
  return match ? { ttlSec: Number(match[1]), address: match[2]! } : undefined;
}

interface Stats {
  readonly queries: { readonly byClass: Readonly<Record<string, number>> };
  readonly persistence: {
    readonly restored: { readonly answers: number; readonly entries: number };
    readonly refused?: string;
    readonly lastSnapshot?: { readonly result: string; readonly atMs: number; readonly sizeOctets: number };
  };
}

async function stats(http: string): Promise<Stats> {
  return (await (await fetch(`${http}/stats`)).json()) as Stats;
}

async function entriesOf(http: string, name: string): Promise<readonly unknown[]> {
  const reply = await fetch(`${http}/cache?name=${name}`);
  return ((await reply.json()) as { entries: unknown[] }).entries;
}

async function until(what: string, test: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !(await test()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`waited too long until ${what}`);
  }
}

describe('cache.persist', () => {
  let first: { ttlSec: number; address: string };
  let askedAtMs = 0;

  it('writes at its interval, and says so in the statistics', async () => {
    const { program, port, http } = await serve();
    first = (await ask(port, 'www.example.com'))!;
    askedAtMs = Date.now();
    await until('a later snapshot is there', async () => {
      const { lastSnapshot } = (await stats(http)).persistence;
      return lastSnapshot?.result === 'ok' && lastSnapshot.atMs > askedAtMs;
    });
    expect(statSync(snapshot).mode & 0o777).toBe(0o600);
    program.signal('SIGKILL');
    expect(await program.exited).toBe('SIGKILL');
  });

  it.each([1, 2])('does not bring back what was flushed before a kill, with %i workers', async (workers) => {
    const { program, port, http } = await serve(workers);
    const names = ['www.example.org', 'www.example.net'];
    for (const name of names) expect(await ask(port, name), name).toBeDefined();
    const askedMs = Date.now();
    await until('a later snapshot is there', async () => {
      const { lastSnapshot } = (await stats(http)).persistence;
      return lastSnapshot?.result === 'ok' && lastSnapshot.atMs > askedMs;
    });
    const url = `${http}/cache?name=${names[0]}`;
    const flushed = (await (await fetch(url, { method: 'DELETE' })).json()) as { removed: number };
    expect(flushed.removed).toBeGreaterThanOrEqual(2);
    program.signal('SIGKILL');
    await program.exited;
    const after = await serve(workers);
    await until('the other name is back', async () => (await entriesOf(after.http, names[1]!)).length >= 2);
    expect(await entriesOf(after.http, names[0]!)).toEqual([]);
    await after.program.stop();
  });

  it('brings back what several workers had answered, for another number of them', async () => {
    const names = ['example.com', 'www.example.com', 'example.org', 'www.example.org', 'example.net'];
    const { program, port } = await serve(3);
    const found = new Map<string, string>();
    for (const name of names) {
      const answer = await ask(port, name);
      if (answer) found.set(name, answer.address);
    }
    expect(found.size).toBeGreaterThan(1);
    await program.stop();
    const after = await serve(2);
    for (const [name, address] of found) expect((await ask(after.port, name))?.address).toBe(address);
    expect((await stats(after.http)).queries.byClass).toMatchObject({ stub: found.size, walked: 0 });
    await after.program.stop();
    expect(existsSync(`${snapshot}.1`)).toBe(true);
    expect(existsSync(`${snapshot}.2`)).toBe(false);
  });

  it('brings back no answer of a name for which a cache rule was set meanwhile', async () => {
    const ruled = join(folder, 'ruled.yaml');
    const settings = JSON.parse(readFileSync(config, 'utf8')) as { cache: object };
    const rules = [{ name: 'www.example.com.', noCache: true }];
    const path = join(folder, 'ruled-caches');
    cpSync(snapshot, path);
    const cache = { ...settings.cache, rules, persist: { path, interval: '60s' } };
    writeFileSync(ruled, JSON.stringify({ ...settings, cache }));
    const { program, port, http } = await serve(1, ruled);
    for (let i = 0; i < 3; i++) expect((await ask(port, 'www.example.com'))?.address).toBe(first.address);
    const { byClass } = (await stats(http)).queries;
    expect(byClass).toMatchObject({ walked: 3, stub: 0, resolver: 0 });
    const shown = await (await fetch(`${http}/cache?name=www.example.com`)).json();
    expect(shown).toMatchObject({ entries: [{ holds: 'cache-rule', details: { noCache: true } }] });
    expect(JSON.stringify(shown)).not.toContain('ttlSec');
    await program.stop();
  });

  it('answers after kill -9 without an internet, its TTL counted down', async () => {
    await internet.stop();
    await until('two seconds went by', () => Date.now() > askedAtMs + 2000);
    const { program, port, http } = await serve();
    expect(program.log.map((line) => line.msg)).toContain('caches restored from the snapshot');
    const again = await ask(port, 'www.example.com');
    const wentBySec = (Date.now() - askedAtMs) / 1000;
    expect(again?.address).toBe(first.address);
    expect(again!.ttlSec).toBeLessThanOrEqual(first.ttlSec - 1);
    expect(again!.ttlSec).toBeGreaterThanOrEqual(first.ttlSec - Math.ceil(wentBySec) - 1);
    expect((await stats(http)).queries.byClass).toMatchObject({ stub: 1, walked: 0 });
    await program.stop();
    expect(await program.exited).toBe(0);
  });

  it('writes at the end as well, so that a second restart is as warm', async () => {
    const { program, port } = await serve();
    expect((await ask(port, 'www.example.com'))?.address).toBe(first.address);
    await program.stop();
  });

  it('starts cold on a file that was cut short, says so, and keeps it aside', async () => {
    const size = statSync(snapshot).size;
    truncateSync(snapshot, size - 20);
    const { program, port, http } = await serve();
    const refused = await program.line('the snapshot cannot be used; the caches start cold');
    expect(refused).toMatchObject({ level: 40, path: snapshot, fault: 'truncated' });
    expect((await stats(http)).persistence.refused).toMatch(/^truncated/);
    expect(await ask(port, 'www.example.com')).toBeUndefined();
    await program.stop();
    expect(statSync(`${snapshot}.refused`).size).toBe(size - 20);
  });

  it('never overwrites what it did not write', async () => {
    writeFileSync(snapshot, 'somebody wrote this by hand\n');
    const { program } = await serve();
    expect(await program.line('the snapshot cannot be used; the caches start cold')).toMatchObject({
      fault: 'foreign',
    });
    await program.stop();
    expect(readFileSync(snapshot, 'utf8')).toBe('somebody wrote this by hand\n');
    expect(existsSync(`${snapshot}.new`)).toBe(false);
  });
});
