// @ts-check
/**
 * Each query a zone never met: a referral from the TLD and an answer; in the signed row also a DNSKEY RRset, and ECDSA P-256
 * signatures to check over DS, DNSKEY and the answer. The first twentieth of the zones warms
 * the server up and is not counted.
 */
import { join } from 'node:path';
import { writeQueries } from '../load.mjs';
import { walkZone } from '../zone-data.mjs';

/**
 * @param {import('./index.mjs').Context} context
 * @param {number} zones
 */
async function measureWalk(context, zones) {
  const warmCount = Math.floor(zones / 20);
  const warm = join(context.directory, 'walk-warm.txt');
  await writeQueries(warm, warmCount, (index) => `www.${walkZone(index)}`);
  await context.load({ file: warm });
  const file = join(context.directory, 'walk.txt');
  await writeQueries(file, zones - warmCount, (index) => `www.${walkZone(index + warmCount)}`);
  const measured = await context.measuredLoad({ file, seconds: 60 });
  return { value: measured.cpuUsPerQuery, detail: measured };
}

/** @type {import('./index.mjs').Row} */
export const walk = {
  id: 'walk',
  title: 'cold walk, unsigned',
  unit: 'CPU us/query',
  measure: (context) => measureWalk(context, context.options.zones),
};

/** @type {import('./index.mjs').Row} */
export const signedWalk = {
  id: 'signed',
  title: 'cold walk, validated',
  unit: 'CPU us/query',
  signed: true,
  measure: (context) => measureWalk(context, context.options.signedZones),
};
