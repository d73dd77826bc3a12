/**
 * Builds the heart from a configuration: caches, upstream, resolver, and what keeps them in order.
 *
 * Used by the server (stack.ts) and the library (index.ts) alike. One engine belongs to one thread.
 */

import { DelegationCache } from '../cache/delegation-cache.js';
import { FailureCache } from '../cache/failure-cache.js';
import { InfraCache } from '../cache/infra-cache.js';
import { NegativeCache } from '../cache/negative-cache.js';
import { ResolverCache } from '../cache/rrset-cache.js';
import type { SharedStore } from '../cache/shared-cache.js';
import type { Config } from '../config/fields.js';
import type { TrustAnchor } from '../config/trust-anchor.js';
import type { Name } from '../dns/name.js';
import { AggressiveDenial } from '../dnssec/aggressive.js';
import type { SignatureVerifier } from '../dnssec/signature-verifier.js';
import type { Validator } from '../dnssec/validator.js';
import type { ConfiguredZone, RootHint } from '../resolver/asked-zone.js';
import { Resolver } from '../resolver/resolver.js';
import type { SharedLinks, SharedLinksStats } from '../resolver/shared-links.js';
import type { Clock } from '../runtime/clock.js';
import { NetworkSet } from '../runtime/networks.js';
import type { Random } from '../runtime/random.js';
import { type ServerLog, silentLog } from '../server/log.js';
import type { Upstream } from '../transport/upstream.js';
import { answerFingerprint } from './fingerprint.js';
import { makeSharedLinks } from './shared-links.js';
import { Trust } from './trust.js';

/** What the mock internet changes: its own root, its port, and that loopback addresses may be asked. */
export interface MockRoot {
  readonly rootHints: readonly RootHint[];
  readonly port: number;
  /** Where trust in its signed zones starts; empty while none is signed. */
  readonly trustAnchors: readonly TrustAnchor[];
}

export interface EngineParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly upstream: Upstream;
  readonly mock?: MockRoot;
  /** Cryptography of the validator; for tests that stand in for algorithms nobody implements. */
  readonly verifier?: SignatureVerifier;
  readonly log?: ServerLog;
  /** In place of a client of the server that `cache.shared.url` names. */
  readonly sharedStore?: SharedStore;
}

export interface EngineCaches {
  readonly rrsets: ResolverCache;
  readonly negative: NegativeCache;
  readonly failures: FailureCache;
  readonly delegations: DelegationCache;
  readonly infra: InfraCache;
}

/** Part of the resolver cache's memory that is kept for delegations, so that junk cannot evict them. */
const DELEGATION_PART = 8;
/** Part of the negative cache's memory that failures may take. */
const FAILURE_PART = 8;
/** Part of the negative cache's memory that denial spans may take. */
const AGGRESSIVE_PART = 4;
const SWEEP_EVERY_MS = 1000;
const SWEEP_ENTRIES = 2000;

export class Engine {
  readonly caches: EngineCaches;
  readonly resolver: Resolver;
  private cancelSweep: () => void = () => {};
  private closed = false;
  private readonly trust: Trust | undefined;
  private readonly validator: Validator | undefined;
  private readonly aggressive: AggressiveDenial | undefined;
  private readonly shared: SharedLinks | undefined;

  constructor(private readonly parts: EngineParts) {
    const { config, clock, random, upstream, mock } = parts;
    this.caches = makeCaches(config, clock);
    const validating = config.dnssec.mode === 'validate';
    const mockAnchors = mock?.trustAnchors;
    this.trust = validating ? new Trust({ ...parts, mockAnchors }) : undefined;
    this.validator = this.trust?.validator;
    const denialOctets = Math.floor(config.cache.negative.sizeOctets / AGGRESSIVE_PART);
    this.aggressive =
      validating && config.dnssec.aggressive ? new AggressiveDenial(denialOctets, clock) : undefined;
    this.shared = makeSharedLinks({
      config,
      clock,
      log: parts.log ?? silentLog,
      fingerprint: answerFingerprint(config, mock),
      store: parts.sharedStore,
    });
    this.resolver = new Resolver({
      upstream,
      clock,
      random,
      caches: this.caches,
      rootHints: mock?.rootHints ?? config.rootHints,
      configuredZones: configuredZones(config),
      validator: this.validator,
      aggressive: this.aggressive,
      rootKeyTags: this.trust && (() => this.trust!.rootKeyTags()),
      options: resolverOptions(config, mock),
      shared: this.shared,
    });
    this.trust?.start(this.resolver);
    this.scheduleSweep();
  }

