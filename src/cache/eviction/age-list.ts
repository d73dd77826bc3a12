/** A doubly linked list through its items, from the oldest to the newest; every step is O(1). */

export interface AgeLinks<N> {
  newer: N | undefined;
  older: N | undefined;
}

export class AgeList<N extends AgeLinks<N>> {
  newest: N | undefined;
  oldest: N | undefined;

  add(node: N): void {
    node.newer = undefined;
    node.older = this.newest;
    if (this.newest) this.newest.newer = node;
    this.newest = node;
    this.oldest ??= node;
  }

  remove(node: N): void {
    if (node.newer) node.newer.older = node.older;
    else this.newest = node.older;
    if (node.older) node.older.newer = node.newer;
    else this.oldest = node.newer;
    node.newer = undefined;
    node.older = undefined;
  }
}
