/**
 * The caches of one engine: their shares of the memory that a configuration gives, and the limits it sets.
 */
import { CacheRules } from '../cache/cache-rules.js';
import { DelegationCache } from '../cache/delegation-cache.js';
import { FailureCache } from '../cache/failure-cache.js';
import { InfraCache } from '../cache/infra-cache.js';
import { NegativeCache } from '../cache/negative-cache.js';
import { ResolverCache } from '../cache/rrset-cache.js';
import type { Config } from '../config/fields.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';

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

export function makeCaches(
  config: Config,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): EngineCaches {
  const { cache } = config;
  const staleMaxMs = staleMaxMsOf(config);
  const rules = CacheRules.of(cache.rules);
  const delegationOctets = Math.floor(cache.resolver.sizeOctets / DELEGATION_PART);
  const failureOctets = Math.floor(cache.negative.sizeOctets / FAILURE_PART);
  return {
    rrsets: new ResolverCache({
      clock,
      maxOctets: cache.resolver.sizeOctets - delegationOctets,
      eviction: cache.resolver.eviction,
      ttl: cache.ttl,
      rules,
      staleMaxMs,
      seed: random.uint32(),
    }),
    negative: new NegativeCache({
      clock,
      maxOctets: cache.negative.sizeOctets - failureOctets - denialOctetsOf(config),
      eviction: cache.resolver.eviction,
      maxTtlSec: cache.ttl.negativeMaxSec,
      rules,
      staleMaxMs,
      seed: random.uint32(),
    }),
    failures: new FailureCache({ clock, maxOctets: failureOctets }),
    delegations: new DelegationCache({ clock, maxOctets: delegationOctets }),
    infra: new InfraCache({ clock }),
  };
}

/** What a reload may change of caches that are in use; sizes stay. */
export function setCacheLimits({ rrsets, negative }: EngineCaches, config: Config): void {
  const { ttl } = config.cache;
  const rules = CacheRules.of(config.cache.rules);
  rrsets.setLimits(ttl, staleMaxMsOf(config), rules);
  negative.setLimits(ttl.negativeMaxSec, staleMaxMsOf(config), rules);
}

/** Memory of denial spans (RFC 8198), which the negative cache leaves to them. */
export function denialOctetsOf({ cache }: Config): number {
  return Math.floor(cache.negative.sizeOctets / AGGRESSIVE_PART);
}

function staleMaxMsOf({ cache: { serveStale } }: Config): number {
  return serveStale.enabled ? serveStale.maxAgeSec * 1000 : 0;
}
