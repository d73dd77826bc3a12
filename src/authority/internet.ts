/**
 * A mock internet: servers with their zones, root hints, and the ways to reach it.
 *
 * Made by load.ts from `zones/` or by internet-builder.ts from texts. serve.ts puts it on loopback sockets;
 * mock-upstream.ts answers a resolver in the same process; watch.ts swaps zones when their files change.
 */
import { isStrictSubdomain, type Name, ROOT } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { TrustAnchor } from '../dnssec/anchors.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import type { Upstream } from '../transport/upstream.js';
import type { UpstreamTap } from '../transport/upstream-tap.js';
import type { Zone } from '../zone/zone.js';
import type { InternetLog } from './internet-error.js';
import { MockUpstream } from './mock-upstream.js';
import { type Serving, serveInternet } from './serve.js';
import { AuthorityServer, type ServerReply, type ServerSpec } from './server.js';
import { type ChangeListener, watchInternet } from './watch.js';
import type { FileStamps, ZoneSource } from './zone-file.js';
import { type PendingZone, ZoneSet } from './zone-set.js';
import { dsRRset, SignedZone } from './zone-signer.js';

/** A server and the zones it has. */
export interface InternetServer extends ServerSpec {
  readonly sources: readonly ZoneSource[];
}

export interface RootHint {
  readonly name: Name;
  readonly addresses: readonly string[];
}

export class Internet {
  readonly servers: readonly AuthorityServer[];
  readonly rootHints: readonly RootHint[];
  readonly sources: readonly ZoneSource[];
  /** Files that decide what is here and are read at the start only. */
  readOnce: FileStamps = new Map();
  private readonly byAddress = new Map<string, AuthorityServer>();
  private readonly holders = new Map<ZoneSource, AuthorityServer[]>();
  private readonly served = new Map<ZoneSource, Zone | PendingZone>();

  /**
   * @param port   UDP and TCP port of all servers; 0 lets `serve` find one
   * @param rootIds ids of the servers that are the root hints
   */
  constructor(
    readonly port: number,
    servers: readonly InternetServer[],
    rootIds: readonly string[],
  ) {
    const roots = rootIds.map((id) => servers.find((server) => server.id === id)!);
    this.rootHints = roots.map(({ name, addresses }) => ({ name, addresses }));
    const rootNames = roots.map((server) => server.name);
    this.sources = [...new Set(servers.flatMap((server) => server.sources))];
    for (const source of this.sources) this.served.set(source, this.toServe(source));
    this.servers = servers.map((server) => {
      const zones = new ZoneSet(server.sources.map((source) => this.served.get(source)!));
      const authority = new AuthorityServer(server, zones, rootNames);
      for (const address of server.addresses) this.byAddress.set(address, authority);
      for (const source of server.sources) {
        this.holders.set(source, [...(this.holders.get(source) ?? []), authority]);
      }
      return authority;
    });
  }

  /** All zones as their files have them now. */
  get zones(): readonly Zone[] {
    return this.sources.map((source) => source.zone);
  }

  /** A zone as it is served now, signed where its plan says so. */
  zoneOf(source: ZoneSource): Zone {
    const zone = this.served.get(source)!;
    return 'ready' in zone ? zone.ready() : zone;
  }

  /** Where trust in the signed zones starts: DS records of the root's key; empty when the root is not signed. */
  get trustAnchors(): readonly TrustAnchor[] {
    const root = this.sources.find(({ zone, signer }) => signer && zone.apex === ROOT);
    const rdatas = root?.signer?.anchors(ROOT) ?? [];
    return rdatas.map((rdata) => ({ zone: ROOT, type: RRType.DS, rdata }));
  }

  /** The server at an address; undefined when nobody is there. */
  serverAt(address: string): AuthorityServer | undefined {
    return this.byAddress.get(address);
  }

  /** One query packet to one address; undefined when no server has it. Faults apply. */
  answer(
    address: string,
    packet: Uint8Array,
    transport: UpstreamTransport,
    random: Random,
  ): ServerReply | undefined {
    return this.byAddress.get(address)?.answerQuery(packet, transport, random);
  }

  /** Replaces a zone on every server that has it, in one step. */
  replace(source: ZoneSource, zone: Zone): void {
    const oldApex = source.zone.apex;
    source.zone = zone;
    const served = this.toServe(source);
    this.served.set(source, served);
    for (const server of this.holders.get(source) ?? []) {
      server.zones.remove(oldApex);
      server.zones.put(served);
    }
  }

  private toServe({ zone, signer }: ZoneSource): Zone | PendingZone {
    return signer ? new SignedZone(zone, signer, () => this.dsBelow(zone)) : zone;
  }

  /** DS RRsets for the children of `parent` that are signed; they follow from keys alone, not from zone data. */
  private dsBelow(parent: Zone): RRset[] {
    return this.sources.flatMap(({ zone: { apex }, signer }) => {
      if (!signer || !isStrictSubdomain(apex, parent.apex)) return [];
      return dsRRset(parent, apex, signer.dsRdatas(apex)) ?? [];
    });
  }

  /**
   * Opens UDP and TCP sockets for every server.
   *
   * @throws {InternetError} that says which address, and what to do
   */
  serve(clock: Clock, random: Random, log?: InternetLog): Promise<Serving> {
    return serveInternet(this, clock, random, log);
  }

  /** Follows the zone files; see watch.ts. Returns what ends it. */
  watch(clock: Clock, onChange: ChangeListener, log?: InternetLog): () => void {
    return watchInternet(this, clock, onChange, log);
  }

  /** Reaches the servers without sockets, in the time of `clock`. */
  upstream(clock: Clock, random: Random, tap?: UpstreamTap): Upstream {
    return new MockUpstream(this, clock, random, tap);
  }
}
