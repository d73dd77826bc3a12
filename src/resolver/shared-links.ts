/**
 * Between links and a store that several resolvers share.
 *
 * The last look before a walk for what a client asked. What is found goes into this process's own caches like something
 * walked, with the TTL it has left and under the lease it was learnt with; what is walked and judged is written through,
 * and expires in the store when its TTL or its lease does, whichever is first.
 * Limitations: only what clients ask is shared, not addresses of servers, delegations or keys; a flush holds for this
 * resolver, others keep what they have.
 */
import type { GuardedStore, SharedStoreStats } from '../cache/shared-cache.js';
import { formatName, isSubdomain, type Name } from '../dns/name.js';
import { formatType, RRClass, RRType } from '../dns/registry.js';
import type { Question, Security } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { CachedLinks } from './cached-links.js';
import type { Link } from './link.js';
import type { QueryContext } from './query-context.js';
import type { SharedLink, SharedLinkCodec } from './shared-link-codec.js';

export interface SharedLinksParts {
  readonly store: GuardedStore;
  readonly codec: SharedLinkCodec;
  readonly clock: Clock;
  /** Begins every key: resolvers with other settings must not meet in one. */
  readonly keyPrefix: string;
  /** What was never validated may be shared: validation is off. */
  readonly acceptUnchecked: boolean;
}

export interface SharedLinksStats extends SharedStoreStats {
  /** Values that were not taken: forged or of another secret, broken, over, or older than a flush. */
  readonly refused: {
    readonly mac: number;
    readonly unsound: number;
    readonly old: number;
    readonly flushed: number;
  };
}

interface Flush {
  readonly name: Name;
  readonly subtree: boolean;
  readonly atMs: number;
}

/** Flushes remembered one by one; with more, everything before the last one is refused. */
const MAX_FLUSHES = 256;
/** What ends sooner is not worth the way. */
const MIN_LIFE_MS = 2000;

export class SharedLinks {
  private readonly refused = { mac: 0, unsound: 0, old: 0, flushed: 0 };
  private flushes: Flush[] = [];
  private flushedAllAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: SharedLinksParts) {}

  private keyOf({ name, type }: Question): string {
    return `${this.parts.keyPrefix}:${formatType(type)}:${formatName(name)}`;
  }

  /** What another resolver walked, put into our own caches. Waits at most the store's timeout; never rejects. */
  async find(question: Question, ctx: QueryContext, links: CachedLinks): Promise<Link | undefined> {
    if (!isShareable(question)) return undefined;
    const key = this.keyOf(question);
    const asked = this.parts.store.lookUp(key);
    if (asked === undefined) return undefined;
    const found = await asked;
    if (found.kind !== 'hit') {
      this.trace(ctx, question, undefined, found.kind === 'miss' ? undefined : found.kind);
      return undefined;
    }
    const nowMs = this.parts.clock.wallMs();
    const shared = this.parts.codec.decode(key, question, found.value, nowMs);
    const refusal = typeof shared === 'string' ? shared : this.refusalOf(shared, question);
    if (typeof shared === 'string' || refusal !== undefined) {
      this.refused[refusal!]++;
      this.trace(ctx, question, undefined, `refused: ${refusal}`);
      return undefined;
    }
    this.trace(ctx, question, Math.ceil((shared.expiresAtMs - nowMs) / 1000), shared.link.kind);
    this.keep(question, shared, ctx, links);
    return shared.link;
  }

  private refusalOf({ link, storedAtMs }: SharedLink, { name }: Question): 'unsound' | 'flushed' | undefined {
    if (!this.isGood(link.security)) return 'unsound';
    const flushed =
      storedAtMs <= this.flushedAllAtMs ||
      this.flushes.some(
        (f) => storedAtMs <= f.atMs && (f.subtree ? isSubdomain(name, f.name) : name === f.name),
      );
    return flushed ? 'flushed' : undefined;
  }

  private isGood(security: Security): boolean {
    return (
      security === 'secure' ||
      security === 'insecure' ||
      (security === 'unchecked' && this.parts.acceptUnchecked)
    );
  }

  private keep(question: Question, shared: SharedLink, ctx: QueryContext, links: CachedLinks): void {
    const { link, aa, leaseUntilMs } = shared;
    const origin = { server: 'shared', transport: 'none', zone: link.zone, question } as const;
    ctx.fresh.put(question.name, question.type, link);
    links.store(question.name, question.type, link, origin, aa, leaseUntilMs);
  }

  private trace(
    ctx: QueryContext,
    { name, type }: Question,
    ttlSec: number | undefined,
    detail?: string,
  ): void {
    if (!ctx.traced) return;
    const result = ttlSec === undefined ? 'miss' : 'hit';
    ctx.emit({ kind: 'probe', layer: 'shared', name, type, result, ttlSec, detail });
  }

  /** Writes through what was walked and judged. `lifeSec` is its shortest TTL. */
  store(question: Question, link: Link, aa: boolean, lifeSec: number, leaseUntilMs: number): void {
    if (!isShareable(question) || !this.isGood(link.security) || link.stale) return;
    const storedAtMs = this.parts.clock.wallMs();
    const expiresAtMs = Math.min(storedAtMs + lifeSec * 1000, leaseUntilMs);
    const lifeMs = expiresAtMs - storedAtMs;
    if (!(lifeMs >= MIN_LIFE_MS)) return;
    const key = this.keyOf(question);
    const value = this.parts.codec.encode(key, { link, aa, storedAtMs, expiresAtMs, leaseUntilMs });
    if (value) this.parts.store.put(key, value, Math.floor(lifeMs / 1000));
  }

  /** Takes nothing of a name any more that was stored up to now. */
  forget(name: Name, { subtree }: { readonly subtree: boolean }): void {
    const atMs = this.parts.clock.wallMs();
    if (this.flushes.length >= MAX_FLUSHES) {
      this.flushes = [];
      this.flushedAllAtMs = atMs;
      return;
    }
    this.flushes.push({ name, subtree, atMs });
  }

  stats(): SharedLinksStats {
    return { ...this.parts.store.stats(), refused: { ...this.refused } };
  }

  close(): Promise<void> {
    return this.parts.store.close();
  }
}

/** Answers to ANY and RRSIG can be partial (RFC 8482 4.2). */
function isShareable({ type, class: cls }: Question): boolean {
  return cls === RRClass.IN && type !== RRType.ANY && type !== RRType.RRSIG;
}
