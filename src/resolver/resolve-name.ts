/**
 * From one question to an outcome: links, strung together along aliases.
 *
 * For each name on the way: caches first, the walk as the last resort. Loops and long chains end as
 * failures with their reason (RFC 1034 3.6.2; at most 11 links).
 */

import type { CacheRule, CacheRules } from '../cache/cache-rules.js';
import { formatName, type Name } from '../dns/name.js';
import type { ExtendedError, Failure, Outcome } from '../dns/outcome.js';
import { Ede, RRType } from '../dns/registry.js';
import type { Question, RRset, Security } from '../dns/rrset.js';
import type { MissReason } from '../runtime/trace.js';
import { askedSide } from './asked-zone.js';
import type { Cached, CachedLinks } from './cached-links.js';
import type { LinkFetcher } from './fetch-links.js';
import { type Link, type LinkSource, worstSecurity } from './link.js';
import type { QueryContext } from './query-context.js';
import { applySentinel } from './sentinel.js';
import type { SharedLinks } from './shared-links.js';
import { underRule } from './under-rule.js';

export interface Resolved {
  readonly outcome: Outcome;
  /** The dearest source that was needed on the way. */
  readonly source: LinkSource;
  readonly missReason: MissReason | undefined;
  /** Wall ms; 0 when the outcome is only for this query. */
  readonly untilMs: number;
  /** Aliases on the way, those that led to a failure too. */
  readonly chain: readonly RRset[];
  /** A stale outcome that could serve in place of a failure. */
  readonly staleLink: boolean;
}

export interface NameResolverOptions {
  /** Use data whatever its validation said, or that was never judged. */
  readonly anySecurity: boolean;
  /** The client takes bogus data (CD). */
  readonly cd: boolean;
  /** Serve data past its TTL when the walk fails or takes longer than this (RFC 8767); undefined: never. */
  readonly stale: { readonly clientWaitMs: number } | undefined;
  /** Do not walk: what no cache has fails as `not-cached`. */
  readonly cacheOnly: boolean;
  readonly cutBelow: (name: Name) => Name;
  /** Key tags trusted for the root; undefined: root key sentinels are names like others. */
  readonly rootKeyTags: (() => ReadonlySet<number>) | undefined;
  /** A popular link is nearly over, at that wall time in ms. */
  readonly onRefresh: (question: Question, beforeMs: number) => void;
}

/** Dearest last. */
const sourceOrder: readonly LinkSource[] = [
  'resolver',
  'negative',
  'failure',
  'synthesised',
  'shared',
  'stale',
  'fresh',
  'walked',
];

/** Collects the links of one chain. */
class Chain {
  readonly aliases: RRset[] = [];
  readonly proof: RRset[] = [];
  readonly ede: ExtendedError[] = [];
  security: Security = 'secure';
  source: LinkSource = 'resolver';
  missReason: MissReason | undefined;
  untilMs = Number.POSITIVE_INFINITY;
  stale = false;

  add(link: Link, source: LinkSource): void {
    this.security = worstSecurity(this.security, link.security);
    for (const rrset of link.proof) if (!this.proof.includes(rrset)) this.proof.push(rrset);
    if (link.ede) this.ede.push(...link.ede);
    this.untilMs = Math.min(this.untilMs, link.untilMs);
    this.stale ||= link.stale === true;
    this.note(source);
    if (link.kind === 'alias') this.aliases.push(...link.rrsets);
  }

  note(source: LinkSource): void {
    if (sourceOrder.indexOf(source) > sourceOrder.indexOf(this.source)) this.source = source;
  }
}

export class NameResolver {
  constructor(
    private readonly links: CachedLinks,
    private readonly fetcher: LinkFetcher,
    private readonly shared: SharedLinks | undefined,
    private readonly rules: CacheRules | undefined,
  ) {}

  async resolve(question: Question, ctx: QueryContext, options: NameResolverOptions): Promise<Resolved> {
    const chain = new Chain();
    const seen: Name[] = [];
    let name = question.name;
    for (;;) {
      if (seen.includes(name))
        return this.end(chain, failure('loop', `aliases lead back to ${formatName(name)}`));
      seen.push(name);
      const asked = name === question.name ? question : { ...question, name };
      const found = this.link(asked, ctx, options, chain);
      const link = found instanceof Promise ? await found : found;
      if (link.kind === 'failure') return this.end(chain, link);
      if (link.security === 'bogus' && !options.cd && !options.anySecurity) {
        return this.end(chain, bogus(link));
      }
      if (link.kind !== 'alias') return this.end(chain, concluded(question, finish(chain, link), options));
      // Who asks for the CNAME that a DNAME makes has it; it is not followed.
      if (question.type === RRType.CNAME) return this.end(chain, synthesisedCname(chain, link));
      ctx.emit({ kind: 'alias', from: name, to: link.target, by: link.by });
      if (!ctx.budget.spend('aliases')) {
        ctx.emit({ kind: 'limit', item: 'aliases' });
        return this.end(
          chain,
          failure('alias-too-long', `more than ${ctx.budget.limits.aliases} aliases in a row`),
        );
      }
      name = link.target;
    }
  }

