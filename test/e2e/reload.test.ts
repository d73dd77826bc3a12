/** Reloading the built program under load: no query lost, caches kept, and wrong files without effect. Needs `npm run build`. */
import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { RRClass, RRType } from '../../src/dns/registry.js';
import { encodeQuery } from '../../src/wire/encode.js';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

let folder = '';
let file = '';
let program: Program;
let port = 0;
let http = '';

const base = { log: { level: 'info' }, dnssec: { mode: 'off' } };
const configure = (more: object) => writeFileSync(file, JSON.stringify({ ...base, ...more }));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-reload-'));
  const zones = join(folder, 'zones');
  cpSync('zones', zones, { recursive: true });
  const manifest = join(zones, 'internet.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
  file = join(folder, 'config.yaml');
  configure({});
  const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
  program = runBuiltProgram(['serve', '--config', file, '--zones', zones, ...free]);
  const ready = await program.line('ready');
  port = Number(
    String((ready.listen as string[])[0])
      .split(':')
      .at(-1),
  );
  http = String(ready.http);
});
afterAll(async () => {
  await program.stop();
  rmSync(folder, { recursive: true });
});

async function reloadByCli(): Promise<{ code: number; text: string }> {
  const args = ['dist/cli/main.js', 'reload', '--at', http];
  return promisify(execFile)(process.execPath, args, { timeout: 20_000 }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
  );
}

const reloadByHttp = () => fetch(`${http}/reload`, { method: 'POST' });

/** Keeps `window` queries under way until stopped; each must be answered within the limit. */
class SteadyClient {
  readonly rcodes = new Map<number, number>();
  answered = 0;
  private readonly socket: Socket = createSocket('udp4');
  private readonly waiting = new Map<number, NodeJS.Timeout>();
  private nextId = 1;
  private stopping = false;
  private settle: (lost: number) => void = () => {};
  private lost = 0;

  constructor(
    private readonly names: readonly string[],
    window: number,
  ) {
    this.socket.on('message', (message) => {
      const timer = this.waiting.get(message.readUInt16BE(0));
      if (!timer) return;
      clearTimeout(timer);
      const rcode = message[3]! & 15;
      this.rcodes.set(rcode, (this.rcodes.get(rcode) ?? 0) + 1);
      this.answered++;
      this.done(message.readUInt16BE(0));
    });
    for (let i = 0; i < window; i++) this.send();
  }

  private send(): void {
    const id = this.nextId++ & 0xffff;
    const name = this.names[id % this.names.length]!;
    const question = { name: parseName(name), type: RRType.A, class: RRClass.IN };
    const timer = setTimeout(() => {
      this.lost++;
      this.done(id);
    }, 8000);
    this.waiting.set(id, timer);
    this.socket.send(
      encodeQuery({ id, question, rd: true } as Parameters<typeof encodeQuery>[0]),
      port,
      '127.0.0.1',
    );
  }

  private done(id: number): void {
    this.waiting.delete(id);
    if (!this.stopping) this.send();
    else if (this.waiting.size === 0) this.settle(this.lost);
  }

  /** How many queries got no answer. */
  async stop(): Promise<number> {
    this.stopping = true;
    const lost = await new Promise<number>((resolve) => {
      this.settle = resolve;
      if (this.waiting.size === 0) resolve(this.lost);
    });
    this.socket.close();
    return lost;
  }
}

async function walked(): Promise<number> {
  const reply = (await (await fetch(`${http}/stats`)).json()) as {
    queries: { byClass: Readonly<Record<string, number>> };
  };
  return reply.queries.byClass.walked!;
}

