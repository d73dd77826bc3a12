/**
 * Aggressive use of NSEC and NSEC3: answers made from denial records that were validated for other questions.
 *
 * On a query's way it stands beside the negative cache: what it answers costs no upstream query, so that
 * random names under a signed zone stop at the resolver. Only secure data goes in (the caller vouches), only
 * what the proofs of nsec.ts and nsec3.ts would accept comes out.
 *
 * RFC 8198 5 (NXDOMAIN, NODATA, wildcards), RFC 9077 (TTL), RFC 6840 4.1 (whose names an NSEC may deny).
 * Limitations: of NSEC3 only what pays, see aggressive-nsec3.ts.
 */

import { isStrictSubdomain, isSubdomain, type Name, parentName, ROOT, wildcardOf } from '../dns/name.js';
import { isMetaType, RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { Budget } from '../runtime/budget.js';
import type { Clock } from '../runtime/clock.js';
import { nsec3Denying, paysOff } from './aggressive-nsec3.js';
import type { Proof } from './denial-proof.js';
import { DenialStore, type Remembered, type RememberedNsec } from './denial-store.js';
import { closestEncloser, covers, isEmptyNonTerminal, isInZone, NsecProofs } from './nsec.js';
import { Nsec3Hasher, Nsec3Proofs } from './nsec3.js';
import { parseNsec, parseNsec3 } from './records.js';

/** A secure answer that nobody was asked for. */
export type Synthesised =
  | {
      readonly kind: 'nxdomain' | 'nodata';
      readonly zone: Name;
      readonly soa: RRset;
      readonly proof: readonly RRset[];
      readonly ttlSec: number;
    }
  | {
      readonly kind: 'answer';
      readonly zone: Name;
      /** The wildcard's RRset under QNAME: of the type asked for, or a CNAME. */
      readonly rrset: RRset;
      readonly proof: readonly RRset[];
      readonly ttlSec: number;
    };

export class AggressiveDenial {
  private readonly store: DenialStore;
  private readonly hasher = new Nsec3Hasher();

  constructor(
    limitOctets: number,
    private readonly clock: Clock,
  ) {
    this.store = new DenialStore(limitOctets, clock);
  }

  get sizeOctets(): number {
    return this.store.sizeOctets;
  }

  get count(): number {
    return this.store.count;
  }

  /** Remembers a secure NSEC or NSEC3 of `zone`; other types are left. */
  addDenial(zone: Name, rrset: RRset, ttlSec: number): void {
    if (rrset.type === RRType.NSEC) this.addNsec(zone, rrset, ttlSec);
    else if (rrset.type === RRType.NSEC3) this.addNsec3(zone, rrset, ttlSec);
  }

  private addNsec3(zone: Name, rrset: RRset, ttlSec: number): void {
    const [rdata, ...more] = rrset.rdatas;
    const nsec3 = rdata === undefined || more.length > 0 ? undefined : parseNsec3(rrset.name, rdata);
    if (nsec3 && ttlSec > 0 && paysOff(nsec3, zone)) this.store.putNsec3(zone, rrset, nsec3, ttlSec);
  }

  /**
   * Remembers a secure NSEC of `zone`. Those that deny nothing but one name (RFC 4470) are not worth it.
   * @param ttlSec already bound by signature, delegation lease and limits
   */
  addNsec(zone: Name, rrset: RRset, ttlSec: number): void {
    const [rdata] = rrset.rdatas;
    const nsec = rdata === undefined ? undefined : parseNsec(rrset.name, rdata);
    if (!nsec || ttlSec <= 0 || !isInZone(nsec, zone)) return;
    if (nsec.next === `\x01\0${nsec.owner}`) return;
    this.store.putNsec(zone, rrset, nsec, ttlSec);
  }

  /** Remembers the secure SOA of `zone`; without it nothing is denied. */
  addSoa(zone: Name, rrset: RRset, ttlSec: number): void {
    if (rrset.type === RRType.SOA && rrset.name === zone && ttlSec > 0)
      this.store.putSoa(zone, rrset, ttlSec);
  }

  /** Remembers a secure RRset that was made from the wildcard below `encloser`, under the wildcard's name. */
  addWildcard(zone: Name, encloser: Name, rrset: RRset, ttlSec: number): void {
    const owner = wildcardOf(encloser);
    if (owner === undefined || ttlSec <= 0 || !isSubdomain(encloser, zone)) return;
    this.store.putWildcard(zone, { ...rrset, name: owner }, ttlSec);
  }

  /**
   * An answer from what is remembered, or undefined. Never guesses: each answer has its full proof.
   * @param budget of the query, for the hashes of NSEC3
   */
  synthesise(question: Question, budget: Budget): Synthesised | undefined {
    if (isMetaType(question.type)) return undefined;
    const zone = this.zoneOf(question);
    if (zone === undefined) return undefined;
    return this.fromNsec(zone, question) ?? this.fromNsec3(zone, question, budget);
  }

  private fromNsec3(zone: Name, { name, type }: Question, budget: Budget): Synthesised | undefined {
    const entries = nsec3Denying(this.store, zone, name, this.hasher, budget);
    if (!entries) return undefined;
    const records = entries.map((entry) => entry.nsec3);
    const proofs = new Nsec3Proofs(zone, records, this.hasher, budget);
    return (
      this.denied('nxdomain', zone, proofs.nxdomain(name), entries) ??
      this.denied('nodata', zone, proofs.nodata(name, type), entries)
    );
  }

  private fromNsec(zone: Name, question: Question): Synthesised | undefined {
    const { name, type } = question;
    const cover = this.store.nsecAtOrBefore(zone, name);
    if (!cover) return undefined;
    if (cover.rrset.name === name || isEmptyNonTerminal(cover.nsec, name)) {
      return this.denial('nodata', zone, question, [cover]);
    }
    if (!covers(cover.nsec, name)) return undefined;
    const wildcard = wildcardOf(closestEncloser(cover.nsec, name));
    if (wildcard === undefined) return this.denial('nxdomain', zone, question, [cover]);
    const positive =
      this.store.wildcard(zone, wildcard, type) ?? this.store.wildcard(zone, wildcard, RRType.CNAME);
    if (positive) return this.positive(zone, question, positive, cover);
    const second = this.store.nsecAtOrBefore(zone, wildcard);
    if (!second) return undefined;
    const kind =
      second.rrset.name === wildcard || isEmptyNonTerminal(second.nsec, wildcard) ? 'nodata' : 'nxdomain';
    return this.denial(kind, zone, question, second === cover ? [cover] : [cover, second]);
  }

  /** Forgets the zones at and below `name`, and the one that `name` lies in. */
  forget(name: Name): void {
    const around = this.deepestZone(name);
    this.store.forget((zone) => zone === around || isSubdomain(zone, name));
  }

  /** The deepest zone known whose data this is; a DS is its parent's. */
  private zoneOf({ name, type }: Question): Name | undefined {
    if (type !== RRType.DS) return this.deepestZone(name);
    return name === ROOT ? undefined : this.deepestZone(parentName(name));
  }

  private deepestZone(name: Name): Name | undefined {
    for (let at = name; ; at = parentName(at)) {
      if (this.store.hasZone(at)) return at;
      if (at === ROOT) return undefined;
    }
  }

  private denial(
    kind: 'nxdomain' | 'nodata',
    zone: Name,
    { name, type }: Question,
    entries: readonly RememberedNsec[],
  ): Synthesised | undefined {
    const proofs = new NsecProofs(
      zone,
      entries.map((entry) => entry.nsec),
    );
    return this.denied(
      kind,
      zone,
      kind === 'nxdomain' ? proofs.nxdomain(name) : proofs.nodata(name, type),
      entries,
    );
  }

  private denied(
    kind: 'nxdomain' | 'nodata',
    zone: Name,
    proof: Proof,
    entries: readonly Remembered[],
  ): Synthesised | undefined {
    const soa = this.store.soa(zone);
    if (!soa || proof.kind !== 'proven' || proof.optOut) return undefined;
    const ttlSec = this.secondsLeft([soa, ...entries]);
    return { kind, zone, soa: soa.rrset, proof: entries.map((entry) => entry.rrset), ttlSec };
  }

  private positive(
    zone: Name,
    { name }: Question,
    wildcard: Remembered,
    cover: RememberedNsec,
  ): Synthesised | undefined {
    const encloser = parentName(wildcard.rrset.name);
    if (!isStrictSubdomain(name, encloser)) return undefined;
    if (new NsecProofs(zone, [cover.nsec]).wildcardAnswer(name, encloser).kind !== 'proven') return undefined;
    const ttlSec = this.secondsLeft([wildcard, cover]);
    const rrset = { ...wildcard.rrset, name, ttlSec };
    return { kind: 'answer', zone, rrset, proof: [cover.rrset], ttlSec };
  }

  private secondsLeft(entries: readonly Remembered[]): number {
    const end = Math.min(...entries.map((entry) => entry.expiresAtMs));
    return Math.max(0, Math.floor((end - this.clock.wallMs()) / 1000));
  }
}
