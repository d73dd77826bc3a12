/**
 * The authoritative answer to one question: RFC 1034 4.3.2 with wildcards, DNAME and DNSSEC.
 *
 * respond.ts calls it for a decoded query. One step per name: a step answers, or yields an alias target at
 * which the next step starts, in whatever zone of this server holds it.
 * RFC 1034 4.3.2, 2308 (negative answers), 4592 (wildcards), 6672 (DNAME), 4035 3.1 and 5155 7.2 (proofs),
 * 6604 (RCODE after aliases).
 * Limitations: ANY returns all RRsets (RFC 8482 allows it); NS at a wildcard is plain data, no delegation.
 */
import { type Name, replaceSuffix } from '../dns/name.js';
import { Rcode, RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import { mustTarget } from '../zone/rdata-target.js';
import type { Zone, ZoneNode } from '../zone/zone.js';
import { addGlue, addTargets } from './additional.js';
import { AnswerSections, type AuthorityAnswer } from './answer-sections.js';
import { proveNameError, proveNodata, proveWildcardAnswer, proveWildcardNodata } from './denial.js';
import { ZoneSet } from './zone-set.js';

export interface LookupOptions {
  /** DNSSEC OK: add signatures and proofs. */
  readonly do: boolean;
}

/** Aliases followed within one answer; the client resolver follows the rest. */
const MAX_ALIASES = 16;

/** How one step ended. `follow` names the target of an alias that was added to the answer. */
type Step =
  | { readonly kind: 'done'; readonly rcode: number }
  | { readonly kind: 'referral' }
  | { readonly kind: 'answered' }
  | { readonly kind: 'follow'; readonly target: Name };

/** Answers from one zone. REFUSED for names outside it. */
export function lookupZone(zone: Zone, question: Question, options: LookupOptions): AuthorityAnswer {
  return lookup(new ZoneSet([zone]), question, options);
}

/** Answers from the zones of a server; REFUSED when none of them holds QNAME. */
export function lookup(zones: ZoneSet, question: Question, options: LookupOptions): AuthorityAnswer {
  const sections = new AnswerSections(options.do);
  const first = zones.zoneFor(question.name, question.type);
  if (!first || first.class !== question.class) return finish(sections, Rcode.REFUSED, false);
  let zone = first;
  let name = question.name;
  const visited = new Set<Name>();
  for (;;) {
    visited.add(name);
    const step = lookupStep(sections, zone, name, question.type);
    if (step.kind === 'done') return finish(sections, step.rcode, true);
    if (step.kind === 'referral') {
      return finish(sections, Rcode.NOERROR, sections.answer.length > 0);
    }
    if (step.kind === 'answered') return finishPositive(sections, zone, name, question.type);
    const next = zones.zoneFor(step.target, question.type);
    const ended = !next || next.class !== question.class;
    if (ended || visited.has(step.target) || visited.size > MAX_ALIASES) {
      return finish(sections, Rcode.NOERROR, true);
    }
    zone = next;
    name = step.target;
  }
}

function finish(sections: AnswerSections, rcode: number, aa: boolean): AuthorityAnswer {
  const { answer, authority, additional } = sections;
  return { rcode, aa, answer, authority, additional };
}

/**
 * Adds the NS RRset of the apex, as the examples of RFC 4035 B do, and addresses. Left out where it would
 * confuse or is too much: for DS, which is about another zone, for DNSKEY and ANY.
 */
function finishPositive(sections: AnswerSections, zone: Zone, name: Name, type: number): AuthorityAnswer {
  const courtesy = type !== RRType.ANY && type !== RRType.DNSKEY && !zone.cutAt(name);
  const apexNs = courtesy ? zone.rrset(zone.apex, RRType.NS) : undefined;
  if (apexNs) sections.add('authority', apexNs);
  addTargets(sections, zone);
  return finish(sections, Rcode.NOERROR, true);
}

function lookupStep(sections: AnswerSections, zone: Zone, name: Name, type: number): Step {
  const cut = zone.cutAt(name);
  const dname = zone.dnameAbove(name);
  if (cut && !(type === RRType.DS && cut.name === name) && !isAbove(dname, cut)) {
    return refer(sections, zone, cut);
  }
  if (dname) return redirect(sections, name, type, dname);
  const node = zone.node(name);
  if (node) return answerFrom(sections, zone, name, type, node, undefined);
  const encloser = zone.closestEncloser(name);
  const wildcard = zone.wildcardNode(encloser);
  if (wildcard) return answerFrom(sections, zone, name, type, wildcard.node, wildcard.name);
  sections.add('authority', zone.negativeSoa);
  prove(sections, () => proveNameError(zone, name, encloser));
  return { kind: 'done', rcode: Rcode.NXDOMAIN };
}

function isAbove(rrset: RRset | undefined, other: RRset): boolean {
  return rrset !== undefined && rrset.name.length < other.name.length;
}

function prove(sections: AnswerSections, proof: () => readonly RRset[]): void {
  if (!sections.dnssec) return;
  for (const rrset of proof()) sections.add('authority', rrset);
}

/** Below a zone cut: NS, DS or the proof that there is none (RFC 4035 3.1.4), glue. */
function refer(sections: AnswerSections, zone: Zone, cut: RRset): Step {
  sections.add('authority', { ...cut, signatures: [] });
  const ds = zone.rrset(cut.name, RRType.DS);
  if (zone.isSigned) prove(sections, () => (ds ? [ds] : proveNodata(zone, cut.name)));
  addGlue(sections, zone, cut);
  return { kind: 'referral' };
}

/** Below a DNAME: the DNAME and the CNAME that follows from it (RFC 6672 3.1, 3.2). */
function redirect(sections: AnswerSections, name: Name, type: number, dname: RRset): Step {
  sections.add('answer', dname);
  const target = replaceSuffix(name, dname.name, mustTarget(RRType.DNAME, dname.rdatas[0]!));
  if (target === undefined) return { kind: 'done', rcode: Rcode.YXDOMAIN };
  sections.add('answer', {
    name,
    type: RRType.CNAME,
    class: dname.class,
    ttlSec: dname.ttlSec,
    rdatas: [target],
    signatures: [],
  });
  return type === RRType.CNAME ? { kind: 'done', rcode: Rcode.NOERROR } : { kind: 'follow', target };
}

/** @param wildcard owner of `node` when it stands in for `name`, else undefined */
function answerFrom(
  sections: AnswerSections,
  zone: Zone,
  name: Name,
  type: number,
  node: ZoneNode,
  wildcard: Name | undefined,
): Step {
  const found = matchingRRsets(node, type, sections.dnssec);
  const alias = found.length === 0 ? node.get(RRType.CNAME) : undefined;
  if (found.length === 0 && !alias) return denyType(sections, zone, name, wildcard);
  for (const rrset of alias ? [alias] : found) {
    sections.add('answer', wildcard === undefined ? rrset : { ...rrset, name });
  }
  if (wildcard !== undefined) prove(sections, () => proveWildcardAnswer(zone, name));
  if (!alias) return { kind: 'answered' };
  return { kind: 'follow', target: mustTarget(RRType.CNAME, alias.rdatas[0]!) };
}

function denyType(sections: AnswerSections, zone: Zone, name: Name, wildcard: Name | undefined): Step {
  sections.add('authority', zone.negativeSoa);
  prove(sections, () =>
    wildcard === undefined ? proveNodata(zone, name) : proveWildcardNodata(zone, name, wildcard),
  );
  return { kind: 'done', rcode: Rcode.NOERROR };
}

function matchingRRsets(node: ZoneNode, type: number, dnssec: boolean): RRset[] {
  if (type === RRType.RRSIG) return signaturesOf(node);
  if (type === RRType.ANY) {
    // Without DO the signatures match as records of their own (RFC 4035 3.1).
    return dnssec ? [...node.values()] : [...node.values(), ...signaturesOf(node)];
  }
  const rrset = node.get(type);
  return rrset ? [rrset] : [];
}

/** All RRSIGs of an owner as one RRset; none or one element. */
function signaturesOf(node: ZoneNode): RRset[] {
  const signed = [...node.values()].filter((rrset) => rrset.signatures.length > 0);
  const lone = node.get(RRType.RRSIG);
  const [first] = signed;
  if (!first) return lone ? [lone] : [];
  const rdatas = [...signed.flatMap((rrset) => rrset.signatures), ...(lone?.rdatas ?? [])];
  const ttlSec = Math.min(...signed.map((rrset) => rrset.ttlSec));
  return [{ name: first.name, type: RRType.RRSIG, class: first.class, ttlSec, rdatas, signatures: [] }];
}
