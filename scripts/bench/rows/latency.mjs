// @ts-check
/**
 * Latency of hits beside misses: 5 000 hits a second are timed one by one while 10 000 misses a second run beside them.
 * The value is the 99th percentile, marked when those rates were not reached. On few cores it includes what the load generators and NSD take from each other.
 */
import { join } from 'node:path';
import { writeQueries } from '../load.mjs';
import { knownZone } from '../zone-data.mjs';

const hitsPerSecond = 5000;
const missesPerSecond = 10000;

/** @param {number[]} sorted @param {number} share */
function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** @type {import('./index.mjs').Row} */
export const latency = {
  id: 'latency',
  title: `99th percentile of hits beside ${missesPerSecond} misses/s`,
  unit: 'ms',
  optional: true,
  async measure(context) {
    const { seconds, names } = context.options;
    const hits = join(context.directory, 'latency-hit.txt');
    await writeQueries(hits, names, (index) => `h${index}.${knownZone(index)}`);
    const misses = join(context.directory, 'latency-miss.txt');
    await writeQueries(misses, (seconds + 2) * missesPerSecond, (index) => `l${index}.${knownZone(index)}`);
    await context.load({ file: hits, passes: 2 });
    const beside = context.load({
      file: misses,
      seconds: seconds + 2,
      perSecond: missesPerSecond,
      outstanding: 2000,
    });
    const timed = await context.load({
      file: hits,
      passes: 0,
      seconds,
      perSecond: hitsPerSecond,
      eachLatency: true,
    });
    const missed = await beside;
    const sorted = (timed.latenciesMs ?? []).sort((a, b) => a - b);
    const detail = {
      completed: timed.completed,
      lost: timed.lost,
      noerror: timed.noerror,
      perSecond: timed.perSecond,
    };
    const reached = Math.min(missed.perSecond / missesPerSecond, timed.perSecond / hitsPerSecond);
    const rates = `${Math.round(missed.perSecond)} misses/s and ${Math.round(timed.perSecond)} hits/s`;
    return {
      warning: reached < 0.95 ? `only ${rates} were reached` : undefined,
      value: percentile(sorted, 0.99),
      detail: {
        ...detail,
        median: percentile(sorted, 0.5),
        p999: percentile(sorted, 0.999),
        missesPerSecond: missed.perSecond,
      },
    };
  },
};
