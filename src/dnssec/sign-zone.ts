/**
 * Signs a whole zone: DNSKEY, NSEC or NSEC3 chain, RRSIGs.
 *
 * For the mock internet and for tests. What a delegation hides (glue, names below the cut) stays unsigned.
 * RFC 4035 2, RFC 5155 7.1 (opt-out, empty non-terminals), RFC 9077 (TTL of denial records).
 * Limitations: signs everything anew each time; one chain per zone; hash collisions are an error.
 */
import {
  compareNames,
  isStrictSubdomain,
  type Name,
  type Octets,
  parentName,
  prependLabel,
} from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import type { Rdata, RRset } from '../dns/rrset.js';
import { u16Octets, u32At } from '../wire/octets.js';
import { toBase32Hex } from '../wire/rdata/binary.js';
import { encodeBitmap } from '../wire/rdata/bitmap.js';
import { nsec3Hash } from './nsec3.js';
import { NSEC3_FLAG_OPT_OUT, NSEC3_HASH_SHA1 } from './records.js';
import { isKeySigningKey, type SigningKey, type SigningTimes, signRRset } from './signing-key.js';

export type DenialMethod =
  | { readonly kind: 'nsec' }
  | { readonly kind: 'nsec3'; readonly iterations: number; readonly salt: Octets; readonly optOut: boolean };

export interface SignZoneOptions extends SigningTimes {
  /** Keys with the SEP flag sign the DNSKEY RRset, the others the rest; keys of one sort sign everything. */
  readonly keys: readonly SigningKey[];
  readonly denial: DenialMethod;
}

/** The zone with DNSKEY, denial records and signatures. DNSSEC records it had before are replaced, DS kept. */
export function signZone(apex: Name, rrsets: readonly RRset[], options: SignZoneOptions): RRset[] {
  const soa = rrsets.find((r) => r.type === RRType.SOA && r.name === apex);
  if (!soa) throw new Error('a zone without SOA cannot be signed');
  const dnskey = makeRRset(
    apex,
    RRType.DNSKEY,
    soa.ttlSec,
    options.keys.map((key) => key.rdata),
  );
  const bare = rrsets.filter((r) => !generated.has(r.type)).map((r) => ({ ...r, signatures: [] }));
  const contents = new ZoneContents(apex, [...bare, dnskey]);
  const denialTtlSec = Math.min(soa.ttlSec, u32At(soa.rdatas[0]!, soa.rdatas[0]!.length - 4));
  const denial =
    options.denial.kind === 'nsec'
      ? nsecChain(contents, denialTtlSec)
      : nsec3Chain(contents, denialTtlSec, options.denial);
  return [...contents.rrsets, ...denial].map((rrset) => {
    return contents.isSigned(rrset) ? { ...rrset, signatures: signaturesOf(rrset, apex, options) } : rrset;
  });
}

const generated: ReadonlySet<number> = new Set([
  RRType.DNSKEY,
  RRType.NSEC,
  RRType.NSEC3,
  RRType.NSEC3PARAM,
  RRType.RRSIG,
]);

function makeRRset(name: Name, type: number, ttlSec: number, rdatas: readonly Rdata[]): RRset {
  return { name, type, class: RRClass.IN, ttlSec, rdatas, signatures: [] };
}

function signaturesOf(rrset: RRset, apex: Name, options: SignZoneOptions): Rdata[] {
  const forKeys = rrset.type === RRType.DNSKEY;
  const chosen = options.keys.filter((key) => isKeySigningKey(key) === forKeys);
  const keys = chosen.length > 0 ? chosen : options.keys;
  return keys.map((key) => signRRset(rrset, key, apex, options));
}

/** What a zone says of each name, and where its authority ends. */
class ZoneContents {
  readonly types = new Map<Name, Set<number>>();
  private readonly cuts = new Set<Name>();

