/**
 * The negative cache: names that do not exist and names without data of a type (RFC 2308).
 *
 * On a query's way it comes after the resolver cache. NXDOMAIN is held by name and class, NODATA by name,
 * type and class. A secure NXDOMAIN also denies all names below it (RFC 8020); an insecure one does not,
 * since many servers deny empty non-terminals by mistake and a forged one would take a whole subtree.
 *
 * A denial lives for the least of the SOA's TTL, its MINIMUM field (RFC 2308 5) and the TTLs of its proof,
 * inside the limit for negative answers and the lease. A denial without SOA says no time: it is kept for 5 s,
 * as a failure would be (RFC 9520 3.2), so that a broken zone is not asked again by every client.
 *
 * Limitations: spans of NSEC for RFC 8198 are not here; see the validator.
 */
import { isStrictSubdomain, type Name, type Octets, parentName, ROOT } from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import type { RRset, Security } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { CacheRules } from './cache-rules.js';
import type { EvictionKind } from './eviction/create.js';
import { nameOfKey, nxdomainKey, rrsetKey, typeOfKey } from './key.js';
import { PackedEntry, type SavedEntry, securityOf, statusOf } from './packed-entry.js';
import { type Origin, packOrigin } from './packed-store/origin-packing.js';
import { PackedStore } from './packed-store/packed-store.js';
import { type CacheMiss, cacheMiss } from './rrset-cache.js';
import { packRRsets, unpackRRsets } from './rrset-packing.js';
import type { CacheLayerStats } from './stats.js';
import { secondsLeft } from './timed-store.js';

export interface NegativeMeta {
  /** The SOA of the zone that denies. */
  readonly soa: RRset | undefined;
  /** NSEC or NSEC3 RRsets that prove the denial. */
  readonly proof: readonly RRset[];
  readonly security: Security;
  readonly origin: Origin;
  readonly leaseUntilMs?: number;
  readonly class?: number;
}

/** One denial as the cache held it at the time of the lookup. Its type is 0 for NXDOMAIN, which holds for every type. */
export class NegativeEntry extends PackedEntry {
  get kind(): 'nxdomain' | 'nodata' {
    return this.type === 0 ? 'nxdomain' : 'nodata';
  }

  /** With the TTL as received; what is left is in the hit. Made anew at each call. */
  get soa(): RRset | undefined {
    const [first] = unpackRRsets({ packed: this.packed, at: 0 });
    return first?.type === RRType.SOA ? first : undefined;
  }

  /** The RRsets that prove it. Made anew at each call. */
  get proof(): readonly RRset[] {
    return unpackRRsets({ packed: this.packed, at: 0 }).filter((rrset) => rrset.type !== RRType.SOA);
  }
}

/** What a lookup found; `cut` means that an ancestor does not exist (RFC 8020) and `entry` is about it. */
export type NegativeHit =
  | { readonly kind: 'hit'; readonly entry: NegativeEntry; readonly cut: boolean; readonly ttlSec: number }
  | { readonly kind: 'stale'; readonly entry: NegativeEntry; readonly cut: boolean; readonly ageSec: number }
  | CacheMiss;

export interface NegativeCacheOptions {
  readonly clock: Clock;
  readonly maxOctets: number;
  readonly eviction?: EvictionKind;
  /** Longest life of a denial, in seconds. */
  readonly maxTtlSec?: number;
  /** Of some names; undefined: none has any. */
  readonly rules?: CacheRules | undefined;
  readonly staleMaxMs?: number;
  /** Of the hash over keys; secret in a server. */
  readonly seed?: number;
  /** Whether a secure NXDOMAIN denies what is below it. */
  readonly nxdomainCut?: boolean;
}

/** Life of a denial that came without SOA. */
const NO_SOA_TTL_SEC = 5;
/** RNAME and MNAME of one octet each, and five numbers. */
const MIN_SOA_OCTETS = 22;

export class NegativeCache {
  private readonly store: PackedStore<NegativeEntry>;
  private readonly clock: Clock;
  private maxTtlSec: number;
  private rules: CacheRules | undefined;
  private readonly nxdomainCut: boolean;
  /** How many entries can deny a subtree; with none, lookups need not climb. */
  private cuts = 0;

  constructor(options: NegativeCacheOptions) {
    this.clock = options.clock;
    this.maxTtlSec = options.maxTtlSec ?? 3600;
    this.rules = options.rules;
    this.nxdomainCut = options.nxdomainCut ?? true;
    this.store = new PackedStore({
      ...options,
      makeEntry: (key, fields) => new NegativeEntry(key, fields),
      onRemove: (type, security) => {
        if (isCut(type, security)) this.cuts--;
      },
    });
  }

