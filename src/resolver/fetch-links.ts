/**
 * Fetches a link that no cache has: walk, cut into links, judge, keep.
 *
 * A response may hold several links of an alias chain. Each is judged by itself; all go into the context's
 * fresh data, so that the chain goes on without asking again, and into the caches.
 * When validation fails, other servers are asked before the data is called bogus (RFC 4035 5.5 hints at it;
 * one poisoned or broken secondary must not take a zone down), within the same budget.
 */
import { BOGUS_SEC } from '../cache/failure-cache.js';
import type { Origin } from '../cache/rrset-cache.js';
import type { Name } from '../dns/name.js';
import type { Failure } from '../dns/outcome.js';
import { Ede } from '../dns/registry.js';
import { type Question, type RRset, withTtl } from '../dns/rrset.js';
import type { LinkJudge } from './judge.js';
import { type Link, type LinkResult, stubUntilMs } from './link.js';
import type { QueryContext } from './query-context.js';
import type { ResolverCore } from './resolver-core.js';
import { noteJudged, unjudgedLink } from './unjudged.js';
import { Walk } from './walk.js';
import type { Walked } from './walked.js';

/** Walks for one link while answers fail validation. */
const BOGUS_RETRIES = 3;
/** A denial without SOA has no TTL (RFC 2308 5); it holds for the query under way. */
const NO_SOA_TTL_SEC = 0;

interface OwnedLink {
  readonly owner: Name;
  readonly link: Link;
}

export class LinkFetcher {
  constructor(
    private readonly core: ResolverCore,
    private readonly judge: LinkJudge | undefined,
  ) {}

  /**
   * @param judged false for the validator's own fetches and for addresses of servers
   * @param avoid  servers not to be asked; those that answered are added
   */
  async fetch(
    question: Question,
    ctx: QueryContext,
    judged: boolean,
    avoid?: Set<string>,
  ): Promise<LinkResult> {
    const failed = avoid ?? (judged && this.judge ? new Set<string>() : undefined);
    let bogus: { links: OwnedLink[]; walked: Walked } | undefined;
    for (let round = 0; round < BOGUS_RETRIES; round++) {
      const walked = await this.walk(question, ctx, failed);
      // With other servers silent the verdict on what did come stands.
      if (walked.kind === 'failure')
        return bogus ? this.keep(bogus.links, question, bogus.walked, ctx, judged) : walked;
      failed?.add(walked.server.address);
      const raw = this.believed(this.cut(walked), question, walked);
      if (!judged || !this.judge) return this.keep(raw, question, walked, ctx, judged);
      const verdict = await this.judgeAll(raw, question, ctx);
      if (verdict.transient) return verdict.transient;
      if (!verdict.retry) return this.keep(verdict.links, question, walked, ctx, judged);
      bogus ??= { links: verdict.links, walked };
    }
    return this.keep(bogus!.links, question, bogus!.walked, ctx, judged);
  }

  /**
   * Judges what the caches hold of a question though nobody has judged it, as after a load.
   * @returns the link as it may be used; undefined: walk
   */
  async judgeHeld(question: Question, ctx: QueryContext): Promise<Link | undefined> {
    const { links, clock } = this.core;
    const held = this.judge && unjudgedLink(links, question, clock.wallMs());
    if (!held) return undefined;
    const verdict = await this.judge!.judge(question, held, ctx);
    const other = verdict.denies !== undefined && verdict.denies !== held.kind;
    if (verdict.transient || other || verdict.security === 'unchecked') return undefined;
    noteJudged(links, question, held, verdict.security, verdict.capTtlSec);
    if (verdict.security === 'bogus') return undefined;
    return this.capped({ ...held, security: verdict.security, ede: verdict.ede }, verdict.capTtlSec);
  }

  /** By the servers of the configuration first; where a forward zone lets it, past them when none of them is usable. */
  private walk(
    question: Question,
    ctx: QueryContext,
    failed: Set<string> | undefined,
  ): Promise<Walked | Failure> {
    const walking = new Walk(this.core, question, ctx, failed).run();
    const around = this.core.around(question.name);
    if (around === undefined) return walking;
    return walking.then((walked) =>
      walked.kind !== 'failure' || ctx.budget.exceeded
        ? walked
        : new Walk(around, question, ctx, failed).run(),
    );
  }

  private async judgeAll(
    raw: readonly OwnedLink[],
    question: Question,
    ctx: QueryContext,
  ): Promise<{ links: OwnedLink[]; retry: boolean; transient: Failure | undefined }> {
    const links: OwnedLink[] = [];
    let retry = false;
    let transient: Failure | undefined;
    for (const { owner, link } of raw) {
      const verdict = await this.judge!.judge({ ...question, name: owner }, link, ctx);
      // A denial behind an alias may be a guess of the server's: what cannot be proven is asked for by itself.
      const denial = link.kind === 'nodata' || link.kind === 'nxdomain';
      if (verdict.security === 'bogus' && denial && links.length > 0) break;
      retry ||= verdict.security === 'bogus' && verdict.retry;
      if (verdict.transient) {
        const ede = [...verdict.ede, { code: Ede.DNSSEC_INDETERMINATE, text: verdict.reason }];
        transient ??= { kind: 'failure', reason: 'budget', ede };
      }
      const capTtlSec = verdict.security === 'bogus' ? BOGUS_SEC : verdict.capTtlSec;
      const judged = { ...renamed(link, verdict.denies), security: verdict.security, ede: verdict.ede };
      links.push({ owner, link: this.capped(judged, capTtlSec) });
    }
    return { links, retry, transient };
  }

