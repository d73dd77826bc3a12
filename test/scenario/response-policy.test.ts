/**
 * Recorded scenarios about response policy zones, played in process. The recordings lie beside the checkout and not in
 * it; without them there is nothing to play.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { InProcessGround } from '../../scripts/scenarios/in-process.js';
import { parseScenario } from '../../scripts/scenarios/parse.js';
import { play } from '../../scripts/scenarios/play.js';

const dir = fileURLToPath(new URL('../../../shared/data/rpz/unbound-rpl', import.meta.url));

/** What they need that is not done, or how they differ, each with its reason in docs/decisions. */
const others = new Map([
  ['rpz_axfr', 'skip zone transfers'],
  ['rpz_ixfr', 'skip zone transfers'],
  ['rpz_cname_tag', 'skip tags of clients'],
  ['rpz_clientip_passthru_dns64', 'skip dns64'],
  ['rpz_signal_nxdomain_ra', 'skip without RA'],
  ['rpz_clientip_override', 'skip an action in the place'],
  ['rpz_nsdname_override', 'skip an action in the place'],
  ['rpz_nsip_override', 'skip an action in the place'],
  ['rpz_passthru', 'skip an action in the place'],
  ['rpz_qname_override', 'skip an action in the place'],
  ['rpz_respip_override', 'skip an action in the place'],
  ['rpz_val_block', 'fail step 31'],
]);

describe.runIf(existsSync(dir))('recorded scenarios of response policy zones', () => {
  const names = existsSync(dir) ? readdirSync(dir).filter((file) => file.endsWith('.rpl')) : [];

  it.each(names)('%s passes, or does what is known of it', async (file) => {
    const name = file.replace('.rpl', '');
    const scenario = parseScenario(readFileSync(join(dir, file), 'utf8'));
    const { verdict, detail } = await play(
      scenario,
      async (s, completing) => new InProcessGround(s, 'off', completing),
    );
    const expected = others.get(name);
    if (expected === undefined) expect({ verdict, detail }).toEqual({ verdict: 'pass', detail: '' });
    else {
      const [how, ...what] = expected.split(' ');
      expect(verdict).toBe(how);
      expect(detail).toContain(what.join(' '));
    }
  });
});