  /** Keeps by other limits from now on; what is held keeps the life that it was given. */
  setLimits(maxTtlSec: number, staleMaxMs: number, rules?: CacheRules): void {
    this.maxTtlSec = maxTtlSec;
    this.rules = rules;
    this.store.staleMaxMs = staleMaxMs;
  }

  /** Stores that `name` does not exist. False when it was not stored. */
  putNxdomain(name: Name, meta: NegativeMeta): boolean {
    return this.put(name, nxdomainKey(name, meta.class), meta);
  }

  /** Stores that `name` has no data of `type`; so it exists, and an NXDOMAIN of it goes. */
  putNodata(name: Name, type: number, meta: NegativeMeta): boolean {
    const stored = this.put(name, rrsetKey(name, type, meta.class), meta);
    if (stored) this.store.remove(nxdomainKey(name, meta.class), 'flushed');
    return stored;
  }

  private put(name: Name, key: string, meta: NegativeMeta): boolean {
    const nowMs = this.clock.wallMs();
    const leaseUntilMs = meta.leaseUntilMs ?? Infinity;
    const maxTtlSec = this.maxTtlOf(name);
    const ttlSec = meta.soa
      ? negativeTtlSec(meta.soa, meta.proof, maxTtlSec)
      : Math.min(NO_SOA_TTL_SEC, maxTtlSec);
    const expiresAtMs = Math.min(nowMs + ttlSec * 1000, leaseUntilMs);
    const old = this.store.liveStatus(key, nowMs);
    const worse = meta.security === 'bogus' && old !== -1 && securityOf(old) === 'secure';
    const packed = packRRsets(meta.soa ? [meta.soa, ...meta.proof] : meta.proof);
    if (packed === undefined || expiresAtMs <= nowMs || worse) {
      this.store.counters.refused++;
      return false;
    }
    const times = { storedAtMs: nowMs, expiresAtMs, leaseUntilMs };
    const origin = packOrigin(meta.origin, nameOfKey(key));
    return this.counted(
      key,
      meta.security,
      this.store.set(key, packed, origin, times, statusOf(meta.security, 0)),
    );
  }

  private maxTtlOf(name: Name): number {
    return this.rules === undefined ? this.maxTtlSec : this.rules.negativeMaxSec(name, this.maxTtlSec);
  }

  /**
   * Looks for a denial of (name, type): NXDOMAIN of the name, NODATA of the type, then a secure NXDOMAIN of
   * an ancestor.
   *
   * @param cutBelow the apex of a stub, forward or local zone: NXDOMAIN of it or of a name above denies nothing,
   *   since that is the public parent's word
   */
  get(name: Name, type: number, cls: number = RRClass.IN, cutBelow: Name = ROOT): NegativeHit {
    const nowMs = this.clock.wallMs();
    const nodataKey = rrsetKey(name, type, cls);
    const walled = name === cutBelow && name !== ROOT;
    const nxdomain = walled ? undefined : this.store.use(nxdomainKey(name, cls), nowMs);
    if (nxdomain && nowMs < nxdomain.expiresAtMs) return this.found(nxdomain, false, nowMs);
    const nodata = this.store.use(nodataKey, nowMs);
    if (nodata && nowMs < nodata.expiresAtMs) return this.found(nodata, false, nowMs);
    const cut = this.cutAbove(name, cls, cutBelow, nowMs);
    if (cut) return this.found(cut, true, nowMs);
    const stale = later(nxdomain, nodata);
    if (stale) return this.found(stale, false, nowMs);
    const reason = this.missReason(name, nodataKey, cls);
    this.store.counters.miss(reason);
    return cacheMiss(reason);
  }

  private missReason(name: Name, nodataKey: string, cls: number) {
    const reason = this.store.missReason(nodataKey);
    return reason === 'never-seen' ? this.store.missReason(nxdomainKey(name, cls)) : reason;
  }

  /** The nearest live ancestor denial. Stale ones do not count: too much would hang on old data. */
  private cutAbove(name: Name, cls: number, cutBelow: Name, nowMs: number): NegativeEntry | undefined {
    if (!this.nxdomainCut || this.cuts === 0) return undefined;
    for (let at = name; at !== ROOT; ) {
      at = parentName(at);
      if (at !== ROOT && !isStrictSubdomain(at, cutBelow)) return undefined;
      const key = nxdomainKey(at, cls);
      const entry = this.store.peekLive(key, nowMs);
      if (entry && isCut(0, entry.security)) return this.store.use(key, nowMs);
    }
    return undefined;
  }

  private found(entry: NegativeEntry, cut: boolean, nowMs: number): NegativeHit {
    if (nowMs < entry.expiresAtMs) {
      this.store.counters.hits++;
      return { kind: 'hit', entry, cut, ttlSec: secondsLeft(entry.expiresAtMs, nowMs, entry.lifeSec) };
    }
    this.store.counters.stale++;
    return { kind: 'stale', entry, cut, ageSec: Math.floor((nowMs - entry.expiresAtMs) / 1000) };
  }

