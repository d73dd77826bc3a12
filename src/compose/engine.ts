/**
 * Builds the heart from a configuration: caches, upstream, resolver, and what keeps them in order.
 *
 * Used by the server (stack.ts) and the library (index.ts) alike. One engine belongs to one thread.
 */

import { isDeepStrictEqual } from 'node:util';
import { CacheRules } from '../cache/cache-rules.js';
import { concernsLayer, type Flush, type FlushCounts } from '../cache/flush.js';
import type { SharedStore } from '../cache/shared-cache.js';
import type { Config } from '../config/fields.js';
import { doubtfulNames } from '../config/live.js';
import type { TrustAnchor } from '../config/trust-anchor.js';
import type { Name } from '../dns/name.js';
import type { Question } from '../dns/rrset.js';
import { AggressiveDenial } from '../dnssec/aggressive.js';
import type { SignatureVerifier } from '../dnssec/signature-verifier.js';
import type { PrefetchStats } from '../observe/control.js';
import type { ConfiguredZone } from '../resolver/asked-zone.js';
import type { RecursiveResolver, Resolution, ResolveOptions } from '../resolver/contract.js';
import type { Draws } from '../resolver/preference.js';
import { Resolver } from '../resolver/resolver.js';
import type { KnownServers } from '../resolver/server-facts.js';
import type { SharedLinks, SharedLinksStats } from '../resolver/shared-links.js';
import type { CancelTimer, Clock } from '../runtime/clock.js';
import { NetworkSet } from '../runtime/networks.js';
import { type ServerLog, silentLog } from '../server/log.js';
import type { Upstream } from '../transport/upstream.js';
import { denialOctetsOf, type EngineCaches, makeCaches, setCacheLimits } from './engine-caches.js';
import { answerFingerprint } from './fingerprint.js';
import { flushCaches } from './flush-caches.js';
import type { MockRoot } from './mock-internet.js';
import { makeSharedLinks } from './shared-links.js';
import { Trust } from './trust.js';

export interface EngineParts extends Draws {
  readonly config: Config;
  readonly clock: Clock;
  readonly upstream: Upstream;
  readonly mock?: MockRoot;
  /** Cryptography of the validator; for tests that stand in for algorithms nobody implements. */
  readonly verifier?: SignatureVerifier;
  /** False: no C library is called directly. */
  readonly native?: boolean | undefined;
  readonly log?: ServerLog;
  /** Default true; false: another engine of this program keeps the state of trust anchors on disk. */
  readonly writesState?: boolean;
  /** In place of a client of the server that `cache.shared.url` names. */
  readonly sharedStore?: SharedStore;
}

const SWEEP_EVERY_MS = 1000;
const SWEEP_ENTRIES = 2000;
/** Longer than any query may take. */
const QUERIES_END_MS = 15_000;

export class Engine implements RecursiveResolver {
  readonly caches: EngineCaches;
  private current: Resolver;
  private config: Config;
  private trust: Trust | undefined;
  private aggressive: AggressiveDenial | undefined;
  private shared: SharedLinks | undefined;
  private cancelSweep: CancelTimer = () => {};
  private cancelPurge: CancelTimer = () => {};
  private closed = false;
  /** Of resolvers before the last reload. */
  private earlierPrefetches: PrefetchStats = { started: 0, refreshed: 0, failed: 0 };

  constructor(private readonly parts: EngineParts) {
    const { config } = parts;
    this.config = config;
    this.caches = makeCaches(config, parts);
    this.startTrust(config);
    this.shared = this.makeShared(config);
    this.current = this.makeResolver(config);
    this.trust?.start(this);
    this.scheduleSweep();
  }

  private startTrust(config: Config): void {
    const { clock, mock } = this.parts;
    const validating = config.dnssec.mode === 'validate';
    this.trust = validating
      ? new Trust({ ...this.parts, config, mockAnchors: mock?.trustAnchors })
      : undefined;
    this.aggressive =
      validating && config.dnssec.aggressive
        ? new AggressiveDenial(denialOctetsOf(config), clock)
        : undefined;
  }

  private makeShared(config: Config): SharedLinks | undefined {
    const { clock, log = silentLog, mock, sharedStore: store } = this.parts;
    return makeSharedLinks({ config, clock, log, fingerprint: answerFingerprint(config, mock), store });
  }

