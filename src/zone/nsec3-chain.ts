/**
 * The NSEC3 chain of one zone: which NSEC3 matches or covers a name.
 *
 * Made once per zone from its NSEC3 RRsets; authority/ asks it for proofs of denial.
 * RFC 5155 3, 5 (hash), 7.2. Limitations: only SHA-1 (the only one there is); one chain, that of the first
 * NSEC3PARAM with flags 0, so a zone in the middle of a salt change is served with its old chain.
 */
import { createHash } from 'node:crypto';
import { type Name, type Octets, parentName, ROOT } from '../dns/name.js';
import type { RRset } from '../dns/rrset.js';
import { fromBase32Hex } from '../wire/rdata/binary.js';

interface Parameters {
  readonly iterations: number;
  readonly salt: Buffer;
}

interface Link {
  /** Hash of the owner, raw octets. */
  readonly hash: Octets;
  readonly rrset: RRset;
}

/** What a closest encloser proof is made of. */
export interface Encloser {
  readonly name: Name;
  /** The NSEC3 that matches it. */
  readonly rrset: RRset;
  /** Undefined when the name that was asked for is the encloser itself. */
  readonly nextCloser: Name | undefined;
}

const HASH_SHA1 = 1;

export class Nsec3Chain {
  private constructor(
    private readonly parameters: Parameters,
    /** Sorted by hash. */
    private readonly links: readonly Link[],
  ) {}

  /**
   * @param param  the NSEC3PARAM RRset of the apex
   * @param rrsets all NSEC3 RRsets of the zone
   * @returns undefined when no parameters are usable or no NSEC3 has them
   */
  static from(param: RRset, rrsets: Iterable<RRset>): Nsec3Chain | undefined {
    const usable = param.rdatas.find(
      (rdata) => rdata.charCodeAt(0) === HASH_SHA1 && rdata.charCodeAt(1) === 0,
    );
    if (usable === undefined) return undefined;
    const links: Link[] = [];
    for (const rrset of rrsets) {
      if (!rrset.rdatas.some((rdata) => sameParameters(rdata, usable))) continue;
      const hash = fromBase32Hex(rrset.name.slice(1, 1 + rrset.name.charCodeAt(0)));
      if (hash !== undefined) links.push({ hash, rrset });
    }
    links.sort((a, b) => (a.hash < b.hash ? -1 : 1));
    return links.length > 0 ? new Nsec3Chain(readParameters(usable), links) : undefined;
  }

  /** The NSEC3 whose owner is the hash of `name`: proof about that very name. */
  matching(name: Name): RRset | undefined {
    const hash = this.hash(name);
    const link = this.links[this.lastAtOrBefore(hash)];
    return link?.hash === hash ? link.rrset : undefined;
  }

  /** The NSEC3 in whose gap the hash of `name` falls: proof that the name does not exist. */
  covering(name: Name): RRset {
    const at = this.lastAtOrBefore(this.hash(name));
    return this.links.at(at)!.rrset; // -1 is the last link, whose gap wraps around
  }

  /**
   * The longest ancestor of `name`, itself included, that has an NSEC3, and the name one label below it.
   * With opt-out it may be above the closest encloser: an empty non-terminal that only has opted-out
   * delegations has no NSEC3. Undefined when the chain is broken and not even the apex has one.
   */
  closestProvable(name: Name): Encloser | undefined {
    let nextCloser: Name | undefined;
    for (let current = name; ; current = parentName(current)) {
      const rrset = this.matching(current);
      if (rrset) return { name: current, rrset, nextCloser };
      if (current === ROOT) return undefined;
      nextCloser = current;
    }
  }

  private hash(name: Name): Octets {
    const { salt, iterations } = this.parameters;
    let digest = createHash('sha1').update(name, 'latin1').update(salt).digest();
    for (let i = 0; i < iterations; i++) digest = createHash('sha1').update(digest).update(salt).digest();
    return digest.toString('latin1');
  }

  /** Index of the last link whose hash is not after `hash`; -1 when all are. */
  private lastAtOrBefore(hash: Octets): number {
    let low = 0;
    let high = this.links.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.links[middle]!.hash <= hash) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** NSEC3 and NSEC3PARAM begin alike: algorithm, flags, iterations, salt. Flags (opt-out) may differ. */
function sameParameters(nsec3: Octets, param: Octets): boolean {
  return nsec3[0] === param[0] && nsec3.slice(2, param.length) === param.slice(2);
}

function readParameters(param: Octets): Parameters {
  const octets = Buffer.from(param, 'latin1');
  return { iterations: octets.readUInt16BE(2), salt: octets.subarray(5, 5 + octets[4]!) };
}
