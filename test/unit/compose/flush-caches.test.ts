import { describe, expect, it } from 'vitest';
import { DelegationCache } from '../../../src/cache/delegation-cache.js';
import { FailureCache } from '../../../src/cache/failure-cache.js';
import { type Flush, flushEverything } from '../../../src/cache/flush.js';
import { InfraCache } from '../../../src/cache/infra-cache.js';
import { NegativeCache } from '../../../src/cache/negative-cache.js';
import { Rank } from '../../../src/cache/rank.js';
import { ResolverCache } from '../../../src/cache/rrset-cache.js';
import { flushCaches } from '../../../src/compose/flush-caches.js';
import { parseName } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { delegation, origin, rrset, soa } from '../../support/cache-fixtures.js';

function filled() {
  const clock = new VirtualClock(Date.UTC(2026, 0, 6));
  const caches = {
    rrsets: new ResolverCache({ clock, maxOctets: 1 << 20 }),
    negative: new NegativeCache({ clock, maxOctets: 1 << 20 }),
    failures: new FailureCache({ clock, maxOctets: 1 << 20 }),
    delegations: new DelegationCache({ clock, maxOctets: 1 << 20 }),
    infra: new InfraCache({ clock }),
  };
  const meta = { rank: Rank.answer, security: 'insecure', origin } as const;
  for (const name of ['a.test.', 'www.a.test.', 'b.test.']) {
    caches.rrsets.put(rrset(name), meta);
    caches.rrsets.put(rrset(name, 300, RRType.AAAA, ['\x20\x01'.padEnd(16, '\0')]), meta);
    const denial = { soa: soa('test.', 300, 300), proof: [], security: 'insecure', origin } as const;
    caches.negative.putNodata(parseName(name), RRType.MX, denial);
    caches.failures.put(parseName(name), RRType.TXT, { kind: 'failure', reason: 'timeout', ede: [] });
  }
  const leaseMs = clock.wallMs() + 3_600_000;
  caches.delegations.put(
    delegation('a.test.', leaseMs, {
      servers: [
        { name: parseName('ns.a.test.'), addresses: ['192.0.2.53'] },
        { name: parseName('b.test.'), addresses: [] },
      ],
    }),
  );
  caches.delegations.put(delegation('b.test.', leaseMs));
  for (const address of ['192.0.2.53', '192.0.2.1', '198.51.100.1']) caches.infra.state(address);
  return caches;
}

const flushed = (flush: Partial<Flush>) =>
  flushCaches(filled(), { name: parseName('a.test.'), subtree: false, ...flush });

describe('a flush', () => {
  it('of a name takes what every layer holds of it, but for servers', () => {
    expect(flushed({})).toEqual({ resolver: 2, negative: 1, failure: 1, delegation: 1 });
  });

  it('of a subtree takes what is below as well', () => {
    expect(flushed({ subtree: true })).toEqual({ resolver: 4, negative: 2, failure: 2, delegation: 1 });
  });

  it('of a type takes only that; delegations are of NS and DS', () => {
    expect(flushed({ type: RRType.A })).toEqual({ resolver: 1, negative: 0, failure: 0 });
    expect(flushed({ type: RRType.MX })).toEqual({ resolver: 0, negative: 1, failure: 0 });
    expect(flushed({ type: RRType.NS })).toEqual({ resolver: 0, negative: 0, failure: 0, delegation: 1 });
  });

  it('of some layers leaves the others alone', () => {
    expect(flushed({ layers: ['negative', 'failure'] })).toEqual({ negative: 1, failure: 1 });
    expect(flushed({ layers: ['stub'] })).toEqual({});
  });

  it('of what denies leaves data alone', () => {
    expect(flushed({ negatives: true, subtree: true })).toEqual({ negative: 2, failure: 2 });
    expect(flushed({ negatives: true, layers: ['resolver', 'negative'] })).toEqual({ negative: 1 });
  });

  it('of servers takes those of the zone, by glue and by the addresses that are known', () => {
    expect(flushed({ layers: ['infra'] })).toEqual({ infra: 2 });
    expect(flushed({ layers: ['infra', 'delegation'] })).toEqual({ infra: 2, delegation: 1 });
  });

  it('of everything leaves nothing', () => {
    const caches = filled();
    expect(flushCaches(caches, flushEverything)).toEqual({
      resolver: 6,
      negative: 3,
      failure: 3,
      delegation: 2,
      infra: 3,
    });
    for (const cache of Object.values(caches)) expect([...cache.entries()]).toEqual([]);
  });
});
