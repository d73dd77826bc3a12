/**
 * Between links and the caches: looks links up, layer after layer, and stores those that were learnt.
 *
 * Order of a lookup, nearest first: what this query has just learnt, RRset, CNAME, DNAME above, denial,
 * failure. Every probe is counted by its cache and shown in the trace.
 * RFC 2181 5.4.1 (rank), RFC 2308 (denials), RFC 6672 (DNAME), RFC 8767 (stale), RFC 9520 (failures).
 * Limitations: answers to QTYPE ANY and RRSIG are not kept, since they can be partial (RFC 8482 4.2).
 */

import type { CacheRules } from '../cache/cache-rules.js';
import type { DelegationCache } from '../cache/delegation-cache.js';
import type { FailureCache } from '../cache/failure-cache.js';
import type { NegativeCache, NegativeEntry } from '../cache/negative-cache.js';
import { negativeTtlSec } from '../cache/negative-cache.js';
import { Rank } from '../cache/rank.js';
import type { Origin, ResolverCache, RRsetEntry } from '../cache/rrset-cache.js';
import { isSubdomain, type Name, parentName, ROOT, toName } from '../dns/name.js';
import type { Failure } from '../dns/outcome.js';
import { Ede, formatType, RRClass, RRType } from '../dns/registry.js';
import { type Question, type RRset, withTtl } from '../dns/rrset.js';
import type { AggressiveDenial } from '../dnssec/aggressive.js';
import type { Clock } from '../runtime/clock.js';
import type { CacheLayer, MissReason } from '../runtime/trace.js';
import {
  type AliasLink,
  type AnswerLink,
  type DenialLink,
  type Link,
  type LinkSource,
  stubUntilMs,
} from './link.js';
import type { QueryContext } from './query-context.js';
import { dnameStep } from './scrub.js';

export interface ResolverCaches {
  readonly rrsets: ResolverCache;
  readonly negative: NegativeCache;
  readonly failures: FailureCache;
  readonly delegations: DelegationCache;
}

export type Cached =
  | {
      readonly kind: 'link';
      readonly link: Link;
      readonly source: LinkSource;
      /** Wall ms at which it ends, when it is to be renewed now. */
      readonly refreshBefore?: number;
    }
  | { readonly kind: 'failure'; readonly failure: Failure; readonly stale: Link | undefined }
  | { readonly kind: 'miss'; readonly reason: MissReason; readonly stale: Link | undefined };

const STALE_TTL_SEC = 30;
/** RFC 8767 5: failing servers are tried no more often while stale data serves. */
const STALE_RECHECK_SEC = 30;

export interface FindOptions {
  /** Also data not yet judged; for the validator's own fetches and server addresses. */
  readonly anySecurity: boolean;
  /** The client takes bogus data (CD). */
  readonly cd: boolean;
  /** NXDOMAIN of a name above this one denies nothing: the apex of a configured zone. */
  readonly cutBelow?: Name;
}

export interface CachedLinksOptions {
  /** Data that no validator has judged may answer: true only when validation is off. */
  readonly acceptUnchecked: boolean;
  readonly staleTtlSec?: number;
  readonly negativeMaxSec: number;
  readonly prefetch: boolean;
  /** How long data of some names is kept. */
  readonly rules?: CacheRules | undefined;
  /** Denials to answer from without asking; undefined: do not. */
  readonly aggressive: AggressiveDenial | undefined;
  /** True for names below a negative trust anchor. */
  readonly isDistrusted?: ((name: Name) => boolean) | undefined;
}

export class CachedLinks {
  constructor(
    readonly caches: ResolverCaches,
    private readonly clock: Clock,
    private readonly options: CachedLinksOptions,
  ) {}

  /** Looks one link up, layer after layer. */
  find(question: Question, ctx: QueryContext, options: FindOptions): Cached {
    const found = this.findAnywhere(question, ctx, options.anySecurity, options.cutBelow ?? ROOT);
    if (found.kind !== 'link' || found.link.security !== 'bogus' || options.cd || options.anySecurity)
      return found;
    // Bogus data is kept for those who ask with CD; all others get the failure, with its reason.
    const { name, type } = question;
    const failed = this.caches.failures.get(name, type);
    if (failed.kind !== 'hit') return found;
    ctx.emit({ kind: 'probe', layer: 'failure', name, type, result: 'hit', ttlSec: failed.ttlSec });
    return { kind: 'failure', failure: failed.entry.failure, stale: undefined };
  }

