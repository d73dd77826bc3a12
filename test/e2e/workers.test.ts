/** Two real workers before a small mock internet, in this process and as a program. Needs `npm run build`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flushEverything, totalOf } from '../../src/cache/flush.js';
import type { WorkerServer as WorkerServerClass } from '../../src/compose/workers/worker-server.js';
import { parseConfig } from '../../src/config/load.js';
import { parseName } from '../../src/dns/name.js';
import { Rcode, RRType } from '../../src/dns/registry.js';
import type { CacheEntry, StatsSnapshot } from '../../src/observe/control.js';
import { sumCounters } from '../../src/observe/counters.js';
import type { TracedEvent } from '../../src/runtime/trace.js';
import type { Message } from '../../src/wire/message.js';
import { runBuiltProgram } from '../support/serve-program.js';
import { FakeLog } from '../support/server-harness.js';
import { lastOctet, openAskers, type UdpAsker } from '../support/udp-asker.js';

const WAIT_MS = 10_000;
const built = new URL('../../dist/compose/workers/worker-server.js', import.meta.url).href;

let zones = '';
let WorkerServer: typeof WorkerServerClass;

const head = (apex: string) =>
  `$TTL 300\n${apex} SOA ns.${apex} h.${apex} 1 2 3 4 60\n${apex} NS ns.${apex}\n`;
const wildcard = (apex: string, address: string, last: number) =>
  `${head(apex)}ns.${apex} A ${address}\n*.${apex} A 192.0.2.${last}\n`;
const manifest = `port: 0
rootServers: [a]
servers:
  - { id: a, name: a.test., addresses: [127.77.0.1], zones: [root.zone, fast.zone, edited.zone] }
  - { id: slow, name: slow.test., addresses: [127.77.0.2], zones: [slow.zone], faults: { delay: 300ms } }
`;

beforeAll(async () => {
  ({ WorkerServer } = (await import(built)) as { WorkerServer: typeof WorkerServerClass });
  zones = mkdtempSync(join(tmpdir(), 'stratadns-workers-'));
  const cut = (apex: string, address: string) => `${apex} NS ns.${apex}\nns.${apex} A ${address}\n`;
  const places = ['fast.', 'edited.'].map((apex) => cut(apex, '127.77.0.1'));
  const root = `$TTL 300\n. SOA a.test. h. 1 2 3 4 60\n. NS a.test.\na.test. A 127.77.0.1\n`;
  writeFileSync(join(zones, 'root.zone'), `${root}${places.join('')}${cut('slow.', '127.77.0.2')}`);
  writeFileSync(join(zones, 'fast.zone'), wildcard('fast.', '127.77.0.1', 1));
  writeFileSync(join(zones, 'edited.zone'), wildcard('edited.', '127.77.0.1', 1));
  writeFileSync(join(zones, 'slow.zone'), wildcard('slow.', '127.77.0.2', 2));
  writeFileSync(join(zones, 'internet.yaml'), manifest);
});
afterAll(() => rmSync(zones, { recursive: true, force: true }));

const config = (more = '') =>
  parseConfig(`listen: ["127.0.0.1:0"]\ncache: { prefetch: false }\n${more}`, 'test');

async function startServer(log = new FakeLog(), more = ''): Promise<WorkerServerClass> {
  const server = await WorkerServer.create({
    config: config(more),
    zonesDir: zones,
    log,
    version: '0',
    workers: 2,
  });
  await server.start();
  await until(async () => (await server.health()).workers === 2);
  return server;
}

const total = (stats: StatsSnapshot) => stats.counters.total;

/** What each worker counted, which only the supervisor sees apart. */
async function perWorker(server: WorkerServerClass): Promise<readonly StatsSnapshot[]> {
  const { supervisor } = server as unknown as {
    supervisor: { stats(ms: number): Promise<readonly StatsSnapshot[]> };
  };
  return supervisor.stats(WAIT_MS);
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('a client has one rate over all workers, in the fast lane too, and what is refused is counted', async () => {
  const qps = 40;
  const server = await startServer(new FakeLog(), `rateLimit: { perClientQps: ${qps} }`);
  const askers = await openAskers(32, server.listeners[0]!.port);
  const startedMs = performance.now();
  const replies: (Message | undefined)[] = [];
  for (let round = 0; round < 8; round++) {
    replies.push(...(await Promise.all(askers.map((asker) => asker.ask('same.fast.', 200)))));
  }
  const elapsedSec = (performance.now() - startedMs) / 1000;
  // Counted by the server, since a reply may be too late for a client on a busy machine.
  const counted = async () => {
    const { byClass, limits, dropped } = sumCounters([(await server.stats()).counters]).stats();
    const answered = byClass.stub! + byClass.resolver! + byClass.joined! + byClass.walked!;
    return { answered, cut: limits.perClientQps ?? 0, dropped: dropped['rate-limited'] ?? 0 };
  };
  await until(async () => {
    const { answered, cut, dropped } = await counted();
    return answered + cut + dropped === replies.length;
  });
  const { answered, cut, dropped } = await counted();
  expect(answered).toBeGreaterThanOrEqual(qps);
  expect(answered).toBeLessThanOrEqual(qps * (1 + elapsedSec) + 2);
  expect(dropped).toBeGreaterThan(0);
  expect(cut).toBeGreaterThanOrEqual(replies.filter((reply) => reply?.tc).length);
  expect(replies.some((reply) => reply?.tc)).toBe(true);
  for (const asker of askers) asker.close();
  await server.close(0);
});

describe('two workers', () => {
  let server: WorkerServerClass;
  let askers: UdpAsker[];
  const log = new FakeLog();
  beforeAll(async () => {
    server = await startServer(log);
    askers = await openAskers(64, server.listeners[0]!.port);
  });
  afterAll(async () => {
    for (const asker of askers) asker.close();
    await server.close(0);
  });

  const askAll = (name: (i: number) => string) =>
    Promise.all(askers.map((asker, i) => asker.ask(name(i), WAIT_MS)));

  it('listen on one address by UDP and TCP, and share the clients', async () => {
    expect(server.listeners.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
    expect(await server.health()).toEqual({ status: 'ok', workers: 2 });
    const responses = await askAll((i) => `h${i}.fast.`);
    expect(responses.map(lastOctet)).toEqual(askers.map(() => 1));
    for (const stats of await perWorker(server)) expect(total(stats)).toBeGreaterThan(5);
  });

  it('send one upstream query for equal questions of many clients', async () => {
    await askAll((i) => `warm${i}.slow.`); // from here on both know the delegation
    const before = await server.stats();
    const responses = await askAll(() => 'same.slow.');
    expect(responses.map(lastOctet)).toEqual(askers.map(() => 2));
    const after = await server.stats();
    // A query that is sent again since this machine was slow to read the response is none of another client's.
    const asked = ({ upstream }: StatsSnapshot) => upstream!.queries - upstream!.faults!.timeout!;
    expect(asked(after) - asked(before)).toBe(1);
    const classes = (stats: StatsSnapshot) => sumCounters([stats.counters]).stats().byClass;
    const grown = (name: string) => classes(after)[name]! - classes(before)[name]!;
    expect(grown('walked')).toBe(1);
    expect(grown('walked') + grown('joined') + grown('stub')).toBe(askers.length);
  });

  it('hold each RRset once, and answer from one stub cache', async () => {
    await askAll(() => 'once.fast.');
    const entries = await server.showCache(parseName('once.fast.'));
    expect(entries.map(({ layer }) => layer).sort()).toEqual(['resolver', 'stub']);
    const before = await server.stats();
    await askAll(() => 'once.fast.');
    const after = await server.stats();
    const stub = (stats: StatsSnapshot) => sumCounters([stats.counters]).stats().byClass.stub!;
    expect(stub(after) - stub(before)).toBe(askers.length);
    expect(after.upstream!.queries).toBe(before.upstream!.queries);
    const layer = after.caches.find(({ layer }) => layer === 'stub')!;
    expect(layer.maxOctets).toBe(config().cache.stub.sizeOctets);
  });

  it('count every query into one class, with sums that agree', async () => {
    const { counters } = await server.stats();
    const { byClass, rcodes, transports } = sumCounters([counters]).stats();
    for (const counts of [byClass, rcodes, transports]) {
      expect(Object.values(counts).reduce((a, b) => a + b)).toBe(counters.total);
    }
  });

  it('forget a name, or all of them, wherever they are', async () => {
    await askAll((i) => `f${i}.fast.`);
    const removed = await server.flushCache({ name: parseName('f3.fast.'), subtree: false });
    expect(removed).toMatchObject({ stub: 1, resolver: 1 });
    expect(await server.showCache(parseName('f3.fast.'))).toEqual([]);
    expect(await server.showCache(parseName('f4.fast.'))).not.toEqual([]);
    expect(totalOf(await server.flushCache(flushEverything))).toBeGreaterThan(0);
    const left: CacheEntry[] = [];
    for await (const entry of server.dumpCache()) left.push(entry);
    expect(left.filter(({ layer }) => layer === 'stub' || layer === 'resolver')).toEqual([]);
    expect(lastOctet(await askers[0]!.ask('f3.fast.', WAIT_MS))).toBe(1);
  });

  it('dump what any of them holds, once', async () => {
    await askAll((i) => `d${i}.fast.`);
    const dumped: string[] = [];
    for await (const { layer, name } of server.dumpCache()) dumped.push(`${layer} ${name}`);
    for (let i = 0; i < askers.length; i++) {
      for (const layer of ['stub', 'resolver']) {
        expect(dumped.filter((entry) => entry === `${layer} d${i}.fast.`)).toHaveLength(1);
      }
    }
  });

  it('trace at the owner of the name', async () => {
    const events: TracedEvent[] = [];
    const question = { name: parseName('traced.fast.'), type: RRType.A, class: 1 };
    const outcome = await server.trace(question, { emit: (event) => events.push(event) }, { fresh: true });
    expect(outcome.kind).toBe('answer');
    expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['query', 'response', 'done']));
    expect(await server.showCache(question.name)).toMatchObject([{ layer: 'resolver' }]);
  });

  it('never answer from before an edit of a zone once it is served', async () => {
    const last = (responses: Awaited<ReturnType<typeof askAll>>) => responses.map(lastOctet);
    expect(new Set(last(await askAll((i) => `e${i % 8}.edited.`)))).toEqual(new Set([1]));
    writeFileSync(join(zones, 'edited.zone'), wildcard('edited.', '127.77.0.1', 9));
    await until(async () => lastOctet(await askers[0]!.ask('e0.edited.', WAIT_MS)) === 9);
    for (let round = 0; round < 3; round++) {
      expect(new Set(last(await askAll((i) => `e${i % 8}.edited.`)))).toEqual(new Set([9]));
    }
  });

  it('all take over a new configuration', async () => {
    server.reload(config('access: { allow: [192.0.2.0/24] }'));
    const refused = async () => (await askAll(() => 'a.fast.')).every((r) => r?.rcode === Rcode.REFUSED);
    await until(refused);
    server.reload(config());
    await until(async () => (await askAll(() => 'a.fast.')).every((r) => r?.rcode === Rcode.NOERROR));
  });

  it('do not open beside another server on the same port', async () => {
    const { port } = server.listeners[0]!;
    const taken = { ...config(), listen: [{ address: '127.0.0.1', port }] };
    const second = await WorkerServer.create({ config: taken, log: new FakeLog(), version: '0', workers: 2 });
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    await second.close(0);
  });

  it('go on under load when one is killed, which comes back and takes its part again', async () => {
    let running = true;
    let answered = 0;
    let wrong = 0;
    const hits = ['a.fast.', 'b.fast.', 'c.fast.', 'd.fast.'];
    const client = async (asker: UdpAsker, index: number) => {
      for (let n = 0; running; n++) {
        const name = n % 4 === 0 ? `m${index}-${n}.fast.` : hits[n % hits.length]!;
        const response = await asker.ask(name, 300);
        if (!response) continue; // it went down with the worker; clients ask again
        answered++;
        if (lastOctet(response) !== 1) wrong++;
      }
    };
    const clients = askers.map(client);
    const progress = async () => {
      const from = answered;
      await until(async () => answered > from + 2000);
    };
    for (const index of [0, 1]) {
      await progress();
      const before = await server.stats();
      await server.crashWorker(index);
      expect(await server.health()).toEqual({ status: 'ok', workers: 1 });
      await progress();
      await until(async () => (await server.health()).workers === 2);
      expect(total(await server.stats())).toBeGreaterThanOrEqual(total(before));
      await progress();
    }
    running = false;
    await Promise.all(clients);
    expect(wrong).toBe(0);
    for (const stats of await perWorker(server)) expect(total(stats)).toBeGreaterThan(100);
    const { counters } = await server.stats();
    const { byClass } = sumCounters([counters]).stats();
    expect(Object.values(byClass).reduce((a, b) => a + b)).toBe(counters.total);
    expect(log.lines.filter(({ message }) => message === 'a worker answers again')).toHaveLength(2);
    expect((await askAll((i) => `z${i}.fast.`)).map(lastOctet)).toEqual(askers.map(() => 1));
  }, 60_000);
});

