/**
 * The chain of trust: from a trust anchor down the zone cuts to the keys of a zone.
 *
 * `stateAt(name)` says whether the zone that `name` lies in is secure (and with which keys), insecure, bogus or
 * indeterminate. It asks for the DS of the name and lets the signer of the answer say which zone is above, so
 * a chain costs one DS and one DNSKEY fetch per zone; `walk` goes label by label instead, for data without
 * signatures, whose place in the tree nobody tells. A lie about the signer leads to keys that do not fit.
 * States are cached by name for as long as the records that made them, failures for a minute; whoever asks
 * for a state that is being worked out waits for the same work.
 *
 * RFC 4035 5, RFC 6840 5.2-5.11, RFC 9520 (failures are cached).
 * Limitations: keys of a zone are taken from one DNSKEY response; nothing is prefetched.
 */
import {
  ancestorWithLabels,
  formatName,
  isSubdomain,
  labelCount,
  type Name,
  parentName,
} from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Rdata } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { Anchors, ZoneAnchors } from './anchors.js';
import { BoundedMap } from './bounded-map.js';
import { claimedSigner } from './records.js';
import type { Judged, ZoneJudge } from './zone-judge.js';
import type { FetchResult, ValidationContext, ZoneState } from './zone-state.js';

/** How often another server is asked for a DS or DNSKEY that did not validate. */
const MAX_ATTEMPTS = 3;
const BOGUS_TTL_SEC = 60;
const MAX_TTL_SEC = 86_400;

interface Known {
  readonly state: ZoneState;
  readonly expiresAtMs: number;
}

export class ChainOfTrust {
  private readonly known: BoundedMap<Name, Known>;
  private readonly inFlight = new Map<Name, Promise<ZoneState>>();

  constructor(
    private anchors: Anchors,
    private readonly judge: ZoneJudge,
    private readonly clock: Clock,
    stateLimit: number,
  ) {
    this.known = new BoundedMap(stateLimit);
  }

  /** State of the deepest zone at or above `name`, whether or not `name` is an apex; at once when it is known. */
  stateAt(name: Name, ctx: ValidationContext): ZoneState | Promise<ZoneState> {
    const settled = this.settled(name);
    if (settled) return settled;
    const running = this.inFlight.get(name);
    return running ? this.joined(running, name, ctx) : this.workOut(name, ctx);
  }

  private async joined(running: Promise<ZoneState>, name: Name, ctx: ValidationContext): Promise<ZoneState> {
    const state = await running;
    return state.kind === 'bogus' && state.transient ? this.workOut(name, ctx) : state;
  }

  /**
   * State of the zone that data of `owner` belongs to: the one its signatures name, else found by walking.
   * A signer above the closest trust anchor counts only if it is secure itself, by another anchor (RFC 6840
   * C.2): else anybody could take data out of an anchor's reach by writing such a signer.
   */
  stateFor(
    owner: Name,
    signatures: readonly Rdata[],
    ctx: ValidationContext,
    apex?: Name,
  ): ZoneState | Promise<ZoneState> {
    const policy = this.anchors.policyFor(owner);
    const signer = claimedSigner(owner, signatures);
    if (policy.kind !== 'anchored' || signer === undefined) return this.walk(owner, ctx, apex);
    const state = this.stateAt(signer, ctx);
    return isSubdomain(signer, policy.anchors.zone) ? state : this.orWalk(state, owner, ctx, apex);
  }

  /** The state of a signer out of the anchor's reach, if it is secure. */
  private async orWalk(
    signers: ZoneState | Promise<ZoneState>,
    owner: Name,
    ctx: ValidationContext,
    apex: Name | undefined,
  ): Promise<ZoneState> {
    const state = await signers;
    return state.kind === 'secure' ? state : this.walk(owner, ctx, apex);
  }

  /**
   * State at `name` found label by label from above, stopping at the first that is not secure.
   * @param apex an ancestor that is probably an apex, to start from
   */
  async walk(name: Name, ctx: ValidationContext, apex?: Name): Promise<ZoneState> {
    const policy = this.anchors.policyFor(name);
    if (policy.kind !== 'anchored') return this.stateAt(name, ctx);
    const anchor = policy.anchors.zone;
    const from = apex && isSubdomain(name, apex) && isSubdomain(apex, anchor) ? apex : anchor;
    for (let labels = labelCount(from); ; labels++) {
      const at = ancestorWithLabels(name, labels);
      const state = await this.stateAt(at, ctx);
      if (at === name || state.kind !== 'secure' || state.absent) return state;
    }
  }

  isDistrusted(name: Name): boolean {
    return this.anchors.policyFor(name).kind === 'negative';
  }

  setAnchors(anchors: Anchors): void {
    this.anchors = anchors;
    this.known.clear();
    this.inFlight.clear();
  }

  /** Forgets the states at and below `name`, as when its data was flushed. */
  forget(name: Name): void {
    this.known.deleteWhere((key) => isSubdomain(key, name));
  }

  private settled(name: Name): ZoneState | undefined {
    const policy = this.anchors.policyFor(name);
    if (policy.kind === 'none') {
      return { kind: 'indeterminate', reason: `no trust anchor at or above ${formatName(name)}` };
    }
    if (policy.kind === 'negative') {
      const reason = `a negative trust anchor stands at ${formatName(policy.zone)}`;
      return { kind: 'insecure', zone: policy.zone, reason, ede: [] };
    }
    return this.cached(name) ?? this.cachedAbove(name, policy.anchors.zone);
  }

