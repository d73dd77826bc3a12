/** Soonest expiry goes first. Keeps what will be good for longest, whether or not anyone asks for it. */
import { type HeapItem, MinHeap } from './min-heap.js';
import { NodeMapPolicy, type PolicyNode } from './node-map.js';

/** `weight` is expiresAtMs. */
interface TtlNode<V> extends PolicyNode<V>, HeapItem {}

export class TtlPolicy<V> extends NodeMapPolicy<V, TtlNode<V>> {
  readonly overheadOctets = 176;
  private readonly heap = new MinHeap<TtlNode<V>>();

  protected makeNode(key: string, value: V, sizeOctets: number, expiresAtMs: number): TtlNode<V> {
    return { key, value, sizeOctets, weight: expiresAtMs, order: 0, place: 0 };
  }

  protected added(node: TtlNode<V>): void {
    this.heap.push(node);
  }

  protected used(): void {}

  protected removed(node: TtlNode<V>): void {
    this.heap.remove(node);
  }

  protected victim(): TtlNode<V> | undefined {
    return this.heap.top();
  }
}
