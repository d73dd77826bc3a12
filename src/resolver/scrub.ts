/**
 * The one gate of distrust: what of a response may be believed at all.
 *
 * Runs on every upstream response, after matching and before classification and caching. Follows the alias
 * chain from QNAME as far as the asked server may speak, keeps what the chain, a denial or a referral
 * needs, and drops the rest.
 * RFC 2181 5.4.1, RFC 5452 6, RFC 6672 3 (DNAME); attacks: reference "BadNS", CNAME riders, MaginotDNS.
 * Limitations: does not judge the kind of response (classify.ts) nor signatures (dnssec/).
 */
import { isStrictSubdomain, isSubdomain, type Name, replaceSuffix, toName } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { Message } from '../wire/message.js';
import { u16At } from '../wire/octets.js';

/** Most alias links followed inside one response; longer chains are asked for again from where they stop. */
const MAX_LINKS_IN_RESPONSE = 11;
/** Longest NS RRset used; what exceeds it is left out (NXNSAttack, CVE-2020-12662). */
const MAX_NS_PER_DELEGATION = 20;
/** Most addresses taken per name server from glue (CVE-2026-3592). */
const MAX_GLUE_PER_SERVER = 6;

/** Largest RRset that is answered with or kept (CVE-2024-25590); signatures do not count. */
export const MAX_RECORDS_PER_RRSET = 256;
export const MAX_RRSET_OCTETS = 16_384;

/** One alias step that the response itself takes. */
export interface AliasStep {
  readonly owner: Name;
  readonly by: 'CNAME' | 'DNAME';
  /** The CNAME, or the DNAME followed by the CNAME synthesised from it. */
  readonly rrsets: readonly RRset[];
  readonly target: Name;
}

/** The DNAME that makes a name too long. */
export interface TooLong {
  readonly tooLong: RRset;
}

export interface ReferralData {
  readonly child: Name;
  readonly ns: RRset;
  readonly ds: RRset | undefined;
  /** Address RRsets of name servers for which the asked server may speak. */
  readonly glue: readonly RRset[];
  /**
   * Address RRsets of the other name servers. They are used for this delegation only, and when nothing else
   * helps: whoever delegates decides whom we ask anyway, but must not tell others' addresses to anyone else.
   */
  readonly spare: readonly RRset[];
}

export interface Scrubbed {
  readonly steps: readonly AliasStep[];
  /** Where the chain ends: QNAME itself when there is no alias. */
  readonly last: Name;
  /** True when `last` is a name for which the asked server may speak. */
  readonly lastInZone: boolean;
  /** RRsets of the type asked for at `last`; for ANY all RRsets there. */
  readonly final: readonly RRset[];
  readonly soa: RRset | undefined;
  /** NSEC and NSEC3 RRsets of the authority section. */
  readonly denial: readonly RRset[];
  readonly referral: ReferralData | undefined;
  /** NS RRset of the asked zone or above in the authority section: an upward or sideways referral. */
  readonly upwardNs: RRset | undefined;
  /** The DNAME that would make a name longer than 255 octets (RFC 6672 2.2: YXDOMAIN). */
  readonly tooLong: RRset | undefined;
  /** An RRset of the chain that is too large to be used. */
  readonly oversized: RRset | undefined;
  /** What was dropped, for the trace. */
  readonly removed: () => readonly RRset[];
}

/**
 * Drops every RRset this server may not speak about or the question does not need.
 *
 * The limit is the zone we *asked*, not the one a referral names, so sibling glue survives. An NS RRset
 * counts only in a referral to a zone strictly below the asked one and at or above the name in question;
 * beside a positive answer it is dropped.
 *
 * @param response decoded and already paired to our query
 * @param asked    apex of the zone this server was chosen for
 */