  /** From the caches at once, or a promise of what a walk will bring. */
  private link(
    question: Question,
    ctx: QueryContext,
    options: NameResolverOptions,
    chain: Chain,
  ): Link | Failure | Promise<Link | Failure> {
    const rule = this.ruleOf(question, ctx, options);
    const found = this.look(question, ctx, options, rule);
    if (found.kind === 'link') {
      const link = rule ? underRule(found.link, rule, ctx.clock.wallMs()) : found.link;
      chain.add(link, found.source);
      if (found.refreshBefore !== undefined) options.onRefresh(question, found.refreshBefore);
      return link;
    }
    const stale = options.stale ? found.stale : undefined;
    if (found.kind === 'failure') {
      if (options.cd && found.failure.reason === 'bogus' && !options.cacheOnly) {
        return this.walk(question, ctx, options, chain, 'bypassed', true);
      }
      if (stale) return this.useStale(stale, chain);
      chain.note('failure');
      return cachedFailure(found.failure);
    }
    if (options.cacheOnly) return notCached();
    if (!stale) return this.walk(question, ctx, options, chain, found.reason, true);
    return this.walkOrStale(stale, this.walk(question, ctx, options, chain, found.reason, false), {
      ctx,
      options,
      chain,
    });
  }

  private look(
    question: Question,
    ctx: QueryContext,
    options: NameResolverOptions,
    rule: CacheRule | undefined,
  ): Cached {
    if (ctx.bypassCache) return this.links.bypass();
    if (rule?.noCache) return this.links.findUncached(question, ctx);
    const { anySecurity, cd } = options;
    return this.links.find(question, ctx, {
      anySecurity,
      cd,
      cutBelow: options.cutBelow(askedSide(question)),
    });
  }

  /** The operator's rule for the name, unless the data is for a walk itself. */
  private ruleOf(question: Question, ctx: QueryContext, options: NameResolverOptions): CacheRule | undefined {
    if (this.rules === undefined || options.anySecurity) return undefined;
    const rule = this.rules.find(question.name);
    if (rule && ctx.traced) ctx.emit({ ...rule, kind: 'cache-rule', name: question.name, rule: rule.name });
    return rule;
  }

  private async walkOrStale(
    stale: Link,
    walking: Promise<Link | Failure>,
    { ctx, options, chain }: { ctx: QueryContext; options: NameResolverOptions; chain: Chain },
  ): Promise<Link | Failure> {
    // All links of a chain share the one wait that the client is asked for.
    const waitedMs = ctx.clock.monotonicMs() - ctx.budget.startedMs;
    const leftMs = options.stale!.clientWaitMs - waitedMs;
    const link = await (leftMs > 0 ? this.firstOf(walking, leftMs, ctx) : this.goOn(walking));
    const unusable = !link || link.kind === 'failure' || (link.security === 'bogus' && !options.cd);
    return unusable ? this.useStale(stale, chain) : this.added(link, chain, options);
  }

  private added(link: Link | Failure, chain: Chain, options: NameResolverOptions): Link | Failure {
    // Where it came from was noted before: a store that is shared, or a walk.
    if (link.kind !== 'failure' && !(link.security === 'bogus' && !options.cd)) chain.add(link, chain.source);
    return link;
  }

  private useStale(stale: Link, chain: Chain): Link {
    chain.add(stale, 'stale');
    return stale;
  }

  /** Nobody waits for the walk; what it finds is kept. A bug in it must not become an unhandled rejection. */
  private goOn(walking: Promise<unknown>): undefined {
    walking.catch(() => {});
  }

