/**
 * What the parts of the resolver share: the outside world, what is known of zones and servers, options.
 *
 * Made once per resolver. Holds no state of a query; that is in QueryContext.
 */
import type { CacheRules } from '../cache/cache-rules.js';
import type { Delegation, DelegationServer } from '../cache/delegation-cache.js';
import { type Name, toName } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { Upstream } from '../transport/upstream.js';
import { type AskedZone, addressesOf, type ZoneFinder } from './asked-zone.js';
import type { CachedLinks } from './cached-links.js';
import type { MinimisationMode } from './minimise.js';
import type { AddressBook } from './name-servers.js';
import type { NetworkHealth } from './network-health.js';
import type { Draws, Preference } from './preference.js';
import type { ReferralData } from './scrub.js';
import type { ServerSelector } from './select-server.js';
import { SharedExchanges } from './shared-exchanges.js';
import type { SharedLinks } from './shared-links.js';
import { UncutNames } from './uncut-names.js';
import { UnreachableZones } from './unreachable-zones.js';
import type { Walked } from './walked.js';

export interface CoreOptions {
  readonly minimisation: MinimisationMode;
  readonly caseRandomization: boolean;
  readonly cookies: boolean;
  /** Ask for signatures (DO) and judge answers. */
  readonly validating: boolean;
  /** Port of authoritative servers. */
  readonly upstreamPort: number;
  /** False for addresses that must never be asked: a family that is off, or the do-not-query list. */
  readonly usableAddress: (address: string) => boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly prefetch: boolean;
  readonly ttlMinSec: number;
  readonly ttlMaxSec: number;
  /** How long data of some names is kept; undefined: none is treated apart. */
  readonly cacheRules?: CacheRules | undefined;
}

export interface CoreParts extends Draws {
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly zones: ZoneFinder;
  readonly links: CachedLinks;
  readonly selector: ServerSelector;
  readonly health: NetworkHealth;
  readonly options: CoreOptions;
  /** Takes what was walked for other resolvers. */
  readonly shared?: SharedLinks | undefined;
}

const NO_ADDRESSES: readonly string[] = [];

export class ResolverCore {
  readonly upstream: Upstream;
  readonly exchanges: SharedExchanges;
  readonly unreachable: UnreachableZones;
  readonly uncut: UncutNames;
  readonly clock: Clock;
  readonly random: Random;
  readonly preference: Preference | undefined;
  readonly zones: ZoneFinder;
  readonly links: CachedLinks;
  readonly selector: ServerSelector;
  readonly health: NetworkHealth;
  readonly options: CoreOptions;
  readonly shared: SharedLinks | undefined;
  /** Set once by the resolver, which resolves addresses with this very core. */
  addressBook!: AddressBook;

  private readonly arounds = new Map<Name, ResolverCore>();

  /** @param like shares its state of exchanges and zones */
  constructor(parts: CoreParts, like?: ResolverCore) {
    this.upstream = parts.upstream;
    this.exchanges = like?.exchanges ?? new SharedExchanges(parts.upstream, parts.clock);
    this.unreachable = like?.unreachable ?? new UnreachableZones(parts.links.caches.failures);
    this.uncut = like?.uncut ?? new UncutNames(parts.clock, parts.links);
    if (like) this.addressBook = like.addressBook;
    this.clock = parts.clock;
    this.random = parts.random;
    this.preference = parts.preference;
    this.zones = parts.zones;
    this.links = parts.links;
    this.selector = parts.selector;
    this.health = parts.health;
    this.options = parts.options;
    this.shared = parts.shared;
  }

  /** The same for a walk past a forward zone that has no usable server; undefined when the name is in none that allows it. */
  around(name: Name): ResolverCore | undefined {
    const configured = this.zones.configuredFor(name);
    if (!configured?.first) return undefined;
    const known = this.arounds.get(configured.zone);
    if (known) return known;
    const core = new ResolverCore({ ...this, zones: this.zones.without(configured.zone) }, this);
    this.arounds.set(configured.zone, core);
    return core;
  }

  /**
   * Keeps a referral as delegation, bound by the lease of the zone that gave it: whatever was learnt below
   * a cut cannot outlive what the parents said (ghost and Phoenix domains).
   */
  learnDelegation(referral: ReferralData, denial: readonly RRset[], from: AskedZone): AskedZone {
    const nowMs = this.clock.wallMs();
    const ttlSec = Math.min(this.options.ttlMaxSec, Math.max(this.options.ttlMinSec, referral.ns.ttlSec));
    const delegation: Delegation = {
      zone: referral.child,
      servers: serversOf(referral),
      ds: referral.ds ?? (denial.length > 0 ? 'none' : 'unknown'),
      dsProof: referral.ds ? [] : denial,
      security: 'unchecked',
      leaseUntilMs: Math.min(from.leaseUntilMs, nowMs + ttlSec * 1000),
    };
    this.links.caches.delegations.put(delegation);
    return this.zones.fromDelegation(delegation, 'referral');
  }

  /**
   * True when a DS question was denied by the child's own apex: such a server was asked as parent but
   * answers from the child zone, where DS never lives (RFC 4035 3.1.4.1).
   */
  deniesDsFromChild(question: Question, walked: Walked): boolean {
    return (
      question.type === RRType.DS &&
      walked.end.kind === 'nodata' &&
      walked.steps.length === 0 &&
      walked.end.soa?.name === question.name &&
      walked.zone.zone !== question.name
    );
  }
}

/** No Set and no Map: a referral has a few servers, and every walk makes one. */
function serversOf({ ns, glue, spare }: ReferralData): DelegationServer[] {
  const servers: DelegationServer[] = [];
  for (const [index, rdata] of ns.rdatas.entries()) {
    const name = toName(rdata);
    if (index > 0 && servers.some((server) => server.name === name)) continue;
    servers.push({ name, addresses: addressesIn(glue, name), spare: addressesIn(spare, name) });
  }
  return servers;
}

function addressesIn(rrsets: readonly RRset[], name: Name): readonly string[] {
  let addresses: readonly string[] = NO_ADDRESSES;
  for (const rrset of rrsets) {
    if (rrset.name !== name) continue;
    addresses = addresses.length === 0 ? addressesOf(rrset) : [...addresses, ...addressesOf(rrset)];
  }
  return addresses;
}
