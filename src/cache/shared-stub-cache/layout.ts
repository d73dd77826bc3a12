/**
 * Where everything lies in the shared memory of the stub cache.
 *
 * ```
 * head        16 words: magic, version, numbers of partitions and threads, seed, size
 * counters    one block of 16 doubles for each thread
 * miss memory why questions left the cache, one word each (shared-counters.ts)
 * partitions  each: control words, sets of the index, arena
 * ```
 *
 * A set of the index is one cache line: a version, marks, and seven slots of (hash, place of the block). A block
 * in the arena holds one response:
 *
 * ```
 * word 0   size of the block in units of 8 octets     word 4    QTYPE << 16 | QCLASS
 * word 1   hash, as in its slot                        words 6,7 stored at, wall ms, as a double
 * word 2   octets of the response | TTLs << 16        words 8,9 keep until, likewise
 * word 3   DO 1, CD 2, flags, octets of QNAME << 8,   word 10.. response, TTL offsets (16 bits each), key if apart
 *          view << 16                                  word 5     generation of the rules it was made under
 * ```
 *
 * The key is the question in the response itself, compared in full; only where they differ is it kept apart.
 * Limitations: little-endian machines; at most 2 GiB, since offsets are 32-bit integers.
 */

export const MAGIC = 0x53_54_55_42;
/** Grows with any change of what this file says. */
export const LAYOUT_VERSION = 1;

export const UNIT_OCTETS = 8;
export const UNIT_WORDS = 2;

export const SET_WORDS = 16;
export const SET_OCTETS = SET_WORDS * 4;
export const WAYS = 7;
/** Odd while the owner of the partition changes what the set leads to. */
export const SET_VERSION = 0;
/** One bit for each slot: it was asked for since the hand of the clock passed. Above them, OVERFLOWED. */
export const SET_MARKS = 1;
/** Some answer that belongs here went to the set of its other hash, since all slots were taken. */
export const OVERFLOWED = 1 << 8;
/** Slot `i` is the hash at SET_SLOTS + 2i and, after it, the unit of the block plus one; 0 is an empty slot. */
export const SET_SLOTS = 2;

export const BLOCK_UNITS = 0;
export const BLOCK_HASH = 1;
export const BLOCK_LENGTHS = 2;
export const BLOCK_KEY = 3;
export const BLOCK_QUESTION = 4;
/** In a file it says nothing. */
export const BLOCK_GENERATION = 5;
export const BLOCK_STORED_AT = 6;
export const BLOCK_KEEP_UNTIL = 8;
export const BLOCK_WIRE = 10;
export const BLOCK_HEAD_OCTETS = BLOCK_WIRE * 4;

/** In the word BLOCK_KEY. */
export const KEY_BITS = 0xff_00_03;
/** Every record but SOA and the like is owned by QNAME: purging needs no look at the records. */
export const OWNERS_ARE_QNAME = 4;
/** The question of the response is not the key, which follows the TTL offsets. */
export const KEY_APART = 8;
export const KEY_LENGTH_SHIFT = 8;

/** Control words of a partition, from its first word on. */
export const HEAD = 0;
export const TAIL = 1;
/** Units between head and tail, dead blocks too. */
export const USED = 2;
/** Units of blocks that a slot leads to. */
export const LIVE = 3;
export const ENTRIES = 4;
/** Sets in use; grows one by one (linear hashing). */
export const SETS = 5;
/** Not 0 while the owner changes the partition: what a thread that was killed leaves behind. */
export const BUSY = 6;
export const CONTROL_WORDS = 16;

export const COUNTER_DOUBLES = 16;
const HEADER_WORDS = 16;
export const FIRST_SETS = 8;
/** Part of a partition that is kept for its index; right for answers of about 100 octets. */
const INDEX_PART = 3 / 16;
const MAX_MISS_SLOTS = 16_384;
const MISS_PART = 256;
const MAX_OCTETS = 2 ** 31 - 65_536;
/** Less is no cache: such a partition holds nothing. */
const MIN_PARTITION_OCTETS = 1024;

export interface StubLayout {
  readonly octets: number;
  readonly partitions: number;
  readonly threads: number;
  /** Word index; likewise below. */
  readonly counters: number;
  readonly missMemory: number;
  /** A power of two. */
  readonly missSlots: number;
  readonly partitionsAt: number;
  readonly partitionWords: number;
  readonly maxSets: number;
  readonly arenaUnits: number;
}

/** Divides `maxOctets`. Less than it needs for one answer gives a cache that holds none. */
export function layoutOf(maxOctets: number, partitions: number, threads: number): StubLayout {
  const octets = Math.max(0, Math.min(MAX_OCTETS, Math.floor(maxOctets)));
  const counters = HEADER_WORDS;
  const missMemory = counters + threads * COUNTER_DOUBLES * 2;
  const missSlots = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(MAX_MISS_SLOTS, octets / MISS_PART))));
  const partitionsAt = Math.ceil((missMemory + missSlots) / SET_WORDS) * SET_WORDS;
  const share = Math.floor((octets - partitionsAt * 4) / partitions / SET_OCTETS) * SET_OCTETS;
  const usable = share >= MIN_PARTITION_OCTETS;
  const maxSets = usable ? Math.max(FIRST_SETS, Math.floor((share * INDEX_PART) / SET_OCTETS)) : 0;
  const partitionWords = usable ? share / 4 : CONTROL_WORDS;
  return {
    octets: (partitionsAt + partitions * partitionWords) * 4,
    partitions,
    threads,
    counters,
    missMemory,
    missSlots,
    partitionsAt,
    partitionWords,
    maxSets,
    arenaUnits: usable ? (partitionWords - CONTROL_WORDS - maxSets * SET_WORDS) / UNIT_WORDS : 0,
  };
}

/** Octets that a block needs for a response, padded to units. */
export function unitsOf(wireOctets: number, ttls: number, keyApartOctets: number): number {
  return (keyApartAt(wireOctets, ttls) + keyApartOctets + UNIT_OCTETS - 1) >> 3;
}

/** Octets from the start of a block to its TTL offsets. */
export function ttlsAt(wireOctets: number): number {
  return BLOCK_HEAD_OCTETS + ((wireOctets + 1) & ~1);
}

/** Octets from the start of a block to a key of its own: a word, so that it is compared by words. */
export function keyApartAt(wireOctets: number, ttls: number): number {
  return (ttlsAt(wireOctets) + 2 * ttls + 3) & ~3;
}
