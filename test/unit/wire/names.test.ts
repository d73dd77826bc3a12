import { describe, expect, it } from 'vitest';
import { nameToOctets } from '../../../src/dns/name.js';
import { endOfName, readName, skipName, writeName } from '../../../src/wire/names.js';

const wire = (octets: string): Uint8Array => new Uint8Array(Buffer.from(octets, 'latin1'));

describe('readName', () => {
  it('reads a name with its letter case and says where it ends', () => {
    expect(readName(wire(`xx${nameToOctets('a.BC.')}yy`), 2)).toEqual({
      ok: true,
      octets: nameToOctets('a.BC.'),
      end: 8,
    });
  });

  it('ends after the first pointer, not where that leads', () => {
    expect(readName(wire(`${nameToOctets('test.')}\x01a\xc0\x00yy`), 6)).toEqual({
      ok: true,
      octets: nameToOctets('a.test.'),
      end: 10,
    });
  });

  it.each([
    ['past the end', '', 0, 'name is cut short'],
    ['a pointer to itself', '\xc0\x00', 0, 'compression pointer does not point backwards'],
    ['an extended label', '\x41a\0', 0, 'label type is not known'],
  ])('says what is wrong: %s', (_what, octets, offset, reason) => {
    expect(readName(wire(octets), offset)).toEqual({ ok: false, reason, offset });
  });
});

describe('writeName', () => {
  it('writes without compression and returns the offset after it', () => {
    const buffer = Buffer.alloc(8);
    expect(writeName(buffer, 1, nameToOctets('a.B.'))).toBe(6);
    expect(buffer.latin1Slice()).toBe('\0\x01a\x01B\0\0\0');
  });
});

describe('skipName', () => {
  it.each([
    ['a name', `${nameToOctets('a.bc.')}z`, 6],
    ['a pointer', '\x01a\xc0\x00', 4],
    ['a label past the end', '\x05ab', -1],
    ['no end', '\x01a', -1],
    ['half a pointer', '\xc0', -1],
    ['an extended label', '\x80', -1],
    ['256 octets', '\x01a'.repeat(128), -1],
  ])('%s', (_what, octets, end) => {
    expect(skipName(wire(octets), 0)).toBe(end);
  });
});

describe('endOfName', () => {
  it.each([
    ['the root', '\0', 0, 1],
    ['a name in the middle', `xx${nameToOctets('a.')}yy`, 2, 5],
    ['255 octets', `${'\x01a'.repeat(127)}\0`, 0, 255],
    ['256 octets', `\x02aa${'\x01a'.repeat(126)}\0`, 0, -1],
    ['a pointer', '\xc0\x0c', 0, -1],
    ['no end', '\x01a', 0, -1],
    ['nothing', '', 0, -1],
  ])('%s', (_what, octets, at, end) => {
    expect(endOfName(octets, at)).toBe(end);
  });
});
