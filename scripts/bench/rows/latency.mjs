// @ts-check
/**
 * Latency of hits beside misses: 5 000 hits a second are timed one by one while misses run beside them. The value is the 99th
 * percentile, marked when the rates were not reached. Three rows: after some seconds of the same load, from the first miss of
 * an empty server on, and beside more misses than one core can answer.
 * On few cores the values include what the load generators and NSD take from each other.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeQueries } from '../load.mjs';
import { knownZone } from '../zone-data.mjs';

const hitsPerSecond = 5000;
const settleSeconds = 4;

/** @param {number[]} sorted @param {number} share */
function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * @param {import('./index.mjs').Context} context
 * @param {{ missesPerSecond: number, afterSeconds: number, saturates?: boolean }} load
 */
async function measureHits(context, { missesPerSecond, afterSeconds, saturates }) {
  const { seconds, names } = context.options;
  const hits = join(context.directory, 'latency-hit.txt');
  await writeQueries(hits, names, (index) => `h${index}.${knownZone(index)}`);
  const misses = join(context.directory, 'latency-miss.txt');
  const missSeconds = afterSeconds + seconds + 1;
  await writeQueries(misses, missSeconds * missesPerSecond, (index) => `l${index}.${knownZone(index)}`);
  await context.load({ file: hits, passes: 2 });
  const beside = context.load({
    file: misses,
    seconds: missSeconds,
    perSecond: missesPerSecond,
    outstanding: 2000,
  });
  await sleep(afterSeconds * 1000);
  const timed = await context.load({
    file: hits,
    passes: 0,
    seconds,
    perSecond: hitsPerSecond,
    eachLatency: true,
  });
  const missed = await beside;
  const sorted = (timed.latenciesMs ?? []).sort((a, b) => a - b);
  const reached = Math.min(
    saturates ? 1 : missed.perSecond / missesPerSecond,
    timed.perSecond / hitsPerSecond,
  );
  const rates = `${Math.round(missed.perSecond)} misses/s and ${Math.round(timed.perSecond)} hits/s`;
  return {
    warning: reached < 0.95 ? `only ${rates} were reached` : undefined,
    value: percentile(sorted, 0.99),
    detail: {
      completed: timed.completed,
      lost: timed.lost,
      noerror: timed.noerror,
      perSecond: timed.perSecond,
      median: percentile(sorted, 0.5),
      p999: percentile(sorted, 0.999),
      missesPerSecond: missed.perSecond,
    },
  };
}

/** @type {import('./index.mjs').Row} */
export const latency = {
  id: 'latency',
  title: '99th percentile of hits beside 10000 misses/s',
  unit: 'ms',
  optional: true,
  measure: (context) => measureHits(context, { missesPerSecond: 10000, afterSeconds: settleSeconds }),
};

/** @type {import('./index.mjs').Row} */
export const latencyFromStart = {
  id: 'latency-start',
  title: '99th percentile of hits beside 10000 misses/s, from the first miss on',
  unit: 'ms',
  optional: true,
  measure: (context) => measureHits(context, { missesPerSecond: 10000, afterSeconds: 0 }),
};

/** @type {import('./index.mjs').Row} */
export const latencyOverload = {
  id: 'latency-overload',
  title: '99th percentile of hits beside more misses than can be answered',
  unit: 'ms',
  optional: true,
  measure: (context) =>
    measureHits(context, { missesPerSecond: 60000, afterSeconds: settleSeconds, saturates: true }),
};