  private makeResolver(config: Config): Resolver {
    const { clock, random, preference, upstream, mock } = this.parts;
    const { trust } = this;
    return new Resolver({
      upstream,
      clock,
      random,
      preference,
      caches: this.caches,
      rootHints: mock?.rootHints ?? config.rootHints,
      configuredZones: configuredZones(config),
      validator: trust?.validator,
      aggressive: this.aggressive,
      rootKeyTags: trust && (() => trust.rootKeyTags()),
      options: resolverOptions(config, mock),
      shared: this.shared,
    });
  }

  /** The resolver in force; a reload makes another. Whoever keeps one keeps the engine, which is one as well. */
  get resolver(): Resolver {
    return this.current;
  }

  /** What is believed without proof; where nothing is validated, what would be. */
  get trustAnchors(): readonly TrustAnchor[] {
    return this.trust?.anchors() ?? this.config.dnssec.trustAnchors;
  }

  resolve(question: Question, options?: ResolveOptions): Promise<Resolution> {
    return this.current.resolve(question, options);
  }

  serversOf(name: Name): KnownServers {
    return this.current.serversOf(name);
  }

  get prefetches(): PrefetchStats {
    const { started, refreshed, failed } = this.current.prefetches;
    const earlier = this.earlierPrefetches;
    return {
      started: earlier.started + started,
      refreshed: earlier.refreshed + refreshed,
      failed: earlier.failed + failed,
    };
  }

  /**
   * Resolves by another configuration from now on, over the same caches; sizes of caches stay. Queries under way end by
   * the one they began with. What the change makes doubtful is forgotten, now and when those queries have ended.
   */
  reload(config: Config): void {
    const before = this.config;
    this.config = config;
    setCacheLimits(this.caches, config);
    // Negative anchors hold from a reload on for their life, though they had come to their end.
    const renewed = config.dnssec.negativeTrustAnchors.length > 0;
    const trusts = renewed || !isDeepStrictEqual(before.dnssec, config.dnssec);
    if (trusts) {
      this.trust?.stop();
      this.startTrust(config);
    }
    const { mock } = this.parts;
    const sharing = isDeepStrictEqual(before.cache.shared, config.cache.shared);
    if (!sharing || !answerFingerprint(before, mock).equals(answerFingerprint(config, mock))) {
      void this.shared?.close();
      this.shared = this.makeShared(config);
    }
    this.earlierPrefetches = this.prefetches;
    this.current = this.makeResolver(config);
    if (trusts) this.trust?.start(this);
    this.forgetDoubtful(doubtfulNames(before, config));
  }

  private forgetDoubtful(names: ReadonlySet<Name>): void {
    if (names.size === 0) return;
    const forget = () => {
      for (const name of names) this.flush({ name, subtree: true });
    };
    forget();
    this.cancelPurge = this.parts.clock.after(QUERIES_END_MS, forget);
  }

  /** Forgets in every cache of this engine that the flush concerns. */
  flush(flush: Flush): FlushCounts {
    const { name } = flush;
    if (concernsLayer(flush, 'resolver')) this.trust?.validator.forget(name);
    if (concernsLayer(flush, 'negative')) this.aggressive?.forget(name);
    if (concernsLayer(flush, 'resolver') || concernsLayer(flush, 'negative')) {
      this.shared?.forget(name, flush);
    }
    return flushCaches(this.caches, flush);
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
    this.cancelPurge();
    this.trust?.stop();
    await this.shared?.close();
    await this.parts.upstream.close();
  }
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
    cookies: upstream.cookies,
    validating: config.dnssec.mode === 'validate',
    upstreamPort: mock?.port ?? upstream.port,
    usableAddress,
    ipv4: upstream.ipv4,
    ipv6: upstream.ipv6,
    ttlMinSec: cache.ttl.minSec,
    ttlMaxSec: cache.ttl.maxSec,
    negativeMaxSec: cache.ttl.negativeMaxSec,
    cacheRules: CacheRules.of(cache.rules),
    prefetch: cache.prefetch,
    serveStale: cache.serveStale.enabled ? cache.serveStale : undefined,
  };
}
