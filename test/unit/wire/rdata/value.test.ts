import { describe, expect, it } from 'vitest';
import { parseType, RRClass, RRType } from '../../../../src/dns/registry.js';
import { fromHex } from '../../../../src/wire/rdata/registry.js';
import { rdataValue } from '../../../../src/wire/rdata/value.js';
import { rdataRows } from './rdata-rows.js';

function rowValue(type: string): unknown {
  const row = rdataRows.find(([mnemonic]) => mnemonic === type)!;
  return rdataValue(parseType(type)!, fromHex(row[2])!);
}

describe('rdataValue', () => {
  it.each([
    ['A', { type: 'A', address: '192.0.2.1' }],
    ['AAAA', { type: 'AAAA', address: '2001:db8::1' }],
    ['NS', { type: 'NS', name: 'ns1.Example.test.' }],
    ['PTR', { type: 'PTR', name: 'a\\000b.c\\.d.test.' }],
    ['MX', { type: 'MX', preference: 10, exchange: 'mail.test.' }],
    [
      'SOA',
      {
        type: 'SOA',
        primary: 'ns.test.',
        mailbox: 'host\\.master.test.',
        serial: 2026010500,
        refreshSec: 7200,
        retrySec: 3600,
        expireSec: 1209600,
        minimumSec: 4294967295,
      },
    ],
    ['HINFO', { type: 'HINFO', cpu: 'PC', os: 'Linux "x"' }],
    ['SRV', { type: 'SRV', priority: 0, weight: 5, port: 5060, target: 'sip.test.' }],
    [
      'NAPTR',
      {
        type: 'NAPTR',
        order: 100,
        preference: 50,
        flags: 's',
        services: 'z3950+I2L+I2C',
        regexp: '',
        replacement: '_z3950._tcp.gatech.test.',
      },
    ],
    ['CAA', { type: 'CAA', critical: false, tag: 'issue', value: 'ca.example.net; account=230123' }],
    [
      'DS',
      {
        type: 'DS',
        keyTag: 60485,
        algorithm: 5,
        digestType: 1,
        digest: '2BB183AF5F22588179A53B0A98631FAD1A292118',
      },
    ],
    ['DNSKEY', { type: 'DNSKEY', flags: 256, algorithm: 5, publicKey: 'AQIDBA==' }],
    [
      'RRSIG',
      {
        type: 'RRSIG',
        typeCovered: 'A',
        algorithm: 5,
        labels: 3,
        originalTtlSec: 86400,
        expiration: '20030322173103',
        inception: '20030220173103',
        keyTag: 2642,
        signer: 'Example.com.',
        signature: 'AQIDBA==',
      },
    ],
    [
      'NSEC',
      { type: 'NSEC', nextName: 'host.example.com.', types: ['A', 'MX', 'RRSIG', 'NSEC', 'TYPE1234'] },
    ],
    [
      'NSEC3',
      {
        type: 'NSEC3',
        hashAlgorithm: 1,
        flags: 1,
        iterations: 12,
        salt: 'AABBCCDD',
        nextHashedName: '2T7B4G4VSA5SMI47K61MV5BV1A22BOJR',
        types: ['A', 'RRSIG'],
      },
    ],
    [
      'TLSA',
      {
        type: 'TLSA',
        usage: 3,
        selector: 1,
        matchingType: 1,
        data: 'D2ABDE240D7CD3EE6B4B28C54DF034B97983A1D16E8A410E4561CB106618E971',
      },
    ],
    [
      'SSHFP',
      { type: 'SSHFP', algorithm: 2, hash: 1, fingerprint: '123456789ABCDEF67890123456789ABCDEF67890' },
    ],
    ['HTTPS', { type: 'other', mnemonic: 'HTTPS', text: '0 svc.test.' }],
    ['TXT', { type: 'other', mnemonic: 'TXT', text: '"" "a b;c" "\\200\\"\\\\"' }],
  ])('%s', (type, value) => {
    expect(rowValue(type)).toEqual(value);
  });

  it('gives the strings of TXT one by one', () => {
    expect(rdataValue(RRType.TXT, '\x02ab\x00\x03c\xc3\xa9')).toEqual({
      type: 'TXT',
      strings: ['ab', '', 'cé'],
    });
  });

  it.each([
    ['an SSHFP hash that dns-packet does not know', RRType.SSHFP, '\x01\x05abc', '1 5 616263'],
    ['a DNSKEY of another protocol', RRType.DNSKEY, '\0\0\x02\x08abc', '0 2 8 YWJj'],
    ['an address of 2 octets', RRType.A, '\xc0\0', '\\# 2 C000'],
    ['an opaque type', 65280, 'a', '\\# 1 61'],
  ])('falls back to text for %s', (_what, type, rdata, text) => {
    expect(rdataValue(type, rdata)).toMatchObject({ type: 'other', text });
  });

  it('falls back to the generic form in other classes', () => {
    expect(rdataValue(RRType.A, 'abcd', RRClass.CH)).toEqual({
      type: 'other',
      mnemonic: 'A',
      text: '\\# 4 61626364',
    });
  });
});