  /**
   * Forgets denials that newly learnt data of (name, type) contradicts: NODATA of it, and NXDOMAIN of the
   * name and of its ancestors (a name that exists makes them exist, RFC 8020 2). Secure ones stay unless
   * `security` of the new data is secure.
   */
  contradict(name: Name, type: number, security: Security, cls: number = RRClass.IN): number {
    if (this.store.size === 0) return 0;
    let removed = this.drop(rrsetKey(name, type, cls), security);
    for (let at = name; ; at = parentName(at)) {
      removed += this.drop(nxdomainKey(at, cls), security);
      if (at === ROOT) return removed;
    }
  }

  private drop(key: string, security: Security): number {
    const held = this.store.heldStatus(key);
    if (held === -1 || (securityOf(held) === 'secure' && security !== 'secure')) return 0;
    return this.store.remove(key, 'flushed') ? 1 : 0;
  }

  /** The live denial that was stored of exactly this name, or this name and type; counts nothing. */
  peek(name: Name, type: number, cls: number = RRClass.IN): NegativeEntry | undefined {
    const nowMs = this.clock.wallMs();
    const nxdomain = this.store.peekLive(nxdomainKey(name, cls), nowMs);
    return nxdomain ?? this.store.peekLive(rrsetKey(name, type, cls), nowMs);
  }

  /**
   * Notes what validation found out about a live denial.
   * @param type 0 for NXDOMAIN
   * @param capTtlSec the longest it may still live
   */
  markSecurity(
    name: Name,
    type: number,
    security: Security,
    capTtlSec = Infinity,
    cls: number = RRClass.IN,
  ): void {
    const key = rrsetKey(name, type, cls);
    const nowMs = this.clock.wallMs();
    const old = this.store.peekLive(key, nowMs);
    if (old === undefined) return;
    const expiresAtMs = Math.min(old.expiresAtMs, nowMs + capTtlSec * 1000);
    if (expiresAtMs <= nowMs) this.store.remove(key, 'expired');
    else this.counted(key, security, this.store.change(old, expiresAtMs, statusOf(security, 0)));
  }

  /** Stores an entry of a snapshot; false as in ResolverCache.restore. */
  restore(saved: SavedEntry, nowMs: number): boolean {
    const name = nameOfKey(saved.key);
    if (this.rules?.forbids(name)) return false;
    const expiresAtMs = Math.min(saved.expiresAtMs, saved.storedAtMs + this.maxTtlOf(name) * 1000);
    const stored = this.store.restore({ ...saved, rank: 0, expiresAtMs }, nowMs);
    return this.counted(saved.key, saved.security, stored);
  }

  private counted(key: Octets, security: Security, stored: boolean): boolean {
    if (stored && isCut(typeOfKey(key), security)) this.cuts++;
    return stored;
  }

  /** Removes denials of a name in every class, or of a subtree; with `type` only its NODATA. Returns how many. */
  purge(name: Name, options: { subtree?: boolean; type?: number } = {}): number {
    const { subtree = false, type } = options;
    return this.store.purge(name, subtree, (held) => type === undefined || held === 0 || held === type);
  }

  clear(): void {
    this.store.clear();
  }

  sweep(maxEntries: number): number {
    return this.store.sweep(maxEntries);
  }

  /** As ResolverCache.entries. */
  entries(): IterableIterator<NegativeEntry> {
    return this.store.entries();
  }

  stats(): CacheLayerStats {
    return this.store.stats();
  }
}

/** Whether a denial with this type in its key denies what is below it. */
function isCut(type: number, security: Security): boolean {
  return type === 0 && security === 'secure';
}

function later(a: NegativeEntry | undefined, b: NegativeEntry | undefined): NegativeEntry | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.storedAtMs > a.storedAtMs ? b : a;
}

/**
 * How long a denial may be kept, in seconds: RFC 2308 5 and, for its proof, RFC 9077 3.
 * 0 without a readable SOA.
 */
export function negativeTtlSec(soa: RRset | undefined, proof: readonly RRset[], maxSec: number): number {
  const rdata = soa?.rdatas[0];
  if (soa === undefined || rdata === undefined || rdata.length < MIN_SOA_OCTETS) return 0;
  let ttlSec = Math.min(maxSec, soa.ttlSec, readUint32(rdata, rdata.length - 4));
  for (const rrset of proof) ttlSec = Math.min(ttlSec, rrset.ttlSec);
  return ttlSec;
}

function readUint32(octets: string, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) value = value * 256 + octets.charCodeAt(i);
  return value;
}
