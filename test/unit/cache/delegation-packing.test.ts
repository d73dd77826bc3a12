import { describe, expect, it } from 'vitest';
import { packDelegation, unpackDelegation } from '../../../src/cache/delegation-packing.js';
import { parseName } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { delegation, rrset } from '../../support/cache-fixtures.js';

const ds = rrset('example.com.', 300, RRType.DS, ['\0\x01\x0d\x02digest', '\0\x02\x0d\x02digest']);
const nsec = [rrset('a.com.', 300, RRType.NSEC, ['x']), rrset('b.com.', 60, RRType.NSEC, ['y'])];
const servers = [
  { name: parseName('ns1.example.com.'), addresses: ['192.0.2.1', '2001:db8::1'] },
  { name: parseName('a.very.long.name.of.a.server.example.net.'), addresses: [], spare: ['192.0.2.2'] },
  { name: parseName('\\000\\255.example.'), addresses: [] },
];

describe('packing and unpacking', () => {
  it.each([
    ['many servers, some with spare addresses', { servers }],
    ['no server', { servers: [] }],
    ['a DS', { ds, security: 'secure' }],
    ['a denied DS with its proof', { ds: 'none', dsProof: nsec, security: 'insecure' }],
    ['a denied DS without one', { ds: 'none' }],
    ['a DS beside a proof', { ds, dsProof: nsec, security: 'bogus' }],
  ] as const)('gives back %s', (_, over) => {
    const whole = delegation('example.com.', 1_900_000_000_000, over);
    const packed = packDelegation(whole)!;
    expect(unpackDelegation(packed, whole.zone, whole.leaseUntilMs)).toEqual(whole);
  });

  it('refuses what no message holds', () => {
    const [one] = servers;
    const many = Array.from({ length: 4000 }, () => one!);
    const addresses = Array.from({ length: 256 }, () => '192.0.2.1');
    expect(packDelegation(delegation('example.com.', 1, { servers: many }))).toBeUndefined();
    expect(
      packDelegation(delegation('example.com.', 1, { servers: [{ ...one!, addresses }] })),
    ).toBeUndefined();
  });
});
