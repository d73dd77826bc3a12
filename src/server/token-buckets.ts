/**
 * Token buckets by client, in bounded memory.
 *
 * Two generations of a Map instead of a timer or an eviction list: when the young one is full it becomes the
 * old one, and the former old one is forgotten with all who were quiet since. So a flood from forged addresses
 * costs a fixed amount of memory and constant time; at worst it gives a known client a full bucket again.
 */

interface Bucket {
  tokens: number;
  atMs: number;
  /** Queries refused in a row, for who wants to answer every n-th. */
  refused: number;
}

export interface Taken {
  readonly allowed: boolean;
  /** Counts the refused ones of this client since it was last allowed; 0 when allowed. */
  readonly refused: number;
}

/** Buckets of clients, wherever they lie. Times are of one clock, which may be any. */
export interface Buckets {
  /** Takes one token of `key`; a refusal counts. */
  take(key: string, nowMs: number): Taken;
  /** Takes one token if there is one; else nothing changes. */
  takeIfAllowed(key: string, nowMs: number): boolean;
}

const ALLOWED: Taken = { allowed: true, refused: 0 };

export class TokenBuckets implements Buckets {
  private young = new Map<string, Bucket>();
  private old = new Map<string, Bucket>();

  /**
   * @param perSec tokens that come back per second; a bucket holds as many, so a second's worth may come at once
   * @param limit  most clients remembered
   */
  constructor(
    private readonly perSec: number,
    private readonly limit = 65_536,
  ) {}

  get size(): number {
    return this.young.size + this.old.size;
  }

  /** Takes one token of `key`. `nowMs` is monotonic. */
  take(key: string, nowMs: number): Taken {
    const bucket = this.find(key, nowMs);
    this.refill(bucket, nowMs);
    if (bucket.tokens < 1) return { allowed: false, refused: ++bucket.refused };
    bucket.tokens -= 1;
    bucket.refused = 0;
    return ALLOWED;
  }

  /** Takes one token of `key` if there is one; else nothing changes but the time that tokens came back. */
  takeIfAllowed(key: string, nowMs: number): boolean {
    const bucket = this.find(key, nowMs);
    this.refill(bucket, nowMs);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    bucket.refused = 0;
    return true;
  }

  private refill(bucket: Bucket, nowMs: number): void {
    const gained = ((nowMs - bucket.atMs) / 1000) * this.perSec;
    bucket.tokens = Math.min(Math.max(1, this.perSec), bucket.tokens + gained);
    bucket.atMs = nowMs;
  }

  private find(key: string, nowMs: number): Bucket {
    const known = this.young.get(key);
    if (known) return known;
    const bucket = this.old.get(key) ?? { tokens: Math.max(1, this.perSec), atMs: nowMs, refused: 0 };
    this.old.delete(key);
    if (this.young.size >= this.limit / 2) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, bucket);
    return bucket;
  }
}
