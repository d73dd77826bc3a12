/**
 * What values cost in V8's heap, and strings that hold no more than themselves.
 *
 * Sizes are those of 64-bit V8 without pointer compression (Node): 8 octets per word; an object has three
 * words of header, a sequential string 16 octets of header and is padded to a word.
 * How they and the overheads of eviction policies were checked: 200,000 and 270,000 entries (just before and
 * after tables double) put into each layer under Node 20, and `heapUsed` compared before and after, with the
 * garbage collected. What is accounted is 0 to 15 % more than that: stub cache 304 for 294, delegations with two servers of two addresses 384 for 357 and 374.
 * The resolver and negative caches are not on the heap (packed-store/): with a million entries 159 octets each are
 * accounted under sieve for 143 in use and 179 of growth of the process; 258, 212 and 319 under lru.
 * Limitations: the process takes more than the heap that is used, for fragmentation and garbage to come.
 */
const scratch = Buffer.allocUnsafeSlow(65_536);
/** V8 makes slices and ropes only of strings from this length; shorter ones are always copies. */
const MIN_SHARED_CHARS = 13;

/**
 * The same octets in a string of their own.
 *
 * A slice keeps its whole source alive (a name cut from a message: the message), and a rope keeps its parts.
 * What stays in a cache must not, or its real size is unknown.
 */
export function ownOctets<T extends string>(octets: T): T {
  if (octets.length < MIN_SHARED_CHARS || octets.length > scratch.length) return octets;
  return scratch.latin1Slice(0, scratch.latin1Write(octets, 0)) as T;
}

/** Heap octets of a string of octets. */
export function octetsOfString(length: number): number {
  return 16 + ((length + 7) & ~7);
}
