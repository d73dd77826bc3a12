/**
 * The key of one lookup in scratch memory: QNAME in lower case, QTYPE, QCLASS, DO and CD, and their hash.
 *
 * A thread has one and fills it again and again, from a packet or from a `Name`, without making objects. QNAME
 * stands at the offset where it stands in a message, so that it is compared with a held response word by word.
 *
 * Written for speed: folding and hashing go four octets at a time. Folding needs no labels, since a length octet
 * is at most 63 and 'A' is 65. RFC 4343 (letter case), RFC 1035 4.1.2.
 */
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS, type Name, toName } from '../../dns/name.js';
import type { StubKey } from '../stub-cache.js';

/** QNAME follows the header of a message. */
export const QNAME_AT = 12;
export const QNAME_WORD = QNAME_AT / 4;
/** In `bits`, as in the word BLOCK_KEY of a block. */
export const VIEW_SHIFT = 16;
const SCRATCH_OCTETS = 272;

export class QuestionKey {
  readonly octets = Buffer.alloc(SCRATCH_OCTETS);
  readonly words = new Int32Array(this.octets.buffer, this.octets.byteOffset, SCRATCH_OCTETS / 4);
  /** Octets of QNAME with its root label. */
  nameLength = 0;
  /** QTYPE << 16 | QCLASS. */
  question = 0;
  /** DO 1, CD 2, and the view from VIEW_SHIFT on. */
  bits = 0;
  hash = 0;
  /** Leads to the set that an answer goes to when that of `hash` is full. */
  otherHash = 0;
  /** The query spelt some letter in upper case. */
  hadUpperCase = false;
  /** Offset in QNAME of its last two labels, by which names are given to threads. */
  private ownerAt = 0;

  constructor(private readonly seed: number) {}

  load(key: StubKey): void {
    this.loadName(key.name);
    this.finish(
      (key.type << 16) | key.class,
      (key.do ? 1 : 0) | (key.cd ? 2 : 0) | ((key.view ?? 0) << VIEW_SHIFT),
    );
  }

  private loadName(name: Name): void {
    const { octets } = this;
    for (let i = 0; i < name.length; i++) octets[QNAME_AT + i] = name.charCodeAt(i);
    this.nameLength = name.length;
    this.words[(QNAME_AT + name.length) >> 2]! &= tailMask(name.length);
    this.hadUpperCase = false;
    this.scan(octets, QNAME_AT, QNAME_AT + name.length);
  }

  /**
   * Finds the end of an uncompressed QNAME that begins at `start`.
   * @returns the offset after it; -1 when it is not sound or does not end before `limit`
   */
  scan(packet: Uint8Array, start: number, limit: number): number {
    let at = start;
    let last = start;
    let beforeLast = start;
    for (;;) {
      if (at >= limit) return -1;
      const length = packet[at]!;
      if (length === 0) break;
      if (length > MAX_LABEL_OCTETS) return -1;
      beforeLast = last;
      last = at;
      at += length + 1;
    }
    if (at + 1 - start > MAX_NAME_OCTETS) return -1;
    this.ownerAt = beforeLast - start;
    return at + 1;
  }

  /**
   * Takes over a QNAME that `scan` has just passed, in lower case.
   * @param packetWords the packet's memory as words; QNAME begins at `startWord`
   */
  loadScanned(packetWords: Int32Array, startWord: number, nameLength: number): void {
    const { words } = this;
    const full = nameLength >> 2;
    let changed = 0;
    for (let i = 0; i < full; i++) {
      const word = packetWords[startWord + i]!;
      const folded = foldWord(word);
      changed |= folded ^ word;
      words[QNAME_WORD + i] = folded;
    }
    const last = packetWords[startWord + full]! & tailMask(nameLength);
    const folded = foldWord(last);
    words[QNAME_WORD + full] = folded;
    this.hadUpperCase = (changed | (folded ^ last)) !== 0;
    this.nameLength = nameLength;
  }

  /** Sets the rest of the key and hashes all of it. */
  finish(question: number, bits: number): void {
    const { words } = this;
    this.question = question;
    this.bits = bits;
    let hash = this.seed ^ this.nameLength;
    const end = QNAME_WORD + ((this.nameLength + 3) >> 2);
    for (let i = QNAME_WORD; i < end; i++) {
      hash = Math.imul(hash ^ words[i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ question, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash ^ bits, 0xc2b2ae35);
    hash ^= hash >>> 16;
    this.hash = hash;
    this.otherHash = Math.imul(hash, 0x27d4eb2f) ^ (hash >>> 15);
  }

  /** QNAME as a string. */
  name(): Name {
    return toName(this.octets.latin1Slice(QNAME_AT, QNAME_AT + this.nameLength));
  }

  /** Which of `count` threads the name belongs to: by its last two labels, so that a zone's data sit together. */
  ownerOf(count: number): number {
    if (count === 1) return 0;
    const { octets, nameLength } = this;
    let hash = this.seed;
    for (let i = QNAME_AT + this.ownerAt; i < QNAME_AT + nameLength; i++) {
      hash = Math.imul(hash ^ octets[i]!, 0x01000193);
    }
    hash ^= hash >>> 16;
    return ((Math.imul(hash, 0x9e3779b1) >>> 16) * count) >>> 16;
  }

  /** Whether `words` hold this key's QNAME from `at` on; what follows it there is not looked at. */
  sameName(other: Int32Array, at: number): boolean {
    const { words, nameLength } = this;
    const full = nameLength >> 2;
    for (let i = 0; i < full; i++) if (other[at + i] !== words[QNAME_WORD + i]) return false;
    return ((other[at + full]! ^ words[QNAME_WORD + full]!) & tailMask(nameLength)) === 0;
  }
}

/** The octets of a last word that still belong to a name of this length; none after a whole number of words. */
function tailMask(length: number): number {
  return (1 << ((length & 3) << 3)) - 1;
}

/** Four octets with ASCII letters in lower case. */
function foldWord(word: number): number {
  const low = word & 0x7f7f7f7f;
  const fromA = (low + 0x3f3f3f3f) | 0; // top bit of each octet: at least 'A'
  const overZ = (low + 0x25252525) | 0; // at least '['
  return word | (((fromA ^ overZ) & ~word & 0x80808080) >>> 2);
}
