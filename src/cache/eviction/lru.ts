/**
 * Least recently used goes first: the lru-cache package behind our interface.
 *
 * Only its order and its size limit are used. Its TTL is not, since that reads a clock of its own; its `max`
 * is not, since it would set aside arrays for that many entries at the start. The size is handed over with
 * each `set`, so no size function runs. The same value set again would keep its old size there (it takes
 * that for a mere update), so `set` removes the old value first.
 */
import { LRUCache } from 'lru-cache';
import { type EvictionPolicy, type RemovalListener, ScanCursor } from './policy.js';

export class LruPolicy<V extends object | number, K extends string | number = string>
  implements EvictionPolicy<V, K>
{
  readonly overheadOctets = 112;
  private readonly cache: LRUCache<K, V>;
  private readonly cursor: ScanCursor<V, K>;
  private quiet = false;

  constructor(
    readonly maxOctets: number,
    private readonly onRemove?: RemovalListener<V, K>,
  ) {
    this.cache = new LRUCache<K, V>({
      maxSize: maxOctets,
      dispose: (value, key, reason) => this.disposed(key, value, reason),
    });
    this.cursor = new ScanCursor(() => this.entries());
  }

  get octets(): number {
    return this.cache.calculatedSize;
  }

  get size(): number {
    return this.cache.size;
  }

  get(key: K): V | undefined {
    return this.cache.get(key);
  }

  peek(key: K): V | undefined {
    return this.cache.peek(key);
  }

  set(key: K, value: V, sizeOctets: number): boolean {
    const old = this.cache.peek(key);
    if (old !== undefined) {
      this.quiet = true;
      this.cache.delete(key);
      this.quiet = false;
      this.onRemove?.(key, old, 'replaced');
    }
    if (sizeOctets > this.maxOctets) return false;
    this.cache.set(key, value, { size: sizeOctets });
    return true;
  }

  delete(key: K): boolean {
    return this.cache.delete(key);
  }

  clear(): void {
    this.cursor.restart();
    this.cache.clear();
  }

  entries(): IterableIterator<[K, V]> {
    return this.cache.rentries() as IterableIterator<[K, V]>;
  }

  scan(maxEntries: number, visit: (key: K, value: V) => void): number {
    return this.cursor.step(maxEntries, visit);
  }

  private disposed(key: K, value: V, reason: string): void {
    if (!this.quiet) this.onRemove?.(key, value, reason === 'evict' ? 'evicted' : 'deleted');
  }
}
