import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { SharedStubCache } from '../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { createStubMemory } from '../../src/cache/shared-stub-cache/stub-memory.js';
import { makeClock, startMs } from '../support/shared-stub-fixtures.js';

const built = new URL('../../dist/cache/shared-stub-cache/shared-stub-cache.js', import.meta.url);
const NAMES = 400;
const WRITES = 300_000;
const READS = 400_000;

class Thread {
  private constructor(private readonly worker: Worker) {}

  static async start(data: object): Promise<Thread> {
    const worker = new Worker(new URL('../support/stub-cache-thread.mjs', import.meta.url), {
      workerData: { clockMs: startMs, names: NAMES, ...data },
    });
    const thread = new Thread(worker);
    await thread.message();
    return thread;
  }

  private message(): Promise<Record<string, number>> {
    return new Promise((resolve, reject) => {
      this.worker.once('message', resolve);
      this.worker.once('error', reject);
    });
  }

  run(): Promise<Record<string, number>> {
    const done = this.message();
    this.worker.postMessage('go');
    return done;
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

describe('the shared stub cache in several threads', () => {
  it('gives out no answer that is not of one piece, in a million operations', async () => {
    expect(existsSync(built), 'run `npm run build` first').toBe(true);
    // Room for a third of the names, so that blocks are moved, replaced and evicted all the time.
    const memory = createStubMemory({ maxOctets: 64_000, partitions: 1, threads: 3, seed: 5 });
    const threads = await Promise.all([
      Thread.start({ memory, thread: 0, partition: 0, operations: WRITES }),
      Thread.start({ memory, thread: 1, operations: READS }),
      Thread.start({ memory, thread: 2, operations: READS }),
    ]);
    const [writer, ...readers] = await Promise.all(threads.map((thread) => thread.run()));
    await Promise.all(threads.map((thread) => thread.end()));
    expect(writer!.stored).toBe(WRITES);
    expect(readers.map((reader) => reader.torn)).toEqual([0, 0]);
    for (const reader of readers) expect(reader.hits).toBeGreaterThan(READS / 20);

    const cache = new SharedStubCache({ clock: makeClock(), memory, thread: 0 });
    const entries = [...cache.entries()];
    expect(cache.stats().entries).toBe(entries.length);
    expect(cache.stats().evictions).toBeGreaterThan(10_000);
  }, 60_000);

  it('is left whole, or emptied by the next owner, when its writer is killed at any moment', async () => {
    const memory = createStubMemory({ maxOctets: 64_000, partitions: 1, threads: 3, seed: 6 });
    for (let round = 0; round < 5; round++) {
      const writer = await Thread.start({ memory, thread: 0, partition: 0, operations: 1e9 });
      const reader = await Thread.start({ memory, thread: 1, operations: 20_000 });
      void writer.run().catch(() => {});
      expect(await reader.run()).toMatchObject({ torn: 0 });
      await writer.end();
      await reader.end();
      const next = await Thread.start({ memory, thread: 0, partition: 0, operations: 2000 });
      const after = await Thread.start({ memory, thread: 2, operations: 20_000 });
      expect(await next.run()).toMatchObject({ stored: 2000 });
      const found = await after.run();
      expect(found.torn).toBe(0);
      expect(found.hits).toBeGreaterThan(1000);
      await Promise.all([next.end(), after.end()]);
    }
  }, 60_000);
});
