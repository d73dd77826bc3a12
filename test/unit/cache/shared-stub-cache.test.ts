import { describe, expect, it } from 'vitest';
import { BlockView } from '../../../src/cache/shared-stub-cache/block-view.js';
import {
  BLOCK_UNITS,
  BUSY,
  CONTROL_WORDS,
  FIRST_SETS,
  SET_WORDS,
  UNIT_WORDS,
} from '../../../src/cache/shared-stub-cache/layout.js';
import { QuestionKey } from '../../../src/cache/shared-stub-cache/question-key.js';
import { SharedStubCache } from '../../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { StubMemory } from '../../../src/cache/shared-stub-cache/stub-memory.js';
import { parseName, ROOT } from '../../../src/dns/name.js';
import {
  alone,
  hasName,
  largeResponse,
  makeClock,
  putName,
  startMs,
  threads,
} from '../../support/shared-stub-fixtures.js';
import { addressResponse, stubCacheContract, stubKey } from '../../support/stub-cache-contract.js';

stubCacheContract('SharedStubCache', (clock, maxOctets) =>
  SharedStubCache.alone({ clock, maxOctets, seed: 1 }),
);

describe('a full arena', () => {
  it('keeps what is asked for and evicts the rest', () => {
    const cache = alone(200_000);
    const hot = Array.from({ length: 50 }, (_, i) => `hot-${i}.example.`);
    for (const name of hot) putName(cache, name);
    for (let i = 0; i < 20_000; i++) {
      putName(cache, `cold-${i}.example.`);
      if (i % 100 === 0) for (const name of hot) cache.get(stubKey(name), startMs);
    }
    expect(hot.filter((name) => hasName(cache, name))).toHaveLength(50);
    expect(hasName(cache, 'cold-0.example.')).toBe(false);
    expect(hasName(cache, 'cold-19999.example.')).toBe(true);
    expect(cache.stats().evictions).toBeGreaterThan(15_000);
  });

  it('holds answers of any mix of sizes, each whole', () => {
    const cache = alone(400_000);
    const sizes = [60, 4000, 200, 1232, 90, 512, 3000, 120];
    for (let i = 0; i < 5000; i++) {
      const name = `n${i}.example.`;
      const wire = largeResponse(name, sizes[i % sizes.length]!);
      expect(cache.put(stubKey(name), wire, startMs, startMs + 300_000)).toBe(true);
      expect(cache.get(stubKey(name), startMs)!.equals(wire)).toBe(true);
    }
    for (const { name, sizeOctets } of cache.entries()) {
      const held = cache.get({ ...stubKey('.'), name }, startMs)!;
      expect(held.length).toBe(sizeOctets);
      expect(held.latin1Slice(12, 12 + name.length)).toBe(name);
    }
    const { octets, maxOctets } = cache.stats();
    expect(octets).toBeLessThanOrEqual(maxOctets);
    expect(octets).toBeGreaterThan(maxOctets * 0.75); // the waste is less than a quarter
  });

  it('refuses an answer that is too large for it and keeps the others', () => {
    const cache = alone(60_000);
    putName(cache, 'a.');
    expect(cache.put(stubKey('b.'), largeResponse('b.', 50_000), startMs, startMs + 300_000)).toBe(false);
    expect(cache.stats().refused).toBe(1);
    expect(hasName(cache, 'a.')).toBe(true);
    expect(hasName(cache, 'b.')).toBe(false);
  });

  it('replaces an answer by a larger or smaller one to the same question', () => {
    const cache = alone();
    for (const size of [100, 110, 4000, 3900, 100]) {
      const wire = largeResponse('a.', size);
      cache.put(stubKey('a.'), wire, startMs, startMs + 300_000);
      expect(cache.get(stubKey('a.'), startMs)!.equals(wire)).toBe(true);
      expect(cache.stats().entries).toBe(1);
    }
    cache.purge(parseName('a.'));
    expect(cache.stats()).toMatchObject({ entries: 0, octets: 8 * 64 });
  });

  it('purges all of a zone and nothing else, wherever the ring stands', () => {
    for (const rounds of [1, 3000, 7000, 9111]) {
      const cache = alone(200_000);
      const put = (name: string, size: number) =>
        cache.put(stubKey(name), largeResponse(name, size), startMs, startMs + 300_000);
      for (let i = 0; i < rounds; i++)
        put(`n${i}.${i % 3 === 0 ? 'gone' : 'kept'}.example.`, 60 + (i % 7) * 90);
      const held = [...cache.entries()].map(({ name }) => name);
      const gone = held.filter((name) => name.endsWith(parseName('gone.example.')));
      expect(cache.purge(parseName('gone.example.'), { subtree: true })).toBe(gone.length);
      const left = [...cache.entries()].map(({ name }) => name);
      expect(left).toEqual(held.filter((name) => !gone.includes(name)));
      expect(cache.purge(parseName('example.'), { subtree: true })).toBe(left.length);
      expect(cache.stats().entries).toBe(0);
    }
  });

  it('is nothing to answer from when it has no room at all', () => {
    const cache = alone(1);
    expect(putName(cache, 'a.')).toBe(false);
    expect(hasName(cache, 'a.')).toBe(false);
    expect(cache.purge(parseName('a.'), { subtree: true })).toBe(0);
    expect(cache.sweep(10)).toBe(0);
  });
});

