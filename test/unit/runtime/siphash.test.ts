import { describe, expect, it } from 'vitest';
import { sipHash24, wordsOf } from '../../../src/runtime/siphash.js';

const key = Uint8Array.from({ length: 16 }, (_, i) => i);

/** Of octets with others behind them, which must not matter. */
function hash(secret: Uint8Array, input: Uint8Array): string {
  const memory = new Uint8Array(72).fill(0xee);
  memory.set(input);
  const words = new Int32Array(2);
  sipHash24(wordsOf(secret), new Int32Array(memory.buffer), input.length, words);
  return Buffer.from(words.buffer).toString('hex');
}

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
    expect(
      hash(
        key,
        Uint8Array.from({ length }, (_, i) => i),
      ),
    ).toBe(hex);
  });

  it('depends on every octet of key and input', () => {
    const input = new Uint8Array(28);
    const seen = new Set([hash(key, input)]);
    for (let i = 0; i < 28; i++) {
      const other = input.slice();
      other[i] = 128;
      seen.add(hash(key, other));
    }
    for (let i = 0; i < 16; i++) {
      const other = key.slice();
      other[i] = 128;
      seen.add(hash(other, input));
    }
    expect(seen.size).toBe(1 + 28 + 16);
  });
});