  /** Up to where the chain leads into a zone of the configuration, or out of one: there, others have the word (MaginotDNS). */
  private believed(links: readonly OwnedLink[], question: Question, walked: Walked): readonly OwnedLink[] {
    const { zones } = this.core;
    const end = links.findIndex(
      ({ owner }) => owner !== question.name && !zones.inOnePart(walked.zone.zone, owner),
    );
    return end < 0 ? links : links.slice(0, end);
  }

  /** One link per owner name out of the chain that the response holds. */
  private cut(walked: Walked): OwnedLink[] {
    const zone = walked.zone.zone;
    const lease = walked.zone.leaseUntilMs;
    const { denial: proof } = walked;
    const security = 'unchecked';
    const links: OwnedLink[] = walked.steps.map((step) => {
      const rrsets = step.rrsets.map((r) => this.live(r));
      return {
        owner: step.owner,
        link: {
          kind: 'alias',
          rrsets,
          target: step.target,
          by: step.by,
          zone,
          security,
          proof,
          untilMs: this.untilMs(shortestTtl(rrsets), lease),
        },
      };
    });
    const { end, last: owner } = walked;
    if (end.kind === 'answer') {
      const rrsets = end.rrsets.map((r) => this.live(r));
      const untilMs = this.untilMs(shortestTtl(rrsets), lease);
      links.push({ owner, link: { kind: 'answer', rrsets, zone, security, proof, untilMs } });
    } else if (end.kind !== 'open') {
      const soa = end.soa && this.denialSoa(owner, end.soa, walked);
      const untilMs = this.untilMs(soa?.ttlSec ?? NO_SOA_TTL_SEC, lease);
      links.push({ owner, link: { kind: end.kind, soa, zone, security, proof, untilMs } });
    }
    return links;
  }

  /** The RRset with the TTL that a client may be told. The lease bounds how long we keep it, not this. */
  private live(rrset: RRset): RRset {
    const { ttlMinSec: minSec, ttlMaxSec: maxSec, cacheRules } = this.core.options;
    const common = { minSec, maxSec };
    const limits = cacheRules === undefined ? common : cacheRules.limits(rrset.name, common);
    return withTtl(rrset, Math.min(limits.maxSec, Math.max(limits.minSec, rrset.ttlSec)));
  }

  private denialSoa(owner: Name, soa: RRset, walked: Walked): RRset {
    return withTtl(soa, this.core.links.denialTtlSec(owner, soa, walked.denial));
  }

  private untilMs(ttlSec: number, leaseUntilMs: number): number {
    const nowMs = this.core.clock.wallMs();
    const endMs = Math.min(nowMs + ttlSec * 1000, leaseUntilMs);
    return this.core.options.prefetch ? stubUntilMs(nowMs, endMs) : endMs;
  }

  private timed<T extends Link>(link: T, leaseUntilMs: number): T {
    return { ...link, untilMs: this.untilMs(ttlOf(link), leaseUntilMs) };
  }

  private capped(link: Link, capTtlSec: number | undefined): Link {
    if (capTtlSec === undefined) return link;
    const cap = (rrset: RRset) => withTtl(rrset, Math.min(rrset.ttlSec, capTtlSec));
    switch (link.kind) {
      case 'answer':
      case 'alias':
        return this.timed({ ...link, rrsets: link.rrsets.map(cap) }, link.untilMs);
      case 'nodata':
      case 'nxdomain':
        return this.timed({ ...link, soa: link.soa && cap(link.soa) }, link.untilMs);
    }
  }

  /** Stores the links and returns the one that was asked for. What the walk itself needs is kept whatever rules say. */
  private keep(
    links: readonly OwnedLink[],
    question: Question,
    walked: Walked,
    ctx: QueryContext,
    judged: boolean,
  ): LinkResult {
    const rules = judged ? this.core.options.cacheRules : undefined;
    const isPlain =
      links.length === 1 && links[0]!.link.kind === 'answer' && links[0]!.owner === question.name;
    const origin = originOf(walked, isPlain ? undefined : question);
    this.core.unreachable.reached(walked.zone.zone);
    for (const { owner, link } of links) {
      ctx.fresh.put(owner, question.type, link);
      if (rules?.forbids(owner)) continue;
      this.core.links.store(owner, question.type, link, origin, walked.aa, walked.zone.leaseUntilMs);
      const { aa, zone } = walked;
      this.core.shared?.store({ ...question, name: owner }, link, aa, ttlOf(link), zone.leaseUntilMs);
    }
    const first = links.find((l) => l.owner === question.name)?.link;
    if (first) return first;
    return {
      kind: 'failure',
      reason: 'bad-response',
      ede: [{ code: Ede.INVALID_DATA, text: 'nothing usable' }],
    };
  }
}

/** @param question left out when the data is exactly what was asked for */
function originOf({ server, transport, zone }: Walked, question: Question | undefined): Origin {
  return { server: server.address, serverName: server.name, transport, zone: zone.zone, question };
}

/** A denial as its records prove it: NXDOMAIN of an empty non-terminal is NODATA to whoever checks. */
function renamed(link: Link, denies: 'nodata' | 'nxdomain' | undefined): Link {
  if (denies === undefined || link.kind === 'answer' || link.kind === 'alias') return link;
  return { ...link, kind: denies };
}

function shortestTtl(rrsets: readonly RRset[]): number {
  let low = Number.MAX_SAFE_INTEGER;
  for (const { ttlSec } of rrsets) if (ttlSec < low) low = ttlSec;
  return low;
}

/** The shortest TTL of what a link would put into an answer, in seconds. */
function ttlOf(link: Link): number {
  switch (link.kind) {
    case 'answer':
    case 'alias':
      return shortestTtl(link.rrsets);
    case 'nodata':
    case 'nxdomain':
      return link.soa?.ttlSec ?? NO_SOA_TTL_SEC;
  }
}
