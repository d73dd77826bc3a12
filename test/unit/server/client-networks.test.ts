import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, NetworkSet, parseNetwork } from '../../../src/runtime/networks.js';
import { ClientNetworks } from '../../../src/server/client-networks.js';
import { socketAddress } from '../../../src/transport/socket-address.js';

function compiledHas(networks: NetworkSet, address: string): boolean {
  const memory = Buffer.alloc(64);
  socketAddress(address, 5353)!.copy(memory, 16);
  return new ClientNetworks(networks).has(memory, 16);
}

function setOf(...texts: string[]): NetworkSet {
  return new NetworkSet(texts.map(parseNetwork));
}

/** Few different bits, so that addresses and prefixes meet. */
const octets = (count: number) =>
  fc.array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: count, maxLength: count });
const anyOctets = fc.oneof(
  octets(4),
  octets(16),
  octets(4).map((last) => [...Array(10).fill(0), 255, 255, ...last]),
);
const anyNetwork = fc.tuple(anyOctets, fc.nat(128)).map(([address, bits]) => {
  const length = Math.min(bits, address.length * 8);
  const masked = address.map(
    (octet, i) => octet & (0xff00 >> Math.max(0, Math.min(8, length - i * 8))) & 255,
  );
  return parseNetwork(`${formatAddress(Uint8Array.from(masked))}/${length}`);
});

describe('ClientNetworks', () => {
  it('says what NetworkSet says of the literal address', () => {
    let inside = 0;
    fc.assert(
      fc.property(fc.array(anyNetwork, { maxLength: 4 }), anyOctets, (networks, address) => {
        const set = new NetworkSet(networks);
        const text = formatAddress(Uint8Array.from(address));
        const expected = set.hasClient(text);
        if (expected) inside++;
        expect(compiledHas(set, text)).toBe(expected);
      }),
      { numRuns: 3000, seed: 20_261_125 },
    );
    expect(inside).toBeGreaterThan(100);
  });

  it.each([
    ['0.0.0.0/0', '203.0.113.255', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '192.0.2.1', false],
    ['192.0.2.0/24', '::ffff:192.0.2.9', true],
    ['128.0.0.0/1', '127.255.255.255', false],
    ['128.0.0.0/1', '255.255.255.255', true],
    ['192.0.2.1/32', '192.0.2.0', false],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
  ])('%s has %s: %s', (network, address, expected) => {
    expect(compiledHas(setOf(network), address)).toBe(expected);
  });

  it('has nobody of another address family', () => {
    const memory = Buffer.alloc(32);
    memory[0] = 1;
    expect(new ClientNetworks(setOf('0.0.0.0/0', '::/0')).has(memory, 0)).toBe(false);
  });
});
