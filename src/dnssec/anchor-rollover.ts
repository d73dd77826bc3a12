/**
 * Automated updates of trust anchors (RFC 5011): which keys of one zone are anchors, as its DNSKEY RRset changes.
 *
 * Pure: a DNSKEY RRset and a time go in, a new state comes out. Whoever drives it fetches the RRset at
 * `refreshAfterSec`, keeps the state on disk as JSON, and hands `anchorsOf` to the validator. A response
 * that no current anchor signed changes nothing, so a forger can at most stand still.
 *
 * RFC 5011 2 (rules), 2.3 (query times), 4 (states). "Start" is a key that is not in the list.
 * Limitations: removed keys are remembered for ever; a zone whose anchors are all revoked must be configured
 * anew (RFC 5011 5), until then the last ones it had are not trusted.
 */
import type { Name } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Rdata, RRset } from '../dns/rrset.js';
import { dsMatchesKey, usableDs } from './algorithms.js';
import type { TrustAnchor, ZoneAnchors } from './anchors.js';
import { CanonicalRdatas, signedData } from './canonical.js';
import { type Dnskey, isZoneKey, KEY_FLAG_REVOKE, KEY_FLAG_SEP, parseDnskey, parseRrsig } from './records.js';
import { type VerifyContext, verifyRRset } from './verify.js';

export type AnchorState = 'pending' | 'valid' | 'missing' | 'revoked' | 'removed';

export interface TrackedKey {
  /** DNSKEY RDATA without the REVOKE bit, by which the key is known through its life. */
  readonly rdata: Rdata;
  readonly state: AnchorState;
  /** When it came into this state, in seconds since 1970. */
  readonly sinceSec: number;
}

const DAY_SEC = 86_400;
/** A new key must be seen for so long before it is trusted, and a revoked one is kept so long (RFC 5011 2.4.1, 2.4.2). */
export const HOLD_DOWN_SEC = 30 * DAY_SEC;

/** What a DNSKEY RRset shows to one who trusts the zone's current anchors. */
export interface Observation {
  /** Keys with the SEP flag, not revoked. */
  readonly present: readonly Rdata[];
  /** Keys, without the REVOKE bit, that are revoked by their own signature. */
  readonly revoked: readonly Rdata[];
  /** Of `present`, those that the configured anchors name: trusted at once when nothing was tracked yet. */
  readonly configured: readonly Rdata[];
  readonly originalTtlSec: number;
  readonly signatureLeftSec: number;
}

/** Keys that count as anchors: missing ones stay trusted (RFC 5011 4.2). */
export function anchorsOf(zone: Name, tracked: readonly TrackedKey[]): TrustAnchor[] {
  const trusted = tracked.filter((key) => key.state === 'valid' || key.state === 'missing');
  return trusted.map((key) => ({ zone, type: RRType.DNSKEY, rdata: key.rdata }));
}

/**
 * Reads a DNSKEY RRset.
 *
 * @param configured the operator's anchors; they count only while nothing is tracked
 * @returns undefined when no current anchor signed it: then nothing may be learnt from it
 */
export function observeKeys(
  rrset: RRset,
  configured: ZoneAnchors,
  tracked: readonly TrackedKey[],
  ctx: VerifyContext,
): Observation | undefined {
  const keys = rrset.rdatas.flatMap((rdata) => parseDnskey(rdata) ?? []);
  const matching = keys.filter((key) => isZoneKey(key) && isConfigured(key, configured, ctx));
  const anchors = anchorsOf(rrset.name, tracked).map((anchor) => anchor.rdata);
  const trusted = tracked.length === 0 ? matching : keys.filter((key) => anchors.includes(key.rdata));
  const revoked = keys.filter((key) => key.flags & KEY_FLAG_REVOKE && isSelfSigned(rrset, key, ctx));
  const revokedRdatas = revoked.map((key) => withoutRevoke(key.rdata));
  // A set whose only trusted signer is the one being revoked must still be able to say so (RFC 5011 2.1).
  const known = tracked.length === 0 ? [] : revokedRdatas.filter((rdata) => anchors.includes(rdata));
  const verified = verifyRRset(rrset, { zone: rrset.name, keys: trusted }, ctx);
  if (verified.kind === 'bogus' && known.length === 0) return undefined;
  const byRevokedOnly = verified.kind === 'bogus';
  const sep = keys.filter((key) => isZoneKey(key) && (key.flags & KEY_FLAG_SEP) !== 0);
  return {
    present: byRevokedOnly ? anchors.filter((rdata) => !known.includes(rdata)) : sep.map((key) => key.rdata),
    revoked: byRevokedOnly ? known : revokedRdatas,
    configured: matching.map((key) => key.rdata),
    originalTtlSec: byRevokedOnly ? rrset.ttlSec : verified.signature.originalTtlSec,
    signatureLeftSec: byRevokedOnly ? 0 : (verified.signature.expiration - ctx.nowSec) | 0,
  };
}