describe('stratadns serve --workers 2', () => {
  it('answers what is under way on SIGTERM, and ends with 0', async () => {
    const flags = ['--workers', '2', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
    const program = runBuiltProgram(['serve', '--zones', zones, ...flags]);
    const ready = await program.line('ready');
    const port = Number(
      String((ready.listen as string[])[0])
        .split(':')
        .at(-1),
    );
    const askers = await openAskers(16, port);
    await askers[0]!.ask('warm.slow.', WAIT_MS);
    const stats = async () =>
      (await (await fetch(`${String(ready.http)}/stats`)).json()) as { inFlight: number; workers: number };
    const slow = Promise.all(askers.map((asker, i) => asker.ask(`s${i}.slow.`, WAIT_MS)));
    await until(async () => (await stats()).inFlight >= askers.length);
    program.signal('SIGTERM');
    expect((await slow).map(lastOctet)).toEqual(askers.map(() => 2));
    expect(await program.exited).toBe(0);
    expect(program.log.at(-1)?.msg).toBe('stopped');
    for (const asker of askers) asker.close();
  });

  it('logs queries of all workers', async () => {
    const file = join(zones, 'log.yaml');
    writeFileSync(
      file,
      'log: { queries: true }\nworkers: 2\nhttp: { enabled: false }\nlisten: ["127.0.0.1:0"]\n',
    );
    const program = runBuiltProgram(['serve', '--zones', zones, '--config', file]);
    const ready = await program.line('ready');
    const askers = await openAskers(
      16,
      Number(
        String((ready.listen as string[])[0])
          .split(':')
          .at(-1),
      ),
    );
    await Promise.all(askers.map((asker, i) => asker.ask(`q${i}.fast.`, WAIT_MS)));
    const logged = () => program.log.filter(({ msg }) => msg === 'query').map(({ qname }) => qname);
    await until(async () => logged().length === askers.length);
    expect(logged().sort()).toEqual(askers.map((_, i) => `q${i}.fast.`).sort());
    for (const asker of askers) asker.close();
    await program.stop();
    expect(await program.exited).toBe(0);
  });
});
