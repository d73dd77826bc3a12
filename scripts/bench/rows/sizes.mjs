// @ts-check
/**
 * What the size of the cache costs: CPU per hit with a million cached names (`--large`), all of them asked for, divided by
 * that with a thousand.
 */
import { join } from 'node:path';
import { writeQueries } from '../load.mjs';
import { knownZone } from '../zone-data.mjs';
import { warnUnlessHits } from './only-hits.mjs';

/** @type {import('./index.mjs').Row} */
export const sizes = {
  id: 'sizes',
  title: 'hit with many answers cached, against 1 000',
  unit: 'times',
  optional: true,
  async measure(context) {
    const { seconds, large } = context.options;
    const measureNames = async (/** @type {number} */ count) => {
      const file = join(context.directory, `sizes-${count}.txt`);
      await writeQueries(file, count, (index) => `s${index}.${knownZone(index)}`);
      await context.load({ file, seconds: 300 });
      return context.measuredLoad({ file, passes: 0, seconds });
    };
    const small = await measureNames(1000);
    const many = await measureNames(large);
    const value = many.cpuUsPerQuery / small.cpuUsPerQuery;
    const warning = warnUnlessHits(small) ?? warnUnlessHits(many);
    return { value, detail: { ...many, smallUsPerQuery: small.cpuUsPerQuery }, warning };
  },
};
