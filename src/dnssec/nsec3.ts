/**
 * Denial of existence by NSEC3: what a set of verified NSEC3 records of one zone proves.
 *
 * Names are compared by hash, so the closest encloser has to be searched: hash QNAME and its ancestors until
 * one matches, then the name one label longer must be covered. That search is what CVE-2023-50868 feeds on:
 * every hash draws on the client query's budget, the more the more iterations it has, and is remembered; above
 * 50 iterations the answer is insecure (RFC 9276 3.2), above 150 nothing is hashed.
 *
 * RFC 5155 7.2, 8, 9.2 and appendix C.
 * Limitations: SHA-1 only, as there is nothing else; records with other parameters than the first are ignored.
 */
import { hash } from 'node:crypto';
import {
  ancestorWithLabels,
  formatName,
  isSubdomain,
  labelCount,
  type Name,
  type Octets,
  parentName,
  ROOT,
  wildcardOf,
} from '../dns/name.js';
import { formatType, RRType } from '../dns/registry.js';
import type { Budget } from '../runtime/budget.js';
import { BoundedMap } from './bounded-map.js';
import {
  type DelegationProof,
  type DenialProofs,
  endsAuthority,
  type Proof,
  typeFault,
} from './denial-proof.js';
import { hasType, NSEC3_FLAG_OPT_OUT, NSEC3_HASH_SHA1, type Nsec3 } from './records.js';

/**
 * Above this many extra iterations a zone is insecure at best (DESIGN 5): what its records contradict is still
 * bogus, up to the second number, above which nothing is hashed at all.
 */
export const MAX_NSEC3_ITERATIONS = 50;
const MAX_HASHED_ITERATIONS = 150;
const SHA1_OCTETS = 20;

/** Hash of a name (RFC 5155 5): SHA-1 over name and salt, then `iterations` times over the result and the salt. */
export function nsec3Hash(name: Name, salt: Octets, iterations: number): Octets {
  let digest = hash('sha1', Buffer.from(name + salt, 'latin1'), 'buffer');
  if (iterations === 0) return digest.latin1Slice();
  const salted = Buffer.alloc(SHA1_OCTETS + salt.length);
  salted.latin1Write(salt, SHA1_OCTETS);
  for (let i = 0; i < iterations; i++) {
    digest.copy(salted);
    digest = hash('sha1', salted, 'buffer');
  }
  return digest.latin1Slice();
}

/** Hashes names and remembers them between queries; only what is not remembered costs budget. */
export class Nsec3Hasher {
  private readonly known: BoundedMap<string, Octets>;

  /** @param limit hashes kept, about 150 octets each */
  constructor(limit = 8192) {
    this.known = new BoundedMap(limit);
  }

