import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressAt, portAt, setPort, socketAddress } from '../../../src/transport/socket-address.js';

describe('socketAddress', () => {
  it('writes sockaddr_in', () => {
    expect(socketAddress('192.0.2.7', 53)?.toString('hex')).toBe('02000035c00002070000000000000000');
  });

  it.each([
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::5:6', '20010db8000000000000000000050006'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['fe80::', 'fe800000000000000000000000000000'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['2001:db8:1:2:3:4:192.0.2.1', '20010db8000100020003 0004c0000201'.replace(' ', '')],
  ])('writes sockaddr_in6 of %s', (text, octets) => {
    const address = socketAddress(text, 5353);
    expect(address?.subarray(8, 24).toString('hex')).toBe(octets);
    expect(address?.readUInt16LE(0)).toBe(10);
    expect(address?.readUInt16BE(2)).toBe(5353);
  });

  it('takes a numeric scope and nothing else for one', () => {
    expect(socketAddress('fe80::1%3', 53)?.readUInt32LE(24)).toBe(3);
    expect(socketAddress('fe80::1%eth0', 53)).toBeUndefined();
  });

  it.each(['', 'localhost', '1.2.3', '1.2.3.4.5', ':::', '12345::'])('refuses %j', (text) => {
    expect(socketAddress(text, 53)).toBeUndefined();
  });

  it('reads back what it wrote, in the form of RFC 5952', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 0, max: 65535 }), (text, port) => {
        const address = socketAddress(text, 0)!;
        setPort(address, port);
        const shown = addressAt(address, 0);
        expect(socketAddress(shown, port)).toEqual(address);
        expect(portAt(address, 0)).toBe(port);
        expect(new URL(`http://[${shown}]/`).hostname).toBe(`[${shown}]`);
      }),
      { seed: 20260106 },
    );
    expect(addressAt(socketAddress('192.0.2.7', 1)!, 0)).toBe('192.0.2.7');
  });
});
