// @ts-check
/**
 * Each query a zone never met, unsigned: a referral from the TLD and an answer. The first twentieth of the zones warms
 * the server up and is not counted.
 */
import { join } from 'node:path';
import { walkZone } from '../authority.mjs';
import { writeQueries } from '../load.mjs';

/** @type {import('./index.mjs').Row} */
export const walk = {
  id: 'walk',
  title: 'cold walk, unsigned',
  unit: 'CPU us/query',
  async measure(context) {
    const warmCount = Math.floor(context.options.zones / 20);
    const warm = join(context.directory, 'walk-warm.txt');
    await writeQueries(warm, warmCount, (index) => `www.${walkZone(index)}`);
    await context.load({ file: warm });
    const file = join(context.directory, 'walk.txt');
    await writeQueries(
      file,
      context.options.zones - warmCount,
      (index) => `www.${walkZone(index + warmCount)}`,
    );
    const measured = await context.measuredLoad({ file, seconds: 60 });
    return { value: measured.cpuUsPerQuery, detail: measured };
  },
};
