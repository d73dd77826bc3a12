import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { warnOfWildcards } from '../../../src/compose/wildcard-warning.js';
import { canReplyFromAsked } from '../../../src/transport/udp-listener.js';
import { FakeLog } from '../../support/server-harness.js';

function card(address: string, internal = false): NetworkInterfaceInfo {
  const common = { address, internal, netmask: '', mac: '', cidr: null };
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' };
}

const machine = () => ({
  lo: [card('127.0.0.1', true), card('::1', true)],
  eth0: [card('192.0.2.1'), card('2001:db8::1'), card('fe80::1')],
  eth1: [card('198.51.100.1'), card('fe80::2')],
  gone: undefined,
});

function warned(addresses: readonly string[], native = false): FakeLog['lines'] {
  const log = new FakeLog();
  const listen = addresses.map((address) => ({ address, port: 53 }));
  warnOfWildcards(listen, { native, log }, machine);
  return log.lines;
}

describe('the warning about wildcard addresses', () => {
  it('names the addresses that replies may leave from', () => {
    expect(warned(['0.0.0.0'])).toMatchObject([
      { level: 'warn', fields: { address: '0.0.0.0', addresses: ['192.0.2.1', '198.51.100.1'] } },
    ]);
  });

  it('is not given for addresses of their own, nor where there is only one', () => {
    expect(warned(['192.0.2.1', '127.0.0.1', '::'])).toEqual([]);
  });

  it.runIf(canReplyFromAsked())('is not given where replies leave from the address that was asked', () => {
    expect(warned(['0.0.0.0'], true)).toEqual([]);
  });
});
