/**
 * A mock internet: servers with their zones, root hints, and the ways to reach it.
 *
 * Made by load.ts from `zones/` or by internet-builder.ts from texts. serve.ts puts it on loopback sockets;
 * mock-upstream.ts answers a resolver in the same process; watch.ts swaps zones when their files change.
 */
import type { Name } from '../dns/name.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import type { Upstream } from '../transport/upstream.js';
import type { Zone } from '../zone/zone.js';
import { MockUpstream } from './mock-upstream.js';
import { type Serving, serveInternet } from './serve.js';
import { AuthorityServer, type ServerReply, type ServerSpec } from './server.js';
import { type ChangeListener, watchInternet } from './watch.js';
import type { FileStamps } from './zone-file.js';
import { ZoneSet } from './zone-set.js';

/** A zone as it is served now, and where it came from. */
export interface ZoneSource {
  /** Path of the master file; undefined for a zone from text. */
  readonly path: string | undefined;
  /** Replaced when the file changes. */
  zone: Zone;
  /** The file and all that it includes, as they were when read last; empty for text. */
  stamps: FileStamps;
}

/** A server and the zones it has. */
export interface InternetServer extends ServerSpec {
  readonly sources: readonly ZoneSource[];
}

export interface RootHint {
  readonly name: Name;
  readonly addresses: readonly string[];
}

/** Takes one line about the mock internet while it runs: a failed reload, a socket that was skipped. */
export type InternetLog = (level: 'info' | 'warn' | 'error', message: string) => void;

export class Internet {
  readonly servers: readonly AuthorityServer[];
  readonly rootHints: readonly RootHint[];
  readonly sources: readonly ZoneSource[];
  private readonly byAddress = new Map<string, AuthorityServer>();
  private readonly holders = new Map<ZoneSource, AuthorityServer[]>();

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
    this.servers = servers.map((server) => {
      const zones = new ZoneSet(server.sources.map((source) => source.zone));
      const authority = new AuthorityServer(server, zones, rootNames);
      for (const address of server.addresses) this.byAddress.set(address, authority);
      for (const source of server.sources) {
        this.holders.set(source, [...(this.holders.get(source) ?? []), authority]);
      }
      return authority;
    });
  }

  /** All zones as served now. */
  get zones(): readonly Zone[] {
    return this.sources.map((source) => source.zone);
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
    for (const server of this.holders.get(source) ?? []) {
      server.zones.remove(source.zone.apex);
      server.zones.put(zone);
    }
    source.zone = zone;
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
  upstream(clock: Clock, random: Random): Upstream {
    return new MockUpstream(this, clock, random);
  }
}
