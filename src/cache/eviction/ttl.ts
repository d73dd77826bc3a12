/** Soonest expiry goes first. Keeps what will be good for longest, whether or not anyone asks for it. */
import { type HeapItem, MinHeap } from './min-heap.js';
import { NodeMapPolicy, type PolicyNode } from './node-map.js';

/** `weight` is expiresAtMs. */
interface TtlNode<V, K> extends PolicyNode<V, K>, HeapItem {}

export class TtlPolicy<V, K = string> extends NodeMapPolicy<V, K, TtlNode<V, K>> {
  readonly overheadOctets = 176;
  private readonly heap = new MinHeap<TtlNode<V, K>>();

  protected makeNode(key: K, value: V, sizeOctets: number, expiresAtMs: number): TtlNode<V, K> {
    return { key, value, sizeOctets, weight: expiresAtMs, order: 0, place: 0 };
  }

  protected added(node: TtlNode<V, K>): void {
    this.heap.push(node);
  }

  protected used(): void {}

  protected removed(node: TtlNode<V, K>): void {
    this.heap.remove(node);
  }

  protected victim(): TtlNode<V, K> | undefined {
    return this.heap.top();
  }
}