describe('lookups', () => {
  it('compare keys in full: names with one hash have answers of their own', () => {
    const key = new QuestionKey(7);
    const seen = new Map<number, string>();
    const twins: [string, string][] = [];
    for (let i = 0; i < 300_000 && twins.length < 3; i++) {
      const name = `${i}.example.`;
      key.load(stubKey(name));
      const other = seen.get(key.hash);
      if (other) twins.push([other, name]);
      seen.set(key.hash, name);
    }
    expect(twins.length).toBe(3);
    const cache = alone();
    for (const [one, two] of twins) {
      putName(cache, one);
      expect(hasName(cache, two)).toBe(false);
      putName(cache, two);
      expect([one, two].map((name) => hasName(cache, name))).toEqual([true, true]);
    }
  });

  it('find nearly all of what fits, though sets hold seven', () => {
    const cache = alone(8 << 20);
    for (let i = 0; i < 20_000; i++) putName(cache, `n${i}.example.`);
    expect(cache.stats().entries).toBeGreaterThan(19_980);
  });

  it('do not make it grow when they miss', () => {
    const cache = alone();
    putName(cache, 'a.');
    const { entries, octets } = cache.stats();
    for (let i = 0; i < 50_000; i++) cache.get(stubKey(`junk-${i}.example.`), startMs);
    expect(cache.stats()).toMatchObject({ entries, octets, hits: 0 });
    expect(cache.stats().misses['never-seen']).toBe(50_000);
    expect(hasName(cache, 'a.')).toBe(true);
  });

  it('read nothing wrong and nothing outside from memory full of junk', () => {
    const { memory, workers } = threads(1);
    const [cache] = workers;
    const words = new Int32Array(memory);
    let state = 12345;
    const random = () => {
      state = (Math.imul(state, 1103515245) + 12345) | 0;
      return state;
    };
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 200; i++) putName(cache!, `n${i}.example.`);
      const partition = new StubMemory(memory).partitionAt(0);
      // All but the control words, which only the owner reads.
      for (let i = 0; i < 20_000; i++) {
        const at = partition + 16 + ((random() >>> 8) % (words.length - partition - 16));
        if ((at - partition) % 16 !== 0) words[at] = random();
      }
      for (let i = 0; i < 200; i++) {
        const got = cache!.get(stubKey(`n${i}.example.`), startMs);
        if (got) expect(got.length).toBeLessThanOrEqual(65_535);
      }
      cache!.beginGeneration(round + 1);
      while (cache!.sweep(1000) > 0);
    }
  });
});

describe('answers of another generation', () => {
  it('give way to new ones before those are in danger, and are swept', () => {
    const cache = alone(200_000);
    for (let i = 0; i < 5000; i++) putName(cache, `old-${i}.example.`);
    for (let i = 0; i < 5000; i++) cache.get(stubKey(`old-${i}.example.`), startMs); // all have been asked for
    const full = cache.stats().entries;
    cache.beginGeneration(1);
    for (let i = 0; i < 100; i++) putName(cache, `new-${i}.example.`);
    for (let i = 0; i < 100; i++) expect(hasName(cache, `new-${i}.example.`)).toBe(true);
    expect([...cache.entries()]).toHaveLength(100);
    while (cache.sweep(1000) > 0);
    expect(full).toBeGreaterThan(500);
    expect(cache.stats().entries).toBe(100);
  });

  it('are not in a dump, whose own become those of whoever restores it', () => {
    const cache = alone(200_000);
    putName(cache, 'old.example.');
    cache.beginGeneration(7);
    putName(cache, 'new.example.');
    const other = alone(200_000);
    other.beginGeneration(3);
    expect(other.restore(cache.serialize())).toMatchObject({ restored: 1, dropped: 0 });
    expect([hasName(other, 'new.example.'), hasName(other, 'old.example.')]).toEqual([true, false]);
  });
});

