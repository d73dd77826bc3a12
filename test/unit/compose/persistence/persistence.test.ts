/** The file that keeps the caches: what comes back, what is refused, and what is never lost. */
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DelegationCache } from '../../../../src/cache/delegation-cache.js';
import { type Flush, flushEverything } from '../../../../src/cache/flush.js';
import { NegativeCache } from '../../../../src/cache/negative-cache.js';
import { Rank } from '../../../../src/cache/rank.js';
import { ResolverCache } from '../../../../src/cache/rrset-cache.js';
import { SharedStubCache } from '../../../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { createStubMemory } from '../../../../src/cache/shared-stub-cache/stub-memory.js';
import { Persistence, type PersistenceOptions } from '../../../../src/compose/persistence/persistence.js';
import { journalPath } from '../../../../src/compose/persistence/purge-journal.js';
import { refusedPath, unfinishedPath } from '../../../../src/compose/persistence/snapshot-file.js';
import { formatName, parseName, ROOT } from '../../../../src/dns/name.js';
import { RRType } from '../../../../src/dns/registry.js';
import { VirtualClock } from '../../../../src/runtime/clock.js';
import { delegation, origin, rrset } from '../../../support/cache-fixtures.js';
import { addressResponse, stubKey } from '../../../support/stub-cache-contract.js';

const fingerprint = Buffer.alloc(32, 7);
let folder = '';
let path = '';
let clock: VirtualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-persist-'));
  path = join(folder, 'caches');
  clock = new VirtualClock();
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Line {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

function world(over: Partial<PersistenceOptions> = {}, memory?: SharedArrayBuffer) {
  const log: Line[] = [];
  const note = (level: string) => (fields: object, message: string) =>
    void log.push({ level, message, ...fields });
  const threads = over.threads ?? 1;
  const thread = over.thread ?? 0;
  const stub = new SharedStubCache({
    clock,
    memory: memory ?? createStubMemory({ maxOctets: 1 << 20, partitions: threads, threads, seed: 1 }),
    thread,
    partition: thread,
  });
  const maxOctets = 1 << 20;
  const caches = {
    rrsets: new ResolverCache({ clock, maxOctets }),
    negative: new NegativeCache({ clock, maxOctets }),
    delegations: new DelegationCache({ clock, maxOctets }),
  };
  const persistence = new Persistence({
    path,
    intervalMs: 60_000,
    clock,
    log: { error: note('error'), warn: note('warn'), info: note('info') },
    stub,
    caches,
    fingerprint: () => fingerprint,
    ...over,
  });
  return { persistence, stub, caches, log };
}

type World = ReturnType<typeof world>;

function fill({ stub, caches }: World, names: readonly string[] = ['www.example.'], ttlSec = 300): void {
  const nowMs = clock.wallMs();
  for (const name of names) {
    stub.put(stubKey(name), addressResponse(name, ttlSec), nowMs, nowMs + ttlSec * 1000);
    caches.rrsets.put(rrset(name, ttlSec), { rank: Rank.answer, security: 'secure', origin });
  }
  caches.delegations.put(delegation('example.', nowMs + 600_000));
}

const ttlIn = (wire: Buffer | undefined) => wire?.readUInt32BE(wire.length - 10);

describe('a snapshot file', () => {
  it('brings back answers, records and delegations, with the time that went by counted', async () => {
    const before = world();
    fill(before);
    await before.persistence.write();
    await clock.advance(100_000);
    const after = world();
    expect(after.persistence.restore()).toMatchObject({ answers: 1, entries: 2 });
    expect(ttlIn(after.stub.get(stubKey('www.example.'), clock.wallMs()))).toBe(200);
    expect(after.caches.rrsets.get(parseName('www.example.'), RRType.A)).toMatchObject({
      kind: 'hit',
      ttlSec: 200,
    });
    expect(after.caches.delegations.get(parseName('example.'))?.leaseUntilMs).toBe(clock.wallMs() + 500_000);
    expect(after.log.map((line) => line.message)).toEqual(['caches restored from the snapshot']);
  });

  it('brings back nothing that ended meanwhile', async () => {
    const before = world();
    fill(before, ['www.example.'], 60);
    await before.persistence.write();
    await clock.advance(60_000);
    const after = world();
    after.persistence.restore();
    expect(after.stub.get(stubKey('www.example.'), clock.wallMs())).toBeUndefined();
    expect(after.caches.rrsets.get(parseName('www.example.'), RRType.A).kind).toBe('miss');
  });

  it('is written at each interval and at the end, whole and only for its owner', async () => {
    const { persistence, ...rest } = world();
    fill({ persistence, ...rest });
    persistence.start();
    expect(() => statSync(path)).toThrow(/ENOENT/);
    await clock.advance(60_000);
    await persistence.write();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const first = readFileSync(path);
    expect(persistence.stats().lastSnapshot).toMatchObject({ result: 'ok', sizeOctets: first.length });
    fill({ persistence, ...rest }, ['late.example.']);
    await persistence.close();
    expect(readFileSync(path).length).toBeGreaterThan(first.length);
    expect(() => statSync(unfinishedPath(path))).toThrow(/ENOENT/);
  });

  it('does not follow a link that somebody put where it is written', async () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'mine');
    symlinkSync(victim, unfinishedPath(path));
    const { persistence } = world();
    await persistence.write();
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(persistence.stats().lastSnapshot?.result).toBe('ok');
  });

  it('stays as it is when a new one cannot be written, which is said once', async () => {
    const { persistence, log } = world({ path: join(folder, 'no', 'such', 'folder') });
    persistence.restore();
    await persistence.write();
    await persistence.write();
    expect(persistence.stats().lastSnapshot).toMatchObject({ result: 'failed' });
    expect(log.filter((line) => line.level === 'error')).toHaveLength(1);
  });

  it('holds what was stored while it was being written, or not, but is sound', async () => {
    const before = world();
    fill(
      before,
      Array.from({ length: 2000 }, (_, i) => `n${i}.example.`),
    );
    const written = before.persistence.write();
    fill(
      before,
      Array.from({ length: 2000 }, (_, i) => `m${i}.example.`),
    );
    await written;
    const after = world();
    const { answers } = after.persistence.restore();
    expect(answers).toBeGreaterThanOrEqual(2000);
    expect(after.log.map((line) => line.level)).toEqual(['info']);
    for (let i = 0; i < 2000; i++) {
      expect(after.stub.get(stubKey(`n${i}.example.`), clock.wallMs())).toBeDefined();
    }
  });
});