export function scrub(response: Message, question: Question, asked: Name): Scrubbed {
  const kept: RRset[] = [];
  const answer = withStraySignatures(response);
  const chain = followChain(answer, question, asked, kept);
  const authority = readAuthority(response, chain.last, asked, kept);
  // A referral is believed only when nothing was answered: NS beside an answer is how caches are poisoned.
  const referral = chain.final.length === 0 ? authority.referral : undefined;
  const addresses = referral ? takeGlue(response.additional, referral.ns, kept) : [];
  const glue = referral ? addresses.filter((r) => isSubdomain(r.name, asked)) : addresses;
  const spare = referral ? addresses.filter((r) => !isSubdomain(r.name, asked)) : addresses;
  // Field by field here and below: copying with "..." costs more than the rest, and every response comes here.
  return {
    steps: chain.steps,
    last: chain.last,
    lastInZone: chain.lastInZone,
    final: chain.final,
    tooLong: chain.tooLong,
    soa: authority.soa,
    denial: authority.denial,
    referral: referral && { child: referral.child, ns: referral.ns, ds: referral.ds, glue, spare },
    upwardNs: authority.upwardNs,
    oversized: oversizedOf(chain),
    removed: () =>
      [...answer, ...response.authority, ...response.additional].filter((r) => !kept.includes(r)),
  };
}

/**
 * The answer section, its RRsets with the signatures that a careless server put into another section. They
 * are verified like all others, so that nothing is believed for where it stood.
 */
function withStraySignatures({ answer, authority, additional }: Message): readonly RRset[] {
  if (!hasStray(additional) && !hasStray(authority)) return answer;
  const stray = [...authority, ...additional].filter((r) => r.type === RRType.RRSIG);
  return answer.map((rrset) => {
    if (rrset.signatures.length > 0) return rrset;
    const own = stray
      .filter((r) => r.name === rrset.name && r.class === rrset.class)
      .flatMap((r) => r.rdatas);
    const signatures = own.filter((rdata) => u16At(rdata, 0) === rrset.type);
    return signatures.length > 0 ? { ...rrset, signatures } : rrset;
  });
}

function hasStray(section: readonly RRset[]): boolean {
  for (const { type } of section) if (type === RRType.RRSIG) return true;
  return false;
}

function oversizedOf({ steps, final }: Chain): RRset | undefined {
  for (const step of steps) for (const rrset of step.rrsets) if (isOversized(rrset)) return rrset;
  for (const rrset of final) if (isOversized(rrset)) return rrset;
  return undefined;
}

function isOversized({ rdatas }: RRset): boolean {
  if (rdatas.length > MAX_RECORDS_PER_RRSET) return true;
  let octets = 0;
  for (const rdata of rdatas) octets += rdata.length;
  return octets > MAX_RRSET_OCTETS;
}

const NONE: readonly RRset[] = [];

interface Chain {
  readonly steps: readonly AliasStep[];
  readonly last: Name;
  readonly lastInZone: boolean;
  readonly final: readonly RRset[];
  readonly tooLong: RRset | undefined;
}

function followChain(answer: readonly RRset[], question: Question, asked: Name, kept: RRset[]): Chain {
  const steps: AliasStep[] = [];
  let last = question.name;
  for (;;) {
    const lastInZone = isSubdomain(last, asked);
    if (!lastInZone || steps.length >= MAX_LINKS_IN_RESPONSE) {
      return { steps, last, lastInZone, final: NONE, tooLong: undefined };
    }
    // A DNAME above goes before what is found at the name: that CNAME is only made from it.
    const above = dnameAbove(answer, last, asked, kept);
    const final = above ? NONE : matching(answer, last, question);
    if (final.length > 0) {
      for (const rrset of final) kept.push(rrset);
      return { steps, last, lastInZone, final, tooLong: undefined };
    }
    const step = above ?? cnameStep(answer, last, question.type, kept);
    if (step && 'tooLong' in step) return { steps, last, lastInZone, final: NONE, tooLong: step.tooLong };
    if (!step) return { steps, last, lastInZone, final: NONE, tooLong: undefined };
    steps.push(step);
    // An alias of itself is a loop; whoever strings the links together says so.
    if (step.target === last) return { steps, last, lastInZone: false, final: NONE, tooLong: undefined };
    last = step.target;
    // Who asks for the CNAME itself has it now.
    if (question.type === RRType.CNAME) {
      return { steps, last, lastInZone: isSubdomain(last, asked), tooLong: undefined, final: [] };
    }
  }
}

function matching(answer: readonly RRset[], name: Name, question: Question): readonly RRset[] {
  const [only] = answer;
  if (only && answer.length === 1 && only.name === name && typeMatches(only, question)) return answer;
  return answer.filter((r) => r.name === name && typeMatches(r, question));
}

function typeMatches(rrset: RRset, question: Question): boolean {
  return rrset.class === question.class && (rrset.type === question.type || question.type === RRType.ANY);
}