describe('a copy of a block', () => {
  it('is not made when its size changed after it was looked at, whatever that size is now', () => {
    const { memory: octets, workers } = threads(1);
    putName(workers[0]!, 'www.example.');
    const memory = new StubMemory(octets);
    const partition = memory.partitionAt(0);
    const arena = memory.arenaAt(partition);
    const slots = Array.from({ length: FIRST_SETS * SET_WORDS }, (_, i) => partition + CONTROL_WORDS + i);
    const place = memory.words[slots.find((at) => memory.words[at] !== 0 && (at - partition) % 2 === 1)!]!;
    const block = arena + (place - 1) * UNIT_WORDS;
    const maxUnits = memory.layout.arenaUnits - (place - 1);
    expect(new BlockView().fill(memory, block, maxUnits)).toBe(true);
    for (const units of [0, 1, -1, maxUnits + 1, 0x7fff_ffff, -0x8000_0000]) {
      memory.words[block + BLOCK_UNITS] = units;
      expect(new BlockView().fill(memory, block, maxUnits), String(units)).toBe(false);
    }
  });
});

describe('several threads', () => {
  const names = Array.from({ length: 200 }, (_, i) => `www.zone-${i}.example-${i}.`);

  it('store each name in one partition, and all of them read it', () => {
    const { workers, main } = threads(3);
    for (const name of names) {
      const owner = main.partitionOf(parseName(name));
      expect(workers.map((worker) => putName(worker, name))).toEqual([0, 1, 2].map((i) => i === owner));
      expect([...workers, main].every((thread) => hasName(thread, name))).toBe(true);
    }
    const shares = workers.map((_, i) => names.filter((n) => main.partitionOf(parseName(n)) === i).length);
    expect(Math.min(...shares)).toBeGreaterThan(30);
    expect(main.stats()).toMatchObject({ entries: 200, inserts: 200, hits: 800, refused: 400 });
  });

  it('keep the names of one zone together', () => {
    const { main } = threads(8);
    const owners = ['example.com.', 'www.example.com.', 'a.b.c.example.com.'].map((name) =>
      main.partitionOf(parseName(name)),
    );
    expect(new Set(owners).size).toBe(1);
  });

  it('see a purge at once, whoever asked for it', () => {
    const { workers, main } = threads(2);
    for (const name of names) for (const worker of workers) putName(worker, name);
    expect(main.purge(parseName('zone-7.example-7.'), { subtree: true })).toBe(1);
    expect(workers[0]!.purge(parseName('www.zone-8.example-8.'))).toBe(1);
    for (const thread of [...workers, main]) {
      expect(hasName(thread, names[7]!)).toBe(false);
      expect(hasName(thread, names[8]!)).toBe(false);
      expect(hasName(thread, names[9]!)).toBe(true);
    }
    main.purge(ROOT, { subtree: true });
    expect(workers[0]!.stats()).toMatchObject({ entries: 0, purged: 200 });
    for (const name of names) for (const worker of workers) putName(worker, name);
    expect(names.every((name) => hasName(main, name))).toBe(true);
  });

  it('purge what they store themselves, and no more, where another purges all', () => {
    const { workers, main } = threads(2);
    for (const name of names) for (const worker of workers) putName(worker, name);
    const ofFirst = names.filter((name) => main.partitionOf(parseName(name)) === 0);
    expect(workers[0]!.purgeOwn(ROOT, { subtree: true })).toBe(ofFirst.length);
    expect(names.filter((name) => hasName(main, name))).toEqual(
      names.filter((name) => !ofFirst.includes(name)),
    );
    const [left] = names.filter((name) => !ofFirst.includes(name));
    expect(workers[0]!.purgeOwn(parseName(left!))).toBe(0);
    expect(workers[1]!.purgeOwn(parseName(left!))).toBe(1);
    expect(main.purgeOwn(ROOT, { subtree: true })).toBe(0);
  });

  it('are each given only answers of the rules that they serve by, while others have changed already', () => {
    const { workers, attach, main } = threads(2);
    const [first, second] = workers as [SharedStubCache, SharedStubCache];
    const [ofFirst, ofSecond] = [0, 1].map(
      (owner) => names.find((name) => main.partitionOf(parseName(name)) === owner)!,
    ) as [string, string];
    putName(first, ofFirst);
    putName(second, ofSecond);
    first.beginGeneration(1);
    expect([hasName(first, ofFirst), hasName(first, ofSecond)]).toEqual([false, false]);
    expect([hasName(second, ofFirst), hasName(second, ofSecond)]).toEqual([true, true]);
    putName(first, ofFirst); // by the new rules
    putName(second, ofSecond); // by the old ones still
    expect([hasName(first, ofFirst), hasName(first, ofSecond)]).toEqual([true, false]);
    expect(hasName(second, ofSecond)).toBe(true);
    second.beginGeneration(1);
    expect([hasName(second, ofFirst), hasName(second, ofSecond)]).toEqual([true, false]);
    const late = attach({ thread: 1, partition: 1 });
    late.beginGeneration(1);
    expect([hasName(late, ofFirst), hasName(late, ofSecond)]).toEqual([true, false]);
  });

  it('begin a partition anew when its owner was killed while it wrote', () => {
    const { memory, workers, attach, main } = threads(2);
    for (const name of names) for (const worker of workers) putName(worker, name);
    const view = new StubMemory(memory);
    const left = names.filter((name) => main.partitionOf(parseName(name)) === 1);
    view.words[view.partitionAt(0) + BUSY] = 1;
    view.words[view.setAt(view.partitionAt(0), 0)]! |= 1; // a set half written: no reader trusts it
    const again = attach({ thread: 0, partition: 0 });
    expect(names.filter((name) => hasName(main, name))).toEqual(left);
    for (const name of names) putName(again, name);
    expect(names.every((name) => hasName(main, name))).toBe(true);
  });

  it('go on in a partition whose owner ended between two answers', () => {
    const { workers, attach } = threads(1);
    putName(workers[0]!, 'a.');
    const again = attach({ thread: 0, partition: 0 });
    putName(again, 'b.');
    expect(hasName(again, 'a.') && hasName(again, 'b.')).toBe(true);
    expect(again.stats()).toMatchObject({ entries: 2, inserts: 2 });
  });
});

