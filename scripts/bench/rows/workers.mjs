// @ts-check
/**
 * What a second worker brings: the CPU time per query of the busiest thread with one worker, divided by that with two. That is
 * how far the rate grows where cores and load generator are not the limit. A second worker with nothing to do gives 1, and so
 * does one that gets all of the load; more than 2 cannot be, so it is marked as noise.
 */
import { join } from 'node:path';
import { writeQueries } from '../load.mjs';
import { knownZone } from '../zone-data.mjs';
import { warnUnlessHits } from './only-hits.mjs';

/** Enough for the kernel, which spreads them by a hash, to give each worker about half. */
const sockets = 256;

/** @type {import('./index.mjs').Row} */
export const workers = {
  id: 'workers',
  title: 'hits/s that CPU time allows, two workers against one',
  unit: 'times',
  optional: true,
  only: 'ours',
  async measure(context) {
    const { names, seconds } = context.options;
    const file = join(context.directory, 'workers.txt');
    await writeQueries(file, names, (index) => `h${index}.${knownZone(index)}`);
    const measureHits = async () => {
      await context.load({ file, passes: 2, clients: sockets });
      await context.load({ file, passes: 0, seconds: 1, clients: sockets });
      return context.measuredLoad({ file, passes: 0, seconds, clients: sockets });
    };
    const one = await measureHits();
    await context.restart(2);
    const two = await measureHits();
    const value = one.busiestThreadUsPerQuery / two.busiestThreadUsPerQuery;
    const noise = value > 2.1 ? 'above 2: other work disturbed the measurement' : undefined;
    const detail = { ...two, oneBusiestUs: one.busiestThreadUsPerQuery, onePerSecond: one.perSecond };
    return { value, detail, warning: warnUnlessHits(one) ?? warnUnlessHits(two) ?? noise };
  },
};