describe('what was flushed after the last snapshot', () => {
  const names = ['www.a.example.', 'a.example.', 'b.example.'];

  async function flushedAndKilled(flush: Flush): Promise<World> {
    const before = world();
    fill(before, names);
    await before.persistence.write();
    before.persistence.purged([flush]);
    const after = world();
    after.persistence.restore();
    return after;
  }
  const answers = ({ stub }: World) => [...stub.entries()].map(({ name }) => formatName(name)).sort();
  const records = ({ caches }: World) =>
    [...caches.rrsets.entries()].map(({ name }) => formatName(name)).sort();

  it('does not come back though the program was killed', async () => {
    const after = await flushedAndKilled({ name: parseName('a.example.'), subtree: true });
    expect(answers(after)).toEqual(['b.example.']);
    expect(records(after)).toEqual(['b.example.']);
    expect([...after.caches.delegations.entries()]).toHaveLength(1);
  });

  it('does not come back in the layers that were flushed; the others do', async () => {
    const after = await flushedAndKilled({ name: ROOT, subtree: true, layers: ['stub', 'delegation'] });
    expect(answers(after)).toEqual([]);
    expect(records(after)).toEqual(names.toSorted());
    expect([...after.caches.delegations.entries()]).toEqual([]);
  });

  it('does not come back after a second kill either, and may after the next snapshot', async () => {
    await flushedAndKilled(flushEverything);
    const again = world();
    again.persistence.restore();
    expect(answers(again)).toEqual([]);
    fill(again, names);
    await again.persistence.write();
    const later = world();
    later.persistence.restore();
    expect(answers(later)).toEqual(names.toSorted());
  });

  it('does not come back when it was flushed while the snapshot was written', async () => {
    const before = world();
    fill(before, names);
    const writing = before.persistence.write();
    before.persistence.purged([{ name: parseName('a.example.'), subtree: false }]);
    await writing;
    const after = world();
    after.persistence.restore();
    expect(answers(after)).toEqual(['b.example.', 'www.a.example.']);
  });

  it('keeps the caches cold when it cannot be read', async () => {
    const before = world();
    fill(before, names);
    await before.persistence.write();
    before.persistence.purged([flushEverything]);
    writeFileSync(journalPath(path), readFileSync(journalPath(path)).subarray(0, -5));
    const after = world();
    after.persistence.restore();
    expect(answers(after)).toEqual([]);
    expect(after.log).toMatchObject([{ level: 'warn', fault: 'damaged' }]);
  });
});

