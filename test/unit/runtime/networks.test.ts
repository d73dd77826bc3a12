import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressOctets,
  formatAddress,
  inNetwork,
  loopbackNetworks,
  NetworkSet,
  parseNetwork,
  unmapped,
} from '../../../src/runtime/networks.js';

describe('addresses', () => {
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['fe80::', 'fe80::'],
    ['192.0.2.255', '192.0.2.255'],
  ])('%s is written %s (RFC 5952)', (text, canonical) => {
    expect(formatAddress(addressOctets(text)!)).toBe(canonical);
  });

  it.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', 'a.b.c.d', ':::', '1::2::3', 'fe80::1%lo', '[::1]', ' ::1'])(
    '%j is none',
    (text) => {
      expect(addressOctets(text)).toBeUndefined();
    },
  );

  it('come back the same from text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ minLength: 4, maxLength: 4 }),
          fc.uint8Array({ minLength: 16, maxLength: 16 }),
        ),
        (octets) => {
          const text = formatAddress(octets);
          expect(isIPv6(text)).toBe(octets.length === 16);
          expect(addressOctets(text)).toEqual(octets);
        },
      ),
    );
  });
});

describe('networks', () => {
  it('hold an address exactly when its leading bits are those of the prefix', () => {
    const ofLength = (n: number) =>
      fc.record({
        a: fc.uint8Array({ minLength: n, maxLength: n }),
        b: fc.uint8Array({ minLength: n, maxLength: n }),
        bits: fc.integer({ min: 0, max: n * 8 }),
        same: fc.boolean(),
      });
    fc.assert(
      fc.property(fc.oneof(ofLength(4), ofLength(16)), ({ a, b, bits, same }) => {
        const text = (octets: Uint8Array) => [...octets].map((o) => o.toString(2).padStart(8, '0')).join('');
        const prefix = text(a).slice(0, bits);
        const masked = Uint8Array.from(prefix.padEnd(a.length * 8, '0').match(/.{8}/g)!, (o) =>
          Number.parseInt(o, 2),
        );
        const network = parseNetwork(`${formatAddress(masked)}/${bits}`);
        const probe = same ? a : b;
        expect(inNetwork(network, probe)).toBe(text(probe).startsWith(prefix));
      }),
    );
  });

  it('of one family never hold an address of the other', () => {
    const all = new NetworkSet([parseNetwork('0.0.0.0/0')]);
    expect(all.hasText('192.0.2.1')).toBe(true);
    expect(all.hasText('::1')).toBe(false);
  });

  it.each([
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '::/129',
    '10.0.0.1/8',
  ])('%j is refused', (text) => {
    expect(() => parseNetwork(text)).toThrow(expect.objectContaining({ code: 'BAD_NETWORK' }));
  });

  it('see the IPv4 address of a client on a dual-stack socket', () => {
    expect(loopbackNetworks.hasClient('::ffff:127.0.0.1')).toBe(true);
    expect(loopbackNetworks.hasText('::ffff:127.0.0.1')).toBe(false);
    expect(loopbackNetworks.hasClient('::ffff:192.0.2.1')).toBe(false);
    expect(loopbackNetworks.hasClient('nonsense')).toBe(false);
    const address = addressOctets('2001:db8::ffff:7f00:1')!;
    expect(unmapped(address)).toBe(address);
  });
});