  private findAnywhere(question: Question, ctx: QueryContext, anySecurity: boolean, cutBelow: Name): Cached {
    const { name, type } = question;
    const fresh = ctx.fresh.get(name, type);
    // Addresses of servers and keys are fetched unjudged, and may be asked for as data by the same query.
    if (fresh && (anySecurity || this.options.acceptUnchecked || fresh.security !== 'unchecked'))
      return { kind: 'link', link: fresh, source: 'fresh' };
    if (type === RRType.ANY || type === RRType.RRSIG)
      return { kind: 'miss', reason: 'bypassed', stale: undefined };
    const direct = this.findRRset('answer', name, type, question, ctx, anySecurity);
    if (direct.kind === 'link') return direct;
    const alias = this.findAlias(name, question, ctx, anySecurity);
    if (alias?.kind === 'link') return alias;
    const denial = this.findDenial(question, ctx, anySecurity, cutBelow);
    if (denial.kind === 'link') return denial;
    const made = anySecurity ? undefined : this.synthesised(question, ctx, cutBelow);
    if (made) return { kind: 'link', link: made, source: 'synthesised' };
    const stale = direct.stale ?? alias?.stale ?? denial.stale;
    const failed = this.caches.failures.get(name, type);
    if (failed.kind === 'hit' && (!anySecurity || failed.entry.failure.reason !== 'bogus')) {
      ctx.emit({ kind: 'probe', layer: 'failure', name, type, result: 'hit', ttlSec: failed.ttlSec });
      return { kind: 'failure', failure: failed.entry.failure, stale };
    }
    const bypassed = [direct, alias, denial].some((miss) => miss?.reason === 'bypassed');
    return { kind: 'miss', reason: bypassed ? 'bypassed' : direct.reason, stale };
  }

  private findRRset(
    as: 'answer' | 'alias',
    name: Name,
    type: number,
    question: Question,
    ctx: QueryContext,
    anySecurity: boolean,
  ): Exclude<Cached, { readonly kind: 'failure' }> {
    const found = this.caches.rrsets.get(name, type, question.class);
    if (found.kind === 'miss') {
      this.probe(ctx, 'resolver', name, type, 'miss', found.reason);
      return { kind: 'miss', reason: found.reason, stale: undefined };
    }
    if (!this.usable(found.entry, anySecurity)) {
      this.probe(ctx, 'resolver', name, type, 'miss', 'bypassed');
      return { kind: 'miss', reason: 'bypassed', stale: undefined };
    }
    if (found.kind === 'stale') {
      this.probe(ctx, 'resolver', name, type, 'stale', undefined, -found.ageSec);
      return {
        kind: 'miss',
        reason: 'expired',
        stale: this.fromEntry(as, found.entry, this.staleTtlSec, true),
      };
    }
    this.probe(ctx, 'resolver', name, type, 'hit', undefined, found.ttlSec);
    const link = this.fromEntry(as, found.entry, found.ttlSec, false);
    if (!this.caches.rrsets.shouldPrefetch(found.entry)) return { kind: 'link', link, source: 'resolver' };
    return { kind: 'link', link, source: 'resolver', refreshBefore: found.entry.expiresAtMs };
  }

  private usable(entry: RRsetEntry, anySecurity: boolean): boolean {
    if (entry.rank < Rank.nonAuthoritativeAnswer) return anySecurity;
    return anySecurity || this.options.acceptUnchecked || entry.security !== 'unchecked';
  }

  private get staleTtlSec(): number {
    return this.options.staleTtlSec ?? STALE_TTL_SEC;
  }

  private findAlias(
    name: Name,
    question: Question,
    ctx: QueryContext,
    anySecurity: boolean,
  ): Exclude<Cached, { readonly kind: 'failure' }> | undefined {
    // DS may live above the zone that the CNAME is in; its servers know.
    if (question.type === RRType.DS) return undefined;
    if (question.type !== RRType.CNAME && this.caches.rrsets.holds(name, RRType.CNAME, question.class)) {
      return this.findRRset('alias', name, RRType.CNAME, question, ctx, anySecurity);
    }
    for (let owner = this.caches.rrsets.holdsDnames ? name : ROOT; owner !== ROOT; ) {
      owner = parentName(owner);
      const entry = this.caches.rrsets.peek(owner, RRType.DNAME, question.class);
      if (!entry || !this.usable(entry, anySecurity)) continue;
      const hit = this.caches.rrsets.get(owner, RRType.DNAME, question.class);
      if (hit.kind !== 'hit') return undefined;
      const step = dnameStep(withTtl(entry.rrset, hit.ttlSec), name);
      if ('tooLong' in step) return undefined;
      this.probe(ctx, 'resolver', owner, RRType.DNAME, 'hit', undefined, hit.ttlSec);
      const link: AliasLink = {
        kind: 'alias',
        rrsets: step.rrsets,
        target: step.target,
        by: 'DNAME',
        zone: entry.origin.zone,
        security: entry.security,
        proof: [],
        untilMs: entry.expiresAtMs,
      };
      return { kind: 'link', link, source: 'resolver' };
    }
    return undefined;
  }

