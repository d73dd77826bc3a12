/** Root hints of the operator's own, and the builtin trust anchors, which are for another root. */
import { describe, expect, it } from 'vitest';
import { InternetBuilder } from '../../src/authority/internet-builder.js';
import { Engine } from '../../src/compose/engine.js';
import { parseConfig } from '../../src/config/load.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { seededRandom } from '../../src/runtime/random.js';
import { question } from '../support/scenario-net.js';

const root = `$TTL 3600
. SOA ns.root. h.root. 1 2 3 4 5
. NS ns.root.
ns.root. A 192.0.2.1
www.lab. A 198.51.100.7
`;

async function outcome(rootHints: string, dnssec = '{}') {
  const internet = new InternetBuilder()
    .addServer({ name: 'ns.root.', addresses: ['192.0.2.1', '198.41.0.4'], zones: [root] })
    .build();
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const config = parseConfig(`rootHints: ${rootHints}\ndnssec: ${dnssec}\nupstream: { ipv6: false }`, 'test');
  const engine = new Engine({ config, clock, random, upstream: internet.upstream(clock, random) });
  const resolved = engine.resolver.resolve(question('www.lab.', 'A'));
  return (await clock.runUntil(resolved)).outcome;
}

const own = '[{ name: ns.root., addresses: [192.0.2.1] }]';

describe('an unsigned root', () => {
  it('of the operator is insecure below the builtin anchors', async () => {
    expect(await outcome(own)).toMatchObject({ kind: 'answer', security: 'insecure' });
  });

  it('is bogus where the builtin hints led to it', async () => {
    expect(await outcome('builtin')).toMatchObject({ kind: 'failure', reason: 'bogus' });
  });

  it('is bogus below anchors that the operator wrote for it', async () => {
    const anchor = `. DS 20326 8 2 ${'AB'.repeat(32)}`;
    expect(await outcome(own, `{ trustAnchors: ["${anchor}"] }`)).toMatchObject({ reason: 'bogus' });
  });

  it('is taken as it is when there are no anchors', async () => {
    expect(await outcome(own, '{ trustAnchors: [] }')).toMatchObject({ kind: 'answer' });
  });
});
