/**
 * Which scenarios of a directory are played, with which setting of QNAME minimisation.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Minimisation } from './ground.js';
import { parseScenario, type Scenario } from './parse.js';

/** One scenario with one setting of QNAME minimisation. */
export interface Play {
  readonly name: string;
  readonly minimisation: Minimisation;
  readonly category: string;
  readonly portable: boolean;
}

/** The plays that `portable.txt` names; none without that file. */
export function portablePlays(dir: string): Play[] {
  const file = join(dir, 'portable.txt');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name, minimisation, category] = line.split(/\s+/) as [string, string, string];
      return { name, minimisation: minimisation.slice(1) as Minimisation, category, portable: true };
    });
}

/** Minimisation settings that a scenario leaves open. */
function openSettings(scenario: Scenario): Minimisation[] {
  const said =
    scenario.options.get('qname-minimisation')?.at(-1) ?? scenario.options.get('query-minimization')?.at(-1);
  if (said === undefined) return ['off', 'relaxed'];
  const strict = scenario.options.get('qname-minimisation-strict')?.at(-1) === 'yes';
  return /^(no|off)/.test(said) ? ['off'] : [strict ? 'strict' : 'relaxed'];
}

/** All other scenarios, in the settings that each leaves open. */
export function otherPlays(dir: string, known: ReadonlySet<string>): Play[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.rpl'))
    .map((path) => relative(dir, join(dir, path)).slice(0, -4))
    .sort()
    .flatMap((name) => {
      let settings: Minimisation[] = ['relaxed'];
      try {
        settings = openSettings(parseScenario(readFileSync(join(dir, `${name}.rpl`), 'utf8')));
      } catch {
        // Unreadable ones are reported when they are played.
      }
      return settings
        .filter((minimisation) => !known.has(`${name}@${minimisation}`))
        .map((minimisation) => ({ name, minimisation, category: 'others', portable: false }));
    });
}
