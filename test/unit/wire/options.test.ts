import { describe, expect, it } from 'vitest';
import { Ede } from '../../../src/dns/registry.js';
import {
  decodeCookie,
  decodeEde,
  decodeKeepaliveMs,
  edeName,
  edesOf,
  encodeCookie,
  encodeEde,
  encodeKeepalive,
  encodeNsid,
  findOption,
  formatOption,
} from '../../../src/wire/options.js';

describe('Extended DNS Errors (RFC 8914)', () => {
  it('have the code first, then UTF-8 text', () => {
    const option = encodeEde({ code: Ede.STALE_ANSWER, text: 'ä' });
    expect(option).toEqual({ code: 15, data: '\0\x03\xc3\xa4' });
    expect(decodeEde(option)).toEqual({ code: 3, text: 'ä' });
  });

  it('are cut at 255 octets without breaking a char', () => {
    const option = encodeEde({ code: 0, text: `x${'ä'.repeat(200)}` });
    expect(option.data.length).toBe(2 + 255);
    expect(decodeEde(option)?.text).toBe(`x${'ä'.repeat(127)}`);
    expect(decodeEde(encodeEde({ code: 0, text: 'ä'.repeat(200) }))?.text).toBe('ä'.repeat(127));
  });

  it('lose the NUL that some senders put at the end', () => {
    expect(decodeEde({ code: 15, data: '\0\x06bad\0' })).toEqual({ code: 6, text: 'bad' });
  });

  it('are none when shorter than a code', () => {
    expect(decodeEde({ code: 15, data: '\0' })).toBeUndefined();
    expect(decodeEde({ code: 3, data: '\0\x03' })).toBeUndefined();
  });

  it('may be several in one message, also with codes that have no name', () => {
    const options = [encodeEde({ code: 777, text: '' }), encodeNsid('id'), encodeEde({ code: 6, text: 'b' })];
    const edns = { version: 0, udpSize: 1232, do: false, options };
    expect(edesOf(edns)).toEqual([
      { code: 777, text: '' },
      { code: 6, text: 'b' },
    ]);
    expect(edesOf(undefined)).toEqual([]);
    expect(findOption(edns, 3)).toEqual({ code: 3, data: 'id' });
    expect([edeName(777), edeName(6)]).toEqual(['code 777', 'dnssec bogus']);
  });
});

describe('cookies (RFC 7873 4)', () => {
  it.each([
    [7, false],
    [8, true],
    [9, false],
    [15, false],
    [16, true],
    [40, true],
    [41, false],
  ])('of %i octets are legal: %s', (length, legal) => {
    expect(decodeCookie({ code: 10, data: 'c'.repeat(length) }) !== undefined).toBe(legal);
  });

  it('are the client part and the server part', () => {
    const cookie = { client: '12345678', server: 'abcdefghijklmnop' };
    expect(decodeCookie(encodeCookie(cookie))).toEqual(cookie);
    expect(decodeCookie({ code: 11, data: '12345678' })).toBeUndefined();
  });
});

describe('keepalive (RFC 7828 3.1)', () => {
  it('counts tenths of seconds', () => {
    expect(encodeKeepalive(12_345)).toEqual({ code: 11, data: '\0\x7b' });
    expect(decodeKeepaliveMs({ code: 11, data: '\0\x7b' })).toBe(12_300);
    expect(encodeKeepalive(1e9).data).toBe('\xff\xff');
    expect(decodeKeepaliveMs({ code: 11, data: '' })).toBeUndefined();
    expect(decodeKeepaliveMs({ code: 11, data: 'abc' })).toBeUndefined();
  });
});

describe('formatOption', () => {
  it('names what it knows and lets no control char of a stranger through', () => {
    expect(formatOption(encodeEde({ code: 22, text: 'a\u001b[2J\u202eb' }))).toBe(
      'EDE: 22 (no reachable authority) a?[2J?b',
    );
    expect(formatOption({ code: 10, data: '\x01\xab' })).toBe('COOKIE: 01AB');
    expect(formatOption({ code: 999, data: '' })).toBe('OPT999: ');
  });
});