  constructor(
    readonly apex: Name,
    readonly rrsets: readonly RRset[],
  ) {
    for (const { name, type } of rrsets) if (type === RRType.NS && name !== apex) this.cuts.add(name);
    for (const { name, type } of rrsets) {
      if (this.isBelowCut(name)) continue;
      const types = this.types.get(name) ?? new Set();
      this.types.set(name, types.add(type));
    }
  }

  isDelegation(name: Name): boolean {
    return this.cuts.has(name);
  }

  /** Authoritative data: not below a cut, and at a cut only DS and denial records. */
  isSigned(rrset: RRset): boolean {
    if (this.isBelowCut(rrset.name)) return false;
    return !this.isDelegation(rrset.name) || rrset.type === RRType.DS || rrset.type === RRType.NSEC;
  }

  /** Types for the bit map of a name; at a cut only NS and DS are the parent's. */
  bitmapTypes(name: Name): number[] {
    const types = [...(this.types.get(name) ?? [])];
    if (!this.isDelegation(name)) return types;
    return types.filter((type) => type === RRType.NS || type === RRType.DS);
  }

  isUnsignedDelegation(name: Name): boolean {
    return this.isDelegation(name) && !this.types.get(name)?.has(RRType.DS);
  }

  private isBelowCut(name: Name): boolean {
    for (let at = name; isStrictSubdomain(at, this.apex); ) {
      at = parentName(at);
      if (this.cuts.has(at)) return true;
    }
    return false;
  }
}

function nsecChain(contents: ZoneContents, ttlSec: number): RRset[] {
  const owners = [...contents.types.keys()].sort(compareNames);
  return owners.map((owner, index) => {
    const next = owners[index + 1] ?? contents.apex;
    const types = [...contents.bitmapTypes(owner), RRType.RRSIG, RRType.NSEC];
    return makeRRset(owner, RRType.NSEC, ttlSec, [next + encodeBitmap(types)]);
  });
}

type Nsec3Method = Extract<DenialMethod, { kind: 'nsec3' }>;

function nsec3Chain(contents: ZoneContents, ttlSec: number, method: Nsec3Method): RRset[] {
  const { salt, iterations, optOut } = method;
  const parameters = (flags: number) =>
    String.fromCharCode(NSEC3_HASH_SHA1, flags) +
    u16Octets(iterations) +
    String.fromCharCode(salt.length) +
    salt;
  const param = makeRRset(contents.apex, RRType.NSEC3PARAM, ttlSec, [parameters(0)]);
  const owners = nsec3Owners(contents, optOut).map((name) => ({
    name,
    hash: nsec3Hash(name, salt, iterations),
  }));
  owners.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const head = parameters(optOut ? NSEC3_FLAG_OPT_OUT : 0);
  const chain = owners.map(({ name, hash }, index) => {
    const next = owners[(index + 1) % owners.length]!.hash;
    const types = contents.bitmapTypes(name);
    if (types.length > 0 && !contents.isUnsignedDelegation(name)) types.push(RRType.RRSIG);
    if (name === contents.apex) types.push(RRType.NSEC3PARAM);
    const owner = prependLabel(toBase32Hex(hash), contents.apex);
    if (owner === undefined) throw new Error('the apex is too long for NSEC3');
    return makeRRset(owner, RRType.NSEC3, ttlSec, [
      head + String.fromCharCode(next.length) + next + encodeBitmap(types),
    ]);
  });
  return [param, ...chain];
}

/** All names that exist, those without data too; under opt-out, unsigned delegations are left out. */
function nsec3Owners(contents: ZoneContents, optOut: boolean): Name[] {
  const names = new Set<Name>();
  for (const owner of contents.types.keys()) {
    if (optOut && contents.isUnsignedDelegation(owner)) continue;
    names.add(owner);
    for (let at = owner; at !== contents.apex; ) {
      at = parentName(at);
      names.add(at);
    }
  }
  return [...names];
}
