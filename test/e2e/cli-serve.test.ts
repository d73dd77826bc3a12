/** The built program from outside: ready line, signals, exit codes, refusals. Needs `npm run build`. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
let folder = '';
let zones = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-serve-'));
  // The zones that ship, on a free port instead of theirs, since other tests may run beside this one.
  zones = join(folder, 'zones');
  cpSync('zones', zones, { recursive: true });
  const manifest = join(zones, 'internet.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function digShort(port: string, name: string): Promise<string> {
  const args = ['@127.0.0.1', '-p', port, '+short', '+tries=1', '+time=10', name];
  return (await promisify(execFile)('dig', args, { timeout: 15_000 })).stdout.trim();
}

const portOf = (address: unknown) => String(address).split(':').at(-1)!;

describe('stratadns serve --zones', () => {
  let program: Program;
  let port = '';
  let http = '';
  beforeAll(async () => {
    program = runBuiltProgram(['serve', '--zones', zones, ...free]);
    const ready = await program.line('ready');
    port = portOf((ready.listen as string[])[0]);
    http = String(ready.http);
  });
  afterAll(() => program.stop());

  it('says what to try before it is ready, and that works', async () => {
    expect(program.err()).toContain(`dig @127.0.0.1 -p ${port} www.example.com`);
    expect(await digShort(port, 'www.example.com')).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  });

  it('counts each query once, from the walk to the stub cache, and forgets on demand', async () => {
    const counted = async () => {
      const { queries } = (await (await fetch(`${http}/stats`)).json()) as {
        queries: { total: number; byClass: Record<string, number> };
      };
      return queries;
    };
    const before = await counted();
    await digShort(port, 'example.com');
    await digShort(port, 'example.com');
    const after = await counted();
    expect(after.total - before.total).toBe(2);
    expect(after.byClass.walked! - before.byClass.walked!).toBe(1);
    expect(after.byClass.stub! - before.byClass.stub!).toBe(1);
    const flushed = (await (await fetch(`${http}/cache?name=example.com`, { method: 'DELETE' })).json()) as {
      removed: number;
    };
    expect(flushed.removed).toBeGreaterThan(0);
    await digShort(port, 'example.com');
    expect((await counted()).byClass.walked! - after.byClass.walked!).toBe(1);
  });

  it('lets a trace walk beside it', async () => {
    const args = ['dist/cli/main.js', 'trace', 'www.example.com', '--zones', zones];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    expect(stdout).toMatch(/^├─ zone \. \d+ servers, from root hints$/m);
    expect(stdout).toMatch(/^└─ answer/m);
    expect(stdout).toMatch(/^budget used: \d+ of 100 upstream queries/m);
  });

  it('reads its configuration again on SIGHUP, and drains on SIGTERM with exit code 0', async () => {
    program.signal('SIGHUP');
    await program.line('configuration reloaded');
    expect(await digShort(port, 'www.example.com')).not.toBe('');
    program.signal('SIGTERM');
    expect(await program.exited).toBe(0);
    expect(program.log.at(-1)?.msg).toBe('stopped');
  });
});

describe('stratadns serve', () => {
  it('reloads after its start when it was told so during the start', async () => {
    const hosts = join(folder, 'hosts');
    writeFileSync(hosts, '192.0.2.1 a.home.arpa\n');
    const file = join(folder, 'early.yaml');
    writeFileSync(file, JSON.stringify({ workers: 1, policy: { hosts: [hosts] } }));
    const program = runBuiltProgram(['serve', '--config', file, ...free]);
    await program.line('hosts files were loaded');
    program.signal('SIGHUP');
    await program.line('configuration reloaded');
    const said = program.log.map(({ msg }) => msg);
    expect(said.indexOf('ready')).toBeGreaterThan(0);
    expect(said.indexOf('ready')).toBeLessThan(said.indexOf('configuration reloaded'));
    await program.stop();
  });

  it('keeps its configuration when the new file is wrong, and says where', async () => {
    const file = join(folder, 'live.yaml');
    writeFileSync(file, 'log: { queries: true }\n');
    const program = runBuiltProgram(['serve', '--config', file, ...free]);
    await program.line('ready');
    writeFileSync(file, 'log: { queris: true }\n');
    program.signal('SIGHUP');
    const refused = await program.line('the new configuration cannot be used; the old one stays');
    expect(refused.problems).toMatchObject([
      { keyPath: 'log.queris', line: 1, column: 8, suggestion: 'queries' },
    ]);
    await program.stop();
    expect(await program.exited).toBe(0);
  });

  it('ends with 2 for a bad configuration, with the place', async () => {
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, 'workers: 0\n');
    const program = runBuiltProgram(['serve', '--config', file, ...free]);
    expect(await program.exited).toBe(2);
    expect(program.err()).toBe(`${file}:1:10: workers: expected a whole number from 1 to 256; got 0\n`);
  });

  it('ends with 2 for zones that cannot be served', async () => {
    const program = runBuiltProgram(['serve', '--zones', folder, ...free]);
    expect(await program.exited).toBe(2);
    expect(program.err()).toMatch(/internet\.yaml:1:1: error: cannot read the manifest/);
  });

  it.each(['--http', '--listen'])('ends with 1 when the port of %s is taken, and says so', async (flag) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const program = runBuiltProgram([
      'serve',
      ...free.filter((_, i) => free[i - (i % 2)] !== flag),
      flag,
      `127.0.0.1:${port}`,
    ]);
    expect(await program.exited).toBe(1);
    expect(program.err()).toContain(`cannot listen on 127.0.0.1:${port}`);
    expect(program.err()).not.toMatch(/^\s+at /m);
    taken.close();
  });
});

describe('stratadns mock', () => {
  it('serves only the mock internet until SIGINT', async () => {
    const program = runBuiltProgram(['mock', '--zones', zones]);
    await program.line('ready');
    expect(program.err()).toMatch(/dig @127\.\d+\.\d+\.\d+ -p \d+ \. NS \+norecurse/);
    program.signal('SIGINT');
    expect(await program.exited).toBe(0);
  });
});