  /** Forgets a name in every cache of this engine. Returns how many entries went. */
  purge(name: Name, options: { readonly subtree: boolean }): number {
    const { rrsets, negative, failures, delegations } = this.caches;
    this.validator?.forget(name);
    this.aggressive?.forget(name);
    this.shared?.forget(name, options);
    return (
      rrsets.purge(name, options) +
      negative.purge(name, options) +
      failures.purge(name, options) +
      delegations.purge(name, options)
    );
  }

  /** Counts of the shared cache; undefined when there is none. */
  get sharedStats(): SharedLinksStats | undefined {
    return this.shared?.stats();
  }

  private scheduleSweep(): void {
    this.cancelSweep = this.parts.clock.after(SWEEP_EVERY_MS, () => {
      if (this.closed) return;
      const { rrsets, negative, failures, delegations, infra } = this.caches;
      for (const cache of [rrsets, negative, failures, delegations, infra]) cache.sweep(SWEEP_ENTRIES);
      this.scheduleSweep();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cancelSweep();
    this.trust?.stop();
    await this.shared?.close();
    await this.parts.upstream.close();
  }
}

function makeCaches(config: Config, clock: Clock): EngineCaches {
  const { cache } = config;
  const staleMaxMs = cache.serveStale.enabled ? cache.serveStale.maxAgeSec * 1000 : 0;
  const delegationOctets = Math.floor(cache.resolver.sizeOctets / DELEGATION_PART);
  const denialOctets = Math.floor(cache.negative.sizeOctets / AGGRESSIVE_PART);
  const failureOctets = Math.floor(cache.negative.sizeOctets / FAILURE_PART);
  return {
    rrsets: new ResolverCache({
      clock,
      maxOctets: cache.resolver.sizeOctets - delegationOctets,
      eviction: cache.resolver.eviction,
      ttl: cache.ttl,
      staleMaxMs,
    }),
    negative: new NegativeCache({
      clock,
      maxOctets: cache.negative.sizeOctets - failureOctets - denialOctets,
      eviction: cache.resolver.eviction,
      maxTtlSec: cache.ttl.negativeMaxSec,
      staleMaxMs,
    }),
    failures: new FailureCache({ clock, maxOctets: failureOctets }),
    delegations: new DelegationCache({ clock, maxOctets: delegationOctets }),
    infra: new InfraCache({ clock }),
  };
}

function configuredZones(config: Config): ConfiguredZone[] {
  return [
    ...config.forward.map((f) => ({ ...f, kind: 'forward' as const })),
    ...config.stub.map((s) => ({ ...s, kind: 'stub' as const })),
  ];
}

function resolverOptions(config: Config, mock: MockRoot | undefined) {
  const { upstream, cache } = config;
  // Mock servers live on loopback addresses, which otherwise nobody may make us ask.
  const never = new NetworkSet(mock ? [] : upstream.doNotQuery);
  const usableAddress = (address: string): boolean => {
    if (address.includes(':') ? !upstream.ipv6 : !upstream.ipv4) return false;
    return !never.hasText(address);
  };
  return {
    minimisation: config.qnameMinimization,
    caseRandomization: upstream.caseRandomization,
    validating: config.dnssec.mode === 'validate',
    upstreamPort: mock?.port ?? upstream.port,
    usableAddress,
    ipv4: upstream.ipv4,
    ipv6: upstream.ipv6,
    ttlMinSec: cache.ttl.minSec,
    ttlMaxSec: cache.ttl.maxSec,
    negativeMaxSec: cache.ttl.negativeMaxSec,
    prefetch: cache.prefetch,
    serveStale: cache.serveStale.enabled ? cache.serveStale : undefined,
  };
}
