/**
 * A map for keys that are entered and deleted all the time, such as the questions under way.
 *
 * When V8 rebuilds a Map, which happens every few hundred changes, the old table keeps the new one alive. Once an old
 * table has reached the old generation, all that is entered later stays alive with it until the next full collection
 * (docs/decisions/005-miss-path.md). Here an entry hangs in a chain and points to nothing once it is deleted.
 *
 * The hash is seeded, since keys hold names that clients choose.
 * Limitations: no order and no iteration; the table never gets smaller.
 */
import { secureRandom } from './random.js';

const FIRST_BUCKETS = 256;
const seed = secureRandom().uint32() | 0;

interface Entry<V> {
  readonly key: string;
  readonly hash: number;
  value: V | undefined;
  next: Entry<V> | undefined;
}

export class ChurningMap<V extends object | number> {
  private buckets: (Entry<V> | undefined)[] = new Array(FIRST_BUCKETS).fill(undefined);
  private count = 0;
  /** Of the key asked for last, which is mostly the next to be entered. */
  private lastKey = '';
  private lastHash = hashOf('');

  get size(): number {
    return this.count;
  }

  get(key: string): V | undefined {
    return this.find(key, this.hash(key))?.value;
  }

  set(key: string, value: V): void {
    const hash = this.hash(key);
    const known = this.find(key, hash);
    if (known) {
      known.value = value;
      return;
    }
    if (this.count === this.buckets.length) this.grow();
    const at = hash & (this.buckets.length - 1);
    this.buckets[at] = { key, hash, value, next: this.buckets[at] };
    this.count++;
  }

  /** False when it was not there. */
  delete(key: string): boolean {
    const hash = this.hash(key);
    const at = hash & (this.buckets.length - 1);
    let before: Entry<V> | undefined;
    for (let entry = this.buckets[at]; entry; entry = entry.next) {
      if (entry.hash !== hash || entry.key !== key) {
        before = entry;
        continue;
      }
      if (before) before.next = entry.next;
      else this.buckets[at] = entry.next;
      entry.next = undefined;
      entry.value = undefined;
      this.count--;
      return true;
    }
    return false;
  }

  private find(key: string, hash: number): Entry<V> | undefined {
    for (let entry = this.buckets[hash & (this.buckets.length - 1)]; entry; entry = entry.next) {
      if (entry.hash === hash && entry.key === key) return entry;
    }
    return undefined;
  }

  private hash(key: string): number {
    if (key !== this.lastKey) {
      this.lastHash = hashOf(key);
      this.lastKey = key;
    }
    return this.lastHash;
  }

  private grow(): void {
    const old = this.buckets;
    this.buckets = new Array(2 * old.length).fill(undefined);
    for (const chain of old) {
      for (let entry = chain; entry; ) {
        const { next } = entry;
        const at = entry.hash & (this.buckets.length - 1);
        entry.next = this.buckets[at];
        this.buckets[at] = entry;
        entry = next;
      }
    }
  }
}

function hashOf(key: string): number {
  let hash = seed ^ key.length;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
