/**
 * `npm run test:scenarios -- DIR [FILTER]`: plays every scenario below DIR and counts the results.
 *
 * With a `portable.txt` in DIR each line of it (set/name @ minimisation, category) is one play and results
 * are shown by category; all other scenarios follow under "others". Exits 1 when the share of portable ones
 * that pass is below the wanted one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseScenario } from './parse.js';
import { play, type Result } from './play.js';
import { otherPlays, type Play, portablePlays } from './plays.js';

const WANTED_SHARE = 0.98;

async function run(dir: string, one: Play): Promise<Result> {
  try {
    const scenario = parseScenario(readFileSync(join(dir, `${one.name}.rpl`), 'utf8'));
    return await play(scenario, one.minimisation);
  } catch (error) {
    return { verdict: 'skip', detail: error instanceof Error ? `${error.message}` : String(error) };
  }
}

async function main(): Promise<number> {
  const [dir, filter = ''] = process.argv.slice(2);
  if (!dir) {
    console.error('usage: npm run test:scenarios -- DIR [FILTER]');
    return 2;
  }
  const portable = portablePlays(dir);
  const known = new Set(portable.map((p) => `${p.name}@${p.minimisation}`));
  const plays = [...portable, ...otherPlays(dir, known)].filter((p) => p.name.includes(filter));
  const table = new Map<string, Record<Result['verdict'], number>>();
  for (const one of plays) {
    const result = await run(dir, one);
    const row = table.get(one.category) ?? { pass: 0, fail: 0, skip: 0 };
    row[result.verdict]++;
    table.set(one.category, row);
    if (result.verdict !== 'pass')
      console.log(`${result.verdict} ${one.name} @${one.minimisation}: ${result.detail}`);
  }
  return report(table, portable.length > 0 && filter === '');
}

function report(table: ReadonlyMap<string, Record<Result['verdict'], number>>, judge: boolean): number {
  console.log(`\n${'category'.padEnd(24)} pass fail skip`);
  const sum = { pass: 0, fail: 0, skip: 0 };
  for (const [category, row] of [...table].sort(([a], [b]) => a.localeCompare(b))) {
    console.log(
      `${category.padEnd(24)} ${[row.pass, row.fail, row.skip].map((n) => String(n).padStart(4)).join(' ')}`,
    );
    if (category === 'others') continue;
    for (const verdict of ['pass', 'fail', 'skip'] as const) sum[verdict] += row[verdict];
  }
  const all = sum.pass + sum.fail + sum.skip;
  const share = all === 0 ? 1 : sum.pass / all;
  console.log(`\nportable: ${sum.pass} of ${all} pass (${(100 * share).toFixed(1)} %)`);
  return judge && share < WANTED_SHARE ? 1 : 0;
}

process.exitCode = await main();
