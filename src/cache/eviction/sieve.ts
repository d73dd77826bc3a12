/**
 * SIEVE (Zhang et al., NSDI 2024): a queue by age, one mark per entry, and a hand.
 *
 * A use only sets the mark. To evict, the hand goes from the oldest towards the newest, clears marks and
 * takes the first entry without one; it stays where it is for the next time. So what is asked for once
 * leaves soon, and a hit writes one bit.
 */
import { type AgeLinks, AgeList } from './age-list.js';
import { NodeMapPolicy, type PolicyNode } from './node-map.js';

interface SieveNode<V, K> extends PolicyNode<V, K>, AgeLinks<SieveNode<V, K>> {
  marked: boolean;
}

export class SievePolicy<V, K = string> extends NodeMapPolicy<V, K, SieveNode<V, K>> {
  readonly overheadOctets = 136;
  private readonly queue = new AgeList<SieveNode<V, K>>();
  /** Where the search for a victim goes on; undefined: at the oldest. */
  private hand: SieveNode<V, K> | undefined;

  protected makeNode(key: K, value: V, sizeOctets: number): SieveNode<V, K> {
    return { key, value, sizeOctets, newer: undefined, older: undefined, marked: false };
  }

  protected added(node: SieveNode<V, K>): void {
    this.queue.add(node);
  }

  protected used(node: SieveNode<V, K>): void {
    node.marked = true;
  }

  protected removed(node: SieveNode<V, K>): void {
    if (this.hand === node) this.hand = node.newer;
    this.queue.remove(node);
  }

  protected victim(): SieveNode<V, K> | undefined {
    let node = this.hand ?? this.queue.oldest;
    while (node?.marked) {
      node.marked = false;
      node = node.newer ?? this.queue.oldest;
    }
    this.hand = node;
    return node;
  }
}
