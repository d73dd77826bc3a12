/**
 * `npm run test:scenarios -- DIR [FILTER] [--black-box]`: plays every scenario below DIR and counts the results.
 * FILTER: parts of names, with commas between; any of them will do.
 *
 * With a `portable.txt` in DIR each line of it (set/name @ minimisation, category) is one play and results
 * are shown by category; all other scenarios follow under "others". Exits 1 when the share of portable ones
 * that pass is below the wanted one. Plays in process in virtual time, or with `--black-box` against the
 * built program, each play in a network namespace of its own (black-box/).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { playInNamespace } from './black-box/in-namespace.js';
import { InProcessGround } from './in-process.js';
import { parseScenario } from './parse.js';
import { play, type Result } from './play.js';
import { otherPlays, type Play, portablePlays } from './plays.js';
import { withoutDsa } from './resign.js';

const WANTED_SHARE = 0.98;
/** Black-box plays at once; they mostly wait. */
const PLAYS_AT_ONCE = 6;

async function playInProcess(dir: string, one: Play): Promise<Result> {
  try {
    const scenario = withoutDsa(parseScenario(readFileSync(join(dir, `${one.name}.rpl`), 'utf8')));
    return await play(
      scenario,
      async (s, completing) => new InProcessGround(s, one.minimisation, completing),
    );
  } catch (error) {
    return { verdict: 'skip', detail: error instanceof Error ? `${error.message}` : String(error) };
  }
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const blackBox = args.includes('--black-box');
  const [dir, filter = ''] = args.filter((arg) => !arg.startsWith('--'));
  if (!dir) {
    console.error('usage: npm run test:scenarios -- DIR [FILTER] [--black-box]');
    return 2;
  }
  const portable = portablePlays(dir);
  const known = new Set(portable.map((p) => `${p.name}@${p.minimisation}`));
  const plays = [...portable, ...otherPlays(dir, known)].filter((p) =>
    filter.split(',').some((part) => `${p.name} @${p.minimisation}`.includes(part)),
  );
  const table = new Map<string, Record<Result['verdict'], number>>();
  const next = async (): Promise<void> => {
    for (let one = plays.shift(); one; one = plays.shift()) {
      const result = blackBox ? await playInNamespace(dir, one) : await playInProcess(dir, one);
      const row = table.get(one.category) ?? { pass: 0, fail: 0, skip: 0 };
      row[result.verdict]++;
      table.set(one.category, row);
      if (result.verdict !== 'pass')
        console.log(`${result.verdict} ${one.name} @${one.minimisation}: ${result.detail}`);
    }
  };
  await Promise.all(Array.from({ length: blackBox ? PLAYS_AT_ONCE : 1 }, next));
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
