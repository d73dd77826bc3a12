// @ts-check
/**
 * Latency of hits beside misses: 5 000 hits a second are timed one by one while 10 000 misses a second run beside them.
 * The value is the 99th percentile. On few cores it includes what the load generators and NSD take from each other.
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
    const beside = context.load({ file: misses, seconds: seconds + 2, perSecond: missesPerSecond });
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
    return {
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
