/**
 * The resolver: one question in, one resolution out.
 *
 * Joins equal questions in flight, resolves through caches and walks, keeps popular answers fresh, and says
 * from which layer each answer came. Everything it needs is an argument, so scenarios run it in virtual
 * time without sockets.
 */
import type { InfraCache } from '../cache/infra-cache.js';
import { answerKey } from '../cache/key.js';
import { isStrictSubdomain, type Name, ROOT } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Question } from '../dns/rrset.js';
import type { AggressiveDenial } from '../dnssec/aggressive.js';
import type { Validator } from '../dnssec/validator.js';
import { Budget, type BudgetLimits, defaultBudgetLimits } from '../runtime/budget.js';
import { ChurningMap } from '../runtime/churning-map.js';
import type { Clock } from '../runtime/clock.js';
import type { Upstream } from '../transport/upstream.js';
import { CachingAddressBook } from './address-book.js';
import { type ConfiguredZone, type RootHint, ZoneFinder } from './asked-zone.js';
import { CachedLinks, type ResolverCaches } from './cached-links.js';
import type { LookupClass, RecursiveResolver, Resolution, ResolveOptions } from './contract.js';
import { LinkFetcher } from './fetch-links.js';
import type { LinkSource } from './link.js';
import { NetworkHealth } from './network-health.js';
import type { Draws } from './preference.js';
import { Priming } from './priming.js';
import { QueryContext } from './query-context.js';
import { NameResolver, type NameResolverOptions, type Resolved } from './resolve-name.js';
import { type CoreOptions, ResolverCore } from './resolver-core.js';
import { ServerSelector } from './select-server.js';
import { type KnownServers, knownServers } from './server-facts.js';
import type { SharedLinks } from './shared-links.js';
import { ValidatingJudge } from './validation.js';

export interface ResolverOptions extends CoreOptions {
  readonly negativeMaxSec: number;
  /** Undefined: never serve data past its TTL. */
  readonly serveStale: { readonly clientWaitMs: number; readonly replyTtlSec: number } | undefined;
  readonly budget?: BudgetLimits;
}

export interface ResolverParts extends Draws {
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly caches: ResolverCaches & { readonly infra: InfraCache };
  readonly rootHints: readonly RootHint[];
  readonly configuredZones: readonly ConfiguredZone[];
  readonly options: ResolverOptions;
  /** Judges what is fetched; undefined: no validation. */
  readonly validator?: Validator;
  /** Denials to answer from (RFC 8198); undefined: every name is asked for. */
  readonly aggressive?: AggressiveDenial;
  /** Key tags trusted for the root, for RFC 8509; undefined: such names are like others. */
  readonly rootKeyTags?: () => ReadonlySet<number>;
  /** What other resolvers have walked; undefined: each walks for itself. */
  readonly shared?: SharedLinks | undefined;
}

interface Pending {
  /** Undefined once it is over; see docs/decisions/005-miss-path.md. */
  resolved: Promise<Resolved> | undefined;
}

/** Refreshes of popular answers under way at once; more are left to expire. */
const MAX_PREFETCHES = 100;

export class Resolver implements RecursiveResolver {
  readonly core: ResolverCore;
  private readonly names: NameResolver;
  private readonly fetcher: LinkFetcher;
  private readonly priming: Priming;
  private readonly inFlight = new ChurningMap<Pending>();
  private readonly prefetching = new Set<string>();
  private readonly prefetchCounts = { started: 0, refreshed: 0, failed: 0 };
  private readonly clock: Clock;
  private readonly options: ResolverOptions;
  private readonly clientOptions: NameResolverOptions;
  private readonly internalOptions: NameResolverOptions;

  constructor(parts: ResolverParts) {
    this.clock = parts.clock;
    this.options = parts.options;
    const { clock, random, preference, caches, options } = parts;
    const health = new NetworkHealth();
    const links = new CachedLinks(caches, clock, {
      acceptUnchecked: !options.validating,
      staleTtlSec: options.serveStale?.replyTtlSec,
      negativeMaxSec: options.negativeMaxSec,
      rules: options.cacheRules,
      prefetch: options.prefetch,
      aggressive: parts.aggressive,
      isDistrusted: parts.validator && ((name) => parts.validator!.isDistrusted(name)),
    });
    const zones = new ZoneFinder(
      caches.delegations,
      parts.rootHints,
      parts.configuredZones,
      options.upstreamPort,
    );
    const selector = new ServerSelector(caches.infra, clock, random, health, preference);
    this.core = new ResolverCore({
      upstream: parts.upstream,
      clock,
      random,
      preference,
      zones,
      links,
      selector,
      health,
      options,
      shared: parts.shared,
    });
    const judge =
      parts.validator && new ValidatingJudge(parts.validator, links, () => this.fetcher, parts.aggressive);
    this.fetcher = new LinkFetcher(this.core, judge);
    this.names = new NameResolver(links, this.fetcher, parts.shared, options.cacheRules);
    this.priming = new Priming(this.core, caches.delegations);
    const cutBelow = (name: Name) => zones.configuredFor(name)?.zone ?? ROOT;
    const base = { cutBelow, cacheOnly: false, rootKeyTags: undefined, onRefresh: () => {} };
    this.internalOptions = { ...base, anySecurity: true, cd: true, stale: undefined };
    const client = {
      ...base,
      anySecurity: false,
      stale: options.serveStale,
      onRefresh: this.refresh,
      rootKeyTags: parts.rootKeyTags,
    };
    this.clientOptions = { ...client, cd: false };
    this.core.addressBook = new CachingAddressBook(
      caches.rrsets,
      zones,
      this.names,
      this.internalOptions,
      options,
    );
  }

