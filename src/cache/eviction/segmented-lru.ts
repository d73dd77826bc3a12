/**
 * Segmented LRU: newcomers are on probation, and only what is used again is protected.
 *
 * An entry becomes protected at its second use. Protected entries take at most a part of the room; over that
 * the one used longest ago goes back on probation. Victims come from probation, so a flood of things that
 * are used once passes through probation and leaves the protected ones alone. Used for delegations.
 */
import { type AgeLinks, AgeList } from './age-list.js';
import { NodeMapPolicy, type PolicyNode } from './node-map.js';
import type { RemovalListener } from './policy.js';

interface SegmentNode<V, K> extends PolicyNode<V, K>, AgeLinks<SegmentNode<V, K>> {
  uses: number;
  isProtected: boolean;
}

/** Uses after which an entry is protected. The first may belong to the query that brought the entry. */
const USES_TO_PROTECT = 2;

export class SegmentedLruPolicy<V, K = string> extends NodeMapPolicy<V, K, SegmentNode<V, K>> {
  readonly overheadOctets = 144;
  private readonly probation = new AgeList<SegmentNode<V, K>>();
  private readonly guarded = new AgeList<SegmentNode<V, K>>();
  private readonly maxGuardedOctets: number;
  private guardedOctets = 0;

  /** @param protectedPart the part of `maxOctets` that protected entries may take */
  constructor(maxOctets: number, onRemove?: RemovalListener<V, K>, protectedPart = 0.8) {
    super(maxOctets, onRemove);
    this.maxGuardedOctets = Math.floor(maxOctets * protectedPart);
  }

  protected makeNode(key: K, value: V, sizeOctets: number): SegmentNode<V, K> {
    return { key, value, sizeOctets, newer: undefined, older: undefined, uses: 0, isProtected: false };
  }

  protected added(node: SegmentNode<V, K>): void {
    this.probation.add(node);
  }

  protected used(node: SegmentNode<V, K>): void {
    node.uses++;
    if (node.isProtected) {
      this.guarded.remove(node);
      this.guarded.add(node);
    } else {
      this.probation.remove(node);
      if (node.uses < USES_TO_PROTECT) this.probation.add(node);
      else this.protect(node);
    }
  }

  protected removed(node: SegmentNode<V, K>): void {
    if (!node.isProtected) {
      this.probation.remove(node);
      return;
    }
    this.guarded.remove(node);
    this.guardedOctets -= node.sizeOctets;
  }

  protected victim(): SegmentNode<V, K> | undefined {
    return this.probation.oldest ?? this.guarded.oldest;
  }

  private protect(node: SegmentNode<V, K>): void {
    node.isProtected = true;
    this.guarded.add(node);
    this.guardedOctets += node.sizeOctets;
    while (this.guardedOctets > this.maxGuardedOctets) this.demote(this.guarded.oldest!);
  }

  private demote(node: SegmentNode<V, K>): void {
    this.guarded.remove(node);
    this.guardedOctets -= node.sizeOctets;
    node.isProtected = false;
    node.uses = 0;
    this.probation.add(node);
  }
}
