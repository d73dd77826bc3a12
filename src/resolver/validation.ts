/**
 * Ties the validator to the walk: judges links, and fetches DS and DNSKEY for it.
 *
 * The validator's own fetches are sub-resolutions of the query that needs them: same budget, not judged
 * themselves, and never joined to anything that waits for a validation, so that nothing can wait in a ring.
 * RFC 4035 5; "another server before bogus" happens here for keys, in fetch-links.ts for the data itself.
 */
import { isStrictSubdomain, type Name } from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { AggressiveDenial } from '../dnssec/aggressive.js';
import { isDenialType } from '../dnssec/denial.js';
import { parseRrsig } from '../dnssec/records.js';
import type { Validator } from '../dnssec/validator.js';
import type { Verdict } from '../dnssec/verdict.js';
import type { FetchResult, ValidationContext } from '../dnssec/zone-state.js';
import type { CachedLinks } from './cached-links.js';
import type { LinkFetcher } from './fetch-links.js';
import type { Judgement, LinkJudge } from './judge.js';
import type { Link, LinkResult } from './link.js';
import type { QueryContext } from './query-context.js';

export class ValidatingJudge implements LinkJudge {
  constructor(
    private readonly validator: Validator,
    private readonly links: CachedLinks,
    private readonly fetcher: () => LinkFetcher,
    private readonly aggressive: AggressiveDenial | undefined,
  ) {}

  /** A denial of DS that a chain of trust met answers a client's DS question too. */
  private readonly proven = (zone: Name, denial: readonly RRset[], ttlSec: number): void => {
    for (const rrset of denial) {
      this.aggressive?.addDenial(zone, rrset, Math.min(rrset.ttlSec, ttlSec));
    }
  };

  /** Secure denial records and wildcards, for answers that nobody needs to be asked for. */
  private remember(verdict: Verdict): void {
    if (!this.aggressive) return;
    for (const { rrset, security, closestEncloser } of verdict.rrsets) {
      const zone = security === 'secure' ? signerOf(rrset) : undefined;
      if (zone === undefined) continue;
      const ttlSec = Math.min(rrset.ttlSec, verdict.ttlCapSec ?? rrset.ttlSec);
      if (isDenialType(rrset.type)) this.aggressive.addDenial(zone, rrset, ttlSec);
      else if (rrset.type === RRType.SOA)
        this.aggressive.addSoa(zone, rrset, this.links.denialTtlSec(rrset.name, rrset, []));
      else if (closestEncloser) this.aggressive.addWildcard(zone, closestEncloser, rrset, ttlSec);
    }
  }

  async judge(question: Question, link: Link, ctx: QueryContext): Promise<Judgement> {
    const fetches = new Fetches(this.links, this.fetcher(), ctx, question, link, this.proven);
    const verdict = await this.validator.validate(
      {
        question,
        kind: link.kind === 'alias' ? 'answer' : link.kind,
        answer: link.kind === 'answer' || link.kind === 'alias' ? link.rrsets : [],
        authority: link.kind === 'nodata' || link.kind === 'nxdomain' ? denialSection(link) : link.proof,
        zone: link.zone,
      },
      fetches,
    );
    if (verdict.security === 'secure') this.remember(verdict);
    return {
      security: verdict.security,
      ede: verdict.ede.map((e) => (e.text === '' ? { ...e, text: verdict.reason } : e)),
      reason: verdict.reason,
      capTtlSec: verdict.ttlCapSec,
      retry: verdict.security === 'bogus' && !verdict.transient && !blamesKeys(verdict, question, link.zone),
      transient: verdict.transient === true,
      denies: verdict.denies,
    };
  }
}

/**
 * The chain of trust is at fault, for which the validator has asked other servers already. Not so a DS that
 * was looked for below the zone: there the data came without signatures, and another server may have them.
 */
function blamesKeys({ blame }: Verdict, question: Question, zone: Name): boolean {
  if (blame?.type !== RRType.DS && blame?.type !== RRType.DNSKEY) return false;
  if (blame.type === RRType.DS && isStrictSubdomain(blame.name, zone)) return false;
  return blame.name !== question.name || blame.type !== question.type;
}

/** The zone that signed an RRset, as its first signature says. */
function signerOf(rrset: RRset): Name | undefined {
  const [signature] = rrset.signatures;
  return signature === undefined ? undefined : parseRrsig(signature)?.signer;
}

function denialSection(link: Extract<Link, { kind: 'nodata' | 'nxdomain' }>) {
  return link.soa ? [link.soa, ...link.proof] : link.proof;
}

/** What the validator may ask for while it judges one link. */
class Fetches implements ValidationContext {
  readonly budget;
  readonly emit;
  /** Servers whose data did not validate, by what was asked of them. */
  private used: Map<string, Set<string>> | undefined;

  constructor(
    private readonly links: CachedLinks,
    private readonly fetcher: LinkFetcher,
    private readonly ctx: QueryContext,
    private readonly judged: Question,
    private readonly link: Link,
    readonly proven: ValidationContext['proven'],
  ) {
    this.budget = ctx.budget;
    this.emit = ctx.traced ? ctx.emit.bind(ctx) : undefined;
  }

  fetch(name: Question['name'], type: number, attempt: number): FetchResult | Promise<FetchResult> {
    const question = { name, type, class: RRClass.IN };
    if (name === this.judged.name && type === this.judged.type) {
      // It is the very data under judgement; whoever fetched that tries other servers.
      return attempt === 0 ? fetched(this.link) : { kind: 'failure', ede: [] };
    }
    const child = this.ctx.child(question, type === RRType.DS ? 'ds' : 'dnskey');
    if (!child) return { kind: 'failure', ede: [] };
    const known = attempt === 0 ? this.known(question, child) : undefined;
    return known
      ? fetched(known)
      : this.fetcher.fetch(question, child, false, this.usedFor(question)).then(fetched);
  }

  private known(question: Question, ctx: QueryContext): Link | undefined {
    const referred = question.type === RRType.DS ? this.links.referredDs(question.name) : undefined;
    if (referred) return referred;
    const cached = this.links.find(question, ctx, { anySecurity: true, cd: true });
    return cached.kind === 'link' ? cached.link : undefined;
  }

  private usedFor({ type, name }: Question): Set<string> {
    this.used ??= new Map();
    const key = `${type} ${name}`;
    const used = this.used.get(key) ?? new Set();
    this.used.set(key, used);
    return used;
  }
}

function fetched(link: LinkResult): FetchResult {
  switch (link.kind) {
    case 'answer':
    case 'alias':
      return { kind: 'answer', rrsets: link.rrsets };
    case 'nodata':
    case 'nxdomain':
      return { kind: link.kind, authority: denialSection(link) };
    case 'failure':
      return { kind: 'failure', ede: link.ede };
  }
}
