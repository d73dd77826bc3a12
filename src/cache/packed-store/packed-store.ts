/**
 * Entries of the resolver and negative caches, outside the heap: what TimedStore is for objects, for records.
 *
 * Each entry has a slot, a small number. The index (slot-index.ts) leads from the hash of a key to slots, `places` from
 * a slot to its record (records.ts), and the eviction policy deals in slots. Owns when an entry is live, stale or over
 * (as TimedStore has it), why a key is missing, the counters, and that the octets accounted are those that are taken.
 *
 * The hash is seeded, since a client who knew it could ask for names that all stand in one chain.
 * Limitations: what is looked up is a copy. When the wall clock is set back, entries live longer by that much.
 */
import type { Name, Octets } from '../../dns/name.js';
import type { Security } from '../../dns/rrset.js';
import type { Clock } from '../../runtime/clock.js';
import type { MissReason } from '../../runtime/trace.js';
import { createSlotPolicy, type EvictionKind } from '../eviction/create.js';
import type { EvictionPolicy, RemovalReason } from '../eviction/policy.js';
import { nameOfKey } from '../key.js';
import { MissMemory, type RemovalCause } from '../miss-memory.js';
import {
  type EntryFields,
  type EntryTimes,
  type PackedEntry,
  type SavedEntry,
  securityOf,
  statusOf,
} from '../packed-entry.js';
import { type CacheLayerStats, LayerCounters } from '../stats.js';
import type { Freshness } from '../timed-store.js';
import { packOrigin } from './origin-packing.js';
import { Records, recordOctets } from './records.js';
import { reservedOctets } from './segment-log.js';
import { grown, SlotIndex } from './slot-index.js';

export interface PackedStoreOptions<E> {
  readonly clock: Clock;
  readonly maxOctets: number;
  readonly eviction?: EvictionKind;
  /** How long past its expiry an entry is kept, in ms. */
  readonly staleMaxMs?: number;
  /** Secret in a server. */
  readonly seed?: number;
  readonly makeEntry: (key: Octets, fields: EntryFields) => E;
  /** Told the type in the key and the status of each entry that leaves or is replaced. */
  readonly onRemove?: (type: number, security: Security) => void;
}

/** Place, chain and hash of a slot, and its share of the tables. */
const SLOT_OCTETS = 3 * 4 + 6;
const NOWHERE = 0xffff_ffff;
const BOGUS = statusOf('bogus', 0);

export class PackedStore<E extends PackedEntry> {
  readonly counters = new LayerCounters();
  readonly clock: Clock;
  /** May be changed while entries are held. */
  staleMaxMs: number;
  private readonly index = new SlotIndex();
  private readonly records: Records;
  private readonly policy: EvictionPolicy<number, number>;
  private readonly memory = new MissMemory();
  private readonly seed: number;
  /** By slot; NOWHERE where none is held. */
  private places = new Uint32Array(64).fill(NOWHERE);
  /** Slots given back, and how many were ever given out. */
  private readonly freeSlots: number[] = [];
  private slots = 0;
  /** Why the deletion under way happens; deletions are synchronous. */
  private cause: RemovalCause = 'flushed';

  constructor(private readonly options: PackedStoreOptions<E>) {
    const { clock, maxOctets, eviction = 'sieve', staleMaxMs = 0, seed = 0 } = options;
    this.clock = clock;
    this.staleMaxMs = staleMaxMs;
    this.seed = seed | 0;
    this.policy = createSlotPolicy(eviction, maxOctets, (slot, _, reason) => this.removed(slot, reason));
    this.records = new Records({
      maxOctets,
      placeOf: (slot) => this.places[slot],
      moved: (slot, place) => {
        this.places[slot] = place;
      },
    });
  }

  get size(): number {
    return this.policy.size;
  }

  get octets(): number {
    return this.policy.octets;
  }

