/**
 * What our own eviction policies share: a map of nodes, the count of octets, and the order of events on set.
 *
 * A policy adds its order: what happens to a node when it comes, is used, and goes, and who is next to go.
 */
import { type EvictionPolicy, type RemovalListener, type RemovalReason, ScanCursor } from './policy.js';

/** The least a node holds; policies add their links. */
export interface PolicyNode<V, K = string> {
  readonly key: K;
  readonly value: V;
  readonly sizeOctets: number;
}

export abstract class NodeMapPolicy<V, K, N extends PolicyNode<V, K>> implements EvictionPolicy<V, K> {
  abstract readonly overheadOctets: number;
  private readonly nodes = new Map<K, N>();
  private readonly cursor: ScanCursor<V, K>;
  private usedOctets = 0;

  constructor(
    readonly maxOctets: number,
    private readonly onRemove?: RemovalListener<V, K>,
  ) {
    this.cursor = new ScanCursor(() => this.entries());
  }

  protected abstract makeNode(key: K, value: V, sizeOctets: number, expiresAtMs: number): N;
  /** The node has come in. */
  protected abstract added(node: N): void;
  /** The node was looked up. */
  protected abstract used(node: N): void;
  /** The node is leaving. */
  protected abstract removed(node: N, reason: RemovalReason): void;
  /** The node that gives way next; undefined when none may. */
  protected abstract victim(): N | undefined;

  get octets(): number {
    return this.usedOctets;
  }

  get size(): number {
    return this.nodes.size;
  }

  get(key: K): V | undefined {
    const node = this.nodes.get(key);
    if (node === undefined) return undefined;
    this.used(node);
    return node.value;
  }

  peek(key: K): V | undefined {
    return this.nodes.get(key)?.value;
  }

  set(key: K, value: V, sizeOctets: number, expiresAtMs: number): boolean {
    const old = this.nodes.get(key);
    if (old !== undefined) this.drop(old, 'replaced');
    if (sizeOctets > this.maxOctets) return false;
    while (this.usedOctets + sizeOctets > this.maxOctets) {
      const victim = this.victim();
      if (victim === undefined) return false;
      this.drop(victim, 'evicted');
    }
    const node = this.makeNode(key, value, sizeOctets, expiresAtMs);
    this.nodes.set(key, node);
    this.usedOctets += sizeOctets;
    this.added(node);
    return true;
  }

  delete(key: K): boolean {
    const node = this.nodes.get(key);
    if (node === undefined) return false;
    this.drop(node, 'deleted');
    return true;
  }

  clear(): void {
    this.cursor.restart();
    for (const node of this.nodes.values()) this.drop(node, 'deleted');
  }

  *entries(): IterableIterator<[K, V]> {
    for (const node of this.nodes.values()) yield [node.key, node.value];
  }

  scan(maxEntries: number, visit: (key: K, value: V) => void): number {
    return this.cursor.step(maxEntries, visit);
  }

  private drop(node: N, reason: RemovalReason): void {
    this.nodes.delete(node.key);
    this.usedOctets -= node.sizeOctets;
    this.removed(node, reason);
    this.onRemove?.(node.key, node.value, reason);
  }
}
