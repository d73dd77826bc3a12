/**
 * The stub cache: whole responses in wire form, nearest to the client.
 *
 * On a query's way it is the first cache; a hit is copied, its TTLs counted down, and sent. The caller
 * patches what depends on the query: ID, RD and CD bits, the question's letter case, OPT.
 * This file is the interface, so that the heap and shared-memory implementations are interchangeable; they
 * pass test/support/stub-cache-contract.ts.
 */
import type { Name } from '../dns/name.js';
import type { CacheLayerStats } from './stats.js';

/** What makes two client queries get the same octets. */
export interface StubKey {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** DNSSEC OK (RFC 3225). */
  readonly do: boolean;
  /** Checking disabled (RFC 4035 3.2.2). */
  readonly cd: boolean;
  /** Which of the operator's views it is for, at most 63; left out, and 0, is for clients in none. */
  readonly view?: number;
}

/** One held response, for dumps and the page. */
export interface StubEntryInfo extends StubKey {
  readonly sizeOctets: number;
  readonly storedAtMs: number;
  readonly keepUntilMs: number;
  /** The response with its TTLs as of `storedAtMs`; may be read until the next entry is taken. */
  response(): Uint8Array;
}

export interface StubPurge {
  readonly subtree?: boolean;
  readonly type?: number | undefined;
  /** Only responses that deny: NXDOMAIN and NODATA. */
  readonly negatives?: boolean | undefined;
}

export interface StubCache {
  /**
   * A copy of the held response with its TTLs as of now, in a buffer of its own; undefined when there is
   * none. Counts a hit or a miss.
   */
  get(key: StubKey, nowMs: number): Buffer | undefined;
  /**
   * Like `get`, into the caller's octets.
   *
   * @returns octets written; 0 when there is no response, or when it does not fit from `offset` on
   */
  copyInto(key: StubKey, nowMs: number, target: Uint8Array, offset: number): number;
  /**
   * Holds a response.
   *
   * @param wire        a whole response without OPT; copied
   * @param nowMs       when its TTLs were right
   * @param keepUntilMs wall ms up to which it may be given out
   * @returns false when it was not stored: malformed, its time over, or no room
   */
  put(key: StubKey, wire: Uint8Array, nowMs: number, keepUntilMs: number): boolean;
  /** Removes all responses to questions of a name, or of a subtree. Returns how many went. */
  purge(name: Name, options?: StubPurge): number;
  /**
   * From now on holds and gives out only answers of this generation: those of another are as if they had never been. Takes
   * no time, however much is held. Every thread says by itself which generation it serves by.
   */
  beginGeneration(generation: number): void;
  /** Removes entries that are over; looks at up to `maxEntries` and returns how many went. */
  sweep(maxEntries: number): number;
  entries(): IterableIterator<StubEntryInfo>;
  stats(): CacheLayerStats;
}