  private cached(name: Name): ZoneState | undefined {
    const known = this.known.get(name);
    return known && known.expiresAtMs > this.clock.wallMs() ? known.state : undefined;
  }

  /** An ancestor that already settles it: below what is insecure, bogus or absent nothing can be secure. */
  private cachedAbove(name: Name, anchor: Name): ZoneState | undefined {
    for (let at = name; at !== anchor; ) {
      at = parentName(at);
      const state = this.cached(at);
      if (state && (state.kind !== 'secure' || state.absent)) return state;
    }
    return undefined;
  }

  /** What was begun under other anchors still answers its own query, but is not kept. */
  private workOut(name: Name, ctx: ValidationContext): Promise<ZoneState> {
    const { anchors } = this;
    const ended = () => {
      if (this.inFlight.get(name) === work) this.inFlight.delete(name);
    };
    const work: Promise<ZoneState> = this.establish(name, ctx).then(
      (judged) => {
        ended();
        if (this.anchors === anchors) this.keep(name, judged);
        return judged.state;
      },
      (error: unknown) => {
        ended();
        throw error;
      },
    );
    this.inFlight.set(name, work);
    return work;
  }

  private keep(name: Name, { state, ttlSec }: Judged): void {
    if (ttlSec === undefined || (state.kind === 'bogus' && state.transient)) return;
    const seconds = state.kind === 'bogus' ? BOGUS_TTL_SEC : Math.min(Math.max(ttlSec, 1), MAX_TTL_SEC);
    this.known.set(name, { state, expiresAtMs: this.clock.wallMs() + seconds * 1000 });
  }

  private establish(name: Name, ctx: ValidationContext): Promise<Judged> {
    const policy = this.anchors.policyFor(name);
    if (policy.kind !== 'anchored') throw new Error('a settled name was worked out again');
    return policy.anchors.zone === name
      ? this.fromAnchor(policy.anchors, ctx)
      : this.throughParent(name, ctx);
  }

  private fromAnchor(anchors: ZoneAnchors, ctx: ValidationContext): Promise<Judged> {
    const entry = this.judge.anchored(anchors, ctx);
    if ('state' in entry) return Promise.resolve(entry);
    return retrying(anchors.zone, RRType.DNSKEY, ctx, (result) => this.judge.dnskey(entry, result, ctx));
  }

  private throughParent(name: Name, ctx: ValidationContext): Promise<Judged> {
    return retrying(name, RRType.DS, ctx, (result) => {
      const above = this.parentState(name, result, ctx);
      return above instanceof Promise
        ? above.then((state) => this.below(state, name, result, ctx))
        : this.below(above, name, result, ctx);
    });
  }

  /** From the zone above over the DS answer to the keys of `name`. */
  private below(
    above: ZoneState,
    name: Name,
    ds: FetchResult,
    ctx: ValidationContext,
  ): Judged | Promise<Judged> {
    if (above.kind !== 'secure') return { state: above, ttlSec: undefined };
    const entry = this.judge.ds(name, above.keys, ds, ctx);
    if ('state' in entry) return this.noLongerThan(above.keys.zone, entry);
    return retrying(name, RRType.DNSKEY, ctx, (keys) => this.judge.dnskey(entry, keys, ctx));
  }

  /** Without a cut the name shares the keys of the zone above, for as long as those are good. */
  private noLongerThan(zone: Name, judged: Judged): Judged {
    if (judged.state.kind !== 'secure' || judged.ttlSec === undefined) return judged;
    const expiresAtMs = this.known.get(zone)?.expiresAtMs ?? 0;
    const leftSec = Math.max(0, (expiresAtMs - this.clock.wallMs()) / 1000);
    return { ...judged, ttlSec: Math.min(judged.ttlSec, leftSec) };
  }

  /** The zone above `name`, as the signer of the DS answer tells it; unsigned answers make us walk. */
  private parentState(
    name: Name,
    result: FetchResult,
    ctx: ValidationContext,
  ): ZoneState | Promise<ZoneState> {
    const rrsets =
      result.kind === 'failure' ? [] : result.kind === 'answer' ? result.rrsets : result.authority;
    const signatures: Rdata[] = [];
    for (const rrset of rrsets) if (rrset.type !== RRType.RRSIG) signatures.push(...rrset.signatures);
    return this.stateFor(parentName(name), signatures, ctx);
  }
}

/** Fetches and judges; while the verdict is bogus and budget is left, again with another server. */
async function retrying(
  name: Name,
  type: number,
  ctx: ValidationContext,
  judge: (result: FetchResult) => Judged | Promise<Judged>,
): Promise<Judged> {
  let worst: Judged | undefined;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const fetching = ctx.fetch(name, type, attempt);
    const result = fetching instanceof Promise ? await fetching : fetching;
    if (worst && result.kind === 'failure') return worst;
    const judging = judge(result);
    const judged = judging instanceof Promise ? await judging : judging;
    if (judged.state.kind !== 'bogus' || judged.state.transient) return judged;
    const { blame } = judged.state;
    if (blame.name !== name || blame.type !== type) return judged;
    worst ??= judged;
    if (result.kind === 'failure') return worst;
  }
  return worst!;
}