  fromEntry(
    as: 'answer' | 'alias',
    entry: RRsetEntry,
    ttlSec: number,
    stale: boolean,
  ): AnswerLink | AliasLink {
    const rrset = withTtl(entry.rrset, ttlSec);
    const common = {
      zone: entry.origin.zone,
      security: entry.security,
      proof: entry.proof,
      untilMs: stale ? 0 : this.stubUntil(entry),
      ...(stale ? { stale, ede: [{ code: Ede.STALE_ANSWER, text: 'served past its TTL' }] } : {}),
    } as const;
    return as === 'alias'
      ? { kind: 'alias', rrsets: [rrset], target: toName(rrset.rdatas[0]!), by: 'CNAME', ...common }
      : { kind: 'answer', rrsets: [rrset], ...common };
  }

  private findDenial(
    question: Question,
    ctx: QueryContext,
    anySecurity: boolean,
    cutBelow: Name,
  ): Exclude<Cached, { readonly kind: 'failure' }> {
    const { name, type } = question;
    const found = this.caches.negative.get(name, type, question.class, cutBelow);
    if (found.kind === 'miss') {
      this.probe(ctx, 'negative', name, type, 'miss', found.reason);
      return { kind: 'miss', reason: found.reason, stale: undefined };
    }
    if (!anySecurity && !this.options.acceptUnchecked && found.entry.security === 'unchecked') {
      return { kind: 'miss', reason: 'bypassed', stale: undefined };
    }
    if (found.kind === 'stale') {
      this.probe(ctx, 'negative', name, type, 'stale', undefined, -found.ageSec);
      return { kind: 'miss', reason: 'expired', stale: this.fromDenial(found.entry, this.staleTtlSec, true) };
    }
    if (ctx.traced) {
      ctx.emit({
        kind: 'probe',
        layer: 'negative',
        name,
        type,
        result: 'hit',
        ttlSec: found.ttlSec,
        detail: `${found.entry.kind === 'nxdomain' ? 'NXDOMAIN' : `no ${formatType(type)}`}${found.cut ? ' of a name above' : ''}`,
      });
    }
    const link = this.fromDenial(found.entry, found.ttlSec, false);
    return { kind: 'link', link, source: 'negative' };
  }

  fromDenial(entry: NegativeEntry, ttlSec: number, stale: boolean): DenialLink {
    const code = entry.kind === 'nxdomain' ? Ede.STALE_NXDOMAIN : Ede.STALE_ANSWER;
    return {
      kind: entry.kind,
      soa: entry.soa && withTtl(entry.soa, ttlSec),
      zone: entry.origin.zone,
      security: entry.security,
      proof: entry.proof.map((p) => withTtl(p, Math.min(p.ttlSec, ttlSec))),
      untilMs: stale ? 0 : entry.expiresAtMs,
      ...(stale ? { stale, ede: [{ code, text: 'served past its TTL' }] } : {}),
    };
  }

  private stubUntil(entry: RRsetEntry): number {
    if (!this.options.prefetch) return entry.expiresAtMs;
    return stubUntilMs(entry.storedAtMs, entry.expiresAtMs);
  }

  /** Answers that validated NSEC records of other questions give (RFC 8198). */
  private synthesised(question: Question, ctx: QueryContext, cutBelow: Name): Link | undefined {
    const { name, type } = question;
    const { aggressive, isDistrusted } = this.options;
    const made = aggressive?.synthesise(question, ctx.budget);
    // A zone above a configured one, or above a negative trust anchor, proves nothing about names in that.
    if (!made || !isSubdomain(made.zone, cutBelow) || isDistrusted?.(name)) return undefined;
    const { ttlSec, kind: detail } = made;
    ctx.emit({ kind: 'probe', layer: 'nsec', name, type, result: 'hit', ttlSec, detail });
    const common = {
      zone: made.zone,
      security: 'secure',
      proof: made.proof.map((rrset) => withTtl(rrset, Math.min(rrset.ttlSec, made.ttlSec))),
      untilMs: this.clock.wallMs() + made.ttlSec * 1000,
    } as const;
    if (made.kind !== 'answer') return { kind: made.kind, soa: withTtl(made.soa, made.ttlSec), ...common };
    const { rrset } = made;
    return rrset.type === RRType.CNAME && type !== RRType.CNAME
      ? { kind: 'alias', rrsets: [rrset], target: toName(rrset.rdatas[0]!), by: 'CNAME', ...common }
      : { kind: 'answer', rrsets: [rrset], ...common };
  }