function isConfigured(key: Dnskey, configured: ZoneAnchors, ctx: VerifyContext): boolean {
  if (configured.dnskey.includes(key.rdata)) return true;
  const { usable } = usableDs(configured.ds, (algorithm) => ctx.verifier.supports(algorithm));
  return usable.some((ds) => dsMatchesKey(configured.zone, ds, key));
}

/** True when the key itself signed the RRset, revoked or not. */
function isSelfSigned(rrset: RRset, key: Dnskey, ctx: VerifyContext): boolean {
  const canonical = new CanonicalRdatas(rrset);
  return rrset.signatures.some((rdata) => {
    const sig = parseRrsig(rdata);
    if (sig?.keyTag !== key.keyTag || sig.algorithm !== key.algorithm || sig.signer !== rrset.name)
      return false;
    const data = sig.typeCovered === RRType.DNSKEY ? signedData(rrset, sig, canonical) : undefined;
    if (!data || !ctx.verifier.supports(key.algorithm) || !ctx.budget.spend('signatureChecks')) return false;
    return ctx.verifier.verify(key, data.octets, sig.signature) === 'good';
  });
}

/** RDATA with the REVOKE bit cleared: the second octet of the flags. */
function withoutRevoke(rdata: Rdata): Rdata {
  return rdata[0]! + String.fromCharCode(rdata.charCodeAt(1) & ~KEY_FLAG_REVOKE) + rdata.slice(2);
}

/** The state after an observation (RFC 5011 4). */
export function advanceKeys(
  tracked: readonly TrackedKey[],
  seen: Observation,
  nowSec: number,
): readonly TrackedKey[] {
  if (tracked.length === 0) {
    return seen.configured.map((rdata) => ({ rdata, state: 'valid', sinceSec: nowSec }));
  }
  const known = tracked.flatMap((key) => advanceKey(key, seen, nowSec) ?? []);
  const added = seen.present
    .filter((rdata) => !tracked.some((key) => key.rdata === rdata))
    .map((rdata): TrackedKey => ({ rdata, state: 'pending', sinceSec: nowSec }));
  return [...known, ...added];
}

/** The next state of one key; undefined: back to the start. */
function advanceKey(key: TrackedKey, seen: Observation, nowSec: number): TrackedKey | undefined {
  const present = seen.present.includes(key.rdata);
  const revoked = seen.revoked.includes(key.rdata);
  const to = (state: AnchorState): TrackedKey => ({ ...key, state, sinceSec: nowSec });
  switch (key.state) {
    case 'pending': {
      if (!present) return undefined;
      const holdDownSec = Math.max(HOLD_DOWN_SEC, seen.originalTtlSec);
      return nowSec - key.sinceSec >= holdDownSec ? to('valid') : key;
    }
    case 'valid':
      return revoked ? to('revoked') : present ? key : to('missing');
    case 'missing':
      return revoked ? to('revoked') : present ? to('valid') : key;
    case 'revoked':
      return nowSec - key.sinceSec >= HOLD_DOWN_SEC ? to('removed') : key;
    case 'removed':
      return key;
  }
}

/** When to look again (RFC 5011 2.3), in seconds. `seen` undefined: the last attempt failed. */
export function refreshAfterSec(seen: Observation | undefined): number {
  if (!seen) return 3600;
  return Math.max(3600, Math.min(15 * DAY_SEC, seen.originalTtlSec / 2, seen.signatureLeftSec / 2));
}
