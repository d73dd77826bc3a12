import { describe, expect, it } from 'vitest';
import { nameToOctets, ROOT } from '../../../../src/dns/name.js';
import { parseType, RRClass, RRType } from '../../../../src/dns/registry.js';
import {
  formatRdata,
  fromHex,
  knownTypes,
  parseRdata,
  RdataError,
  toHex,
} from '../../../../src/wire/rdata/registry.js';
import { rdataTokens } from '../../../support/rdata-tokens.js';
import { rdataRows } from './rdata-rows.js';

const parse = (type: string, text: string, origin = ROOT as string): string =>
  toHex(parseRdata(parseType(type)!, rdataTokens(text), origin));
const format = (type: string, hex: string): string => formatRdata(parseType(type)!, fromHex(hex)!);

function errorOf(type: string, text: string): RdataError {
  try {
    parse(type, text);
  } catch (error) {
    if (error instanceof RdataError) return error;
    throw error;
  }
  throw new Error(`${type} ${text} was accepted`);
}

describe('text of RDATA', () => {
  it.each(rdataRows)('%s %s is written as the octets say', (type, text, hex) => {
    expect(format(type, hex)).toBe(text);
  });

  it.each(rdataRows)('%s %s is read to the octets', (type, text, hex) => {
    expect(parse(type, text)).toBe(hex);
  });

  it.each(rdataRows)('%s %s is read from the generic form too (RFC 3597 5)', (type, _text, hex) => {
    expect(parse(type, `\\# ${hex.length / 2} ${hex}`)).toBe(hex);
  });

  it('has a row for every type with a layout but OPT and SIG', () => {
    const rows = new Set(rdataRows.map(([type]) => parseType(type)));
    expect(knownTypes().filter((type) => !rows.has(type))).toEqual([RRType.SIG]);
  });

  it('writes types without layout in the generic form', () => {
    expect(formatRdata(65280, '\x01\xff')).toBe('\\# 2 01FF');
    expect(formatRdata(65280, '')).toBe('\\# 0');
    expect(toHex(parseRdata(65280, rdataTokens('\\# 4 0A 00 00 01'), ROOT))).toBe('0A000001');
  });

  it('writes what breaks the rules of its type in the generic form', () => {
    expect(format('A', 'C00002')).toBe('\\# 3 C00002');
    expect(format('LOC', '01331613 89172DD0 70BE15F0 00988D20'.replaceAll(' ', ''))).toMatch(/^\\# 16 /);
    expect(format('NSEC', '00000240 00'.replace(' ', ''))).toBe('\\# 5 0000024000'); // zero octet at a window's end
  });

  it('writes A and AAAA of another class in the generic form', () => {
    expect(formatRdata(RRType.A, '\x00\x01\x02\x03', RRClass.CH)).toBe('\\# 4 00010203');
  });

  it('completes relative names with the origin and keeps letter case', () => {
    const origin = nameToOctets('Example.test.');
    expect(parse('MX', '10 Mail', origin)).toBe(toHex(`\x00\x0a${nameToOctets('Mail.Example.test.')}`));
    expect(parse('NS', '@', origin)).toBe(toHex(origin));
  });

  it('reads other spellings of the same RDATA', () => {
    expect(parse('SOA', 'a. b. 1 2h 30m 1w 1d')).toBe(parse('SOA', 'a. b. 1 7200 1800 604800 86400'));
    expect(parse('SOA', 'a. b. 1 1h30m 30M 1w 1d')).toBe(parse('SOA', 'a. b. 1 5400 1800 604800 86400'));
    expect(parse('DS', '60485 RSASHA1 1 2BB183AF5F 22588179A53B0A98631FAD1A292118')).toBe(
      parse('DS', '60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118'),
    );
    expect(parse('RRSIG', 'A 8 1 60 1048354263 1045762263 1 a. AQID')).toBe(
      parse('RRSIG', 'A RSASHA256 1 60 20030322173103 20030220173103 1 a. AQ ID'),
    );
    expect(parse('LOC', '42 N 71 W 0')).toBe(parse('LOC', '42 0 0.000 N 71 0 0 W 0.00m 1m 10000m 10m'));
    expect(parse('NID', '10 14:4fff:ff20:ee64')).toBe(parse('NID', '10 0014:4FFF:FF20:EE64'));
    expect(parse('CERT', 'PKIX 1 RSASHA256 AQID')).toBe(parse('CERT', '1 1 8 AQID'));
    expect(parse('AAAA', '2001:DB8:0:0::192.0.2.1')).toBe(parse('AAAA', '2001:db8::c000:201'));
    expect(parse('TXT', 'plain "é"')).toBe('05706C61696E02C3A9');
  });

  it.each([
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8:0:1:1:1:1:1', '20010DB8000000010001000100010001'],
    ['2001:0:0:1::1', '20010000000000010000000000000001'],
    ['2001:db8::1:0:0:1', '20010DB8000000000001000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['::ffff:192.0.2.1', '00000000000000000000FFFFC0000201'],
    ['::192:0:2:1', '00000000000000000192000000020001'],
  ])('writes the IPv6 address %s as RFC 5952 wants', (text, hex) => {
    expect(format('AAAA', hex)).toBe(text);
    expect(parse('AAAA', text)).toBe(hex);
  });

  it.each([
    ['A', '192.0.2', 'BAD_ADDRESS', 0],
    ['A', '192.0.2.01', 'BAD_ADDRESS', 0],
    ['A', '192.0.2.256', 'BAD_ADDRESS', 0],
    ['A', '', 'MISSING_FIELD', 0],
    ['A', '192.0.2.1 192.0.2.2', 'EXTRA_FIELD', 1],
    ['AAAA', 'fe80::1%eth0', 'BAD_ADDRESS', 0],
    ['AAAA', '192.0.2.1', 'BAD_ADDRESS', 0],
    ['MX', '65536 a.', 'BAD_NUMBER', 0],
    ['MX', '-1 a.', 'BAD_NUMBER', 0],
    ['MX', '10', 'MISSING_FIELD', 1],
    ['MX', '10 a..b.', 'BAD_NAME', 1],
    ['SOA', 'a. b. 1 2 3 4 4294967296', 'BAD_NUMBER', 6],
    ['SOA', 'a. b. 1 2x 3 4 5', 'BAD_NUMBER', 3],
    ['TXT', `"${'x'.repeat(256)}"`, 'BAD_STRING', 0],
    ['TXT', '\\256', 'BAD_STRING', 0],
    ['TXT', '\\25', 'BAD_STRING', 0],
    ['TXT', '', 'MISSING_FIELD', 0],
    ['DS', '1 8 2 ABC', 'BAD_HEX', 3],
    ['DS', '1 8 2', 'MISSING_FIELD', 3],
    ['DNSKEY', '257 3 8 A?==', 'BAD_BASE64', 3],
    ['DNSKEY', '257 3 NOSUCH AQID', 'BAD_NUMBER', 2],
    ['NSEC3', '1 0 0 - 2T7B4G4W! A', 'BAD_BASE32', 4],
    ['NSEC3', '1 0 0 abc 2T7B4G4V A', 'BAD_HEX', 3],
    ['NSEC', 'a. NOTYPE', 'BAD_TYPE', 1],
    ['RRSIG', 'A 8 1 60 20030230000000 20030220173103 1 a. AQID', 'BAD_TIME', 4],
    ['RRSIG', 'A 8 1 60 21060207062816 20030220173103 1 a. AQID', 'BAD_TIME', 4],
    ['LOC', '91 N 0 E 0m', 'BAD_NUMBER', 0],
    ['LOC', '90 1 N 0 E 0m', 'BAD_VALUE', 2],
    ['LOC', '1 60 N 0 E 0m', 'BAD_NUMBER', 1],
    ['LOC', '1 N 0 E 0m 90000001m', 'BAD_VALUE', 5],
    ['CAA', '0 is-sue "x"', 'BAD_VALUE', 2],
    ['APL', '1:192.0.2.0/33', 'BAD_NUMBER', 0],
    ['APL', '1:2001:db8::/32', 'BAD_ADDRESS', 0],
    ['IPSECKEY', '10 4 2 . AQID', 'BAD_VALUE', 2],
    ['IPSECKEY', '10 0 2 a. AQID', 'BAD_VALUE', 3],
    ['EUI48', '00-00-5e-00-53', 'BAD_HEX', 0],
    ['URI', '10 1 ""', 'BAD_STRING', 2],
    ['A', '\\# 4 C00002', 'BAD_GENERIC', 2],
    ['A', '\\# 3 C00002', 'BAD_VALUE', 2],
    ['A', '\\# 4 C00002XX', 'BAD_HEX', 2],
    ['TYPE65280', 'text', 'BAD_GENERIC', 0],
  ])('refuses %s %s', (type, text, code, tokenIndex) => {
    expect(errorOf(type, text)).toMatchObject({ code, tokenIndex });
  });
});
