/**
 * Judges the links of the chain of trust: a DS answer by the keys above it, a DNSKEY answer by the DS.
 *
 * No network, no waiting: what was fetched comes in, a state of the zone (or the way to its keys) goes out.
 *
 * RFC 4035 5.2 (referrals, unsupported algorithms), RFC 4509 3, RFC 5155 8.9, RFC 6840 5.2, 5.11 (any one
 * algorithm and any one key suffices), RFC 8914.
 */

import { formatName, isStrictSubdomain, type Name, ROOT } from '../dns/name.js';
import type { ExtendedError } from '../dns/outcome.js';
import { Ede, type EdeCode, RRType } from '../dns/registry.js';
import type { Rdata, RRset } from '../dns/rrset.js';
import type { TraceEvent } from '../runtime/trace.js';
import { dsMatchesKey, formatAlgorithm, type UsableDs, usableDs } from './algorithms.js';
import type { ZoneAnchors } from './anchors.js';
import { verifyDenial } from './denial.js';
import type { Nsec3Hasher } from './nsec3.js';
import { type Dnskey, type Ds, isZoneKey, KEY_FLAG_ZONE, parseDnskey } from './records.js';
import type { SignatureVerifier } from './signature-verifier.js';
import { type BogusRRset, describe, type VerifyContext, verifyRRset, type ZoneKeys } from './verify.js';
import type { FetchResult, ValidationContext, ZoneState } from './zone-state.js';

/** Digests computed for one zone at most; keys and DS records that share a tag are an attacker's to multiply. */
const MAX_DIGESTS = 16;
/** DNSKEY records looked at; beyond lies no zone that means well. */
const MAX_KEYS = 64;

/** A state, and for how long it may be kept, in seconds; undefined: not at all. */
export interface Judged {
  readonly state: ZoneState;
  readonly ttlSec: number | undefined;
}

/** What the DNSKEY RRset of `zone` must be matched with. */
export interface SecureEntry {
  readonly zone: Name;
  readonly ds: readonly Ds[];
  /** Keys trusted as they are, from anchors. */
  readonly keys: readonly Rdata[];
  readonly ttlSec: number;
}

export interface ZoneJudgeOptions {
  readonly verifier: SignatureVerifier;
  readonly hasher: Nsec3Hasher;
  readonly skewSec: number;
  /** The validator's date, in seconds since 1970. */
  readonly nowSec: () => number;
  /**
   * The root servers are the operator's own and the anchors are not: a root without keys is then not the
   * anchors' root, and insecure. With the anchors' own root the same would be an attack.
   */
  readonly foreignRoot?: boolean;
}

export class ZoneJudge {
  constructor(private readonly options: ZoneJudgeOptions) {}

  verifyContext(ctx: ValidationContext): VerifyContext {
    const { verifier, skewSec, nowSec } = this.options;
    return { verifier, skewSec, nowSec: nowSec(), budget: ctx.budget, emit: ctx.emit };
  }

  get hasher(): Nsec3Hasher {
    return this.options.hasher;
  }

  /** The entry by trust anchors, or insecure when none of them can be used. */
  anchored(anchors: ZoneAnchors, ctx: ValidationContext): SecureEntry | Judged {
    const supports = (algorithm: number) => this.options.verifier.supports(algorithm);
    const found = usableDs(anchors.ds, supports);
    const keys = anchors.dnskey.filter((rdata) => supports(parseDnskey(rdata)?.algorithm ?? 0));
    if (found.usable.length === 0 && keys.length === 0) {
      return insecureBySupport(anchors.zone, 'its trust anchors', found, Number.POSITIVE_INFINITY, ctx);
    }
    const tags = found.usable.map((ds) => ds.keyTag).concat(keys.map((rdata) => parseDnskey(rdata)!.keyTag));
    trace(ctx, 'anchor', anchors.zone, 'secure', `trust anchors with key tags ${tags.join(', ')}`);
    return { zone: anchors.zone, ds: found.usable, keys, ttlSec: Number.POSITIVE_INFINITY };
  }

  /** What the DS answer for `name` means, given the keys of the zone above. */
  ds(name: Name, above: ZoneKeys, result: FetchResult, ctx: ValidationContext): SecureEntry | Judged {
    if (result.kind === 'failure') {
      return bogus(name, RRType.DS, above.zone, fetchFailed(name, RRType.DS), result.ede, ctx);
    }
    if (result.kind !== 'answer') return this.noDs(name, above, result.authority, ctx);
    const rrset = result.rrsets.find((r) => r.type === RRType.DS && r.name === name);
    if (!rrset) return this.aliasForDs(name, above, result.rrsets, ctx);
    const verified = verifyRRset(rrset, above, this.verifyContext(ctx));
    if (verified.kind === 'bogus') return bogusBy(verified, name, RRType.DS, above.zone, ctx);
    const found = usableDs(rrset.rdatas, (algorithm) => this.options.verifier.supports(algorithm));
    if (found.usable.length === 0) {
      return insecureBySupport(name, 'its DS records', found, verified.ttlSec, ctx);
    }
    const tags = found.usable.map((ds) => `${ds.keyTag} (${formatAlgorithm(ds.algorithm)})`);
    trace(ctx, 'ds', name, 'secure', `DS for key ${[...new Set(tags)].join(', ')}`);
    return { zone: name, ds: found.usable, keys: [], ttlSec: verified.ttlSec };
  }