describe('filling the caches in slices', () => {
  const names = Array.from({ length: 3000 }, (_, i) => `n${i}.example.`);

  async function begun(): Promise<World> {
    const before = world();
    fill(before, names);
    await before.persistence.write();
    // Each look at the clock finds the time over.
    const ticking = { ...clockParts(), monotonicMs: () => (nowMs += 10) };
    const after = world({ clock: ticking });
    after.persistence.restore(1);
    return after;
  }
  let nowMs = 0;
  const clockParts = () => ({
    wallMs: () => clock.wallMs(),
    after: (ms: number, work: () => void) => clock.after(ms, work),
  });
  const held = ({ stub, caches }: World) => [...stub.entries()].length + [...caches.rrsets.entries()].length;

  it('ends after the time given, and goes on once the sockets listen', async () => {
    const after = await begun();
    const first = held(after);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(2 * names.length);
    expect(after.log).toEqual([]);
    after.persistence.start();
    await expect.poll(() => after.log.length).toBe(1);
    expect(held(after)).toBeGreaterThan(2 * names.length - 10); // few answers may want the same place
    expect(after.log[0]).toMatchObject({ entries: names.length + 1 });
    await after.persistence.close();
  });

  it('brings back nothing that is flushed meanwhile', async () => {
    const after = await begun();
    const flush = { name: parseName('example.'), subtree: true };
    after.stub.purge(flush.name, flush);
    after.caches.rrsets.purge(flush.name, flush);
    after.persistence.purged([flush]);
    after.persistence.start();
    await expect.poll(() => after.persistence.stats().restored.dropped).toBeGreaterThan(names.length);
    expect(held(after)).toBe(0);
  });

  it('brings back nothing more after a reload, nor writes over a file that is not taken over when it ends', async () => {
    const ended = await begun();
    const size = statSync(path).size;
    await ended.persistence.close();
    expect(statSync(path).size).toBe(size);
    const reloaded = await begun();
    const before = held(reloaded);
    reloaded.persistence.endRestore();
    reloaded.persistence.start();
    await reloaded.persistence.close();
    expect(held(reloaded)).toBe(before);
  });
});

