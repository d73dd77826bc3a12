/**
 * The built program under a mixed load: every packet is counted, once, in each of the sums, and reading changes nothing.
 * Needs `npm run build`.
 */
import { createSocket } from 'node:dgram';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { RRClass, RRType } from '../../src/dns/registry.js';
import { encodeQuery } from '../../src/wire/encode.js';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

type Counts = Readonly<Record<string, number>>;
interface Queries {
  readonly total: number;
  readonly byClass: Counts;
  readonly missReasons: Counts;
  readonly rcodes: Counts;
  readonly types: Counts;
  readonly transports: Counts;
  readonly dropped: Counts;
  readonly latency: Readonly<Record<string, { readonly count: number }>>;
}

const sum = (counts: Counts) => Object.values(counts).reduce((a, b) => a + b, 0);
const LIMIT_MS = 15_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-statistics-'));
  cpSync('zones', join(folder, 'zones'), { recursive: true });
  const manifest = join(folder, 'zones', 'internet.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
  writeFileSync(join(folder, 'ads.txt'), 'ads.example.com\n');
  writeFileSync(join(folder, 'hosts'), '192.0.2.99 printer.home.arpa\n');
  const config = {
    access: { allow: ['127.0.0.1/32', '127.0.0.3/32'] },
    rateLimit: { perClientQps: 200 },
    policy: {
      lists: [{ path: join(folder, 'ads.txt'), format: 'domains', action: 'nxdomain' }],
      hosts: [join(folder, 'hosts')],
    },
  };
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
});
afterAll(() => rmSync(folder, { recursive: true }));

const query = (name: string, type: number, id = 1) =>
  Buffer.from(
    encodeQuery({
      id,
      question: { name: parseName(name), type, class: RRClass.IN },
      rd: true,
      cd: false,
      edns: { version: 0, udpSize: 1232, do: id % 2 === 0, options: [] },
    }),
  );

const names = [
  'www.example.com',
  'www.example.org',
  'nothing.example.com',
  'www.lame.broken.test',
  'example.net',
];
const special = ['ads.example.com', 'printer.home.arpa', 'localhost', 'x.invalid', 'www.bogus.test'];

/** Packets, in the order in which one client sends them. */
function load(): Buffer[] {
  const packets: Buffer[] = [];
  for (let i = 0; i < 400; i++) {
    const from = i % 5 === 0 ? special : names;
    const type = [RRType.A, RRType.AAAA, RRType.MX, 65_280][i % 4]!;
    packets.push(query(from[i % from.length]!, type, i));
    if (i % 20 === 0) packets.push(query(`n${i}.wild.test`, RRType.A, i));
    if (i % 50 === 0) packets.push(Buffer.from('no dns at all'), Buffer.from([1]));
    if (i % 50 === 1) {
      const broken = query('www.example.com', RRType.A, i);
      packets.push(broken.subarray(0, broken.length - 14)); // its question is cut
      const response = query('www.example.com', RRType.A, i);
      response[2]! |= 0x80;
      packets.push(response);
      const notify = query('www.example.com', RRType.A, i);
      notify[2]! |= 4 << 3;
      packets.push(notify);
    }
  }
  return packets;
}

/** Sends a few packets at a time, so that none is lost in the kernel. */
async function send(
  port: number,
  from: string,
  packets: readonly Buffer[],
  pauseEvery: number,
): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.bind(0, from, resolve));
  for (const [i, packet] of packets.entries()) {
    await new Promise((resolve) => socket.send(packet, port, '127.0.0.1', resolve));
    if (i % pauseEvery === 0) await sleep(2);
  }
  socket.close();
}

async function sendTcp(port: number, packets: readonly Buffer[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  let left = packets.length;
  await new Promise<void>((resolve, reject) => {
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        rest = rest.subarray(2 + rest.readUInt16BE(0));
        left--;
      }
      if (left === 0) resolve();
    });
    socket.on('error', reject);
    for (const packet of packets) {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(packet.length);
      socket.write(Buffer.concat([length, packet]));
    }
  });
  socket.destroy();
}

async function queries(http: string): Promise<Queries> {
  return ((await (await fetch(`${http}/stats`)).json()) as { queries: Queries }).queries;
}

const packetsIn = ({ total, dropped }: Queries) => total + sum(dropped);

async function settled(http: string, packets: number): Promise<Queries> {
  for (const end = Date.now() + LIMIT_MS; ; await sleep(50)) {
    const found = await queries(http);
    if (packetsIn(found) >= packets || Date.now() > end) return found;
  }
}