  /** The walk's result, or undefined when the client has waited long enough; the walk goes on and is kept. */
  private firstOf<T>(walking: Promise<T>, waitMs: number, ctx: QueryContext): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const cancel = ctx.clock.after(waitMs, () => resolve(undefined));
      walking.then((result) => {
        cancel();
        resolve(result);
      }, reject);
    });
  }

  private async walk(
    question: Question,
    ctx: QueryContext,
    options: NameResolverOptions,
    chain: Chain,
    reason: MissReason,
    adding: boolean,
  ): Promise<Link | Failure> {
    const judged =
      reason === 'bypassed' && !ctx.bypassCache && !options.anySecurity
        ? await this.fetcher.judgeHeld(question, ctx)
        : undefined;
    if (judged) {
      chain.note(judged.kind === 'nodata' || judged.kind === 'nxdomain' ? 'negative' : 'resolver');
      return adding ? this.added(judged, chain, options) : judged;
    }
    chain.missReason ??= reason;
    const rule = options.anySecurity ? undefined : this.rules?.find(question.name);
    const ruled = (link: Link) => (rule ? underRule(link, rule, ctx.clock.wallMs()) : link);
    const asked = rule?.noCache ? undefined : this.findShared(question, ctx, options);
    const shared = asked && (await asked);
    if (shared) {
      chain.note('shared');
      return adding ? this.added(ruled(shared), chain, options) : ruled(shared);
    }
    chain.note('walked');
    const link = await this.fetcher.fetch(question, ctx, !options.anySecurity);
    if (link.kind === 'failure') {
      // Not adding at once means that stale data serves meanwhile.
      if (lasting(link, ctx)) this.links.storeFailure(question, link, !adding);
      return link;
    }
    if (link.security === 'bogus' && !options.cd && !options.anySecurity) {
      this.links.storeFailure(question, bogus(link));
    } else {
      this.links.forgetFailure(question);
    }
    return adding ? this.added(ruled(link), chain, options) : ruled(link);
  }

  /** What other resolvers have walked. Not for data of any security: of that, only our own servers' word counts. */
  private findShared(
    question: Question,
    ctx: QueryContext,
    options: NameResolverOptions,
  ): Promise<Link | undefined> | undefined {
    if (!this.shared || ctx.bypassCache || options.anySecurity) return undefined;
    return this.shared.find(question, ctx, this.links);
  }

  private end(chain: Chain, outcome: Outcome): Resolved {
    const final = outcome.kind === 'failure' || chain.stale || chain.security === 'bogus';
    return {
      outcome,
      source: chain.stale ? 'stale' : chain.source,
      missReason: chain.missReason,
      chain: chain.aliases,
      untilMs: final ? 0 : chain.untilMs,
      staleLink: chain.stale,
    };
  }
}

/**
 * True for a failure that the next equal question would meet as well. For a sub-resolution that is only one
 * of the servers: what it lacked in budget, depth or time lies in the query above it.
 */
function lasting(failure: Failure, ctx: QueryContext): boolean {
  return ctx.purpose === 'client' || failure.reason === 'no-reachable-server';
}

/** The outcome as the client may have it: a false root key sentinel fails (RFC 8509). */
function concluded(question: Question, outcome: Outcome, { cd, rootKeyTags }: NameResolverOptions): Outcome {
  return rootKeyTags && !cd ? applySentinel(question, outcome, rootKeyTags) : outcome;
}

function finish(chain: Chain, link: Exclude<Link, { kind: 'alias' }>): Outcome {
  const { aliases, proof, security, ede, stale } = chain;
  return link.kind === 'answer'
    ? { kind: 'answer', rrsets: link.rrsets, aliases, proof, security, ede, stale }
    : { kind: link.kind, soa: link.soa, aliases, proof, security, ede, stale };
}

function synthesisedCname(chain: Chain, link: Extract<Link, { kind: 'alias' }>): Outcome {
  const cname = link.rrsets.at(-1)!;
  const aliases = chain.aliases.filter((rrset) => rrset !== cname);
  const { proof, security, ede, stale } = chain;
  return { kind: 'answer', aliases, rrsets: [cname], proof, security, ede, stale };
}

function notCached(): Failure {
  const text = 'recursion was not desired, and no cache has it';
  return { kind: 'failure', reason: 'not-cached', ede: [{ code: Ede.NOT_AUTHORITATIVE, text }] };
}

function failure(reason: Failure['reason'], text: string): Failure {
  return { kind: 'failure', reason, ede: [{ code: Ede.OTHER, text }] };
}

function bogus(link: Link): Failure {
  const ede =
    link.ede && link.ede.length > 0 ? link.ede : [{ code: Ede.DNSSEC_BOGUS, text: 'validation failed' }];
  return { kind: 'failure', reason: 'bogus', ede };
}

function cachedFailure(cached: Failure): Failure {
  const ede = [
    ...cached.ede,
    { code: Ede.CACHED_ERROR, text: 'failed a moment ago; not tried again yet' } as const,
  ];
  return { ...cached, ede };
}