  /** Costs one of the budget for each 50 iterations begun; undefined when the budget is used up. */
  hash(name: Name, salt: Octets, iterations: number, budget: Budget): Octets | undefined {
    const key = `${iterations} ${salt.length} ${salt}${name}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (!budget.spend('nsec3Hashes', Math.max(1, Math.ceil(iterations / MAX_NSEC3_ITERATIONS))))
      return undefined;
    const made = nsec3Hash(name, salt, iterations);
    this.known.set(key, made);
    return made;
  }
}

type TooCostly = Extract<Proof, { kind: 'too-costly' }>;

/** An existing ancestor, and the record that covers the name one label longer. */
interface Enclosed {
  readonly encloser: Name;
  readonly cover: Nsec3 | undefined;
}

export class Nsec3Proofs implements DenialProofs {
  private readonly records: readonly Nsec3[];
  private readonly salt: Octets;
  private readonly iterations: number;
  private outOfBudget = false;

  /** @param records verified with keys of `zone` */
  constructor(
    private readonly zone: Name,
    records: readonly Nsec3[],
    private readonly hasher: Nsec3Hasher,
    private readonly budget: Budget,
  ) {
    const usable = records.filter((r) => isUsable(r, zone));
    const [first] = usable;
    this.salt = first?.salt ?? '';
    this.iterations = first?.iterations ?? 0;
    this.records = usable.filter((r) => r.salt === this.salt && r.iterations === this.iterations);
  }

  nxdomain(qname: Name): Proof {
    return this.tooCostly() ?? this.capped(this.nxdomainProof(qname));
  }

  nodata(qname: Name, qtype: number): Proof {
    return this.tooCostly() ?? this.capped(this.nodataProof(qname, qtype));
  }

  wildcardAnswer(qname: Name, encloser: Name): Proof {
    return this.tooCostly() ?? this.capped(this.wildcardProof(qname, encloser));
  }

  delegation(name: Name): DelegationProof {
    const costly = this.tooCostly();
    if (costly) return costly;
    // Either finding is safe to keep: nothing is signed below the one, no cut hides behind the other.
    const proof = this.delegationProof(name);
    return proof.kind === 'unproven' ? this.capped(proof) : proof;
  }

  private nxdomainProof(qname: Name): Proof {
    const enclosed = this.enclose(qname);
    if ('kind' in enclosed) return enclosed;
    const { encloser, cover } = enclosed;
    if (encloser === qname) return this.unproven(`NSEC3 shows that ${formatName(qname)} exists`);
    if (!cover) return this.unproven(`no NSEC3 covers the next closer name of ${formatName(qname)}`);
    const wildcard = wildcardOf(encloser);
    if (wildcard && !this.covering(wildcard)) {
      return this.unproven(`no NSEC3 denies the wildcard ${formatName(wildcard)}`);
    }
    return { kind: 'proven', optOut: isOptOut(cover) };
  }

  private nodataProof(qname: Name, qtype: number): Proof {
    const match = this.matching(qname);
    if (match) return this.judge(match, qname, qtype, false);
    const enclosed = this.enclose(qname);
    if ('kind' in enclosed) return enclosed;
    const { encloser, cover } = enclosed;
    if (!cover) return this.unproven(`no NSEC3 covers the next closer name of ${formatName(qname)}`);
    const wildcard = wildcardOf(encloser);
    const wildcardMatch = wildcard && this.matching(wildcard);
    if (wildcardMatch) return this.judge(wildcardMatch, wildcard, qtype, isOptOut(cover));
    if (isOptOut(cover)) return { kind: 'proven', optOut: true };
    return this.unproven(
      `NSEC3 shows that ${formatName(qname)} does not exist, and no wildcard without the type`,
    );
  }

  private wildcardProof(qname: Name, encloser: Name): Proof {
    const nextCloser = ancestorWithLabels(qname, labelCount(encloser) + 1);
    const cover = this.covering(nextCloser);
    if (!cover) return this.unproven(`no NSEC3 shows that ${formatName(nextCloser)} does not exist`);
    return { kind: 'proven', optOut: isOptOut(cover) };
  }

  private delegationProof(name: Name): DelegationProof {
    const match = this.matching(name);
    if (match) {
      const fault = this.judge(match, name, RRType.DS, false);
      if (fault.kind !== 'proven') return fault;
      return hasType(match.types, RRType.NS)
        ? { kind: 'insecure', optOut: false }
        : { kind: 'no-cut', absent: false };
    }
    const enclosed = this.enclose(name);
    if ('kind' in enclosed) return enclosed;
    if (!enclosed.cover) return this.unproven(`no NSEC3 covers the next closer name of ${formatName(name)}`);
    return isOptOut(enclosed.cover) ? { kind: 'insecure', optOut: true } : { kind: 'no-cut', absent: true };
  }

  /** The closest encloser proof (RFC 5155 8.3), save that the cover may be missing. */
  private enclose(qname: Name): Enclosed | Exclude<Proof, { kind: 'proven' }> {
    let nextCloser = qname;
    for (let name = qname; isSubdomain(name, this.zone); name = parentName(name)) {
      const match = this.matching(name);
      if (match && name === qname) return { encloser: name, cover: undefined };
      if (match && endsAuthority(match.types)) {
        return this.unproven(
          `NSEC3 of ${formatName(name)} is that of a delegation or DNAME and proves nothing below`,
        );
      }
      if (match) return { encloser: name, cover: this.covering(nextCloser) };
      if (this.outOfBudget || name === ROOT) break;
      nextCloser = name;
    }
    return this.unproven(`no NSEC3 matches ${formatName(qname)} or any ancestor`);
  }

  private tooCostly(): TooCostly | undefined {
    return this.iterations > MAX_HASHED_ITERATIONS ? this.costly() : undefined;
  }

  /** With many iterations a proof is worth nothing, its failure still what it is; running out of budget is none. */
  private capped<T extends Proof | DelegationProof>(proof: T): T | TooCostly {
    if (this.iterations <= MAX_NSEC3_ITERATIONS) return proof;
    return proof.kind === 'unproven' && !proof.outOfBudget ? proof : this.costly();
  }

  private costly(): TooCostly {
    const reason = `NSEC3 of ${formatName(this.zone)} asks for ${this.iterations} iterations, more than ${MAX_NSEC3_ITERATIONS}`;
    return { kind: 'too-costly', reason };
  }

  private judge(nsec3: Nsec3, name: Name, qtype: number, optOut: boolean): Proof {
    const fault = typeFault(nsec3.types, qtype, name === ROOT);
    if (!fault) return { kind: 'proven', optOut };
    return this.unproven(`NSEC3 of ${formatName(name)} ${fault} (asked for ${formatType(qtype)})`);
  }

  private matching(name: Name): Nsec3 | undefined {
    const hash = this.hash(name);
    return hash === undefined ? undefined : this.records.find((r) => r.hash === hash);
  }

  private covering(name: Name): Nsec3 | undefined {
    const hash = this.hash(name);
    return hash === undefined ? undefined : this.records.find((r) => coversHash(r, hash));
  }

  private hash(name: Name): Octets | undefined {
    if (this.outOfBudget) return undefined;
    const hash = this.hasher.hash(name, this.salt, this.iterations, this.budget);
    if (hash === undefined) this.outOfBudget = true;
    return hash;
  }

  private unproven(reason: string): Exclude<Proof, { kind: 'proven' }> {
    if (!this.outOfBudget) return { kind: 'unproven', reason };
    const text = `this query used up its ${this.budget.limits.nsec3Hashes} NSEC3 hashes before a proof was found`;
    return { kind: 'unproven', reason: text, outOfBudget: true };
  }
}

/** RFC 5155 8.1 and 8.2: unknown algorithms and flags are ignored, and the owner is right below the apex. */
function isUsable(nsec3: Nsec3, zone: Name): boolean {
  const known = nsec3.zone === zone && nsec3.hash.length === SHA1_OCTETS;
  return known && nsec3.hashAlgorithm === NSEC3_HASH_SHA1 && (nsec3.flags & ~NSEC3_FLAG_OPT_OUT) === 0;
}

function isOptOut(nsec3: Nsec3): boolean {
  return (nsec3.flags & NSEC3_FLAG_OPT_OUT) !== 0;
}

/** True when `hash` lies between owner and next hash; the last record reaches round to the first. */
export function coversHash(nsec3: Nsec3, hash: Octets): boolean {
  const { hash: from, nextHash: to } = nsec3;
  return from < to ? from < hash && hash < to : hash > from || hash < to;
}
