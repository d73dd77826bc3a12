/**
 * Nothing gives way: a full cache takes no more until its entries expire or are purged.
 *
 * For measurements, and where what was learnt first must not be pushed out.
 */
import { NodeMapPolicy, type PolicyNode } from './node-map.js';

export class NonePolicy<V, K = string> extends NodeMapPolicy<V, K, PolicyNode<V, K>> {
  readonly overheadOctets = 104;

  protected makeNode(key: K, value: V, sizeOctets: number): PolicyNode<V, K> {
    return { key, value, sizeOctets };
  }

  protected added(): void {}
  protected used(): void {}
  protected removed(): void {}

  protected victim(): undefined {
    return undefined;
  }
}
