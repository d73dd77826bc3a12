// @ts-check
/** Cached answers over UDP: a set of names, asked for before, again and again, with 100 queries in flight. */
import { join } from 'node:path';
import { writeQueries } from '../load.mjs';
import { askForCookie } from '../probe.mjs';
import { knownZone } from '../zone-data.mjs';
import { warnUnlessHits } from './only-hits.mjs';

/** @param {import('./index.mjs').Context} context @param {string} [cookie] */
async function measureHits(context, cookie) {
  const file = join(context.directory, 'hit.txt');
  await writeQueries(file, context.options.names, (index) => `h${index}.${knownZone(index)}`);
  await context.load({ file, cookie, passes: 2 });
  await context.load({ file, cookie, passes: 0, seconds: 1 });
  const measured = await context.measuredLoad({ file, cookie, passes: 0, seconds: context.options.seconds });
  return { value: measured.cpuUsPerQuery, detail: measured, warning: warnUnlessHits(measured) };
}

/** @type {import('./index.mjs').Row} */
export const hit = {
  id: 'hit',
  title: 'stub-cache hit, UDP',
  unit: 'CPU us/query',
  floor: true,
  measure: (context) => measureHits(context),
};

/**
 * The same with a DNS cookie in every query, as `dig` sends one.
 *
 * @type {import('./index.mjs').Row}
 */
export const hitWithCookie = {
  id: 'hit-cookie',
  title: 'stub-cache hit with a DNS cookie, UDP',
  unit: 'CPU us/query',
  optional: true,
  async measure(context) {
    const name = `www.${knownZone(0)}`;
    const cookie = await askForCookie({ address: '127.0.0.1', port: context.port, name, timeoutMs: 5000 });
    return measureHits(context, cookie);
  },
};
