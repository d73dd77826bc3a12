/**
 * Eviction: which entry gives way when a cache is full.
 *
 * A policy is a map bounded by octets. It knows nothing of DNS or time; the layers above decide what is
 * expired and delete it. So lru-cache, our own policies and later ones are interchangeable, and each passes
 * test/support/eviction-contract.ts.
 * Adding one: a class that implements {@link EvictionPolicy}, a kind and a case in create.ts.
 */

/** Why a value left. `replaced` reports the old value of a key that was set again. */
export type RemovalReason = 'evicted' | 'replaced' | 'deleted';

/** Told of every value that leaves, after it left. Must not call the policy. */
export type RemovalListener<V, K = string> = (key: K, value: V, reason: RemovalReason) => void;

export interface EvictionPolicy<V, K = string> {
  /** Octets one entry costs beside its key and value: table slot, links, counters. */
  readonly overheadOctets: number;
  readonly maxOctets: number;
  /** Sum of the sizes of what is held; never over `maxOctets`. */
  readonly octets: number;
  readonly size: number;

  /** Looks up and counts as a use. */
  get(key: K): V | undefined;
  /** Looks up without counting as a use. */
  peek(key: K): V | undefined;
  /**
   * Stores, and evicts others as needed. A value of the same key is replaced, whatever its size.
   *
   * @param sizeOctets  whole cost of the entry, at least 1
   * @param expiresAtMs when the entry is over; only the `ttl` policy reads it
   * @returns false when it was not stored (larger than the whole cache, or no room under `none`); what the
   *          key held before is gone then, since it is known to be outdated
   */
  set(key: K, value: V, sizeOctets: number, expiresAtMs: number): boolean;
  delete(key: K): boolean;
  /** Removes all, each reported as `deleted`. */
  clear(): void;
  /**
   * All entries, without counting as uses, in an order in which they can be set again: what is to go first
   * comes first, as far as the policy keeps such an order. The cache must not change meanwhile.
   */
  entries(): IterableIterator<[K, V]>;
  /**
   * Visits up to `maxEntries` entries, going on where the last call stopped and starting over at the end;
   * `visit` may delete the entry it is given, and the cache may change between calls. An entry that moves
   * about may be met late or twice in a round.
   *
   * @returns how many were visited; fewer than `maxEntries` means that a round ended
   */
  scan(maxEntries: number, visit: (key: K, value: V) => void): number;
}

/** Keeps the place of {@link EvictionPolicy.scan} between calls. */
export class ScanCursor<V, K = string> {
  private iterator: Iterator<[K, V]> | undefined;

  /** @param open starts at the entries that are the first to evict; must survive changes between steps */
  constructor(private readonly open: () => Iterator<[K, V]>) {}

  step(maxEntries: number, visit: (key: K, value: V) => void): number {
    this.iterator ??= this.open();
    for (let visited = 0; visited < maxEntries; visited++) {
      const next = this.iterator.next();
      if (next.done) {
        this.iterator = undefined;
        return visited;
      }
      visit(next.value[0], next.value[1]);
    }
    return maxEntries;
  }

  restart(): void {
    this.iterator = undefined;
  }
}
