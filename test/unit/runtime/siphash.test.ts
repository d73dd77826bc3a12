import { describe, expect, it } from 'vitest';
import { sipHash24 } from '../../../src/runtime/siphash.js';

const key = Uint8Array.from({ length: 16 }, (_, i) => i);
const hashOf = (length: number) =>
  Buffer.from(
    sipHash24(
      key,
      Uint8Array.from({ length }, (_, i) => i),
    ),
  ).toString('hex');

describe('sipHash24', () => {
  // Key 00..0f, input 00, 01, 02, ... of each length: vectors_sip64 of the reference implementation.
  it.each([
    [0, '310e0edd47db6f72'],
    [1, 'fd67dc93c539f874'],
    [7, '37d1018bf50002ab'],
    [8, '6224939a79f5f593'],
    [15, 'e545be4961ca29a1'],
    [63, '724506eb4c328a95'],
  ])('of %i octets is that of the reference implementation', (length, hex) => {
    expect(hashOf(length)).toBe(hex);
  });

  it('depends on every octet of key and input', () => {
    const input = new Uint8Array(28);
    const seen = new Set([Buffer.from(sipHash24(key, input)).toString('hex')]);
    for (let i = 0; i < 28; i++) {
      const other = input.slice();
      other[i] = 128;
      seen.add(Buffer.from(sipHash24(key, other)).toString('hex'));
    }
    for (let i = 0; i < 16; i++) {
      const other = key.slice();
      other[i] = 128;
      seen.add(Buffer.from(sipHash24(other, input)).toString('hex'));
    }
    expect(seen.size).toBe(1 + 28 + 16);
  });
});
