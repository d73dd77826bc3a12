/**
 * A binary heap whose items know their place in it, so that any of them can be moved or removed in
 * O(log n). The item with the least weight is on top; equal weights leave in the order in which they got them.
 */

export interface HeapItem {
  weight: number;
  /** Set by the heap: breaks ties, older first. */
  order: number;
  /** Set by the heap: index in it. */
  place: number;
}

export class MinHeap<T extends HeapItem> {
  private readonly items: T[] = [];
  private issued = 0;

  top(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    item.order = this.issued++;
    item.place = this.items.length;
    this.items.push(item);
    this.up(item.place);
  }

  /** Gives an item of the heap another weight. */
  reweigh(item: T, weight: number): void {
    item.weight = weight;
    item.order = this.issued++;
    this.up(item.place);
    this.down(item.place);
  }

  remove(item: T): void {
    const last = this.items.pop()!;
    if (last === item) return;
    last.place = item.place;
    this.items[last.place] = last;
    this.up(last.place);
    this.down(last.place);
  }

  private up(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.before(place, parent)) return;
      this.swap(place, parent);
      place = parent;
    }
  }

  private down(from: number): void {
    let place = from;
    for (;;) {
      let least = place;
      for (let child = 2 * place + 1; child <= 2 * place + 2; child++) {
        if (child < this.items.length && this.before(child, least)) least = child;
      }
      if (least === place) return;
      this.swap(place, least);
      place = least;
    }
  }

  private before(a: number, b: number): boolean {
    const x = this.items[a]!;
    const y = this.items[b]!;
    return x.weight < y.weight || (x.weight === y.weight && x.order < y.order);
  }

  private swap(a: number, b: number): void {
    const x = this.items[a]!;
    const y = this.items[b]!;
    this.items[a] = y;
    this.items[b] = x;
    y.place = a;
    x.place = b;
  }
}