  private noDs(name: Name, above: ZoneKeys, authority: readonly RRset[], ctx: ValidationContext): Judged {
    const denial = verifyDenial(authority, above, this.options.hasher, this.verifyContext(ctx));
    if (denial.kind === 'bogus') return bogusBy(denial, name, RRType.DS, above.zone, ctx);
    const proof = denial.proofs.delegation(name);
    const { ttlSec } = denial;
    if (proof.kind === 'insecure' || proof.kind === 'no-cut') ctx.proven?.(above.zone, denial.rrsets, ttlSec);
    switch (proof.kind) {
      case 'insecure': {
        const how = proof.optOut ? 'opt-out' : 'no DS';
        return insecure(name, `${formatName(name)} is an unsigned delegation (${how})`, [], ttlSec, ctx);
      }
      case 'too-costly':
        return insecure(
          name,
          proof.reason,
          [ede(Ede.UNSUPPORTED_NSEC3_ITERATIONS, proof.reason)],
          ttlSec,
          ctx,
        );
      case 'no-cut':
        trace(ctx, 'ds', name, 'secure', `no zone cut${proof.absent ? ', the name does not exist' : ''}`);
        return { state: { kind: 'secure', keys: above, absent: proof.absent }, ttlSec };
      case 'unproven': {
        const reason = `the absence of ${formatName(name)} DS is not proven: ${proof.reason}`;
        const code = proof.outOfBudget ? Ede.DNSSEC_BOGUS : Ede.NSEC_MISSING;
        return bogus(name, RRType.DS, above.zone, reason, [ede(code, reason)], ctx, proof.outOfBudget);
      }
    }
  }

  /** A name that is an alias, or lies under a DNAME, is no zone cut. */
  private aliasForDs(name: Name, above: ZoneKeys, rrsets: readonly RRset[], ctx: ValidationContext): Judged {
    const dname = rrsets.find((r) => r.type === RRType.DNAME && isStrictSubdomain(name, r.name));
    const alias = dname ?? rrsets.find((r) => r.type === RRType.CNAME && r.name === name);
    if (!alias) {
      const reason = `the answer for ${formatName(name)} DS holds no DS`;
      return bogus(name, RRType.DS, above.zone, reason, [ede(Ede.DNSSEC_BOGUS, reason)], ctx);
    }
    const verified = verifyRRset(alias, above, this.verifyContext(ctx));
    if (verified.kind === 'bogus') return bogusBy(verified, name, RRType.DS, above.zone, ctx);
    trace(ctx, 'ds', name, 'secure', 'no zone cut, the name is an alias');
    return { state: { kind: 'secure', keys: above, absent: dname !== undefined }, ttlSec: verified.ttlSec };
  }

  /** Whether the DNSKEY answer holds a key that the entry names and that signs the whole set. */
  dnskey(entry: SecureEntry, result: FetchResult, ctx: ValidationContext): Judged {
    const { zone } = entry;
    if (result.kind === 'failure') {
      return bogus(zone, RRType.DNSKEY, zone, fetchFailed(zone, RRType.DNSKEY), result.ede, ctx);
    }
    const rrsets = result.kind === 'answer' ? result.rrsets : [];
    const rrset = rrsets.find((r) => r.type === RRType.DNSKEY && r.name === zone);
    if (!rrset && zone === ROOT && this.options.foreignRoot) return foreignRoot(ctx);
    if (!rrset) {
      const why =
        zone === ROOT ? 'the root that answers has no DNSKEY' : `${formatName(zone)} has a DS but no DNSKEY`;
      return noKey(zone, why, Ede.DNSKEY_MISSING, ctx);
    }
    const keys = rrset.rdatas.slice(0, MAX_KEYS).flatMap((rdata) => parseDnskey(rdata) ?? []);
    const entryKeys = matchingKeys(entry, keys);
    if (entryKeys.length === 0) return noMatchingKey(entry, keys, ctx);
    const verified = verifyRRset(rrset, { zone, keys: entryKeys }, this.verifyContext(ctx));
    if (verified.kind === 'bogus') return bogusBy(verified, zone, RRType.DNSKEY, zone, ctx);
    const sig = verified.signature;
    ctx.emit?.({
      kind: 'validation',
      step: 'dnskey',
      name: zone,
      type: RRType.DNSKEY,
      security: 'secure',
      detail: `${keys.length} keys, signed by key ${sig.keyTag} (algorithm ${formatAlgorithm(sig.algorithm)})`,
      keyTag: sig.keyTag,
      algorithm: sig.algorithm,
    });
    const state: ZoneState = { kind: 'secure', keys: { zone, keys }, absent: false };
    return { state, ttlSec: Math.min(entry.ttlSec, verified.ttlSec) };
  }
}