describe('a file that cannot be used', () => {
  async function good(): Promise<Buffer> {
    const before = world();
    fill(before, ['a.example.', 'b.example.', 'c.example.']);
    await before.persistence.write();
    return readFileSync(path);
  }

  function expectCold(data: Buffer, fault: string): World {
    writeFileSync(path, data);
    const after = world();
    expect(after.persistence.restore()).toEqual({ answers: 0, entries: 0, dropped: 0 });
    expect(after.log).toHaveLength(1);
    expect(after.log[0]).toMatchObject({ level: 'warn', fault, path });
    expect([
      ...after.stub.entries(),
      ...after.caches.rrsets.entries(),
      ...after.caches.delegations.entries(),
    ]).toEqual([]);
    expect(after.persistence.stats().refused).toContain(fault);
    return after;
  }

  it('is refused at every length it could be cut to', async () => {
    const whole = await good();
    for (let length = 0; length < whole.length; length += 7)
      expectCold(whole.subarray(0, length), 'truncated');
  });

  it('is refused, or tells no lie, whatever single octet is wrong', async () => {
    const whole = await good();
    for (let at = 0; at < whole.length; at++) {
      const bad = Buffer.from(whole);
      bad[at]! ^= 0x41;
      writeFileSync(path, bad);
      const after = world();
      after.persistence.restore();
      expect(after.persistence.stats().refused, `octet ${at}`).toBeDefined();
      expect([...after.stub.entries(), ...after.caches.rrsets.entries()]).toEqual([]);
    }
  });

  it('that is damaged is kept aside when a good one takes its place', async () => {
    const whole = await good();
    const bad = Buffer.from(whole);
    bad[whole.length - 50]! ^= 1;
    const after = expectCold(bad, 'damaged');
    expect(readFileSync(path)).toEqual(bad);
    await after.persistence.write();
    expect(readFileSync(refusedPath(path))).toEqual(bad);
    expect(world().persistence.restore()).toBeDefined();
  });

  it('that is not ours is never overwritten', async () => {
    const after = expectCold(Buffer.from('root:x:0:0:root:/root:/bin/sh\n'), 'foreign');
    await after.persistence.close();
    expect(readFileSync(path, 'utf8')).toMatch(/^root:x/);
    expect(after.log[0]!.advice).toMatch(/not overwritten/);
  });

  it('was made under other settings, or by another version of the format', async () => {
    const whole = await good();
    const other = world({ fingerprint: () => Buffer.alloc(32, 8) });
    expect(other.persistence.restore().answers).toBe(0);
    expect(other.log[0]).toMatchObject({ level: 'warn', fault: 'configuration' });
    whole[8] = 99;
    expectCold(whole, 'version');
  });
});

describe('several threads', () => {
  const names = Array.from({ length: 60 }, (_, i) => `www.z${i}.example${i}.`);

  async function writeWith(threads: number): Promise<void> {
    const memory = createStubMemory({ maxOctets: 1 << 21, partitions: threads, threads, seed: 5 });
    for (let thread = 0; thread < threads; thread++) {
      const one = world({ thread, threads }, memory);
      one.persistence.restore();
      fill(one, names); // a partition refuses what belongs to others
      await one.persistence.close();
    }
  }

  function readWith(threads: number): { answers: number; records: number; worlds: World[] } {
    const memory = createStubMemory({ maxOctets: 1 << 21, partitions: threads, threads, seed: 9 });
    const worlds = Array.from({ length: threads }, (_, thread) => world({ thread, threads }, memory));
    const counts = worlds.map(({ persistence }) => persistence.restore());
    const answers = counts.reduce((sum, { answers }) => sum + answers, 0);
    const records = worlds.reduce((sum, { caches }) => sum + [...caches.rrsets.entries()].length, 0);
    return { answers, records, worlds };
  }

  it.each([
    [1, 3],
    [3, 1],
    [2, 3],
    [3, 2],
    [4, 4],
  ])('written by %i, every answer is there for %i', async (before, after) => {
    await writeWith(before);
    const read = readWith(after);
    expect(read.answers).toBe(names.length);
    expect(read.records).toBeGreaterThanOrEqual(names.length);
    for (const name of names) expect(read.worlds[0]!.stub.get(stubKey(name), clock.wallMs())).toBeDefined();
  });

  it('leave no file of a thread that is no more, and touch no file that is not theirs', async () => {
    await writeWith(3);
    const foreign = `${path}.7`;
    writeFileSync(foreign, 'a backup of yesterday');
    const { worlds } = readWith(1);
    await worlds[0]!.persistence.write();
    expect(() => statSync(`${path}.1`)).toThrow(/ENOENT/);
    expect(() => statSync(`${path}.2`)).toThrow(/ENOENT/);
    expect(readFileSync(foreign, 'utf8')).toBe('a backup of yesterday');
  });
});
