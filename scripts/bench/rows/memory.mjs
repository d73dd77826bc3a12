// @ts-check
/**
 * Resident memory per cached answer: how much the process grows when names in known zones are asked for once each. A
 * fifth of them is asked for first and not counted, so that growing once (tables, compiled code) is left out.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentOctets } from '../cpu.mjs';
import { writeQueries } from '../load.mjs';
import { knownZone } from '../zone-data.mjs';

/** @type {import('./index.mjs').Row} */
export const memory = {
  id: 'memory',
  title: 'resident bytes per cached answer',
  unit: 'B/answer',
  async measure(context) {
    const warmCount = Math.floor(context.options.fill / 5);
    const warm = join(context.directory, 'memory-warm.txt');
    await writeQueries(warm, warmCount, (index) => `warm${index}.${knownZone(index)}`);
    const file = join(context.directory, 'memory.txt');
    await writeQueries(file, context.options.fill, (index) => `f${index}.${knownZone(index)}`);
    await context.load({ file: warm, seconds: 60 });
    await sleep(1000);
    const before = residentOctets(context.pid);
    const filled = await context.load({ file, seconds: 120 });
    await sleep(1000);
    const after = residentOctets(context.pid);
    return { value: (after - before) / filled.completed, detail: { ...filled, before, after } };
  },
};
