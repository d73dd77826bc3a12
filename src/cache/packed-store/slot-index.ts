/**
 * Finds the slot of a key by its hash: chains of slots that begin in tables of typed arrays.
 *
 * There are 64 tables by the first bits of the hash, each of which doubles by itself, so that growth costs many short
 * steps and no long one: a million entries are 16,000 in each.
 * Owns chains only; whether a slot holds the key is the caller's to say (packed-store.ts).
 */
const TABLE_BITS = 6;
const FIRST_BUCKETS = 16;

export class SlotIndex {
  private readonly tables: Uint32Array[] = [];
  private readonly counts = new Uint32Array(1 << TABLE_BITS);
  /** By slot: the next slot of its chain, plus one; 0 ends it. */
  private next = new Uint32Array(64);
  /** By slot. */
  private hashes = new Uint32Array(64);

  constructor() {
    this.clear();
  }

  /** First slot of the chain in which a key of this hash stands; -1 when there is none. */
  first(hash: number): number {
    const table = this.tables[hash >>> (32 - TABLE_BITS)]!;
    return this.matching(table[hash & (table.length - 1)]!, hash);
  }

  /** The next slot with the same hash; -1 when there is none. */
  after(slot: number): number {
    return this.matching(this.next[slot]!, this.hashes[slot]!);
  }

  private matching(link: number, hash: number): number {
    const { hashes, next } = this;
    const wanted = hash >>> 0;
    for (let at = link; at !== 0; at = next[at - 1]!) if (hashes[at - 1] === wanted) return at - 1;
    return -1;
  }

  hashOf(slot: number): number {
    return this.hashes[slot]!;
  }

  add(slot: number, hash: number): void {
    if (slot >= this.next.length) {
      this.next = grown(this.next, slot);
      this.hashes = grown(this.hashes, slot);
    }
    this.hashes[slot] = hash;
    const which = hash >>> (32 - TABLE_BITS);
    if (this.counts[which]! >= this.tables[which]!.length) this.double(which);
    this.counts[which]!++;
    this.link(this.tables[which]!, slot);
  }

  private link(table: Uint32Array, slot: number): void {
    const bucket = this.hashes[slot]! & (table.length - 1);
    this.next[slot] = table[bucket]!;
    table[bucket] = slot + 1;
  }

  private double(which: number): void {
    const old = this.tables[which]!;
    const table = new Uint32Array(old.length * 2);
    for (const head of old) {
      for (let at = head; at !== 0; ) {
        const slot = at - 1;
        at = this.next[slot]!;
        this.link(table, slot);
      }
    }
    this.tables[which] = table;
  }

  remove(slot: number): void {
    const hash = this.hashes[slot]!;
    const which = hash >>> (32 - TABLE_BITS);
    const table = this.tables[which]!;
    const bucket = hash & (table.length - 1);
    const { next } = this;
    this.counts[which]!--;
    if (table[bucket] === slot + 1) {
      table[bucket] = next[slot]!;
      return;
    }
    let at = table[bucket]! - 1;
    while (next[at] !== slot + 1) at = next[at]! - 1;
    next[at] = next[slot]!;
  }

  clear(): void {
    for (let which = 0; which < 1 << TABLE_BITS; which++) this.tables[which] = new Uint32Array(FIRST_BUCKETS);
    this.counts.fill(0);
  }
}

/** A copy that has room for `index`. */
export function grown(array: Uint32Array, index: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(index + 1, array.length * 2));
  larger.set(array);
  return larger;
}
