/** dnstap of the built program, read by BIND's dnstap-read, and sampling of the query log. Needs `npm run build`. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Control, controlFrame, readControl } from '../../src/observe/dnstap/frame-stream.js';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

const hasReader = spawnSync('dnstap-read', ['-?']).error === undefined;
const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
let folder = '';
const started: Program[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-dnstap-'));
});
// Also when a test fails before it stops its own.
afterEach(() => Promise.all(started.splice(0).map((program) => program.stop())));
afterAll(() => rmSync(folder, { recursive: true }));

interface Running {
  readonly program: Program;
  readonly port: string;
}

async function serve(settings: object, flags: readonly string[] = []): Promise<Running> {
  const config = join(folder, 'config.yaml');
  writeFileSync(config, JSON.stringify({ workers: 1, ...settings }));
  const program = runBuiltProgram(['serve', '--config', config, ...free, ...flags]);
  started.push(program);
  const ready = await program.line('ready');
  return {
    program,
    port: String((ready.listen as string[])[0])
      .split(':')
      .at(-1)!,
  };
}

async function dig(port: string, ...args: string[]): Promise<void> {
  await promisify(execFile)('dig', ['@127.0.0.1', '-p', port, '+tries=1', '+time=10', ...args], {
    timeout: 15_000,
  });
}

async function until(what: string, test: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !test(); await sleep(20)) {
    if (Date.now() > end) throw new Error(`waited too long until ${what}`);
  }
}

describe('dnstap.path', () => {
  it.runIf(hasReader)('writes each query and response to a file that dnstap-read reads', async () => {
    const path = join(folder, 'tap');
    const { program, port } = await serve({ dnstap: { path } });
    for (let i = 0; i < 3; i++) await dig(port, 'localhost', 'A');
    await dig(port, 'localhost', 'AAAA', '+tcp');
    await program.stop();
    const { stdout } = await promisify(execFile)('dnstap-read', ['-y', path]);
    const events = stdout.split('---\n').filter((event) => event !== '');
    expect(events).toHaveLength(8);
    expect(events.filter((event) => event.includes('type: CLIENT_QUERY'))).toHaveLength(4);
    const last = events.at(-1)!;
    expect(last).toMatch(/type: CLIENT_RESPONSE/);
    expect(last).toMatch(/socket_family: INET\n\s+socket_protocol: TCP/);
    expect(last).toMatch(/query_address: "127\.0\.0\.1"/);
    expect(last).toMatch(/response_time: !!timestamp 20\d\d-/);
    expect(last).toMatch(/status: NOERROR[\s\S]*'localhost\. \d+ IN AAAA ::1'/);
    expect(stdout).toMatch(/version: "?stratadns \d/);
  });

  it.runIf(hasReader)(
    'writes what servers are asked and say, with zone and times, and clients only if told',
    async () => {
      const path = join(folder, 'servers');
      const { program, port } = await serve({ dnstap: { path, messages: 'servers' } }, ['--zones', 'zones']);
      await dig(port, 'www.example.com', 'A');
      await program.stop();
      const { stdout } = await promisify(execFile)('dnstap-read', ['-y', path]);
      const events = stdout.split('---\n').filter((event) => event !== '');
      expect(events.some((event) => event.includes('CLIENT_'))).toBe(false);
      const about = events.filter((event) => /www\.example\.com\. IN A/i.test(event));
      expect(about.map((event) => /type: (RESOLVER_\w+)/.exec(event)![1])).toEqual(
        expect.arrayContaining(['RESOLVER_QUERY', 'RESOLVER_RESPONSE']),
      );
      const response = about.find((event) => event.includes('type: RESOLVER_RESPONSE'))!;
      expect(response).toMatch(/query_zone: example\.com/);
      expect(response).toMatch(/response_address: "?127\.53\.\d+\.\d+/);
      expect(response).toMatch(/response_port: [1-9]/);
      expect(response).toMatch(/socket_protocol: UDP/);
      expect(about.find((event) => event.includes('_QUERY'))).toMatch(/query_time: !!timestamp 20\d\d-/);
      expect(response).toMatch(/response_time: !!timestamp 20\d\d-/);
      expect(response).toMatch(/www\.example\.com\.\s\d+\sIN\sA\s192\.0\.2\.10/i);
    },
  );

  it('shakes hands with a collector, comes back after it was away, and ends the stream', async () => {
    const path = join(folder, 'collector');
    const { program, port } = await serve({ dnstap: { path: `unix:${path}` } });
    await program.line('dnstap cannot write');
    await dig(port, 'localhost');
    const collector = new Collector();
    await collector.listen(path);
    await until('two frames came', () => collector.frames.length >= 2);
    expect(collector.controls).toEqual([Control.READY, Control.START]);
    collector.drop();
    await until('it came again', () => collector.controls.length >= 4);
    await dig(port, 'localhost');
    await until('two more frames came', () => collector.frames.length >= 4);
    await program.stop();
    expect(collector.controls.at(-1)).toBe(Control.STOP);
    expect(collector.frames.every((frame) => frame.includes('stratadns'))).toBe(true);
    await collector.close();
  });
});

describe('log.querySampling', () => {
  it('logs one query of so many', async () => {
    const { program, port } = await serve({ log: { queries: true, querySampling: 3 } });
    for (let i = 0; i < 7; i++) await dig(port, 'localhost');
    await program.stop();
    expect(program.log.filter(({ msg }) => msg === 'query')).toHaveLength(2);
  });
});

/** The reading end of a frame stream. */
class Collector {
  readonly controls: number[] = [];
  readonly frames: Buffer[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((socket) => {
    this.sockets.add(socket);
    let heard: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      heard = this.take(Buffer.concat([heard, chunk]), socket);
    });
    socket.on('close', () => this.sockets.delete(socket));
  });

  listen(path: string): Promise<void> {
    return new Promise((resolve) => this.server.listen(path, resolve));
  }

  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.drop();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private take(heard: Buffer, socket: Socket): Buffer {
    let rest = heard;
    while (rest.length >= 4) {
      const length = rest.readUInt32BE();
      if (length === 0) {
        const control = readControl(rest);
        if (control === undefined) return rest;
        if (control === 'malformed') throw new Error('a malformed control frame');
        this.controls.push(control.type);
        if (control.type === Control.READY) socket.write(controlFrame(Control.ACCEPT));
        if (control.type === Control.STOP) socket.end(controlFrame(Control.FINISH));
        rest = rest.subarray(control.taken);
      } else {
        if (rest.length < 4 + length) return rest;
        this.frames.push(rest.subarray(4, 4 + length));
        rest = rest.subarray(4 + length);
      }
    }
    return rest;
  }
}