describe('a reload', () => {
  it('loses no query, ten times over, whatever it changes', async () => {
    const misses = Array.from({ length: 50 }, (_, i) => `n${i}.example.com`);
    const client = new SteadyClient(['www.example.com', 'example.com', ...misses], 16);
    const changes: object[] = [
      { rateLimit: { perClientQps: 1_000_000 } },
      { access: { allow: ['127.0.0.0/8', '192.0.2.0/24'] } },
      { cache: { ttl: { max: '1h', negativeMax: '10s' }, prefetch: false } },
      { cache: { serveStale: { enabled: false } } },
      { specialUse: false },
      { forward: [{ zone: 'corp.test', servers: ['127.0.0.1@9'] }] },
      { dnssec: { mode: 'validate', negativeTrustAnchors: ['example.com'] } },
      { log: { level: 'warn' } },
      { qnameMinimization: 'off' },
      {},
    ];
    for (const [i, change] of changes.entries()) {
      const before = client.answered;
      configure(change);
      expect((await reloadByHttp()).status, JSON.stringify(change)).toBe(200);
      while (client.answered < before + 200) await new Promise((resolve) => setImmediate(resolve));
      if (i === 4) program.signal('SIGHUP');
    }
    expect(await client.stop()).toBe(0);
    expect([...client.rcodes.keys()].sort()).toEqual([0, 3]);
  });

  it('keeps what the caches hold', async () => {
    const client = new SteadyClient(['www.example.com'], 1);
    while (client.answered < 2) await new Promise((resolve) => setImmediate(resolve));
    const before = await walked();
    configure({ rateLimit: { perClientQps: 500_000 }, cache: { ttl: { max: '2h' } } });
    expect((await reloadByHttp()).status).toBe(200);
    const { answered } = client;
    while (client.answered < answered + 5) await new Promise((resolve) => setImmediate(resolve));
    expect(await client.stop()).toBe(0);
    expect(await walked()).toBe(before);
  });

  it('changes who may ask, from the next packet on', async () => {
    configure({ access: { allow: ['192.0.2.0/24'] } });
    expect((await reloadByCli()).code).toBe(0);
    const client = new SteadyClient(['www.example.com'], 1);
    while (client.answered < 3) await new Promise((resolve) => setImmediate(resolve));
    await client.stop();
    expect([...client.rcodes.keys()]).toEqual([5]);
    configure({});
    expect((await reloadByCli()).text).toBe('The configuration was reloaded.\n');
  });

  it('names what needs a restart', async () => {
    configure({ cache: { stub: { size: '1MiB' } }, log: { queries: true } });
    const { code, text } = await reloadByCli();
    expect(code).toBe(0);
    expect(text).toContain('Until a restart the old values hold of: cache.stub, log.queries');
    const line = await program.line('these options keep their old values until a restart');
    expect(line.needRestart).toEqual(['cache.stub', 'log.queries']);
  });

  it.each([
    [
      'rateLimit: { perClientQps: -5 }',
      /config\.yaml:1:\d+: rateLimit\.perClientQps: expected a whole number/,
    ],
    [
      'policy: { hosts: [/no/such/hosts] }',
      /config\.yaml:1:19: policy\.hosts\[0\]: \/no\/such\/hosts: ENOENT/,
    ],
  ])('with %s keeps the old configuration running and says why', async (text, why) => {
    writeFileSync(file, text);
    const cli = await reloadByCli();
    expect(cli.code).toBe(2);
    expect(cli.text).toMatch(why);
    const reply = await reloadByHttp();
    expect(reply.status).toBe(400);
    expect(JSON.stringify(await reply.json())).toMatch(/CONFIG_INVALID.*problems/);
    await program.line('the new configuration cannot be used; the old one stays');
    const client = new SteadyClient(['www.example.com'], 1);
    while (client.answered < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await client.stop()).toBe(0);
    expect([...client.rcodes.keys()]).toEqual([0]);
  });

  it('is not done for a page of another site', async () => {
    const reply = await fetch(`${http}/reload`, {
      method: 'POST',
      headers: { origin: 'http://evil.example' },
    });
    expect(reply.status).toBe(403);
    expect((await fetch(`${http}/reload`)).status).toBe(405);
  });
});
