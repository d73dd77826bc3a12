/**
 * A map that never holds more than so many entries; the one used longest ago goes first.
 *
 * For what the validator keeps between queries: key objects, verified signatures, hashes, zone states.
 * Cheap on purpose (a Map in order of use); entries are small and of like size, so a count is the bound.
 */
export class BoundedMap<K, V> {
  private readonly entries = new Map<K, V>();

  constructor(readonly limit: number) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: K): V | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size > this.limit) this.entries.delete(this.entries.keys().next().value as K);
  }

  delete(key: K): void {
    this.entries.delete(key);
  }

  /** Removes the entries that `unwanted` names; looks at all of them. */
  deleteWhere(unwanted: (key: K, value: V) => boolean): void {
    for (const [key, value] of this.entries) if (unwanted(key, value)) this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }
}
