import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelegationCache } from '../../../src/cache/delegation-cache.js';
import { formatName, parseName } from '../../../src/dns/name.js';
import { addressesOf, type ConfiguredZone, ZoneFinder } from '../../../src/resolver/asked-zone.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { addressOctets, formatAddress } from '../../../src/runtime/networks.js';
import { asking } from '../../support/responses.js';
import { onlyRrset } from '../../support/signed-data.js';

const configured = (zone: string, kind: 'stub' | 'forward'): ConfiguredZone => ({
  zone: parseName(zone),
  kind,
  servers: [{ address: '192.0.2.53', port: 53 }],
});

function setUp(zones: readonly ConfiguredZone[] = [], cached: readonly string[] = []) {
  const clock = new VirtualClock();
  const delegations = new DelegationCache({ clock, maxOctets: 1_000_000 });
  for (const zone of cached) {
    delegations.put({
      zone: parseName(zone),
      servers: [{ name: parseName('ns.shared.'), addresses: [`192.0.2.${zone.length}`] }],
      ds: 'unknown',
      dsProof: [],
      security: 'unchecked',
      leaseUntilMs: clock.wallMs() + 1_000_000,
    });
  }
  const finder = new ZoneFinder(
    delegations,
    [{ name: parseName('a.root.'), addresses: ['192.0.2.1'] }],
    zones,
    53,
  );
  const start = (question: string, stuck: readonly string[] = []) => {
    const found = finder.start(asking(question), (zone) => stuck.includes(formatName(zone)));
    return `${formatName(found.zone)} ${found.source}`;
  };
  return { finder, start };
}

describe('where a walk starts', () => {
  it('at the hints when nothing is known', () => {
    expect(setUp().start('www.a.test.')).toBe('. hints');
  });

  it('at the deepest delegation that holds the name', () => {
    const { start } = setUp([], ['test.', 'a.test.', 'b.test.']);
    expect(start('www.a.test.')).toBe('a.test. cache');
    expect(start('a.test.')).toBe('a.test. cache');
    expect(start('xa.test.')).toBe('test. cache');
  });

  it('above the cut for DS (RFC 4035 2.4)', () => {
    const { start } = setUp([], ['test.', 'a.test.']);
    expect(start('a.test. DS')).toBe('test. cache');
    expect(start('www.a.test. DS')).toBe('a.test. cache');
    expect(start('. DS')).toBe('. hints');
  });

  it('above zones that wait for the answer', () => {
    const { start } = setUp([], ['test.', 'a.test.']);
    expect(start('www.a.test.', ['a.test.'])).toBe('test. cache');
    expect(start('www.a.test.', ['a.test.', 'test.'])).toBe('. hints');
  });

  it('at the closest zone of the configuration, whatever stands above', () => {
    const { start } = setUp([configured('corp.', 'forward'), configured('lab.corp.', 'stub')], ['corp.']);
    expect(start('www.corp.')).toBe('corp. forward');
    expect(start('www.lab.corp.')).toBe('lab.corp. stub');
    expect(start('lab.corp. DS')).toBe('corp. forward');
  });

  it('at a delegation below a stub, but never below a forwarder', () => {
    const stub = setUp([configured('corp.', 'stub')], ['sub.corp.']);
    expect(stub.start('www.sub.corp.')).toBe('sub.corp. cache');
    const forward = setUp([configured('corp.', 'forward')], ['sub.corp.']);
    expect(forward.start('www.sub.corp.')).toBe('corp. forward');
  });

  it('collects what the parents say of an address', () => {
    const { finder } = setUp([], ['shared.', 'test.', 'ns.shared.']);
    expect([...finder.parentSide(parseName('ns.shared.'))].sort()).toEqual(['192.0.2.10', '192.0.2.7']);
  });
});

describe('addressesOf', () => {
  it('reads A and AAAA', () => {
    expect(addressesOf(onlyRrset('a. A 192.0.2.1\na. A 198.51.100.255'))).toEqual([
      '192.0.2.1',
      '198.51.100.255',
    ]);
    expect(addressesOf(onlyRrset('a. AAAA 2001:db8::1'))).toEqual(['2001:db8::1']);
  });

  it('writes every IPv6 address as the rest of the program does (RFC 5952)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 0, 0, 1, 0xab, 0xffff), { minLength: 8, maxLength: 8 }),
        (groups) => {
          const text = groups.map((g) => g.toString(16)).join(':');
          const [written] = addressesOf(onlyRrset(`a. AAAA ${text}`));
          expect(written).toBe(formatAddress(addressOctets(text)!));
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  });
});