describe.each([1, 2])('statistics of %i workers under a mixed load', (workers) => {
  let program: Program;
  let http = '';
  let sent = 0;
  beforeAll(async () => {
    const args = ['--config', join(folder, 'config.yaml'), '--zones', join(folder, 'zones')];
    const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--workers', String(workers)];
    program = runBuiltProgram(['serve', ...args, ...free]);
    const ready = await program.line('ready');
    http = String(ready.http);
    const port = Number(
      String((ready.listen as string[])[0])
        .split(':')
        .at(-1),
    );
    const packets = load();
    const refused = packets.slice(0, 60);
    const flood = Array.from({ length: 600 }, (_, i) => query('www.example.com', RRType.A, i));
    const overTcp = names.map((name, i) => query(name, RRType.A, i + 1));
    await send(port, '127.0.0.1', packets, 1);
    await send(port, '127.0.0.2', refused, 4);
    await send(port, '127.0.0.3', flood, 32);
    await sendTcp(port, overTcp);
    sent = packets.length + refused.length + flood.length + overTcp.length;
  }, 60_000);
  afterAll(() => program.stop());

  it('count every packet once, as a query or as dropped', async () => {
    const found = await settled(http, sent);
    expect(packetsIn(found)).toBe(sent);
    expect(sum(found.dropped)).toBeGreaterThan(0);
  });

  it('sum to the queries by class, RCODE, type and transport, and have a latency for each', async () => {
    const found = await settled(http, sent);
    for (const counts of [found.byClass, found.rcodes, found.types, found.transports]) {
      expect(sum(counts)).toBe(found.total);
    }
    for (const [name, count] of Object.entries(found.byClass)) {
      expect(found.latency[name]?.count ?? 0, name).toBe(count);
    }
    for (const name of ['stub', 'walked', 'local', 'refused', 'failure']) {
      expect(found.byClass[name], name).toBeGreaterThan(0);
    }
    expect(found.transports).toMatchObject({ tcp: names.length });
    expect(found.types).toMatchObject({ TYPE65280: expect.any(Number), MX: expect.any(Number) });
    expect(sum(found.missReasons)).toBeLessThanOrEqual(found.byClass.walked! + found.byClass.joined!);
  });

  it('are the same for whoever reads them, however often', async () => {
    const first = await settled(http, sent);
    await (await fetch(`${http}/metrics`)).text();
    expect(await queries(http)).toEqual(first);
    const metrics = await (await fetch(`${http}/metrics`)).text();
    const series = (name: string) =>
      [...metrics.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'gm'))].reduce(
        (a, [, n]) => a + Number(n),
        0,
      );
    expect(series('stratadns_queries_total')).toBe(first.total);
    expect(series('stratadns_responses_total')).toBe(first.total);
    expect(series('stratadns_query_duration_seconds_count')).toBe(first.total);
    expect(series('stratadns_packets_dropped_total')).toBe(sum(first.dropped));
  });

  it('are text that Prometheus takes: each metric declared once, before its samples, each series once', async () => {
    const lines = (await (await fetch(`${http}/metrics`)).text()).trim().split('\n');
    const declared = new Map<string, string>();
    const helped = new Set<string>();
    const series = new Set<string>();
    for (const line of lines.filter((text) => text !== '')) {
      const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
      if (kind === 'HELP') {
        expect(helped.has(name), name).toBe(false);
        helped.add(name);
      } else if (kind === 'TYPE') {
        expect(declared.has(name), name).toBe(false);
        expect(['counter', 'gauge', 'histogram']).toContain(rest);
        declared.set(name, rest);
      } else {
        const [, key = '', metric = ''] =
          /^(([a-z_]+)(?:\{(?:[a-z_]+="[^"\\]*",?)*\})?) [-+0-9.eInfa]+$/.exec(line) ?? [];
        expect(
          declared.has(metric) || declared.get(metric.replace(/_(bucket|sum|count)$/, '')),
          line,
        ).toBeTruthy();
        expect(series.has(key), line).toBe(false);
        series.add(key);
      }
    }
    expect(new Set(declared.keys())).toEqual(helped);
  });

  it('have histograms whose buckets only grow and end at the count', async () => {
    const metrics = await (await fetch(`${http}/metrics`)).text();
    const found = [...metrics.matchAll(/_duration_seconds_bucket\{class="([^"]+)",le="([^"]+)"\} (\d+)/g)];
    expect(found.length).toBeGreaterThan(0);
    const last = new Map<string, number>();
    for (const [, name = '', , count] of found) {
      expect(Number(count), name).toBeGreaterThanOrEqual(last.get(name) ?? 0);
      last.set(name, Number(count));
    }
    for (const [name, count] of last) {
      expect(metrics).toContain(`_duration_seconds_count{class="${name}"} ${count}\n`);
    }
  });
});
