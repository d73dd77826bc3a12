/**
 * SipHash-2-4: a keyed hash of short input that nobody can forge without the key.
 *
 * Made for DNS cookies (RFC 9018 4.4), where it is the MAC that all servers of an anycast set share. Not for long
 * input, nor where collisions must be hard to find for who has the key.
 * The state is four words of 64 bits, each as two of 32 (low half first), since BigInt allocates.
 */

/** Octets of a key. */
export const SIPHASH_KEY_OCTETS = 16;

const v = new Uint32Array(8);
const V0 = 0;
const V1 = 2;
const V2 = 4;
const V3 = 6;
/** `somepseudorandomlygeneratedbytes`, low half first. */
const START = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
];

/**
 * @param key  16 octets
 * @returns 8 octets, in the order of the reference implementation
 */
export function sipHash24(key: Uint8Array, input: Uint8Array): Uint8Array {
  for (let i = 0; i < 8; i++) v[i] = START[i]! ^ word(key, (i & 3) * 4);
  const whole = input.length & ~7;
  for (let at = 0; at < whole; at += 8) absorb(word(input, at), word(input, at + 4));
  const last = new Uint8Array(8);
  last.set(input.subarray(whole));
  last[7] = input.length;
  absorb(word(last, 0), word(last, 4));
  v[V2] = v[V2]! ^ 0xff;
  for (let i = 0; i < 4; i++) round();
  const hash = new Uint8Array(8);
  const view = new DataView(hash.buffer);
  view.setUint32(0, v[0]! ^ v[2]! ^ v[4]! ^ v[6]!, true);
  view.setUint32(4, v[1]! ^ v[3]! ^ v[5]! ^ v[7]!, true);
  return hash;
}

function word(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24);
}

function absorb(low: number, high: number): void {
  v[V3] = v[V3]! ^ low;
  v[V3 + 1] = v[V3 + 1]! ^ high;
  round();
  round();
  v[V0] = v[V0]! ^ low;
  v[V0 + 1] = v[V0 + 1]! ^ high;
}

function round(): void {
  mix(V0, V1, 13);
  swap(V0);
  mix(V2, V3, 16);
  mix(V0, V3, 21);
  mix(V2, V1, 17);
  swap(V2);
}

/** a += b; b = rotl(b, bits) ^ a. */
function mix(a: number, b: number, bits: number): void {
  const low = v[a]! + v[b]!;
  v[a + 1] = v[a + 1]! + v[b + 1]! + (low > 0xffffffff ? 1 : 0);
  v[a] = low;
  const bLow = v[b]!;
  const bHigh = v[b + 1]!;
  v[b] = ((bLow << bits) | (bHigh >>> (32 - bits))) ^ v[a]!;
  v[b + 1] = ((bHigh << bits) | (bLow >>> (32 - bits))) ^ v[a + 1]!;
}

/** Rotates by 32. */
function swap(a: number): void {
  const low = v[a]!;
  v[a] = v[a + 1]!;
  v[a + 1] = low;
}
