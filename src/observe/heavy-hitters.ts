/**
 * The keys that occur most, in bounded memory: the space-saving sketch (Metwally, Agrawal, El Abbadi 2005).
 *
 * A key that is not known takes the place of the least counted one and inherits its count as possible error, so
 * every key with more than total/capacity occurrences is held, however many others a flood brings. Adding costs
 * one Map lookup and a few steps in a heap; counts may be added in lumps, so samples can feed it.
 * Limitations: a count may be too high by its `error`, never too low; sums over threads add their errors.
 */
import { ChurningMap } from '../runtime/churning-map.js';

/** One key: its real count lies between `count - error` and `count`. */
export interface HeavyHitter<Note> {
  readonly key: string;
  readonly count: number;
  readonly error: number;
  /** What was said with its latest occurrence. */
  readonly note: Note;
}

interface Slot<Note> {
  key: string;
  count: number;
  error: number;
  note: Note;
  /** Place in the heap. */
  at: number;
}

export class HeavyHitters<Note = undefined> {
  private readonly slots = new ChurningMap<Slot<Note>>();
  /** Least count first. */
  private readonly heap: Slot<Note>[] = [];

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.heap.length;
  }

  /** Counts `key` `times` more; `error` is the part of them that may be somebody else's. */
  add(key: string, note: Note, times = 1, error = 0): void {
    const known = this.slots.get(key);
    if (known) {
      known.count += times;
      known.error += error;
      known.note = note;
      this.sink(known);
      return;
    }
    if (this.heap.length < this.capacity)
      this.insert({ key, note, count: times, error, at: this.heap.length });
    else this.replace(this.heap[0]!, key, note, times, error);
  }

  private insert(slot: Slot<Note>): void {
    this.slots.set(slot.key, slot);
    this.heap.push(slot);
    this.rise(slot);
  }

  private replace(least: Slot<Note>, key: string, note: Note, times: number, error: number): void {
    this.slots.delete(least.key);
    least.key = key;
    least.note = note;
    least.error = least.count + error;
    least.count += times;
    this.slots.set(key, least);
    this.sink(least);
  }

  /** The most counted keys, most first. */
  top(limit: number): HeavyHitter<Note>[] {
    return [...this.heap]
      .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
      .slice(0, limit)
      .map(({ key, count, error, note }) => ({ key, count, error, note }));
  }

  /** Adds what another sketch counted. */
  addAll(hitters: readonly HeavyHitter<Note>[]): void {
    for (const { key, note, count, error } of hitters) this.add(key, note, count, error);
  }

  private rise(slot: Slot<Note>): void {
    while (slot.at > 0) {
      const above = this.heap[(slot.at - 1) >> 1]!;
      if (above.count <= slot.count) return;
      this.swap(above, slot);
    }
  }

  private sink(slot: Slot<Note>): void {
    for (;;) {
      const left = this.heap[2 * slot.at + 1];
      if (!left) return;
      const right = this.heap[2 * slot.at + 2];
      const least = right && right.count < left.count ? right : left;
      if (least.count >= slot.count) return;
      this.swap(slot, least);
    }
  }

  private swap(a: Slot<Note>, b: Slot<Note>): void {
    [a.at, b.at] = [b.at, a.at];
    this.heap[a.at] = a;
    this.heap[b.at] = b;
  }
}
