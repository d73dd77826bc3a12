/**
 * Is this RRset signed by these keys? One RRset, the keys of one zone, no network.
 *
 * The cheap questions come first (what the RRSIG claims, times, whether a key fits), cryptography last and
 * under limits, since both keys and signatures are an attacker's to multiply (KeyTrap, CVE-2023-50387):
 * at most 8 RRSIGs that could fit are tried, of keys that share a tag one may fail, and every check draws on
 * the client query's budget.
 *
 * RFC 4034 3.1.5 (serial time), RFC 4035 5.3 (the checks), 5.3.3 (TTL), RFC 8914 (what is said on failure).
 * Limitations: the clock skew is one number for both ends of the validity period.
 */
import { formatName, isSubdomain, type Name } from '../dns/name.js';
import { Ede, type EdeCode, formatType, RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { Budget } from '../runtime/budget.js';
import type { TraceEvent } from '../runtime/trace.js';
import { formatTime } from '../wire/rdata/dnssec-fields.js';
import { formatAlgorithm } from './algorithms.js';
import { CanonicalRdatas, type SignedData, signedData } from './canonical.js';
import { type Dnskey, isZoneKey, KEY_FLAG_REVOKE, parseRrsig, type Rrsig } from './records.js';
import type { SignatureVerifier } from './signature-verifier.js';

/** RRSIGs of one RRset that are tried with a key at most (DESIGN 5). */
export const MAX_SIGNATURES = 8;
/** Checks that may fail for one key tag of one RRset; the next failure ends the attempt. */
const MAX_FAILURES_PER_TAG = 1;

/** The DNSKEYs that may sign for one zone. Revoked keys may be among them; they never verify anything here. */
export interface ZoneKeys {
  readonly zone: Name;
  readonly keys: readonly Dnskey[];
}

/** What a check needs from outside. */
export interface VerifyContext {
  readonly verifier: SignatureVerifier;
  /** The validator's date in seconds since 1970. */
  readonly nowSec: number;
  /** How far the date may be off, in seconds. */
  readonly skewSec: number;
  readonly budget: Budget;
  readonly emit?: ((event: TraceEvent) => void) | undefined;
}

export interface ValidRRset {
  readonly kind: 'valid';
  /** Set when the RRset was made from the wildcard right below this name: its denial proof is still owed. */
  readonly closestEncloser: Name | undefined;
  /** Longest time to keep the RRset (RFC 4035 5.3.3), in seconds. */
  readonly ttlSec: number;
  readonly signature: Rrsig;
}

export interface BogusRRset {
  readonly kind: 'bogus';
  readonly ede: EdeCode;
  readonly reason: string;
  /** True when the budget ended the attempt, which says nothing about the data. */
  readonly outOfBudget?: boolean;
}

export type RRsetResult = ValidRRset | BogusRRset;

/** A failure and how far the attempt got; the farthest is the one worth telling. */
interface Failure {
  readonly rank: number;
  readonly ede: EdeCode;
  readonly reason: string;
}

const Rank = { claim: 1, algorithm: 2, key: 3, keyFlags: 4, time: 5, signature: 6 } as const;

/** Looks for one RRSIG that one of the zone's keys made over this RRset, within its time. */
export function verifyRRset(rrset: RRset, zoneKeys: ZoneKeys, ctx: VerifyContext): RRsetResult {
  const attempt = new Attempt(rrset, zoneKeys, ctx);
  return attempt.run();
}

class Attempt {
  private worst: Failure | undefined;
  private readonly failuresByTag = new Map<number, number>();
  private readonly canonical: CanonicalRdatas;
  private tried = 0;

  constructor(
    private readonly rrset: RRset,
    private readonly zoneKeys: ZoneKeys,
    private readonly ctx: VerifyContext,
  ) {
    this.canonical = new CanonicalRdatas(rrset);
  }

  run(): RRsetResult {
    for (const rdata of this.rrset.signatures) {
      const sig = parseRrsig(rdata);
      if (!sig || !this.claimsFit(sig) || !this.timesFit(sig)) continue;
      const keys = this.keysFor(sig);
      if (keys.length === 0) continue;
      if (++this.tried > MAX_SIGNATURES) break;
      const result = this.tryKeys(sig, keys);
      if (result) return this.traced(result, sig);
    }
    const unsigned = { ede: Ede.RRSIGS_MISSING, reason: `${describe(this.rrset)} has no signature` };
    const { ede, reason } = this.worst ?? unsigned;
    return this.traced({ kind: 'bogus', ede, reason }, undefined);
  }

  /** RFC 4035 5.3.1: what can be seen without any key. */
  private claimsFit(sig: Rrsig): boolean {
    const { rrset, zoneKeys } = this;
    if (sig.typeCovered !== rrset.type) return this.fail(Rank.claim, Ede.DNSSEC_BOGUS, 'covers another type');
    if (sig.signer !== zoneKeys.zone || !isSubdomain(rrset.name, sig.signer)) {
      const text = `names ${formatName(sig.signer)} as signer, which is not the zone ${formatName(zoneKeys.zone)}`;
      return this.fail(Rank.claim, Ede.DNSSEC_BOGUS, text);
    }
    if (!this.ctx.verifier.supports(sig.algorithm)) {
      const text = `uses algorithm ${formatAlgorithm(sig.algorithm)}, which is not supported`;
      return this.fail(Rank.algorithm, Ede.UNSUPPORTED_DNSKEY_ALGORITHM, text);
    }
    return true;
  }

  /** Texts are made for failures only: dates cost more than the comparison. */
  private timesFit(sig: Rrsig): boolean {
    const { nowSec, skewSec } = this.ctx;
    if (serialDiff(sig.expiration, sig.inception) < 0) {
      const text = `expires (${formatTime(sig.expiration)}) before it begins (${formatTime(sig.inception)})`;
      return this.timeFault(sig, Ede.SIGNATURE_EXPIRED_BEFORE_VALID, text);
    }
    if (serialDiff(sig.expiration, nowSec) < -skewSec) {
      const text = `expired at ${formatTime(sig.expiration)}; it is ${formatTime(nowSec)}`;
      return this.timeFault(sig, Ede.SIGNATURE_EXPIRED, text);
    }
    if (serialDiff(sig.inception, nowSec) > skewSec) {
      const text = `is valid only from ${formatTime(sig.inception)}; it is ${formatTime(nowSec)}`;
      return this.timeFault(sig, Ede.SIGNATURE_NOT_YET_VALID, text);
    }
    return true;
  }

  private timeFault(sig: Rrsig, ede: EdeCode, text: string): false {
    return this.fail(Rank.time, ede, `${describeSignature(sig)} ${text}`);
  }

  private keysFor(sig: Rrsig): readonly Dnskey[] {
    const fitting = this.zoneKeys.keys.filter(
      (k) => k.keyTag === sig.keyTag && k.algorithm === sig.algorithm,
    );
    const usable = fitting.filter(isZoneKey);
    if (usable.length > 0) return usable;
    const zone = formatName(this.zoneKeys.zone);
    const [first] = fitting;
    if (!first) {
      const text = `${describeSignature(sig)} is by a key that the DNSKEY RRset of ${zone} does not have`;
      this.fail(Rank.key, Ede.DNSKEY_MISSING, text);
    } else if (first.flags & KEY_FLAG_REVOKE) {
      this.fail(
        Rank.keyFlags,
        Ede.DNSKEY_MISSING,
        `${describeSignature(sig)} is by a revoked key of ${zone}`,
      );
    } else {
      const what = first.protocol === 3 ? 'without the zone key bit' : `with protocol ${first.protocol}`;
      this.fail(
        Rank.keyFlags,
        Ede.NO_ZONE_KEY_BIT,
        `${describeSignature(sig)} is by a key of ${zone} ${what}`,
      );
    }
    return usable;
  }

  private tryKeys(sig: Rrsig, keys: readonly Dnskey[]): RRsetResult | undefined {
    const { verifier, budget } = this.ctx;
    const data = signedData(this.rrset, sig, this.canonical);
    if (!data) {
      const text = `${describeSignature(sig)} counts ${sig.labels} labels, which does not fit the name`;
      this.fail(Rank.claim, Ede.DNSSEC_BOGUS, text);
      return undefined;
    }
    for (const key of keys) {
      if ((this.failuresByTag.get(sig.keyTag) ?? 0) > MAX_FAILURES_PER_TAG) return undefined;
      const again = comesAgain(this.rrset.type, data);
      if (again && verifier.isKnown(key, data.octets, sig.signature))
        return this.valid(sig, data.closestEncloser);
      if (!budget.spend('signatureChecks')) return outOfBudget(this.rrset, budget);
      const result = verifier.verify(key, data.octets, sig.signature);
      if (result === 'good') {
        if (again) verifier.remember(key, data.octets, sig.signature);
        return this.valid(sig, data.closestEncloser);
      }
      this.failuresByTag.set(sig.keyTag, (this.failuresByTag.get(sig.keyTag) ?? 0) + 1);
      const text = result === 'bad' ? 'does not verify' : 'names a key that is malformed';
      this.fail(Rank.signature, Ede.DNSSEC_BOGUS, `${describeSignature(sig)} ${text}`);
    }
    return undefined;
  }

  private valid(sig: Rrsig, closestEncloser: Name | undefined): ValidRRset {
    const ttlSec = Math.min(this.rrset.ttlSec, sig.originalTtlSec, this.secondsLeft(sig));
    return { kind: 'valid', closestEncloser, ttlSec, signature: sig };
  }

  /** Until expiration; one that only the skew keeps valid is good for a minute at a time. */
  private secondsLeft(sig: Rrsig): number {
    const left = serialDiff(sig.expiration, this.ctx.nowSec);
    return Math.max(left, Math.min(60, left + this.ctx.skewSec));
  }

  /** Notes a failure if it is the farthest so far. Always false, for the callers' convenience. */
  private fail(rank: number, ede: EdeCode, what: string): false {
    if (!this.worst || rank >= this.worst.rank) {
      const subject = what.startsWith('the signature') ? what : `the signature ${what}`;
      this.worst = { rank, ede, reason: `${describe(this.rrset)}: ${subject}` };
    }
    return false;
  }

  private traced(result: RRsetResult, sig: Rrsig | undefined): RRsetResult {
    this.ctx.emit?.({
      kind: 'validation',
      step: 'signature',
      name: this.rrset.name,
      type: this.rrset.type,
      security: result.kind === 'valid' ? 'secure' : 'bogus',
      detail: result.kind === 'valid' ? validDetail(result) : result.reason,
      ...(sig && { keyTag: sig.keyTag, algorithm: sig.algorithm }),
    });
    return result;
  }
}

/**
 * Whether the same octets come with answers to many names: denials, aliases of subtrees, wildcards. Everything
 * else is cached by those who asked; to remember its signature as well would only be garbage for the collector.
 */
function comesAgain(type: number, data: SignedData): boolean {
  return data.closestEncloser !== undefined || sharedTypes.has(type);
}

const sharedTypes: ReadonlySet<number> = new Set([RRType.SOA, RRType.NSEC, RRType.NSEC3, RRType.DNAME]);

function validDetail(result: ValidRRset): string {
  const sig = result.signature;
  const until = `signed by ${formatName(sig.signer)} from ${formatTime(sig.inception)} to ${formatTime(sig.expiration)}`;
  return result.closestEncloser
    ? `${until}, from the wildcard below ${formatName(result.closestEncloser)}`
    : until;
}

function outOfBudget(rrset: RRset, budget: Budget): BogusRRset {
  const reason = `${describe(rrset)}: not checked, for this query used up its ${budget.limits.signatureChecks} signature checks`;
  return { kind: 'bogus', ede: Ede.DNSSEC_BOGUS, reason, outOfBudget: true };
}

/** `a` minus `b` in serial arithmetic modulo 2^32 (RFC 1982). */
function serialDiff(a: number, b: number): number {
  return (a - b) | 0;
}

/** `www.example. A`. */
export function describe(rrset: { readonly name: Name; readonly type: number }): string {
  return `${formatName(rrset.name)} ${formatType(rrset.type)}`;
}

function describeSignature(sig: Rrsig): string {
  return `the signature by key ${sig.keyTag} (algorithm ${formatAlgorithm(sig.algorithm)})`;
}
