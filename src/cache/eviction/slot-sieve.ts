/**
 * SIEVE (see sieve.ts) over slots: small numbers that serve as key and value, with all links in typed arrays.
 *
 * For stores whose entries are not on the heap (packed-store/). 13 octets an entry, and nothing for the garbage
 * collector to walk.
 */
import type { EvictionPolicy, RemovalListener, RemovalReason } from './policy.js';

const FIRST_SLOTS = 64;
/** Ends a list. */
const NONE = 0xffff_ffff;

export class SlotSievePolicy implements EvictionPolicy<number, number> {
  /** Two links, a size, a mark. */
  readonly overheadOctets = 13;
  private newer = new Uint32Array(FIRST_SLOTS);
  private older = new Uint32Array(FIRST_SLOTS);
  /** 0: nothing is held under this slot. */
  private sizes = new Uint32Array(FIRST_SLOTS);
  private marks = new Uint8Array(FIRST_SLOTS);
  private newest = NONE;
  private oldest = NONE;
  /** Where the search for a victim goes on; NONE: at the oldest. */
  private hand = NONE;
  /** Where the next scan goes on. */
  private scanAt = 0;
  private count = 0;
  private usedOctets = 0;

  constructor(
    readonly maxOctets: number,
    private readonly onRemove?: RemovalListener<number, number>,
  ) {}

  get octets(): number {
    return this.usedOctets;
  }

  get size(): number {
    return this.count;
  }

  private holds(slot: number): boolean {
    return slot < this.sizes.length && this.sizes[slot] !== 0;
  }

  get(slot: number): number | undefined {
    if (!this.holds(slot)) return undefined;
    this.marks[slot] = 1;
    return slot;
  }

  peek(slot: number): number | undefined {
    return this.holds(slot) ? slot : undefined;
  }

  set(slot: number, _value: number, sizeOctets: number): boolean {
    if (this.holds(slot)) this.drop(slot, 'replaced');
    if (sizeOctets > this.maxOctets) return false;
    while (this.usedOctets + sizeOctets > this.maxOctets) this.drop(this.victim(), 'evicted');
    this.makeRoom(slot);
    this.sizes[slot] = sizeOctets;
    this.marks[slot] = 0;
    this.older[slot] = this.newest;
    this.newer[slot] = NONE;
    if (this.newest === NONE) this.oldest = slot;
    else this.newer[this.newest] = slot;
    this.newest = slot;
    this.count++;
    this.usedOctets += sizeOctets;
    return true;
  }

  private makeRoom(slot: number): void {
    let length = this.sizes.length;
    if (slot < length) return;
    while (length <= slot) length *= 2;
    this.newer = copyOf(this.newer, new Uint32Array(length));
    this.older = copyOf(this.older, new Uint32Array(length));
    this.sizes = copyOf(this.sizes, new Uint32Array(length));
    this.marks = copyOf(this.marks, new Uint8Array(length));
  }

  private victim(): number {
    const { newer, marks } = this;
    let slot = this.hand === NONE ? this.oldest : this.hand;
    while (marks[slot] === 1) {
      marks[slot] = 0;
      slot = newer[slot] === NONE ? this.oldest : newer[slot]!;
    }
    this.hand = slot;
    return slot;
  }

  delete(slot: number): boolean {
    if (!this.holds(slot)) return false;
    this.drop(slot, 'deleted');
    return true;
  }

  private drop(slot: number, reason: RemovalReason): void {
    const newer = this.newer[slot]!;
    const older = this.older[slot]!;
    if (this.hand === slot) this.hand = newer;
    if (newer === NONE) this.newest = older;
    else this.older[newer] = older;
    if (older === NONE) this.oldest = newer;
    else this.newer[older] = newer;
    this.usedOctets -= this.sizes[slot]!;
    this.sizes[slot] = 0;
    this.count--;
    this.onRemove?.(slot, slot, reason);
  }

  clear(): void {
    while (this.oldest !== NONE) this.drop(this.oldest, 'deleted');
    this.scanAt = 0;
  }

  *entries(): IterableIterator<[number, number]> {
    for (let slot = this.oldest; slot !== NONE; slot = this.newer[slot]!) yield [slot, slot];
  }

  scan(maxEntries: number, visit: (slot: number, value: number) => void): number {
    for (let visited = 0; visited < maxEntries; this.scanAt++) {
      while (this.scanAt < this.sizes.length && this.sizes[this.scanAt] === 0) this.scanAt++;
      if (this.scanAt >= this.sizes.length) {
        this.scanAt = 0;
        return visited;
      }
      visited++;
      visit(this.scanAt, this.scanAt);
    }
    return maxEntries;
  }
}

function copyOf<T extends Uint32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
