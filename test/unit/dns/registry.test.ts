import { describe, expect, it } from 'vitest';
import {
  formatClass,
  formatRcode,
  formatType,
  isMetaType,
  parseClass,
  parseType,
  RRClass,
  RRType,
} from '../../../src/dns/registry.js';

describe('types', () => {
  it.each(Object.entries(RRType))('%s is written and read as %i', (text, type) => {
    expect(formatType(type)).toBe(text);
    expect(parseType(text.toLowerCase())).toBe(type);
    expect(parseType(`TYPE${type}`)).toBe(type);
  });

  it('without mnemonic is TYPEn (RFC 3597 5)', () => {
    expect(formatType(65_280)).toBe('TYPE65280');
    expect(parseType('type65280')).toBe(65_280);
  });

  it.each(['', 'NOPE', 'TYPE', 'TYPE65536', 'TYPE-1', 'TYPE1.5', 'TYPE000001', 'constructor', '__proto__'])(
    '%j is none',
    (text) => {
      expect(parseType(text)).toBeUndefined();
    },
  );

  it.each([
    ['OPT', true],
    ['TKEY', true],
    ['ANY', true],
    ['AXFR', true],
    ['TYPE128', true],
    ['URI', false],
    ['A', false],
    ['EUI64', false],
  ])('%s is a meta type: %s', (text, meta) => {
    expect(isMetaType(parseType(text)!)).toBe(meta);
  });
});

describe('classes and response codes', () => {
  it('are written and read', () => {
    for (const [text, value] of Object.entries(RRClass)) {
      expect(formatClass(value)).toBe(text);
      expect(parseClass(text.toLowerCase())).toBe(value);
    }
    expect(formatClass(77)).toBe('CLASS77');
    expect(parseClass('class77')).toBe(77);
    expect(parseClass('CLASS65536')).toBeUndefined();
    expect(formatRcode(3)).toBe('NXDOMAIN');
    expect(formatRcode(77)).toBe('RCODE77');
  });
});