  private hashOf(key: string): number {
    let hash = this.seed ^ key.length;
    for (let i = 0; i < key.length; i++) {
      hash = Math.imul(hash ^ key.charCodeAt(i), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  /** The slot of a key, with `records` pointing to its record; -1 when it is not held. */
  private find(key: string, hash = this.hashOf(key)): number {
    for (let slot = this.index.first(hash); slot !== -1; slot = this.index.after(slot)) {
      this.records.find(this.places[slot]!);
      if (this.records.hasKey(key)) return slot;
    }
    return -1;
  }

  /** Of the record that `records` points to. */
  private freshness(nowMs: number): Freshness {
    const { expiresAtMs, leaseUntilMs, status } = this.records;
    return this.freshnessOf(expiresAtMs, leaseUntilMs, status, nowMs);
  }

  private freshnessOf(expiresAtMs: number, leaseUntilMs: number, status: number, nowMs: number): Freshness {
    if (nowMs < expiresAtMs) return 'live';
    if ((status & 7) === BOGUS || nowMs >= leaseUntilMs) return 'over';
    return nowMs < expiresAtMs + this.staleMaxMs ? 'stale' : 'over';
  }

  private entry(key: Octets): E {
    return this.options.makeEntry(key, this.records.fields());
  }

  /** The entry, live or stale, counted as a use, and as a hit when it is live. One that is over is removed. */
  use(key: Octets, nowMs: number): E | undefined {
    const slot = this.find(key);
    if (slot === -1) return undefined;
    const freshness = this.freshness(nowMs);
    if (freshness === 'over') {
      this.removeSlot(slot, 'expired');
      return undefined;
    }
    this.policy.get(slot);
    if (freshness === 'live') this.records.countHit();
    return this.entry(key);
  }

  /** The live entry, without counting anything. */
  peekLive(key: Octets, nowMs: number): E | undefined {
    return this.liveStatus(key, nowMs) === -1 ? undefined : this.entry(key);
  }

  /** Status of what is held, without counting anything; -1 when it is not. */
  heldStatus(key: Octets): number {
    return this.find(key) === -1 ? -1 : this.records.status;
  }

  /** Status of the live entry, without counting anything; -1 when there is none. */
  liveStatus(key: Octets, nowMs: number): number {
    return this.find(key) !== -1 && nowMs < this.records.expiresAtMs ? this.records.status : -1;
  }

  /** Whether a live or stale entry is held, without counting anything. */
  holds(key: Octets, nowMs: number): boolean {
    return this.find(key) !== -1 && this.freshness(nowMs) !== 'over';
  }

  /** Why `key` is not here; counts nothing. */
  missReason(key: Octets): MissReason {
    return this.memory.reasonForHash(this.hashOf(key));
  }

  /**
   * Stores an entry; one of the same key is replaced.
   *
   * @returns false, counted as refused, when there was no room
   */
  set(key: Octets, packed: Octets, origin: Octets, times: EntryTimes, status: number): boolean {
    const hash = this.hashOf(key);
    const found = this.find(key, hash);
    const slot = found === -1 ? this.takeSlot() : found;
    const octets = reservedOctets(recordOctets(key.length, packed.length, origin.length));
    const size = octets + SLOT_OCTETS + this.policy.overheadOctets;
    if (!this.policy.set(slot, slot, size, times.expiresAtMs)) {
      this.freeSlots.push(slot);
      this.counters.refused++;
      return false;
    }
    this.places[slot] = this.records.add(slot, key, packed, origin, times, status);
    this.index.add(slot, hash);
    this.counters.inserts++;
    return true;
  }

  private takeSlot(): number {
    const free = this.freeSlots.pop();
    if (free !== undefined) return free;
    const slot = this.slots++;
    if (slot >= this.places.length) {
      this.places = grown(this.places, slot);
      this.places.fill(NOWHERE, slot);
    }
    return slot;
  }

  /** Stores an entry anew, with another expiry and status. */
  change(entry: E, expiresAtMs: number, status: number): boolean {
    const { key, storedAtMs, leaseUntilMs, packed, packedOrigin, hits } = entry;
    const times = { storedAtMs, expiresAtMs, leaseUntilMs };
    if (!this.set(key, packed, packedOrigin, times, status)) return false;
    this.records.hits = hits;
    return true;
  }

  /** Sets a bit in the status of what is held. False when it was set, or nothing is held. */
  mark(key: Octets, bit: number): boolean {
    if (this.find(key) === -1 || (this.records.status & bit) !== 0) return false;
    this.records.addStatus(bit);
    return true;
  }

  /** Stores an entry that was made earlier, unless it is over, from the future, or something is held. */
  restore(saved: SavedEntry, nowMs: number): boolean {
    const { key, packed, security, rank, origin } = saved;
    const status = statusOf(security, rank);
    const over = this.freshnessOf(saved.expiresAtMs, saved.leaseUntilMs, status, nowMs) === 'over';
    if (over || saved.storedAtMs > nowMs || this.find(key) !== -1) return false;
    return this.set(key, packed, packOrigin(origin, nameOfKey(key)), saved, status);
  }

  remove(key: Octets, cause: RemovalCause): boolean {
    const slot = this.find(key);
    return slot !== -1 && this.removeSlot(slot, cause);
  }

  private removeSlot(slot: number, cause: RemovalCause): boolean {
    this.cause = cause;
    return this.policy.delete(slot);
  }

  /**
   * Removes, as flushed, what is held of a name, or with `subtree` of names below it too. Looks at all entries.
   * @param ofType told the type in the key; whether to remove it
   */
  purge(name: Name, subtree: boolean, ofType: (type: number) => boolean): number {
    let removed = 0;
    for (let slot = 0; slot < this.slots; slot++) {
      const place = this.places[slot]!;
      if (place === NOWHERE) continue;
      this.records.find(place);
      if (!this.records.isNamed(name, subtree) || !ofType(this.records.type)) continue;
      this.removeSlot(slot, 'flushed');
      removed++;
    }
    return removed;
  }

  /**
   * Removes entries that are over, independent of lookups, so that what nobody asks for goes too.
   *
   * @param maxEntries how many entries to look at; the next call goes on from there
   * @returns how many were removed
   */
  sweep(maxEntries: number): number {
    const nowMs = this.clock.wallMs();
    let removed = 0;
    this.policy.scan(maxEntries, (slot) => {
      this.records.find(this.places[slot]!);
      if (this.freshness(nowMs) !== 'over') return;
      this.removeSlot(slot, 'expired');
      removed++;
    });
    return removed;
  }

  clear(): void {
    this.cause = 'flushed';
    this.policy.clear();
    this.records.clear();
  }

  /**
   * All entries, in no order that means anything; a list in that of the policy would take 80 ms for a million. The cache
   * may change between steps: what leaves is passed over, and what comes is met or not.
   */
  *entries(): IterableIterator<E> {
    for (let slot = 0; slot < this.slots; slot++) {
      const place = this.places[slot]!;
      if (place === NOWHERE) continue;
      this.records.find(place);
      yield this.entry(this.records.key());
    }
  }

  stats(): CacheLayerStats {
    return this.counters.snapshot(this.policy.size, this.policy.octets, this.policy.maxOctets);
  }

  private removed(slot: number, reason: RemovalReason): void {
    const place = this.places[slot]!;
    this.records.find(place);
    this.options.onRemove?.(this.records.type, securityOf(this.records.status));
    this.records.release(place);
    this.places[slot] = NOWHERE;
    const hash = this.index.hashOf(slot);
    this.index.remove(slot);
    if (reason === 'replaced') return; // and goes on being this key's slot
    this.freeSlots.push(slot);
    const cause = reason === 'evicted' ? 'evicted' : this.cause;
    this.memory.rememberHash(hash, cause);
    if (cause === 'evicted') this.counters.evictions++;
    else if (cause === 'expired') this.counters.expirations++;
    else this.counters.purged++;
  }
}
