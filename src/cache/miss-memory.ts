/**
 * Remembers why keys left a cache, so that a miss can say so: expired, evicted or flushed.
 *
 * A table of fixed size: each key has one slot by its hash, and the slot holds the rest of the hash as a
 * fingerprint and the reason. A later removal of a key with the same slot overwrites it.
 * Limitations: a hint for statistics, not a fact. It forgets, and two keys in four thousand million are one.
 */
import type { MissReason } from '../runtime/trace.js';

/** The reasons that a removal can leave behind. */
export type RemovalCause = 'expired' | 'evicted' | 'flushed';

const causes: readonly (RemovalCause | undefined)[] = [undefined, 'expired', 'evicted', 'flushed'];
const CAUSE_MASK = 3;

export class MissMemory {
  private readonly slots: Uint32Array;

  /** @param slots a power of two; each takes 4 octets */
  constructor(slots = 16384) {
    this.slots = new Uint32Array(slots);
  }

  remember(key: string, cause: RemovalCause): void {
    this.rememberHash(hashKey(key), cause);
  }

  /** For callers who have a hash of the key, of 32 bits. */
  rememberHash(hash: number, cause: RemovalCause): void {
    this.slots[this.slotOf(hash)] = ((hash & ~CAUSE_MASK) | causes.indexOf(cause)) >>> 0;
  }

  /** Why a key that is not in the cache is not there. */
  reasonFor(key: string): MissReason {
    return this.reasonForHash(hashKey(key));
  }

  reasonForHash(hash: number): MissReason {
    const slot = this.slots[this.slotOf(hash)]!;
    if ((slot ^ hash) >>> 2 !== 0) return 'never-seen';
    return causes[slot & CAUSE_MASK] ?? 'never-seen';
  }

  private slotOf(hash: number): number {
    return Math.imul(hash, 0x9e3779b1) >>> (Math.clz32(this.slots.length) + 1);
  }
}

/** FNV-1a, 32 bits. */
function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
