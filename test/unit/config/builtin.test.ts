import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtinDoNotQuery, builtinRootHints, builtinTrustAnchors } from '../../../src/config/builtin.js';
import { parseTrustAnchor } from '../../../src/config/trust-anchor.js';
import { formatName } from '../../../src/dns/name.js';
import { NetworkSet } from '../../../src/runtime/networks.js';

const data = new URL('../../../../shared/data/zones/', import.meta.url);
const present = existsSync(new URL('root.hints', data));

describe.skipIf(!present)('builtin data against the published files (needs ../shared/data)', () => {
  it('has every address of the root hints, and no other', () => {
    const published = readFileSync(new URL('root.hints', data), 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , type]) => type === 'A' || type === 'AAAA')
      .map(([owner, , , address]) => `${owner?.toLowerCase()} ${address}`);
    const ours = builtinRootHints.flatMap(({ name, addresses }) =>
      addresses.map((a) => `${formatName(name)} ${a}`),
    );
    expect(ours.sort()).toEqual(published.sort());
  });

  it('has the digests of both root keys', () => {
    const lines = readFileSync(new URL('root-ksk-2017-2024.ds', data), 'latin1').trim().split('\n');
    expect(builtinTrustAnchors).toEqual(lines.map(parseTrustAnchor));
  });
});

describe('the networks that are never asked', () => {
  const set = new NetworkSet(builtinDoNotQuery);
  it.each([
    '0.0.0.0',
    '127.0.0.1',
    '127.255.1.2',
    '169.254.9.9',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'ff02::1',
    '::ffff:192.0.2.1',
  ])('hold %s', (address) => {
    expect(set.hasText(address)).toBe(true);
  });
  it.each([
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '192.0.2.1',
    '198.51.100.1',
    '2001:db8::1',
    'fd00::1',
    '198.41.0.4',
  ])('do not hold %s, which laboratories use', (address) => {
    expect(set.hasText(address)).toBe(false);
  });
});
