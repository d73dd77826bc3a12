/**
 * Recorded scenarios of other resolvers, played in process. The recordings lie beside the checkout and not
 * in it; without them there is nothing to play.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { InProcessGround } from '../../scripts/scenarios/in-process.js';
import { parseScenario } from '../../scripts/scenarios/parse.js';
import { play } from '../../scripts/scenarios/play.js';
import { portablePlays } from '../../scripts/scenarios/plays.js';
import { withoutDsa } from '../../scripts/scenarios/resign.js';

const dir = fileURLToPath(new URL('../../../shared/scenarios', import.meta.url));
const here = existsSync(join(dir, 'portable.txt'));

describe.runIf(here)('what at least two of Unbound, Knot Resolver, PowerDNS and BIND pass', () => {
  it('is passed here too', { timeout: 120_000 }, async () => {
    const plays = portablePlays(dir);
    expect(plays.length).toBeGreaterThan(200);
    const failed: string[] = [];
    for (const one of plays) {
      const title = `${one.name} @${one.minimisation}`;
      const result = await play(
        parseScenarioFile(one.name),
        async (scenario, completing) => new InProcessGround(scenario, one.minimisation, completing),
      ).catch((error: Error) => ({ verdict: 'skip', detail: error.message }));
      if (result.verdict !== 'pass') failed.push(`${title}: ${result.detail}`);
    }
    expect(failed).toEqual([]);
  });
});

function parseScenarioFile(name: string) {
  try {
    return withoutDsa(parseScenario(readFileSync(join(dir, `${name}.rpl`), 'utf8')));
  } catch {
    return parseScenario('CONFIG_END\nSCENARIO_BEGIN unreadable\nSTEP 1 CHECK_ANSWER\nSCENARIO_END');
  }
}
