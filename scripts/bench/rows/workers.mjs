// @ts-check
/**
 * What a second worker brings: the CPU cost of a hit with one worker, divided by that with two, times two. That is the growth
 * of the rate where cores and load generator are not the limit.
 */
import { join } from 'node:path';
import { writeQueries } from '../load.mjs';
import { knownZone } from '../zone-data.mjs';

/** @type {import('./index.mjs').Row} */
export const workers = {
  id: 'workers',
  title: 'hits per CPU time, two workers against one',
  unit: 'times',
  optional: true,
  only: 'ours',
  async measure(context) {
    const { names, seconds } = context.options;
    const file = join(context.directory, 'workers.txt');
    await writeQueries(file, names, (index) => `h${index}.${knownZone(index)}`);
    const measureHits = async () => {
      await context.load({ file, passes: 2, clients: 32 });
      await context.load({ file, passes: 0, seconds: 1, clients: 32 });
      return context.measuredLoad({ file, passes: 0, seconds, clients: 32 });
    };
    const one = await measureHits();
    await context.restart(2);
    const two = await measureHits();
    const value = (2 * one.cpuUsPerQuery) / two.cpuUsPerQuery;
    return { value, detail: { ...two, oneUsPerQuery: one.cpuUsPerQuery, onePerSecond: one.perSecond } };
  },
};
