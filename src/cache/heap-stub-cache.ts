/**
 * The stub cache on the heap of one thread.
 *
 * A response is held as an octet string, which costs 16 octets beside its content where a Buffer costs over
 * a hundred or pins a shared slab, and the offsets of its TTLs as the chars of a second string. A hit writes
 * the string into a buffer and counts the TTLs down there.
 *
 * Limitations: `purge` reads every held response, since one about an alias also holds the names it leads to; a new
 * generation takes each entry out at once.
 */
import { isSubdomain, type Name, type Octets } from '../dns/name.js';
import type { Clock } from '../runtime/clock.js';
import { asBuffer } from '../wire/octets.js';
import { ttlOffsets } from '../wire/ttl-offsets.js';
import type { EvictionKind } from './eviction/create.js';
import { octetsOfString, ownOctets } from './footprint.js';
import { answerKey, partsOfAnswerKey } from './key.js';
import { isNegativeAnswer } from './negative-answer.js';
import { holdsOwner } from './shared-stub-cache/holds-owner.js';
import type { CacheLayerStats } from './stats.js';
import type { StubCache, StubEntryInfo, StubKey, StubPurge } from './stub-cache.js';
import { type TimedEntry, TimedStore } from './timed-store.js';

export interface HeapStubCacheOptions {
  readonly clock: Clock;
  readonly maxOctets: number;
  readonly eviction?: EvictionKind;
}

class StubEntry implements TimedEntry {
  private readonly lifeMs: number;

  constructor(
    readonly wire: Octets,
    /** Offsets of TTLs in `wire`, one per char. */
    readonly ttlsAt: string,
    storedAtMs: number,
    readonly expiresAtMs: number,
  ) {
    this.lifeMs = expiresAtMs - storedAtMs;
  }

  get storedAtMs(): number {
    return this.expiresAtMs - this.lifeMs;
  }

  get leaseUntilMs(): number {
    return this.expiresAtMs; // the caller's keepUntilMs is already inside the lease
  }

  get mayServeStale(): boolean {
    return false;
  }
}

/** Header, four fields and the box of `expiresAtMs`. */
const ENTRY_OCTETS = 24 + 4 * 8 + 16;
const MAX_MESSAGE_OCTETS = 65_535;

export class HeapStubCache implements StubCache {
  private readonly store: TimedStore<StubEntry>;
  private generation = 0;

  constructor(options: HeapStubCacheOptions) {
    this.store = new TimedStore(options);
  }

  get(key: StubKey, nowMs: number): Buffer | undefined {
    const entry = this.lookUp(key, nowMs);
    if (entry === undefined) return undefined;
    const out = Buffer.allocUnsafe(entry.wire.length);
    writeAged(entry, nowMs, out, 0);
    return out;
  }

  copyInto(key: StubKey, nowMs: number, target: Uint8Array, offset: number): number {
    const entry = this.lookUp(key, nowMs);
    if (entry === undefined || offset + entry.wire.length > target.length) return 0;
    writeAged(entry, nowMs, asBuffer(target), offset);
    return entry.wire.length;
  }

  private lookUp(key: StubKey, nowMs: number): StubEntry | undefined {
    const text = keyOf(key);
    const entry = this.store.use(text, nowMs);
    if (entry) this.store.counters.hits++;
    else this.store.counters.miss(this.store.missReason(text));
    return entry;
  }

  put(key: StubKey, wire: Uint8Array, nowMs: number, keepUntilMs: number): boolean {
    const offsets = keepUntilMs > nowMs && wire.length <= MAX_MESSAGE_OCTETS ? ttlOffsets(wire) : undefined;
    if (offsets === undefined) {
      this.store.counters.refused++;
      return false;
    }
    const held = asBuffer(wire).latin1Slice();
    const entry = new StubEntry(held, String.fromCharCode(...offsets), nowMs, keepUntilMs);
    const size = ENTRY_OCTETS + octetsOfString(held.length) + octetsOfOffsets(offsets);
    return this.store.set(ownOctets(keyOf(key)), entry, size);
  }

  purge(name: Name, options: StubPurge = {}): number {
    const { subtree = false, type, negatives = false } = options;
    const concerns = (owner: Name, ownerType: number) =>
      (type === undefined || type === ownerType) && (subtree ? isSubdomain(owner, name) : owner === name);
    return this.store.purge((entry, key) => {
      if (negatives && !isNegativeAnswer(Buffer.from(entry.wire, 'latin1'))) return false;
      const question = partsOfAnswerKey(key);
      return (
        concerns(question.name, question.type) || holdsOwner(Buffer.from(entry.wire, 'latin1'), concerns)
      );
    });
  }

  beginGeneration(generation: number): void {
    if (generation !== this.generation) this.store.clear();
    this.generation = generation;
  }

  sweep(maxEntries: number): number {
    return this.store.sweep(maxEntries);
  }

  *entries(): IterableIterator<StubEntryInfo> {
    for (const [key, entry] of this.store.entries()) {
      yield {
        ...partsOfAnswerKey(key),
        sizeOctets: entry.wire.length,
        storedAtMs: entry.storedAtMs,
        keepUntilMs: entry.expiresAtMs,
        response: () => Buffer.from(entry.wire, 'latin1'),
      };
    }
  }

  stats(): CacheLayerStats {
    return this.store.stats();
  }
}

/** Heap octets of the string of offsets: two octets per char as soon as one is over 255. */
function octetsOfOffsets(offsets: readonly number[]): number {
  const wide = (offsets.at(-1) ?? 0) > 255;
  if (offsets.length < 2 && !wide) return 0; // V8 has such strings once
  return octetsOfString(offsets.length * (wide ? 2 : 1));
}

function keyOf(key: StubKey): string {
  return answerKey(key.name, key.type, key.class, key.do, key.cd, key.view);
}

function writeAged(entry: StubEntry, nowMs: number, out: Buffer, offset: number): void {
  out.latin1Write(entry.wire, offset);
  const ageSec = Math.max(0, Math.floor((nowMs - entry.storedAtMs) / 1000));
  if (ageSec === 0) return;
  for (let i = 0; i < entry.ttlsAt.length; i++) {
    const at = offset + entry.ttlsAt.charCodeAt(i);
    out.writeUInt32BE(Math.max(0, out.readUInt32BE(at) - ageSec), at);
  }
}