  async resolve(question: Question, options: ResolveOptions = {}): Promise<Resolution> {
    this.priming.ensure();
    this.core.links.caches.failures.freeze(this.core.health.offline);
    if (options.trace || options.bypassCache || options.cacheOnly) {
      const { resolved, budget } = await this.start(question, options);
      return resolution(resolved, undefined, budget, this.keepUntil(question, resolved));
    }
    const key = answerKey(question.name, question.type, question.class, false, options.cd ?? false);
    const running = this.inFlight.get(key)?.resolved;
    if (running) return resolution(await running, 'joined', undefined, undefined);
    const { resolved, budget } = this.launch(question, options);
    const pending: Pending = { resolved };
    this.inFlight.set(key, pending);
    try {
      const result = await resolved;
      return resolution(result, undefined, budget, this.keepUntil(question, result));
    } finally {
      this.inFlight.delete(key);
      pending.resolved = undefined;
    }
  }

  serversOf(name: Name): KnownServers {
    return knownServers(name, this.core.links.caches);
  }

  private keepUntil({ type }: Question, resolved: Resolved): number | undefined {
    // Not every client may have an answer to ANY.
    if (type === RRType.ANY) return undefined;
    const nowMs = this.clock.wallMs();
    const { untilMs } = resolved;
    if (untilMs <= nowMs || !Number.isFinite(untilMs)) return undefined;
    return untilMs;
  }

  private async start(
    question: Question,
    options: ResolveOptions,
  ): Promise<{ resolved: Resolved; budget: Budget }> {
    const { resolved, budget, ctx } = this.launch(question, options);
    const result = await resolved;
    const { outcome } = result;
    const reason = outcome.kind === 'failure' ? outcome.reason : undefined;
    const now = this.clock.monotonicMs();
    ctx.emit({ kind: 'done', outcome: outcome.kind, reason, tookMs: now - budget.startedMs });
    ctx.emit({ kind: 'budget', used: budget.snapshot(now) });
    return { resolved: result, budget };
  }

  private launch(
    question: Question,
    options: ResolveOptions,
  ): { resolved: Promise<Resolved>; budget: Budget; ctx: QueryContext } {
    const budget = new Budget(this.clock.monotonicMs(), this.options.budget ?? defaultBudgetLimits);
    const ctx = QueryContext.root(question, budget, this.clock, options);
    const { cd = false, cacheOnly = false } = options;
    const how = cd || cacheOnly ? { ...this.clientOptions, cd, cacheOnly } : this.clientOptions;
    const resolved = this.names.resolve(question, ctx, how);
    return { resolved, budget, ctx };
  }

  /**
   * Walks again for one popular link before it ends; clients go on being served from cache meanwhile. What a
   * lease ends is renewed with its lease: the walk begins above the delegations that end no later.
   */
  private readonly refresh = (question: Question, beforeMs: number): void => {
    const key = `${question.type} ${question.name}`;
    if (!this.options.prefetch || this.prefetching.size >= MAX_PREFETCHES || this.prefetching.has(key))
      return;
    this.prefetching.add(key);
    const budget = new Budget(this.clock.monotonicMs(), this.options.budget ?? defaultBudgetLimits);
    const ctx = QueryContext.root(question, budget, this.clock, {
      purpose: 'prefetch',
      bypassCache: true,
      outlivingMs: beforeMs,
    });
    this.prefetchCounts.started++;
    const done = (as: 'failed' | 'refreshed') => {
      this.prefetchCounts[as]++;
      this.prefetching.delete(key);
    };
    // Nobody waits for it: a bug on the way must not become an unhandled rejection.
    this.fetcher.fetch(question, ctx, true).then(
      ({ kind }) => done(kind === 'failure' ? 'failed' : 'refreshed'),
      () => done('failed'),
    );
  };

  /** Refreshes so far; `started` counts those under way too. */
  get prefetches(): { readonly started: number; readonly refreshed: number; readonly failed: number } {
    return { ...this.prefetchCounts };
  }

  /** Questions being resolved right now. */
  get pending(): number {
    return this.inFlight.size;
  }

  /** True when `name` lies in a zone that the configuration ties to servers. */
  isConfigured(name: Name): boolean {
    const zone = this.core.zones.configuredFor(name)?.zone;
    return zone !== undefined && (zone === name || isStrictSubdomain(name, zone));
  }
}

function resolution(
  resolved: Resolved,
  joined: 'joined' | undefined,
  budget: Budget | undefined,
  keepUntilMs: number | undefined,
): Resolution {
  const lookupClass = joined && resolved.source === 'walked' ? joined : classOf(resolved.source);
  const waited = lookupClass === 'walked' || lookupClass === 'joined';
  return {
    outcome: resolved.outcome,
    lookupClass,
    missReason: waited ? resolved.missReason : undefined,
    budget,
    keepUntilMs,
    ...(resolved.outcome.kind === 'failure' ? { failedAliases: resolved.chain } : {}),
  };
}

function classOf(source: LinkSource): LookupClass {
  switch (source) {
    case 'fresh':
    case 'walked':
      return 'walked';
    case 'resolver':
    case 'negative':
    case 'synthesised':
    case 'failure':
    case 'stale':
    case 'shared':
      return source;
  }
}
