import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadInternet } from '../../src/authority/load.js';
import { ScenarioNet } from '../support/scenario-net.js';

const zonesDir = fileURLToPath(new URL('../../zones', import.meta.url));

function zonesNet(): ScenarioNet {
  const { internet, problems } = loadInternet(zonesDir);
  expect(problems.filter((p) => p.severity === 'error')).toEqual([]);
  return new ScenarioNet(internet!);
}

describe('the mock internet of zones/, resolved without sockets', () => {
  it('walks from the root to an address', async () => {
    const net = zonesNet();
    expect(await net.say('www.example.com.')).toMatch(/^192\.0\.2\.|^198\.51\.100\.|^203\.0\.113\./);
    expect(net.queries.length).toBeGreaterThan(1);
  });

  it('answers again from the cache with the TTL counted down', async () => {
    const net = zonesNet();
    const first = await net.resolve('www.example.com.');
    net.resetQueries();
    await net.clock.advance(10_000);
    const second = await net.resolve('www.example.com.');
    expect(second.lookupClass).toBe('resolver');
    expect(net.queries).toEqual([]);
    const ttl = (r: typeof first) => (r.outcome.kind === 'answer' ? r.outcome.rrsets[0]!.ttlSec : -1);
    expect(ttl(second)).toBe(ttl(first) - 10);
  });
});