describe('a dump', () => {
  const names = Array.from({ length: 300 }, (_, i) => `name-${i}.zone-${i % 9}.test.`);

  function dumped(): Buffer {
    const cache = alone();
    for (const name of names) putName(cache, name);
    return Buffer.from(cache.serialize());
  }

  it('brings everything back, also into another size and number of partitions', () => {
    const { workers, main } = threads(3, makeClock(), 4 << 20);
    const results = workers.map((worker) => worker.restore(dumped()));
    expect(results.reduce((sum, r) => sum + r.restored, 0)).toBe(300);
    expect(names.every((name) => hasName(main, name))).toBe(true);
  });

  it('goes on counting TTLs down from when the answers were stored', async () => {
    const clock = makeClock();
    await clock.advance(100_000);
    const cache = alone(1 << 20, clock);
    expect(cache.restore(dumped()).restored).toBe(300);
    const aged = cache.get(stubKey(names[0]!), clock.wallMs())!;
    expect(aged.equals(addressResponse(names[0]!, 200))).toBe(true);
  });

  it('brings back nothing that is over, nor from the future', async () => {
    const late = makeClock();
    await late.advance(300_000);
    expect(alone(1 << 20, late).restore(dumped())).toEqual({ restored: 0, dropped: 300 });
    const early = makeClock();
    early.jumpWall(-1000);
    expect(alone(1 << 20, early).restore(dumped())).toEqual({ restored: 0, dropped: 300 });
  });

  it('is refused when any bit of it has flipped, when it is cut, and when it is of another layout', () => {
    const whole = dumped();
    const cache = alone();
    for (let i = 0; i < 2000; i++) {
      const damaged = Buffer.from(whole);
      damaged[(i * 7919) % whole.length]! ^= 1 << (i % 8);
      const at = (i * 7919) % whole.length;
      // The number of blocks is not under the checksum; a wrong one ends the reading.
      if (at < 8 || at >= 12) expect(cache.restore(damaged).refused).toBeDefined();
    }
    expect(cache.stats().entries).toBe(0);
    for (const length of [0, 3, 19, 20, 500, whole.length - 1]) {
      expect(cache.restore(whole.subarray(0, length)).refused).toBeDefined();
    }
    const other = Buffer.from(whole);
    other.writeUInt32LE(99, 4);
    expect(cache.restore(other).refused).toContain('99');
  });

  it('does no harm when it was made up with a right checksum', async () => {
    const { crc32 } = await import('node:zlib');
    const whole = dumped();
    for (let i = 0; i < 400; i++) {
      const forged = Buffer.from(whole);
      forged.writeUInt32LE((Math.imul(i, 0x9e3779b1) ^ i) >>> 0, 20 + ((i * 388) % (whole.length - 24)));
      if (i % 5 === 0) forged.writeUInt32LE(i * 7, 8);
      forged.writeUInt32LE(crc32(forged.subarray(20)), 16);
      const cache = alone(1 << 18);
      cache.restore(forged);
      for (const { name, type, class: cls } of cache.entries()) {
        const got = cache.get({ name, type, class: cls, do: false, cd: false }, startMs);
        if (got) expect(got.latin1Slice(12, 12 + name.length)).toBe(name);
      }
    }
  });
});
