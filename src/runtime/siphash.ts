/**
 * SipHash-2-4: a keyed hash of short input that nobody can forge without the key.
 *
 * Made for DNS cookies (RFC 9018 4.4), where it is the MAC that all servers of an anycast set share. Not for long
 * input, nor where collisions must be hard to find for who has the key.
 *
 * Written for speed, since a cached answer may cost little more than this: it works on words in memory of the caller and makes
 * nothing. The state is four words of 64 bits, each as two variables of 32, since BigInt allocates and a typed array would be
 * written again in each step.
 * Limitations: little-endian processors, as all that Node has builds for but one.
 */

/** Octets of a key. */
export const SIPHASH_KEY_OCTETS = 16;

/** A key, or another 16 octets, as words. */
export function wordsOf(octets: Uint8Array): Int32Array {
  return new Int32Array(Uint8Array.from(octets).buffer);
}

/**
 * @param key    4 words
 * @param input  words; octets after `octets` in the last one are not looked at
 * @param octets of input
 * @param hash   its first two words take the hash, whose octets are then in the order of the reference implementation
 */
export function sipHash24(key: Int32Array, input: Int32Array, octets: number, hash: Int32Array): void {
  let a = 0x70736575 ^ key[0]!;
  let aHigh = 0x736f6d65 ^ key[1]!;
  let b = 0x6e646f6d ^ key[2]!;
  let bHigh = 0x646f7261 ^ key[3]!;
  let c = 0x6e657261 ^ key[0]!;
  let cHigh = 0x6c796765 ^ key[1]!;
  let d = 0x79746573 ^ key[2]!;
  let dHigh = 0x74656462 ^ key[3]!;
  const last = (octets >> 3) << 1;
  for (let at = 0; at <= last + 2; at += 2) {
    // After the last block comes one of zeros, with more rounds.
    const isOver = at > last;
    const low = wordAt(input, at, octets);
    const high = wordAt(input, at + 1, octets) | (at === last ? octets << 24 : 0);
    if (isOver) c ^= 0xff;
    d ^= low;
    dHigh ^= high;
    for (let rounds = isOver ? 4 : 2; rounds > 0; rounds--) {
      let sum = (a + b) | 0;
      aHigh = (aHigh + bHigh + carry(sum, a)) | 0;
      a = sum;
      let turned = ((b << 13) | (bHigh >>> 19)) ^ a;
      bHigh = ((bHigh << 13) | (b >>> 19)) ^ aHigh;
      b = turned;
      sum = (c + d) | 0;
      cHigh = (cHigh + dHigh + carry(sum, c)) | 0;
      c = sum;
      turned = ((d << 16) | (dHigh >>> 16)) ^ c;
      dHigh = ((dHigh << 16) | (d >>> 16)) ^ cHigh;
      d = turned;
      sum = (aHigh + d) | 0; // a stands turned by 32 bits from here on
      const aNext = (a + dHigh + carry(sum, aHigh)) | 0;
      turned = ((d << 21) | (dHigh >>> 11)) ^ sum;
      dHigh = ((dHigh << 21) | (d >>> 11)) ^ aNext;
      d = turned;
      a = sum;
      aHigh = aNext;
      sum = (c + b) | 0;
      cHigh = (cHigh + bHigh + carry(sum, c)) | 0;
      turned = ((b << 17) | (bHigh >>> 15)) ^ sum;
      bHigh = ((bHigh << 17) | (b >>> 15)) ^ cHigh;
      b = turned;
      c = cHigh;
      cHigh = sum;
    }
    a ^= low;
    aHigh ^= high;
  }
  hash[0] = a ^ b ^ c ^ d;
  hash[1] = aHigh ^ bHigh ^ cHigh ^ dHigh;
}

/** A word of the input; what comes after its end is zero. */
function wordAt(input: Int32Array, at: number, octets: number): number {
  const left = octets - 4 * at;
  if (left <= 0) return 0;
  return left >= 4 ? input[at]! : input[at]! & ((1 << (8 * left)) - 1);
}

/** What goes over to the upper half when `added` was one summand of the lower half `sum`. */
function carry(sum: number, added: number): number {
  return sum >>> 0 < added >>> 0 ? 1 : 0;
}
