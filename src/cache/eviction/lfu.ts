/**
 * Least frequently used goes first, with dynamic aging (LFU-DA: Arlitt, Cherkasova et al., 2000).
 *
 * A use raises a node's weight by one; a new node starts one above the weight at which the last node left.
 * So what was popular long ago does not stay forever, as it would under plain LFU, and a newcomer is not
 * always the next victim. Among equals the one used longest ago goes.
 */
import { type HeapItem, MinHeap } from './min-heap.js';
import { NodeMapPolicy, type PolicyNode } from './node-map.js';
import type { RemovalReason } from './policy.js';

interface LfuNode<V, K> extends PolicyNode<V, K>, HeapItem {}

export class LfuPolicy<V, K = string> extends NodeMapPolicy<V, K, LfuNode<V, K>> {
  readonly overheadOctets = 160;
  private readonly heap = new MinHeap<LfuNode<V, K>>();
  /** Weight of the last node that was evicted. */
  private age = 0;

  protected makeNode(key: K, value: V, sizeOctets: number): LfuNode<V, K> {
    return { key, value, sizeOctets, weight: this.age + 1, order: 0, place: 0 };
  }

  protected added(node: LfuNode<V, K>): void {
    this.heap.push(node);
  }

  protected used(node: LfuNode<V, K>): void {
    this.heap.reweigh(node, node.weight + 1);
  }

  protected removed(node: LfuNode<V, K>, reason: RemovalReason): void {
    this.heap.remove(node);
    if (reason === 'evicted') this.age = node.weight;
  }

  protected victim(): LfuNode<V, K> | undefined {
    return this.heap.top();
  }
}
