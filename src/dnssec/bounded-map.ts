/**
 * A map that never holds more than so many entries; those not used for longest go first.
 *
 * For what the validator keeps between queries: key objects, verified signatures, hashes, zone states.
 * Cheap on purpose: two generations, of which the older is dropped whole when the younger has grown to half
 * the limit, and an entry that is used moves into the younger. So a use mostly costs one look-up, and no Map is
 * worn by deletions (decisions/005). Whatever was used since half the limit came in is kept.
 * Limitations: entries should be small and of like size, since a count is the bound.
 */
export class BoundedMap<K, V> {
  private young = new Map<K, V>();
  private old = new Map<K, V>();
  private readonly half: number;

  constructor(readonly limit: number) {
    this.half = Math.max(1, limit >> 1);
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  get(key: K): V | undefined {
    const value = this.young.get(key);
    if (value !== undefined || this.old.size === 0) return value;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: K, value: V): void {
    this.old.delete(key);
    if (this.young.size >= this.half && !this.young.has(key)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }

  /** Removes the entries that `unwanted` names; looks at all of them. */
  deleteWhere(unwanted: (key: K, value: V) => boolean): void {
    for (const entries of [this.young, this.old])
      for (const [key, value] of entries) if (unwanted(key, value)) entries.delete(key);
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
  }
}
