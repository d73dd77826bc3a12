/** The shared cache in a real server: the client by itself, and two built programs. Needs `npm run build`. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisStore } from '../../src/transport/redis-store.js';
import { type RedisProcess, redisMissing, startRedis } from '../support/redis-server.js';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

async function until(what: string, test: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !(await test()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`waited too long until ${what}`);
  }
}

const answers = (promise: Promise<unknown>) =>
  promise.then(
    () => true,
    () => false,
  );

describe.skipIf(redisMissing)('the client of the shared store', () => {
  let server: RedisProcess;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.kill());

  it('keeps octets as they are, for their time', async () => {
    const store = RedisStore.open(server.url, () => {});
    await until('it is connected', () => answers(store.get('x')));
    const value = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await store.put('octets', value, 100);
    expect(await store.get('octets')).toEqual(value);
    expect(await store.get('nothing')).toBeUndefined();
    const client = await createClient({ url: server.url }).connect();
    expect(await client.ttl('octets')).toBeGreaterThan(90);
    client.destroy();
    await store.close();
  });

  it('refuses at once while nobody is there, and finds the server when it comes', async () => {
    const errors: Error[] = [];
    await server.kill();
    const store = RedisStore.open(server.url, (error) => errors.push(error));
    await until('it tried', () => errors.length > 0);
    await expect(store.get('x')).rejects.toThrow('not connected');
    await expect(store.put('x', Buffer.alloc(1), 1)).rejects.toThrow('not connected');
    server = await startRedis(server.port);
    await until('it is connected', () => answers(store.get('x')));
    await store.close();
  });

  it('lets the process end when it is closed before it ever connected', async () => {
    const store = RedisStore.open('redis://127.0.0.1:1', () => {});
    await store.close();
    await expect(store.get('x')).rejects.toThrow('not connected');
  });
});

describe.skipIf(redisMissing)('two servers and one store', () => {
  let folder = '';
  let config = '';
  let internet: Program;
  let store: RedisProcess;
  let one: Running;
  let two: Running;

  beforeAll(async () => {
    store = await startRedis();
    folder = mkdtempSync(join(tmpdir(), 'stratadns-shared-'));
    const zones = join(folder, 'zones');
    cpSync('zones', zones, { recursive: true });
    const manifest = join(zones, 'internet.yaml');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
    internet = runBuiltProgram(['mock', '--zones', zones]);
    const ready = await internet.line('ready');
    const root = /@(\S+)/.exec(String(ready.try))![1]!;
    config = join(folder, 'config.yaml');
    const settings = {
      workers: 1, // each has a breaker and counts of its own
      rootHints: [{ name: 'root.test.', addresses: [root] }],
      dnssec: { mode: 'off' },
      upstream: { port: ready.port, doNotQuery: [] },
      // The machine that runs the tests may be busy: the bound of the wait is tested in virtual time.
      cache: { shared: { url: store.url, secret: 'a secret of these tests', timeout: '1s' } },
    };
    writeFileSync(config, JSON.stringify(settings));
    [one, two] = await Promise.all([serve(), serve()]);
    for (const { http } of [one, two]) await untilShared(http);
  });
  afterAll(async () => {
    await Promise.all([one.program.stop(), two.program.stop(), internet.stop()]);
    await store.kill();
    rmSync(folder, { recursive: true });
  });

  interface Running {
    readonly program: Program;
    readonly port: string;
    readonly http: string;
  }

  async function serve(): Promise<Running> {
    const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
    const program = runBuiltProgram(['serve', '--config', config, ...free]);
    const ready = await program.line('ready');
    return {
      program,
      port: String((ready.listen as string[])[0])
        .split(':')
        .at(-1)!,
      http: String(ready.http),
    };
  }

  async function ask({ port }: Running, name: string): Promise<string> {
    const args = ['@127.0.0.1', '-p', port, '+noall', '+comments', '+tries=1', '+time=10', name, 'A'];
    const { stdout } = await promisify(execFile)('dig', args, { timeout: 15_000 });
    return /status: (\w+)/.exec(stdout)?.[1] ?? 'none';
  }

  interface Stats {
    readonly queries: { readonly byClass: Readonly<Record<string, number>> };
    readonly shared: {
      readonly state: string;
      readonly hits: number;
      readonly misses: number;
      readonly writes: number;
      readonly refused: { readonly mac: number };
    };
  }

  async function stats(http: string): Promise<Stats> {
    return (await (await fetch(`${http}/stats`)).json()) as Stats;
  }

  /** Asks for names that nobody asked for, until the store has answered. */
  async function untilShared(http: string): Promise<void> {
    const running = [one, two].find((r) => r.http === http)!;
    let number = 0;
    await until('the store answers', async () => {
      await ask(running, `no${number++}-${running.port}.example.com`);
      const { state, misses } = (await stats(http)).shared;
      return state === 'closed' && misses > 0;
    });
  }

  it('share what one has walked', async () => {
    const before = (await stats(one.http)).shared.writes;
    expect(await ask(one, 'www.example.com')).toBe('NOERROR');
    await until('it is written through', async () => (await stats(one.http)).shared.writes > before);
    expect(await ask(two, 'www.example.com')).toBe('NOERROR');
    const { queries, shared } = await stats(two.http);
    expect(queries.byClass.shared).toBe(1);
    expect(shared.hits).toBe(1);
  });

  it('refuse and count what somebody else wrote into the store, and answer nonetheless', async () => {
    expect(await ask(one, 'example.com')).toBe('NOERROR');
    const client = await createClient({ url: store.url }).connect();
    let key: string | undefined;
    await until('it is in the store', async () => {
      [key] = await client.keys('*:A:example.com.');
      return key !== undefined;
    });
    await client.set(key!, 'poison'.repeat(30));
    client.destroy();
    expect(await ask(two, 'example.com')).toBe('NOERROR');
    const { queries, shared } = await stats(two.http);
    expect(shared.refused.mac).toBe(1);
    expect(queries.byClass.walked).toBeGreaterThan(0);
  });

  it('keep what a killed server had walked', async () => {
    expect(await ask(one, 'gone.example.com')).toBe('NXDOMAIN');
    const client = await createClient({ url: store.url }).connect();
    await until('it is in the store', async () => (await client.keys('*:A:gone.example.com.')).length > 0);
    client.destroy();
    one.program.signal('SIGKILL');
    await one.program.exited;
    const { hits } = (await stats(two.http)).shared;
    expect(await ask(two, 'gone.example.com')).toBe('NXDOMAIN');
    expect((await stats(two.http)).shared.hits).toBe(hits + 1);
  });

  it('answer every query while the store dies, and use it again when it is back', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `dies${i}.example.com`);
    const asked: Promise<string>[] = [];
    for (const [i, name] of names.entries()) {
      asked.push(ask(two, name));
      if (i === 20) await store.kill();
      if (i % 4 === 0) await asked.at(-1);
    }
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['NXDOMAIN']));
    expect((await stats(two.http)).shared.state).toBe('open');
    await two.program.line('the shared cache does not answer; going on without it');
    store = await startRedis(store.port);
    await untilShared(two.http);
    await two.program.line('the shared cache answers again');
  });
});