function dnameAbove(
  answer: readonly RRset[],
  owner: Name,
  asked: Name,
  kept: RRset[],
): AliasStep | TooLong | undefined {
  const dname = answer.find(
    (r) => r.type === RRType.DNAME && isStrictSubdomain(owner, r.name) && isSubdomain(r.name, asked),
  );
  if (dname?.rdatas.length !== 1) return undefined;
  kept.push(dname);
  return dnameStep(dname, owner);
}

function cnameStep(
  answer: readonly RRset[],
  owner: Name,
  qtype: number,
  kept: RRset[],
): AliasStep | undefined {
  if (qtype === RRType.CNAME) return undefined;
  const cname = answer.find((r) => r.type === RRType.CNAME && r.name === owner);
  if (!cname) return undefined;
  kept.push(cname);
  return { owner, by: 'CNAME', rrsets: [onlyFirst(cname)], target: toName(cname.rdatas[0]!) };
}

/** A name has one canonical name (RFC 2181 10.1); of several the first counts, without its signatures' help. */
function onlyFirst(cname: RRset): RRset {
  return cname.rdatas.length === 1 ? cname : { ...cname, rdatas: [cname.rdatas[0]!] };
}

/** The alias that a DNAME makes of a name below it; the CNAME is made here and not taken from the response. */
export function dnameStep(dname: RRset, owner: Name): AliasStep | TooLong {
  const target = replaceSuffix(owner, dname.name, toName(dname.rdatas[0]!));
  if (target === undefined) return { tooLong: dname };
  const cname: RRset = {
    name: owner,
    type: RRType.CNAME,
    class: dname.class,
    ttlSec: dname.ttlSec,
    rdatas: [target],
    signatures: [],
  };
  return { owner, by: 'DNAME', rrsets: [dname, cname], target };
}

interface Authority {
  readonly soa: RRset | undefined;
  readonly denial: readonly RRset[];
  readonly referral: Omit<ReferralData, 'glue' | 'spare'> | undefined;
  readonly upwardNs: RRset | undefined;
}

function readAuthority(response: Message, last: Name, asked: Name, kept: RRset[]): Authority {
  let soa: RRset | undefined;
  let ns: RRset | undefined;
  let upwardNs: RRset | undefined;
  const denial: RRset[] = [];
  for (const rrset of response.authority) {
    const inZone = isSubdomain(rrset.name, asked);
    if (rrset.type === RRType.NS) {
      if (inZone && rrset.name !== asked && isSubdomain(last, rrset.name)) {
        // The deepest of several referrals would be the server's answer for another zone: take the first.
        ns ??= rrset;
      } else if (isSubdomain(asked, rrset.name)) {
        upwardNs ??= rrset;
      }
    } else if (!inZone) {
    } else if (rrset.type === RRType.SOA) {
      if (isSubdomain(last, rrset.name)) soa ??= rrset;
    } else if (rrset.type === RRType.NSEC || rrset.type === RRType.NSEC3) {
      denial.push(rrset);
      kept.push(rrset);
    }
  }
  if (soa) kept.push(soa);
  const child = ns && capNs(ns);
  const ds = child && response.authority.find((r) => r.type === RRType.DS && r.name === child.name);
  if (ns) kept.push(ns);
  if (ds) kept.push(ds);
  return { soa, denial, upwardNs, referral: child && { child: child.name, ns: child, ds } };
}

function capNs(ns: RRset): RRset {
  return ns.rdatas.length <= MAX_NS_PER_DELEGATION
    ? ns
    : { ...ns, rdatas: ns.rdatas.slice(0, MAX_NS_PER_DELEGATION) };
}

/** Addresses of the servers that the referral names. Those out of bailiwick are kept apart, see ReferralData. */
function takeGlue(additional: readonly RRset[], ns: RRset, kept: RRset[]): RRset[] {
  const targets = new Set(ns.rdatas.map(toName));
  const glue: RRset[] = [];
  for (const rrset of additional) {
    if (rrset.type !== RRType.A && rrset.type !== RRType.AAAA) continue;
    if (!targets.has(rrset.name)) continue;
    kept.push(rrset);
    glue.push(
      rrset.rdatas.length <= MAX_GLUE_PER_SERVER
        ? rrset
        : { ...rrset, rdatas: rrset.rdatas.slice(0, MAX_GLUE_PER_SERVER) },
    );
  }
  return glue;
}