  private probe(
    ctx: QueryContext,
    layer: CacheLayer,
    name: Name,
    type: number,
    result: 'hit' | 'miss' | 'stale',
    reason?: MissReason,
    ttlSec?: number,
  ): void {
    if (ctx.traced) ctx.emit({ kind: 'probe', layer, name, type, result, reason, ttlSec });
  }

  /** DS of a zone, or its denial, as the referral to that zone brought it; not judged. */
  referredDs(zone: Name): Link | undefined {
    const delegation = this.caches.delegations.get(zone);
    if (!delegation || delegation.ds === 'unknown') return undefined;
    const common = {
      zone: parentName(zone),
      security: 'unchecked',
      untilMs: delegation.leaseUntilMs,
    } as const;
    return delegation.ds === 'none'
      ? { kind: 'nodata', soa: undefined, proof: delegation.dsProof, ...common }
      : { kind: 'answer', rrsets: [delegation.ds], proof: [], ...common };
  }

  // --- store ---------------------------------------------------------------------------------------------

  /** Keeps a link that was just learnt and judged. `capTtlSec` bounds it by its signatures. */
  store(owner: Name, type: number, link: Link, origin: Origin, aa: boolean, leaseUntilMs: number): void {
    switch (link.kind) {
      case 'answer':
        if (type === RRType.ANY || type === RRType.RRSIG) return;
        for (const rrset of link.rrsets) this.storeRRset(rrset, link, origin, aa, leaseUntilMs);
        return;
      case 'alias':
        // Of a DNAME only itself is kept; the CNAME is made anew for each name below it.
        this.storeRRset(link.rrsets[0]!, link, origin, aa, leaseUntilMs);
        return;
      case 'nodata':
      case 'nxdomain':
        this.storeDenial(owner, type, link, origin, leaseUntilMs);
    }
  }

  private storeRRset(rrset: RRset, link: Link, origin: Origin, aa: boolean, leaseUntilMs: number): void {
    const { security, proof } = link;
    const rank = aa ? Rank.answer : Rank.nonAuthoritativeAnswer;
    this.caches.rrsets.put(rrset, { rank, security, origin, leaseUntilMs, proof });
    this.caches.negative.contradict(rrset.name, rrset.type, security, rrset.class);
  }

  private storeDenial(
    owner: Name,
    type: number,
    link: DenialLink,
    origin: Origin,
    leaseUntilMs: number,
  ): void {
    const { soa, proof, security } = link;
    const meta = { soa, proof, security, origin, leaseUntilMs, class: RRClass.IN };
    if (link.kind === 'nxdomain') this.caches.negative.putNxdomain(owner, meta);
    else this.caches.negative.putNodata(owner, type, meta);
  }

  /** The TTL of a denial as a client may be told it (RFC 2308 5). */
  denialTtlSec(name: Name, soa: RRset | undefined, proof: readonly RRset[]): number {
    const { negativeMaxSec, rules } = this.options;
    const maxSec = rules === undefined ? negativeMaxSec : rules.negativeMaxSec(name, negativeMaxSec);
    return negativeTtlSec(soa, proof, maxSec);
  }

  /**
   * Keeps a failure, so that the next equal question does not repeat the work (RFC 9520).
   * @param hasStale stale data serves meanwhile: servers get a longer rest (RFC 8767 5)
   */
  storeFailure(question: Question, failure: Failure, hasStale = false): void {
    if (failure.reason === 'internal' || failure.reason === 'policy') return;
    const minTtlSec = hasStale ? STALE_RECHECK_SEC : 0;
    this.caches.failures.put(question.name, question.type, failure, { minTtlSec });
  }

  /** It was resolved: the next failure starts with a short wait again. */
  forgetFailure(question: Question): void {
    this.caches.failures.succeeded(question.name, question.type);
  }

  /** A lookup of a name of which nothing is kept: what this query has learnt itself, or a failure a moment ago. */
  findUncached(question: Question, ctx: QueryContext): Cached {
    const { name, type } = question;
    const fresh = ctx.fresh.get(name, type);
    const known = fresh && (this.options.acceptUnchecked || fresh.security !== 'unchecked');
    if (known) return { kind: 'link', link: fresh, source: 'fresh' };
    const failed = this.caches.failures.get(name, type);
    return failed.kind === 'hit'
      ? { kind: 'failure', failure: failed.entry.failure, stale: undefined }
      : this.bypass();
  }

  /** The walk was wanted though caches might have answered; counted as the miss that it is. */
  bypass(): Extract<Cached, { readonly kind: 'miss' }> {
    this.caches.rrsets.countBypass();
    return { kind: 'miss', reason: 'bypassed', stale: undefined };
  }
}
