import { describe, expect, it } from 'vitest';
import { answersStand, doubtfulNames, liveConfig } from '../../../src/config/live.js';
import { defaultConfig, parseConfig } from '../../../src/config/load.js';
import { formatName } from '../../../src/dns/name.js';

const config = (text: string) => parseConfig(text, 'test');
const doubtful = (before: string, after: string) =>
  [...doubtfulNames(config(before), config(after))].map(formatName).sort();

describe('liveConfig', () => {
  it('takes the new values of what can change, and keeps and names the rest', () => {
    const running = defaultConfig();
    const next = config(
      'listen: ["127.0.0.1:53"]\ncache: { stub: { size: 1MiB }, ttl: { max: 60 } }\nspecialUse: false',
    );
    const { config: live, needRestart } = liveConfig(running, next);
    expect(needRestart).toEqual(['listen', 'cache.stub']);
    expect(live.listen).toEqual(running.listen);
    expect(live.cache.stub).toEqual(running.cache.stub);
    expect(live.cache.ttl.maxSec).toBe(60);
    expect(live.specialUse).toBe(false);
    expect(liveConfig(live, next).needRestart).toEqual(['listen', 'cache.stub']);
  });

  it('needs no restart for what is the same', () => {
    expect(liveConfig(defaultConfig(), defaultConfig()).needRestart).toEqual([]);
  });
});

describe('doubtfulNames', () => {
  it('are the zones whose servers or trust changed', () => {
    const forward = (server: string) => `forward: [{ zone: a.test, servers: [${server}] }]`;
    expect(doubtful(forward('192.0.2.1'), forward('192.0.2.1'))).toEqual([]);
    expect(doubtful(forward('192.0.2.1'), forward('192.0.2.2'))).toEqual(['a.test.']);
    expect(doubtful('{}', 'stub: [{ zone: b.test, servers: [192.0.2.1] }]')).toEqual(['b.test.']);
    expect(doubtful('dnssec: { negativeTrustAnchors: [c.test] }', '{}')).toEqual(['c.test.']);
    const rule = (limit: string) =>
      `cache: { rules: [{ name: d.test, ${limit} }, { name: e.test, noCache: true }] }`;
    expect(doubtful(rule('maxTtl: 5'), rule('maxTtl: 6'))).toEqual(['d.test.']);
    expect(doubtful('{}', rule('maxTtl: 5'))).toEqual(['d.test.', 'e.test.']);
    expect(doubtful('{}', 'dnssec: { mode: off }')).toEqual(['.']);
    expect(doubtful('{}', 'access: { allow: [192.0.2.0/24] }\ncache: { prefetch: false }')).toEqual([]);
  });
});

describe('answersStand', () => {
  it('unless something that decides answers changed', () => {
    const stands = (text: string) => answersStand(defaultConfig(), config(text));
    expect(
      stands(
        'access: { allow: [192.0.2.0/24] }\nlog: { level: warn }\nrateLimit: { perClientQps: 5 }\ncookies: { enabled: false }',
      ),
    ).toBe(true);
    expect(stands('specialUse: false')).toBe(false);
    expect(stands('dnssec: { mode: off }')).toBe(false);
    expect(stands('cache: { rules: [{ name: a.test, noCache: true }] }')).toBe(false);
    expect(stands('policy: { rebindingProtection: true }')).toBe(false);
  });
});
