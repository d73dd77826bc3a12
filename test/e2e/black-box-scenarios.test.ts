/**
 * Scenarios played against the built program, in a network namespace, its wall clock shifted from outside by
 * libfaketime. Needs `npm run build`. Our own are also played in process, where they must say the same; of
 * the recorded ones, where they lie beside the checkout, a handful.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { canShiftClock } from '../../scripts/scenarios/black-box/program.js';
import { InProcessGround } from '../../scripts/scenarios/in-process.js';
import { parseScenario } from '../../scripts/scenarios/parse.js';
import { play } from '../../scripts/scenarios/play.js';
import { guarded } from '../support/guarded-program.js';
import { namespaceObstacle } from '../support/lab/namespace.js';

const ours = fileURLToPath(new URL('../support/scenarios', import.meta.url));
const recorded = fileURLToPath(new URL('../../../shared/scenarios', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const obstacle = canShiftClock ? namespaceObstacle() : 'libfaketime is not installed';
if (obstacle !== undefined) console.warn(`black-box scenarios: not tested: ${obstacle}`);

/** Played with `--black-box`; the report's last lines count. */
async function playAll(dir: string, filter: string): Promise<string> {
  const script = join(root, 'dist-tools/scripts/scenarios/main.js');
  const [program, ...args] = guarded([process.execPath, script, dir, filter, '--black-box']);
  const { stdout } = await promisify(execFile)(program!, args);
  return stdout;
}

describe('our own scenarios, in process', () => {
  it.each(readdirSync(ours))('%s passes', async (file) => {
    const scenario = parseScenario(readFileSync(join(ours, file), 'utf8'));
    const open = async (s: typeof scenario, completing: boolean) => new InProcessGround(s, 'off', completing);
    expect(await play(scenario, open)).toEqual({ verdict: 'pass', detail: '' });
  });
});

if (obstacle !== undefined && process.env.CI !== undefined) {
  it('can shift the clock of a program in a namespace', () => expect.fail(obstacle));
}

describe.skipIf(obstacle !== undefined)('against the built program', () => {
  beforeAll(() => {
    const tsc = join(root, 'node_modules/.bin/tsc');
    execFileSync(tsc, ['-p', 'tsconfig.tools.json'], { cwd: root, timeout: 60_000 });
  });

  it('our own pass', { timeout: 60_000 }, async () => {
    const report = await playAll(ours, '');
    expect(report).toMatch(/others +2 +0 +0/);
  });

  it.runIf(existsSync(recorded))('recorded ones pass', { timeout: 60_000 }, async () => {
    const filter = 'iter_prefetch_change,iter_domain_sale,val_negcache_dssoa,val_minimal_baddsdigesttype';
    const report = await playAll(recorded, filter);
    expect(report).not.toMatch(/^(fail|skip) /m);
  });
});
