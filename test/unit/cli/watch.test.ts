import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { Io } from '../../../src/cli/io.js';
import { runProgram } from '../../../src/cli/program.js';
import { frameHead } from '../../../src/cli/stats-text.js';
import { Counters } from '../../../src/observe/counters.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { fullSnapshot } from '../observe/full-snapshot.js';
import { type Running, startHttp } from '../observe/http/http-client.js';

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Watching {
  readonly done: Promise<number>;
  out: string;
  err: string;
}

function watch(args: readonly string[], io: Partial<Io> = {}): Watching {
  const watching = { out: '', err: '' } as { out: string; err: string; done: Promise<number> };
  watching.done = runProgram(['stats', '--watch', ...args], {
    out: (text) => {
      watching.out += text;
    },
    err: (text) => {
      watching.err += text;
    },
    colour: false,
    token: undefined,
    ...io,
  });
  return watching;
}

/** A server whose seconds pass when the test says so; each brings a query. */
async function server(): Promise<{ http: Running; url: string; second: () => Promise<void> }> {
  const clock = new VirtualClock();
  const http = await startHttp({ clock, limits: { requestsPerSec: 100_000 } });
  closers.push(() => http.close());
  const counters = new Counters();
  const second = async () => {
    for (const [lookupClass, tookMs] of [
      ['stub', 1],
      ['walked', 40],
    ] as const) {
      counters.record({
        lookupClass,
        missReason: undefined,
        qtype: 1,
        rcode: 0,
        transport: 'udp',
        tookMs,
        client: '',
        qname: undefined,
      });
    }
    http.control.snapshot = { ...fullSnapshot(), counters: counters.state() };
    await clock.advance(1000);
  };
  await second();
  return { http, url: `http://127.0.0.1:${http.port}`, second };
}

/** Lets seconds pass until the command has ended. */
async function passUntilDone(watching: Watching, second: () => Promise<void>): Promise<number> {
  let code: number | undefined;
  void watching.done.then((ended) => {
    code = ended;
  });
  await expect
    .poll(
      async () => {
        await second();
        return code;
      },
      { timeout: 10_000 },
    )
    .toBeDefined();
  return code!;
}

describe('stats --watch', () => {
  it('in a pipe gives a head and a line a second', async () => {
    const { url, second } = await server();
    const watching = watch(['--count', '3', '--at', url]);
    expect(await passUntilDone(watching, second)).toBe(0);
    const lines = watching.out.trimEnd().split('\n');
    expect(lines[0]).toBe(frameHead);
    expect(lines).toHaveLength(4);
    for (const line of lines.slice(1)) {
      expect(line).toMatch(/^\d\d:\d\d:\d\d {7}2\.0 {4}50\.0 % +1\.\d\d ms +4\d\.\d ms +0\.0 +0 +2$/);
    }
    expect(watching.out).not.toContain('\u001b');
  });

  it('on a terminal draws the screen anew, with names and the last seconds', async () => {
    const { url, second } = await server();
    const watching = watch(['--count', '2', '--at', url], { redraws: true });
    expect(await passUntilDone(watching, second)).toBe(0);
    const screens = watching.out.split('\u001b[H').slice(1);
    expect(screens).toHaveLength(2);
    expect(watching.out.startsWith('\u001b[2J\u001b[H')).toBe(true);
    expect(screens[1]).toContain('stratadns 9.9.9');
    expect(screens[1]).toContain(frameHead);
    expect(screens[1]!.match(/\d\d:\d\d:\d\d /g)).toHaveLength(2);
    expect(screens[1]!.endsWith('\u001b[J')).toBe(true);
  });

  it('fits a terminal of 80 columns and 24 rows, with the latest first', async () => {
    const { url, second } = await server();
    const size = () => ({ columns: 80, rows: 24 });
    const watching = watch(['--count', '8', '--at', url], { redraws: true, colour: true, size });
    expect(await passUntilDone(watching, second)).toBe(0);
    const screens = watching.out.split('\u001b[H').slice(1);
    for (const screen of screens) {
      const lines = stripVTControlCharacters(screen).split('\n').slice(0, -1);
      expect(lines.length).toBeLessThan(24);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
      expect(lines.slice(1, 3)).toContain(frameHead);
      expect(lines.join('\n')).toMatch(/^stub +\d/m);
    }
  });

  it('as JSON gives each frame as the server sent it', async () => {
    const { url, second } = await server();
    const watching = watch(['--json', '--count', '2', '--at', url]);
    expect(await passUntilDone(watching, second)).toBe(0);
    const frames = watching.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(frames).toMatchObject([{ queries: 2 }, { queries: 2, classes: { stub: 1, walked: 1 } }]);
    expect(frames[1].caches).toHaveLength(1);
  });

  it('says when the server goes away', async () => {
    const { http, url, second } = await server();
    const watching = watch(['--at', url]);
    await expect
      .poll(async () => {
        await second();
        return watching.out;
      })
      .toContain(frameHead);
    await http.close();
    expect(await watching.done).toBe(1);
    expect(watching.err).toMatch(/^The server at http:\/\/127\.0\.0\.1:\d+ (broke off|ended the connection)/);
  });

  it('says when what answers is something else', async () => {
    const other = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('event: frame\ndata: {"x":1}\n\n');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    closers.push(() => other.close());
    const watching = watch(['--at', `http://127.0.0.1:${(other.address() as AddressInfo).port}`]);
    expect(await watching.done).toBe(1);
    expect(watching.err).toContain('is not stratadns, or of another version');
  });

  it.each(['0', '-1', 'many', '1.5'])('takes no count of %s', async (count) => {
    const watching = watch(['--count', count]);
    expect(await watching.done).toBe(2);
    expect(watching.err).toContain('whole number');
  });
});
