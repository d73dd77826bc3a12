/**
 * Plays one scenario against the built program, inside a network namespace; prints the result as JSON.
 *
 * Arguments: directory, name and minimisation setting.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Minimisation } from '../ground.js';
import { parseScenario } from '../parse.js';
import { play, type Result } from '../play.js';
import { withoutDsa } from '../resign.js';
import { BlackBoxGround } from './ground.js';

async function result(dir: string, name: string, minimisation: Minimisation): Promise<Result> {
  try {
    const scenario = withoutDsa(parseScenario(readFileSync(join(dir, `${name}.rpl`), 'utf8')));
    return await play(scenario, (s, completing) => BlackBoxGround.open(s, minimisation, completing));
  } catch (error) {
    return { verdict: 'skip', detail: error instanceof Error ? error.message : String(error) };
  }
}

const [dir, name, minimisation] = process.argv.slice(2) as [string, string, Minimisation];
console.log(JSON.stringify(await result(dir, name, minimisation)));
process.exit(0);
