// @ts-check
/**
 * What misses cost with two workers: CPU time per miss of all threads, divided by that with one. Half of the names belong to
 * the worker that did not get the question, and are handed over.
 */
import { join } from 'node:path';
import { writeQueries } from '../load.mjs';
import { knownZone } from '../zone-data.mjs';

const fastest = 60000; // queries per second that the file has names for

/** @type {import('./index.mjs').Row} */
export const workerMisses = {
  id: 'worker-misses',
  title: 'CPU time per miss, two workers against one',
  unit: 'times',
  optional: true,
  only: 'ours',
  async measure(context) {
    const { seconds } = context.options;
    const measureMisses = async (/** @type {string} */ prefix) => {
      const warm = join(context.directory, 'worker-warm.txt');
      await writeQueries(warm, 20000, (index) => `warm${index}.${knownZone(index)}`);
      await context.load({ file: warm, clients: 32 });
      const file = join(context.directory, 'worker-misses.txt');
      await writeQueries(file, seconds * fastest, (index) => `${prefix}${index}.${knownZone(index)}`);
      return context.measuredLoad({ file, seconds, clients: 32 });
    };
    const one = await measureMisses('a');
    await context.restart(2);
    const two = await measureMisses('b');
    const detail = { ...two, oneUs: one.cpuUsPerQuery, onePerSecond: one.perSecond };
    return { value: two.cpuUsPerQuery / one.cpuUsPerQuery, detail };
  },
};
