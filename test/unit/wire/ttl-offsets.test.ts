import { describe, expect, it } from 'vitest';
import { ttlOffsets } from '../../../src/wire/ttl-offsets.js';
import { opt, packet, pointer, question, record } from '../../support/wire-builder.js';

describe('ttlOffsets', () => {
  it('finds the TTL of each record in all sections but not of OPT', () => {
    const body =
      question('a.test.') +
      record(pointer(12), 1, 'abcd', 0x01020304) +
      record('\x02ns\0', 2, '\0', 0x01020304) +
      opt() +
      record('\0', 1, 'abcd', 0x01020304);
    const wire = packet({ counts: [1, 1, 1, 2], body });
    const offsets = ttlOffsets(wire);
    expect(offsets?.length).toBe(3);
    expect(offsets?.map((at) => wire.readUInt32BE(at))).toEqual([0x01020304, 0x01020304, 0x01020304]);
  });

  it('finds none in a message without records', () => {
    expect(ttlOffsets(packet({ counts: [1], body: question('a.') }))).toEqual([]);
  });

  it.each([
    ['a header cut short', packet({}).subarray(0, 11)],
    ['a question cut short', packet({ counts: [1], body: '\x01a\0\0\x01' })],
    ['a record cut short', packet({ counts: [0, 1], body: '\0\0\x01\0\x01' })],
    ['RDATA past the end', packet({ counts: [0, 1], body: record('\0', 1, 'abcd').slice(0, -1) })],
    ['a broken owner name', packet({ counts: [0, 1], body: record('\x80', 1, 'abcd') })],
    ['octets left over', packet({ counts: [0, 1], body: `${record('\0', 1, 'abcd')}x` })],
  ])('is undefined for %s', (_what, wire) => {
    expect(ttlOffsets(wire)).toBeUndefined();
  });
});
