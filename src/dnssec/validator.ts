/**
 * The validator: is this piece of a resolution secure, insecure, bogus or indeterminate, and why?
 *
 * On a query's way it stands between the walk and the cache. The resolver hands over one link at a time
 * (an answer, an alias, a denial) together with a way to fetch DS and DNSKEY; the chain of trust finds the
 * keys, verify.ts checks signatures, denial.ts the proofs. Nothing that a server sends makes it throw.
 *
 * RFC 4035 5 and appendix C, RFC 5155 8, RFC 6672 5.3 (DNAME), RFC 6840, RFC 7646 (negative anchors).
 * Limitations: RRSIG RRsets asked for by name are insecure, for nothing signs them.
 */

import {
  formatName,
  isStrictSubdomain,
  type Name,
  parentName,
  ROOT,
  replaceSuffix,
  toName,
} from '../dns/name.js';
import type { ExtendedError } from '../dns/outcome.js';
import { Ede, RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import { Anchors, type TrustAnchor } from './anchors.js';
import { ChainOfTrust } from './chain-of-trust.js';
import { isDenialType, verifyDenial } from './denial.js';
import type { DenialProofs, Proof } from './denial-proof.js';
import { Nsec3Hasher } from './nsec3.js';
import { CryptoVerifier, type SignatureVerifier } from './signature-verifier.js';
import { combine, type RRsetVerdict, type ValidationInput, type Verdict } from './verdict.js';
import { type BogusRRset, describe, type ValidRRset, verifyRRset, type ZoneKeys } from './verify.js';
import { ZoneJudge } from './zone-judge.js';
import type { ValidationContext, ZoneState } from './zone-state.js';

export interface ValidatorOptions {
  readonly anchors: readonly TrustAnchor[];
  readonly negativeTrustAnchors: readonly Name[];
  readonly clock: Clock;
  /** How far the date may be off when signature times are compared, in ms. */
  readonly clockSkewMs: number;
  /** The validator's date, in ms since 1970, instead of the clock's. Cache times always follow the clock. */
  readonly overrideDateMs?: number | undefined;
  /** Cryptography; by default `node:crypto`, with RSA/SHA-1 unsupported. */
  readonly verifier?: SignatureVerifier;
  /** The root hints are the operator's own while the anchors are the builtin ones; see zone-judge.ts. */
  readonly foreignRoot?: boolean;
  /** Zone states kept at most, 1 to 4 kB each. Default 8192. */
  readonly zoneLimit?: number;
}

export class Validator {
  private readonly judge: ZoneJudge;
  private readonly chain: ChainOfTrust;

  constructor(options: ValidatorOptions) {
    const { clock, overrideDateMs } = options;
    const anchors = new Anchors(options.anchors, options.negativeTrustAnchors);
    this.judge = new ZoneJudge({
      verifier: options.verifier ?? new CryptoVerifier(),
      hasher: new Nsec3Hasher(),
      foreignRoot: options.foreignRoot ?? false,
      skewSec: Math.floor(options.clockSkewMs / 1000),
      nowSec: () => Math.floor((overrideDateMs ?? clock.wallMs()) / 1000),
    });
    this.chain = new ChainOfTrust(anchors, this.judge, clock, options.zoneLimit ?? 8192);
  }

  /** Judges one link. Never rejects for what servers sent; rejects only when `ctx.fetch` does. */
  async validate(input: ValidationInput, ctx: ValidationContext): Promise<Verdict> {
    const verdict = await (input.kind === 'answer' ? this.positive(input, ctx) : this.negative(input, ctx));
    if (ctx.emit) {
      const { name, type } = input.question;
      const detail = `${describe(input.question)}: ${verdict.reason}`;
      ctx.emit({ kind: 'validation', step: 'verdict', name, type, security: verdict.security, detail });
    }
    return verdict;
  }

  /** Takes other anchors from now on (RFC 5011, a reload, a negative anchor that ran out); all zones are judged anew. */
  setAnchors(anchors: readonly TrustAnchor[], negativeTrustAnchors: readonly Name[]): void {
    this.chain.setAnchors(new Anchors(anchors, negativeTrustAnchors));
  }

  /** True for names at or below a negative trust anchor (RFC 7646). */
  isDistrusted(name: Name): boolean {
    return this.chain.isDistrusted(name);
  }

  /** Forgets what is known of the zones at and below `name`. */
  forget(name: Name): void {
    this.chain.forget(name);
  }

  private async positive(input: ValidationInput, ctx: ValidationContext): Promise<Verdict> {
    const parts: Verdict[] = [];
    for (const rrset of input.answer) {
      if (rrset.type === RRType.RRSIG || isSynthesised(rrset, input.answer)) continue;
      const finding = this.chain.stateFor(dataOwner(rrset), rrset.signatures, ctx, input.zone);
      const state = finding instanceof Promise ? await finding : finding;
      const part = this.rrset(rrset, state, input, ctx);
      parts.push(part);
      if (part.security === 'bogus') break;
    }
    return combine(parts);
  }

  private rrset(rrset: RRset, state: ZoneState, input: ValidationInput, ctx: ValidationContext): Verdict {
    if (state.kind !== 'secure') return fromState(state, [rrset]);
    const result = verifyRRset(rrset, state.keys, this.judge.verifyContext(ctx));
    if (result.kind === 'bogus') return bogusData(result, rrset, state.keys.zone);
    if (!result.closestEncloser) return secure(rrset, result);
    return this.wildcard(rrset, result, result.closestEncloser, state.keys, input, ctx);
  }

  /** An RRset made from a wildcard is right only if nothing closer exists (RFC 4035 5.3.4, RFC 5155 8.8). */
  private wildcard(
    rrset: RRset,
    result: ValidRRset,
    closestEncloser: Name,
    keys: ZoneKeys,
    input: ValidationInput,
    ctx: ValidationContext,
  ): Verdict {
    const denial = verifyDenial(input.authority, keys, this.judge.hasher, this.judge.verifyContext(ctx));
    if (denial.kind === 'bogus') return bogusData(denial, rrset, keys.zone);
    const proof = denial.proofs.wildcardAnswer(rrset.name, closestEncloser);
    traceProof(proof, rrset.name, rrset.type, 'the wildcard was used rightly', ctx);
    const failure = fromProof(proof, rrset, keys.zone);
    if (failure) return failure;
    const verdict = secure(rrset, result, closestEncloser);
    const rrsets = [...verdict.rrsets, ...allSecure(denial.rrsets)];
    return { ...verdict, rrsets, ttlCapSec: Math.min(result.ttlSec, denial.ttlSec) };
  }

  private async negative(input: ValidationInput, ctx: ValidationContext): Promise<Verdict> {
    const { question, authority } = input;
    const proofs = authority.filter((r) => isDenialType(r.type));
    const soa = authority.find((r) => r.type === RRType.SOA);
    const claims = (proofs.length > 0 ? proofs : soa ? [soa] : []).flatMap((r) => r.signatures);
    const state = await this.chain.stateFor(dataOwner(question), claims, ctx, input.zone);
    if (state.kind !== 'secure') return fromState(state, []);
    const { zone } = state.keys;
    const verifyCtx = this.judge.verifyContext(ctx);
    const soaResult = soa && verifyRRset(soa, state.keys, verifyCtx);
    if (soaResult?.kind === 'bogus') return bogusData(soaResult, question, zone);
    const denial = verifyDenial(authority, state.keys, this.judge.hasher, verifyCtx);
    if (denial.kind === 'bogus') return bogusData(unsignedDenial(denial, proofs), question, zone);
    const { denies, proof } = proveDenial(denial.proofs, question, input.kind === 'nxdomain');
    traceProof(proof, question.name, question.type, `proves ${denies.toUpperCase()}`, ctx);
    const failure = fromProof(proof, question, zone);
    if (failure?.security === 'bogus') return unsignedDelegation(denial.proofs, question, zone) ?? failure;
    if (failure) return failure;
    const ttlCapSec = Math.min(denial.ttlSec, soaResult?.ttlSec ?? denial.ttlSec);
    const reason = `${denies.toUpperCase()} is proven by records of ${formatName(zone)}`;
    const rrsets = allSecure(soa ? [soa, ...denial.rrsets] : denial.rrsets);
    return { security: 'secure', ede: [], reason, ttlCapSec, denies, rrsets };
  }
}

function allSecure(rrsets: readonly RRset[]): RRsetVerdict[] {
  return rrsets.map((rrset) => ({ rrset, security: 'secure' }));
}

/**
 * Asks for the proof of what the RCODE said. Some servers say NXDOMAIN for empty non-terminals; there the
 * records tell the truth, though an opt-out span is no truth to overrule an RCODE with.
 */
function proveDenial(
  proofs: DenialProofs,
  { name, type }: Question,
  nxdomain: boolean,
): { denies: 'nodata' | 'nxdomain'; proof: Proof } {
  if (!nxdomain) return { denies: 'nodata', proof: proofs.nodata(name, type) };
  const proof = proofs.nxdomain(name);
  if (proof.kind !== 'unproven') return { denies: 'nxdomain', proof };
  const nodata = proofs.nodata(name, type);
  if (nodata.kind === 'proven' && !nodata.optOut) return { denies: 'nodata', proof: nodata };
  return { denies: 'nxdomain', proof };
}

/**
 * A parent that speaks for a child it does not sign: records that prove an unsigned delegation at or above the
 * name prove nothing of the name, but that nobody could (RFC 4035 5.2). Opt-out spans are no such proof.
 */
function unsignedDelegation(proofs: DenialProofs, question: Question, zone: Name): Verdict | undefined {
  for (let at = dataOwner(question); isStrictSubdomain(at, zone); at = parentName(at)) {
    const found = proofs.delegation(at);
    if (found.kind === 'insecure' && !found.optOut) {
      return {
        security: 'insecure',
        ede: [],
        reason: `${formatName(at)} is an unsigned delegation`,
        rrsets: [],
      };
    }
  }
  return undefined;
}

/** The name whose zone the data lies in: a DS belongs to the parent's side of the cut (RFC 4035 2.4). */
function dataOwner(data: { readonly name: Name; readonly type: number }): Name {
  return data.type === RRType.DS && data.name !== ROOT ? parentName(data.name) : data.name;
}

/** True for the unsigned CNAME that a DNAME of the same answer stands for (RFC 6672 5.3.1); the DNAME is judged. */
function isSynthesised(rrset: RRset, answer: readonly RRset[]): boolean {
  const [target, ...more] = rrset.rdatas;
  if (rrset.type !== RRType.CNAME || rrset.signatures.length > 0 || target === undefined || more.length > 0)
    return false;
  return answer.some((dname) => {
    if (dname.type !== RRType.DNAME || !isStrictSubdomain(rrset.name, dname.name)) return false;
    return replaceSuffix(rrset.name, dname.name, toName(dname.rdatas[0] ?? ROOT)) === toName(target);
  });
}

function secure(rrset: RRset, result: ValidRRset, closestEncloser?: Name): Verdict {
  const { signer, keyTag } = result.signature;
  const reason = `${describe(rrset)} is signed by key ${keyTag} of ${formatName(signer)}`;
  const rrsets = [
    { rrset, security: 'secure' as const, ...(closestEncloser !== undefined && { closestEncloser }) },
  ];
  return { security: 'secure', ede: [], reason, ttlCapSec: result.ttlSec, rrsets };
}

function fromState(state: Exclude<ZoneState, { kind: 'secure' }>, rrsets: readonly RRset[]): Verdict {
  const parts = rrsets.map((rrset) => ({ rrset, security: state.kind }));
  const base = { security: state.kind, reason: state.reason, rrsets: parts };
  if (state.kind === 'indeterminate') return { ...base, ede: [] };
  if (state.kind === 'insecure') return { ...base, ede: state.ede };
  return { ...base, ede: state.ede, blame: state.blame, transient: state.transient };
}

/** Data that is bogus by itself, not for what is above it. */
function bogusData(result: BogusRRset, data: RRset | { name: Name; type: number }, zone: Name): Verdict {
  const ede: ExtendedError[] = [{ code: result.ede, text: result.reason }];
  const blame = { zone, name: data.name, type: data.type };
  const rrsets = 'rdatas' in data ? [{ rrset: data, security: 'bogus' as const }] : [];
  return {
    security: 'bogus',
    ede,
    reason: result.reason,
    rrsets,
    blame,
    transient: result.outOfBudget ?? false,
  };
}

/** Denial records without any signature are better called unsigned than missing. */
function unsignedDenial(result: BogusRRset, proofs: readonly RRset[]): BogusRRset {
  const [first] = proofs;
  if (!first || proofs.some((r) => r.signatures.length > 0)) return result;
  return { kind: 'bogus', ede: Ede.RRSIGS_MISSING, reason: `${describe(first)} has no signature` };
}

/** The verdict when a proof is no full one; undefined when it is. */
function fromProof(
  proof: Proof,
  data: RRset | { name: Name; type: number },
  zone: Name,
): Verdict | undefined {
  const rrsets = 'rdatas' in data ? [{ rrset: data, security: 'insecure' as const }] : [];
  switch (proof.kind) {
    case 'proven': {
      if (!proof.optOut) return undefined;
      const reason = `the proof for ${describe(data)} rests on an NSEC3 opt-out span of ${formatName(zone)}`;
      return { security: 'insecure', ede: [], reason, rrsets };
    }
    case 'too-costly': {
      const ede = [{ code: Ede.UNSUPPORTED_NSEC3_ITERATIONS, text: proof.reason }];
      return { security: 'insecure', ede, reason: proof.reason, rrsets };
    }
    case 'unproven': {
      const ede = proof.outOfBudget ? Ede.DNSSEC_BOGUS : Ede.NSEC_MISSING;
      const result: BogusRRset = {
        kind: 'bogus',
        ede,
        reason: proof.reason,
        outOfBudget: proof.outOfBudget ?? false,
      };
      return bogusData(result, data, zone);
    }
  }
}

function traceProof(proof: Proof, name: Name, type: number, what: string, ctx: ValidationContext): void {
  const security =
    proof.kind === 'unproven' ? 'bogus' : proof.kind === 'proven' && !proof.optOut ? 'secure' : 'insecure';
  const detail =
    proof.kind === 'proven' ? (proof.optOut ? `${what}, but for an opt-out span` : what) : proof.reason;
  ctx.emit?.({ kind: 'validation', step: 'denial', name, type, security, detail });
}