function matchingKeys(entry: SecureEntry, keys: readonly Dnskey[]): Dnskey[] {
  let digests = 0;
  return keys.filter((key) => {
    if (!isZoneKey(key)) return false;
    if (entry.keys.includes(key.rdata)) return true;
    const candidates = entry.ds.filter((ds) => ds.keyTag === key.keyTag && ds.algorithm === key.algorithm);
    return candidates.some((ds) => ++digests <= MAX_DIGESTS && dsMatchesKey(entry.zone, ds, key));
  });
}

function noMatchingKey(entry: SecureEntry, keys: readonly Dnskey[], ctx: ValidationContext): Judged {
  const zone = formatName(entry.zone);
  const wanted = new Set([
    ...entry.ds.map((ds) => ds.keyTag),
    ...entry.keys.map((k) => parseDnskey(k)!.keyTag),
  ]);
  const flawed = keys.find((key) => wanted.has(key.keyTag) && !isZoneKey(key));
  const zoneBitClear = flawed !== undefined && (flawed.flags & KEY_FLAG_ZONE) === 0;
  const text = `no DNSKEY of ${zone} matches its ${entry.keys.length > 0 ? 'trust anchors' : 'DS records'}`;
  const list = `(key tags ${[...wanted].join(', ')}; the zone has ${keys.map((key) => key.keyTag).join(', ')})`;
  const why = !flawed ? '' : zoneBitClear ? '; no zone key flag' : '; revoked, or of another protocol';
  const code = zoneBitClear ? Ede.NO_ZONE_KEY_BIT : Ede.DNSKEY_MISSING;
  return noKey(entry.zone, `${text} ${list}${why}`, code, ctx);
}

function noKey(zone: Name, reason: string, code: EdeCode, ctx: ValidationContext): Judged {
  return bogus(zone, RRType.DNSKEY, zone, reason, [ede(code, reason)], ctx);
}

function insecureBySupport(
  zone: Name,
  what: string,
  found: UsableDs,
  ttlSec: number,
  ctx: ValidationContext,
): Judged {
  const algorithms = found.unsupportedAlgorithms.map(formatAlgorithm).join(', ');
  const digests = found.unsupportedDigests.join(', ');
  const code = digests ? Ede.UNSUPPORTED_DS_DIGEST : Ede.UNSUPPORTED_DNSKEY_ALGORITHM;
  const named = digests ? `digest type ${digests}` : `algorithm ${algorithms || 'unreadable'}`;
  const reason = `${formatName(zone)}: ${what} name only what is not supported (${named})`;
  return insecure(zone, reason, [ede(code, reason)], ttlSec, ctx);
}

function insecure(
  zone: Name,
  reason: string,
  errors: readonly ExtendedError[],
  ttlSec: number,
  ctx: ValidationContext,
): Judged {
  trace(ctx, 'insecure', zone, 'insecure', reason);
  return { state: { kind: 'insecure', zone, reason, ede: errors }, ttlSec };
}

function bogusBy(result: BogusRRset, name: Name, type: number, zone: Name, ctx: ValidationContext): Judged {
  return bogus(name, type, zone, result.reason, [ede(result.ede, result.reason)], ctx, result.outOfBudget);
}

function bogus(
  name: Name,
  type: number,
  zone: Name,
  reason: string,
  errors: readonly ExtendedError[],
  ctx: ValidationContext,
  transient = false,
): Judged {
  trace(ctx, type === RRType.DS ? 'ds' : 'dnskey', name, 'bogus', reason);
  return { state: { kind: 'bogus', reason, ede: errors, blame: { zone, name, type }, transient }, ttlSec: 0 };
}

function fetchFailed(name: Name, type: number): string {
  return `${describe({ name, type })} could not be fetched`;
}

function ede(code: EdeCode, text: string): ExtendedError {
  return { code, text };
}

type Step = Extract<TraceEvent, { kind: 'validation' }>['step'];

function trace(
  ctx: ValidationContext,
  step: Step,
  name: Name,
  security: 'secure' | 'insecure' | 'bogus',
  detail: string,
): void {
  ctx.emit?.({ kind: 'validation', step, name, security, detail });
}

const FOREIGN_ROOT_TTL_SEC = 3600;

/** Another root than the one that the anchors are for; see {@link ZoneJudgeOptions.foreignRoot}. */
function foreignRoot(ctx: ValidationContext): Judged {
  const reason =
    'the root of these root hints is unsigned, and the builtin trust anchors are for another root';
  trace(ctx, 'insecure', ROOT, 'insecure', reason);
  return { state: { kind: 'insecure', zone: ROOT, reason, ede: [] }, ttlSec: FOREIGN_ROOT_TTL_SEC };
}
