// @ts-check
/** Cached answers over UDP: a set of names, asked for before, again and again, with 100 queries in flight. */
import { join } from 'node:path';
import { writeQueries } from '../load.mjs';
import { knownZone } from '../zone-data.mjs';
import { warnUnlessHits } from './only-hits.mjs';

/** @type {import('./index.mjs').Row} */
export const hit = {
  id: 'hit',
  title: 'stub-cache hit, UDP',
  unit: 'CPU us/query',
  floor: true,
  async measure(context) {
    const file = join(context.directory, 'hit.txt');
    await writeQueries(file, context.options.names, (index) => `h${index}.${knownZone(index)}`);
    await context.load({ file, passes: 2 });
    await context.load({ file, passes: 0, seconds: 1 });
    const measured = await context.measuredLoad({ file, passes: 0, seconds: context.options.seconds });
    return { value: measured.cpuUsPerQuery, detail: measured, warning: warnUnlessHits(measured) };
  },
};
