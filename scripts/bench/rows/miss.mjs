// @ts-check
/** Names never asked for, in zones whose servers are known: one upstream query each. */
import { join } from 'node:path';
import { writeQueries } from '../load.mjs';
import { knownZone } from '../zone-data.mjs';

const fastest = 60000; // queries per second that the file has names for

/** @type {import('./index.mjs').Row} */
export const miss = {
  id: 'miss',
  title: 'miss under a known zone',
  unit: 'CPU us/query',
  async measure(context) {
    const warm = join(context.directory, 'miss-warm.txt');
    await writeQueries(warm, 5000, (index) => `warm${index}.${knownZone(index)}`);
    await context.load({ file: warm });
    const file = join(context.directory, 'miss.txt');
    const count = context.options.seconds * fastest;
    await writeQueries(file, count, (index) => `m${index}.${knownZone(index)}`);
    const measured = await context.measuredLoad({ file, seconds: context.options.seconds });
    return { value: measured.cpuUsPerQuery, detail: measured };
  },
};
