/**
 * Where trust starts, kept true while the program runs: anchors of the configuration or the mock internet,
 * their automatic roll-over (RFC 5011) with its state on disk, and the end of negative trust anchors.
 *
 * One per engine. RFC 5011, RFC 7646 2 (negative anchors are to be temporary), RFC 9364.
 * Limitations: with several workers each keeps its own view; only the first writes the state file.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { builtinRootHints, builtinTrustAnchors, type RootHint } from '../config/builtin.js';
import type { Config } from '../config/fields.js';
import { type TrustAnchor, uselessAnchor } from '../config/trust-anchor.js';
import { formatName, type Name, parseName, ROOT } from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import {
  type AnchorState,
  advanceKeys,
  anchorsOf,
  type Observation,
  observeKeys,
  refreshAfterSec,
  type TrackedKey,
} from '../dnssec/anchor-rollover.js';
import { keyTagOf } from '../dnssec/records.js';
import { CryptoVerifier, type SignatureVerifier } from '../dnssec/signature-verifier.js';
import { Validator } from '../dnssec/validator.js';
import type { RecursiveResolver } from '../resolver/contract.js';
import { Budget } from '../runtime/budget.js';
import type { CancelTimer, Clock } from '../runtime/clock.js';
import { type ServerLog, silentLog } from '../server/log.js';

const FILE_FORMAT = 'stratadns-anchors-1';
/** A first look waits until the resolver has settled. */
const FIRST_LOOK_MS = 10_000;
const states: readonly AnchorState[] = ['pending', 'valid', 'missing', 'revoked', 'removed'];

export interface TrustParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly mockAnchors?: readonly TrustAnchor[];
  readonly verifier?: SignatureVerifier;
  /** False: node:crypto alone, see libcrypto.ts. */
  readonly native?: boolean | undefined;
  readonly log?: ServerLog;
  /** Default true; false for all workers but one, which would write the same file. */
  readonly writesState?: boolean;
}

export class Trust {
  readonly validator: Validator;
  private readonly configured: readonly TrustAnchor[];
  private readonly verifier: SignatureVerifier;
  private readonly tracked = new Map<Name, readonly TrackedKey[]>();
  private readonly timers = new Map<string, CancelTimer>();
  private negative: readonly Name[];
  private readonly log: ServerLog;

  constructor(private readonly parts: TrustParts) {
    const { dnssec } = parts.config;
    const own = !sameAnchors(dnssec.trustAnchors, builtinTrustAnchors);
    const allowSha1 = dnssec.sha1 === 'validate' || (dnssec.sha1 === 'auto' && own);
    this.log = parts.log ?? silentLog;
    this.verifier = parts.verifier ?? new CryptoVerifier({ allowSha1, native: parts.native ?? true });
    this.configured = parts.mockAnchors && !own ? parts.mockAnchors : dnssec.trustAnchors;
    this.negative = dnssec.negativeTrustAnchors;
    if (parts.writesState !== false) this.warnOfUseless();
    this.readState();
    this.validator = new Validator({
      anchors: this.anchors(),
      negativeTrustAnchors: this.negative,
      clock: parts.clock,
      foreignRoot: !own && !parts.mockAnchors && !sameHints(parts.config.rootHints, builtinRootHints),
      clockSkewMs: dnssec.clockSkewMs,
      overrideDateMs: dnssec.overrideDateSec === null ? undefined : dnssec.overrideDateSec * 1000,
      verifier: this.verifier,
    });
  }

  private warnOfUseless(): void {
    for (const anchor of this.configured) {
      const why = uselessAnchor(anchor);
      if (why) this.log.warn({ zone: formatName(anchor.zone), why }, 'a trust anchor cannot be used');
    }
  }

  /** Begins to follow roll-overs and to end negative anchors; both through `resolver`. */
  start(resolver: RecursiveResolver): void {
    const { negativeTrustAnchorLifeMs, anchorState } = this.parts.config.dnssec;
    if (this.negative.length > 0 && negativeTrustAnchorLifeMs !== null) {
      this.later('negative', negativeTrustAnchorLifeMs, () => this.endNegative());
    }
    if (anchorState === null) return;
    for (const zone of new Set(this.configured.map((anchor) => anchor.zone))) {
      this.later(zone, FIRST_LOOK_MS, () => void this.look(zone, resolver));
    }
  }

  stop(): void {
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }

  /** Key tags that are trusted for the root; what root-key-sentinel names ask about (RFC 8509). */
  rootKeyTags(): ReadonlySet<number> {
    const root = this.anchors().filter((anchor) => anchor.zone === ROOT);
    return new Set(
      root.map(({ type, rdata }) =>
        type === RRType.DS ? (rdata.charCodeAt(0) << 8) | rdata.charCodeAt(1) : keyTagOf(rdata),
      ),
    );
  }

  /** The state of every tracked key, for people. */
  trackedKeys(): { zone: string; keyTag: number; state: AnchorState; sinceSec: number }[] {
    return [...this.tracked].flatMap(([zone, keys]) =>
      keys.map(({ rdata, state, sinceSec }) => ({
        zone: formatName(zone),
        keyTag: keyTagOf(rdata),
        state,
        sinceSec,
      })),
    );
  }

  /** What is believed now without proof. */
  anchors(): TrustAnchor[] {
    const followed = [...this.tracked].filter(([, keys]) => keys.length > 0);
    const zones = new Set(followed.map(([zone]) => zone));
    return [
      ...this.configured.filter((anchor) => !zones.has(anchor.zone)),
      ...followed.flatMap(([zone, keys]) => anchorsOf(zone, keys)),
    ];
  }

