/**
 * What an operator, an edit of a zone or a reload wants to be forgotten, and which layers that concerns.
 *
 * Plain data, since it goes from thread to thread and into the journal of the snapshot.
 */
import { isSubdomain, type Name, ROOT } from '../dns/name.js';
import { RRType } from '../dns/registry.js';

/** Nearest to the client first. */
export const flushLayers = ['stub', 'resolver', 'negative', 'failure', 'delegation', 'infra'] as const;
export type FlushLayer = (typeof flushLayers)[number];

export interface Flush {
  readonly name: Name;
  /** All names below it too. */
  readonly subtree: boolean;
  /** Only what is held of this type; undefined: all types. */
  readonly type?: number | undefined;
  /** Only these layers; undefined: all that hold names, and with everything the servers too. */
  readonly layers?: readonly FlushLayer[] | undefined;
  /** Only what says that something does not exist or failed. */
  readonly negatives?: boolean | undefined;
}

/** How many entries went, by layer; layers that were not concerned are left out. */
export type FlushCounts = Readonly<Partial<Record<FlushLayer, number>>>;

export const flushEverything: Flush = { name: ROOT, subtree: true };

/** Whether nothing at all is to stay. */
export function isEverything({ name, subtree, type, layers, negatives }: Flush): boolean {
  return name === ROOT && subtree && type === undefined && layers === undefined && negatives !== true;
}

/** Whether a layer may hold what is to go. */
export function concernsLayer(flush: Flush, layer: FlushLayer): boolean {
  const { type, layers, negatives } = flush;
  if (layers && !layers.includes(layer)) return false;
  if (negatives && layer !== 'stub' && layer !== 'negative' && layer !== 'failure') return false;
  if (layer === 'delegation') return type === undefined || type === RRType.NS || type === RRType.DS;
  if (layer === 'infra') return type === undefined && (layers !== undefined || isEverything(flush));
  return true;
}

/** Whether a name is among those to go. */
export function concernsName({ name, subtree }: Flush, owner: Name): boolean {
  return subtree ? isSubdomain(owner, name) : owner === name;
}

export function addFlushCounts(a: FlushCounts, b: FlushCounts): FlushCounts {
  const layers = flushLayers.filter((layer) => a[layer] !== undefined || b[layer] !== undefined);
  return Object.fromEntries(layers.map((layer) => [layer, (a[layer] ?? 0) + (b[layer] ?? 0)]));
}

export function totalOf(counts: FlushCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
