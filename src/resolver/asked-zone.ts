/**
 * The zone whose servers a walk asks next, wherever that knowledge came from.
 *
 * Built from a cached delegation, from a referral just received, from the root hints, or from a configured
 * stub or forward zone, so that the walk itself need not know the difference.
 */

import type { Delegation, DelegationCache } from '../cache/delegation-cache.js';
import { isSubdomain, type Name, parentName, ROOT } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { ServerEndpoint } from '../transport/upstream.js';

export interface ZoneServer {
  readonly name: Name | undefined;
  /** Glue or configured addresses; empty when the name has to be resolved first. */
  readonly endpoints: readonly ServerEndpoint[];
  /** Addresses the parent gave though it may not speak for the name; the last resort. */
  readonly spare: readonly string[];
}

export type ZoneSource = 'hints' | 'cache' | 'referral' | 'stub' | 'forward';

export interface AskedZone {
  readonly zone: Name;
  readonly source: ZoneSource;
  readonly servers: readonly ZoneServer[];
  /** A forward zone: with none of its servers usable, it is walked like any other. */
  readonly first?: boolean | undefined;
  /** Nothing learnt from these servers outlives this wall time. Infinity for hints and configured zones. */
  readonly leaseUntilMs: number;
}

/** A zone that the configuration ties to servers. */
export interface ConfiguredZone {
  readonly zone: Name;
  readonly kind: 'stub' | 'forward';
  readonly servers: readonly ServerEndpoint[];
  /** See AskedZone. */
  readonly first?: boolean | undefined;
}

export interface RootHint {
  readonly name: Name;
  readonly addresses: readonly string[];
}

const MAX_RECENT = 1024;

export class ZoneFinder {
  /** Made of cached delegations, which never change; a zone that is asked often is made once. */
  private readonly recent = new Map<Name, { readonly delegation: Delegation; readonly asked: AskedZone }>();
  private readonly hints: AskedZone;
  private readonly configured: readonly AskedZone[];

  constructor(
    private readonly delegations: DelegationCache,
    private readonly rootServers: readonly RootHint[],
    private readonly configuration: readonly ConfiguredZone[],
    private readonly upstreamPort: number,
  ) {
    this.hints = {
      zone: ROOT,
      source: 'hints',
      leaseUntilMs: Number.POSITIVE_INFINITY,
      servers: rootServers.map((h) => ({ name: h.name, endpoints: this.endpoints(h.addresses), spare: [] })),
    };
    // The longest zone first, so that the first match is the closest one.
    this.configured = configuration
      .map((c) => ({
        zone: c.zone,
        source: c.kind,
        first: c.first,
        leaseUntilMs: Number.POSITIVE_INFINITY,
        servers: [{ name: undefined, endpoints: c.servers, spare: [] }],
      }))
      .sort((a, b) => b.zone.length - a.zone.length);
  }

  /** Root hints as a zone to ask; priming replaces them by the root's own NS RRset. */
  get rootHints(): AskedZone {
    return this.hints;
  }

  /**
   * The closest zone known to enclose the question.
   * @param isStuck     true for zones that wait for the answer themselves
   * @param outlivingMs wall time; delegations that end by then are passed over
   */
  start(question: Question, isStuck: (zone: Name) => boolean = () => false, outlivingMs = 0): AskedZone {
    const from = askedSide(question);
    const configured = this.configured.find((c) => isSubdomain(from, c.zone));
    const cached = this.closest(from, isStuck, outlivingMs);
    // A zone of the configuration is a wall: delegations above it, or learnt elsewhere, do not count below it.
    if (
      configured &&
      (!cached || cached.zone.length < configured.zone.length || configured.source === 'forward')
    ) {
      return configured;
    }
    return cached ? this.fromDelegation(cached, 'cache') : this.hints;
  }

  private closest(name: Name, isStuck: (zone: Name) => boolean, outlivingMs: number): Delegation | undefined {
    let found = this.delegations.closest(name);
    while (found && (isStuck(found.zone) || found.leaseUntilMs <= outlivingMs)) {
      found = found.zone === ROOT ? undefined : this.delegations.closest(parentName(found.zone));
    }
    return found;
  }

  /** Addresses that delegations at or above a name give for it: what the parents say, not the zone itself. */
  parentSide(name: Name): string[] {
    const addresses = new Set<string>();
    for (let at = this.delegations.closest(name); at; ) {
      for (const server of at.servers) {
        if (server.name === name) for (const address of server.addresses) addresses.add(address);
      }
      at = at.zone === ROOT ? undefined : this.delegations.closest(parentName(at.zone));
    }
    return [...addresses];
  }

  /** The same without one zone of the configuration. */
  without(zone: Name): ZoneFinder {
    const others = this.configuration.filter((one) => one.zone !== zone);
    return new ZoneFinder(this.delegations, this.rootServers, others, this.upstreamPort);
  }

  /** False when servers of one zone may not speak of the other name: a zone of the configuration lies between them. */
  inOnePart(zone: Name, name: Name): boolean {
    return this.configured.length === 0 || this.configuredFor(zone) === this.configuredFor(name);
  }

  /** The configured zone that encloses `name`, if any. */
  configuredFor(name: Name): AskedZone | undefined {
    return this.configured.find((c) => isSubdomain(name, c.zone));
  }

  fromDelegation(delegation: Delegation, source: ZoneSource): AskedZone {
    if (source !== 'cache') return this.made(delegation, source);
    const known = this.recent.get(delegation.zone);
    if (known?.delegation === delegation) return known.asked;
    const asked = this.made(delegation, source);
    if (this.recent.size >= MAX_RECENT) this.recent.clear();
    this.recent.set(delegation.zone, { delegation, asked });
    return asked;
  }

  private made(delegation: Delegation, source: ZoneSource): AskedZone {
    return {
      zone: delegation.zone,
      source,
      leaseUntilMs: delegation.leaseUntilMs,
      servers: delegation.servers.map((s) => ({
        name: s.name,
        endpoints: this.endpoints(s.addresses),
        spare: s.spare ?? [],
      })),
    };
  }

  private endpoints(addresses: readonly string[]): ServerEndpoint[] {
    return addresses.map((address) => ({ address, port: this.upstreamPort }));
  }
}

/** The name whose zone has the answer: DS lives on the parent's side of a cut (RFC 4035 2.4). */
export function askedSide({ name, type }: Question): Name {
  return type === RRType.DS && name !== ROOT ? parentName(name) : name;
}

/** Address in text form from the RDATA of an A or AAAA record. */
export function addressesOf(rrset: RRset): string[] {
  return rrset.rdatas.map((rdata) => (rrset.type === RRType.A ? formatIpv4(rdata) : formatIpv6(rdata)));
}

function formatIpv4(rdata: string): string {
  return `${rdata.charCodeAt(0)}.${rdata.charCodeAt(1)}.${rdata.charCodeAt(2)}.${rdata.charCodeAt(3)}`;
}

/** RFC 5952: hex groups, the longest run of zero groups as `::`. */
function formatIpv6(rdata: string): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((rdata.charCodeAt(i) << 8) | rdata.charCodeAt(i + 1));
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    if (end > i) i = end;
  }
  const hex = (part: number[]) => part.map((g) => g.toString(16)).join(':');
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}