  private endNegative(): void {
    const names = this.negative.map(formatName);
    this.negative = [];
    this.validator.setAnchors(this.anchors(), []);
    this.log.warn(
      { names },
      'negative trust anchors have come to their end: these names are validated again',
    );
  }

  private later(key: string, ms: number, work: () => void): void {
    this.timers.get(key)?.();
    this.timers.set(key, this.parts.clock.after(ms, work));
  }

  /** Looks at a zone's keys once and says when to look again (RFC 5011 2.3). */
  private async look(zone: Name, resolver: RecursiveResolver): Promise<void> {
    const seen = await this.observe(zone, resolver);
    if (seen) this.learn(zone, seen);
    this.later(zone, refreshAfterSec(seen) * 1000, () => void this.look(zone, resolver));
  }

  private async observe(zone: Name, resolver: RecursiveResolver): Promise<Observation | undefined> {
    const question = { name: zone, type: RRType.DNSKEY, class: RRClass.IN };
    const { outcome } = await resolver.resolve(question, { cd: true, bypassCache: true });
    const rrset = outcome.kind === 'answer' ? outcome.rrsets[0] : undefined;
    if (!rrset) return undefined;
    const own = this.configured.filter((anchor) => anchor.zone === zone);
    const rdatas = (type: number) => own.filter((a) => a.type === type).map((a) => a.rdata);
    const { dnssec } = this.parts.config;
    const nowSec = dnssec.overrideDateSec ?? Math.floor(this.parts.clock.wallMs() / 1000);
    return observeKeys(
      rrset,
      { zone, ds: rdatas(RRType.DS), dnskey: rdatas(RRType.DNSKEY) },
      this.tracked.get(zone) ?? [],
      {
        verifier: this.verifier,
        nowSec,
        skewSec: Math.floor(dnssec.clockSkewMs / 1000),
        budget: new Budget(this.parts.clock.monotonicMs()),
      },
    );
  }

  private learn(zone: Name, seen: Observation): void {
    const before = this.tracked.get(zone) ?? [];
    const after = advanceKeys(before, seen, Math.floor(this.parts.clock.wallMs() / 1000));
    this.tracked.set(zone, after);
    for (const { rdata, state } of after) {
      const old = before.find((key) => key.rdata === rdata)?.state;
      if (old === state) continue;
      const fields = { zone: formatName(zone), keyTag: keyTagOf(rdata), from: old ?? 'new', to: state };
      this.log.info(fields, 'a trust anchor changed its state (RFC 5011)');
    }
    this.validator.setAnchors(this.anchors(), this.negative);
    this.writeState();
  }

  private readState(): void {
    const { anchorState } = this.parts.config.dnssec;
    if (anchorState === null) return;
    try {
      const zones = parseState(JSON.parse(readFileSync(anchorState, 'utf8')));
      for (const [zone, keys] of zones) this.tracked.set(zone, keys);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      const why = error instanceof Error ? error.message : String(error);
      this.log.warn(
        { file: anchorState, why },
        'the state of trust anchors cannot be read; the configured ones are used',
      );
    }
  }

  private writeState(): void {
    const { anchorState } = this.parts.config.dnssec;
    if (anchorState === null || this.parts.writesState === false) return;
    const zones = [...this.tracked].map(([zone, keys]) => ({
      zone: formatName(zone),
      keys: keys.map((key) => ({ ...key, rdata: Buffer.from(key.rdata, 'latin1').toString('base64') })),
    }));
    try {
      const next = `${anchorState}.new`;
      writeFileSync(next, `${JSON.stringify({ format: FILE_FORMAT, zones }, undefined, 2)}\n`, {
        mode: 0o600,
        flush: true,
      });
      renameSync(next, anchorState);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.log.error({ file: anchorState, why }, 'the state of trust anchors cannot be written');
    }
  }
}

/** @throws {Error} that says what is wrong with the file */
function parseState(value: unknown): [Name, TrackedKey[]][] {
  const file = value as { format?: unknown; zones?: unknown };
  if (file?.format !== FILE_FORMAT || !Array.isArray(file.zones))
    throw new Error(`not a ${FILE_FORMAT} file`);
  return file.zones.map((entry: { zone?: unknown; keys?: unknown }): [Name, TrackedKey[]] => {
    if (typeof entry?.zone !== 'string' || !Array.isArray(entry.keys))
      throw new Error('a zone without name or keys');
    return [parseName(entry.zone), entry.keys.map(parseKey)];
  });
}

function parseKey(value: { rdata?: unknown; state?: unknown; sinceSec?: unknown }): TrackedKey {
  const state = states.find((known) => known === value?.state);
  if (typeof value?.rdata !== 'string' || state === undefined || typeof value.sinceSec !== 'number') {
    throw new Error('a key without rdata, state or time');
  }
  return { rdata: Buffer.from(value.rdata, 'base64').toString('latin1'), state, sinceSec: value.sinceSec };
}

/** By value, since a configuration that was sent to a worker has lost identity. */
function sameAnchors(a: readonly TrustAnchor[], b: readonly TrustAnchor[]): boolean {
  return a.length === b.length && a.every((x, i) => x.zone === b[i]!.zone && x.rdata === b[i]!.rdata);
}

function sameHints(a: readonly RootHint[], b: readonly RootHint[]): boolean {
  return a.length === b.length && a.every((hint, i) => hint.name === b[i]!.name);
}
