/**
 * A mock internet for anyone's tests: real DNS servers over zones of the test's own, in this process.
 *
 * Made by `createInternet` (src/testing.ts). A resolver made with `{ internet }` reaches it without sockets;
 * `listen` puts it on loopback sockets for other programs. With virtual time nothing waits: delays, timeouts
 * and TTLs pass at once, or when `advance` says so.
 */

import { Internet } from '../../authority/internet.js';
import { type BuiltServer, InternetBuilder } from '../../authority/internet-builder.js';
import { InternetError } from '../../authority/internet-error.js';
import { loadInternet } from '../../authority/load.js';
import { type FaultFields, parseFaults } from '../../authority/manifest.js';
import { serveInternet } from '../../authority/serve.js';
import type { AuthorityServer } from '../../authority/server.js';
import type { ConfigInput } from '../../config/input.js';
import { formatName, isSubdomain, type Name, parseName, ROOT } from '../../dns/name.js';
import { formatType } from '../../dns/registry.js';
import { type Clock, systemClock, VirtualClock } from '../../runtime/clock.js';
import { type Random, secureRandom, seededRandom } from '../../runtime/random.js';
import type { UpstreamTransport } from '../../runtime/trace.js';
import type { Upstream } from '../../transport/upstream.js';
import { loadZoneText } from '../../zone/build.js';
import type { Zone } from '../../zone/zone.js';
import { formatZoneError } from '../../zone/zone-error.js';
import { ZonesError } from '../mock-internet.js';
import type { Ground, ResolvableInternet } from './ground.js';
import { type SimpleZone, SimpleZones } from './simple-zones.js';

/** Exactly one of `zones`, `servers` and `directory`. */
export interface InternetOptions {
  /** Records by apex, as `{ 'example.com': 'www A 192.0.2.80' }`; servers, SOAs and delegations are made. */
  readonly zones?: Readonly<Record<string, SimpleZone>>;
  /** Servers with whole zones, for tests that care which server says what. One must have the root zone. */
  readonly servers?: readonly BuiltServer[];
  /** A directory with `internet.yaml` and master files, as `stratadns serve --zones` takes it. */
  readonly directory?: string;
  /** `virtual`: time stands still but for waiting resolvers and `advance`. Default `real`. */
  readonly time?: 'real' | 'virtual';
  /** Makes the draws of faults, and of resolvers on this internet, repeatable. */
  readonly seed?: number;
}

/** A question that a resolver on this internet sent. */
export interface SentQuestion {
  /** Address of the server. */
  readonly to: string;
  /** What the server is called: apex of its zone, or its id. Undefined where there is none. */
  readonly server: string | undefined;
  readonly name: string;
  readonly type: string;
  readonly transport: UpstreamTransport;
}

/** The internet on loopback sockets. */
export interface ListeningInternet {
  /** UDP and TCP port of every server. */
  readonly port: number;
  readonly addresses: readonly string[];
  /** Options with which a resolver, here or elsewhere, finds it. */
  readonly config: ConfigInput;
  close(): Promise<void>;
}

export class TestInternet implements ResolvableInternet {
  /** Questions that resolvers sent without sockets, in order. Empty it with `queries.length = 0`. */
  readonly queries: SentQuestion[] = [];
  private readonly simple: SimpleZones | undefined;
  private readonly internet: Internet;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly forgetters = new Set<(name: Name) => void>();

  /** @throws {InternetError}, {ZonesError} that say what is wrong in which zone */
  constructor(options: InternetOptions) {
    const { zones, servers, directory, time = 'real', seed } = options;
    if ([zones, servers, directory].filter((one) => one !== undefined).length !== 1) {
      throw new TypeError('an internet is made of one of: zones, servers, directory');
    }
    this.clock = time === 'virtual' ? new VirtualClock() : systemClock;
    this.random = seed === undefined ? secureRandom() : seededRandom(seed);
    this.simple = zones && new SimpleZones(zones);
    if (this.simple) this.internet = new Internet(53, this.simple.servers(), ['.']);
    else this.internet = servers ? build(servers) : load(directory!);
  }

  /** Milliseconds since 1970 as its resolvers see it. */
  get nowMs(): number {
    return this.clock.wallMs();
  }

  /** Lets virtual time pass: TTLs run down, timers fire. @throws {TypeError} in real time */
  async advance(ms: number): Promise<void> {
    if (!(this.clock instanceof VirtualClock))
      throw new TypeError("advance needs createInternet({ time: 'virtual' })");
    await this.clock.advance(ms);
  }

  /**
   * Serves other records from now on. Resolvers on this internet forget all that hangs below the apex; those
   * that came over sockets keep it for its TTL.
   *
   * @param records as for `zones`; else a whole master file
   * @throws {InternetError} BAD_ZONE, with the old zone still served
   */
  setZone(apex: string, records: string): void {
    const name = parseName(apex);
    const source = this.internet.sources.find(({ zone }) => zone.apex === name);
    if (!source) throw new InternetError('BAD_ZONE', `there is no zone ${formatName(name)}`);
    this.internet.replace(source, this.simple?.edited(name, records) ?? wholeZone(name, records));
    for (const forget of this.forgetters) forget(name);
  }

  /**
   * Breaks or mends a server from now on: `{ silent: true }`, `{ delay: '200ms', loss: 0.3 }`, `{}` for none.
   *
   * @param server apex of its zone when made of `zones`; else its id
   */
  setFaults(server: string, faults: FaultFields): void {
    const found = this.server(server);
    if (!found) throw new InternetError('BAD_ZONE', `there is no server ${server}`);
    found.faults = parseFaults(faults);
  }

  /**
   * Opens UDP and TCP sockets on every server's address. Needs loopback addresses, and real time.
   *
   * @param options.port a free one when left out
   * @throws {InternetError} that says which address, and what to do
   */
  async listen(options: { readonly port?: number } = {}): Promise<ListeningInternet> {
    if (this.clock instanceof VirtualClock) throw new TypeError('sockets need real time');
    const { port, addresses, close } = await this.openSockets(options.port ?? 0);
    const rootHints = this.internet.rootHints.map((hint) => ({ ...hint, name: formatName(hint.name) }));
    const config = { rootHints, upstream: { port, doNotQuery: [] }, dnssec: { mode: 'off' } } as const;
    return { port, addresses, config, close };
  }

  /** For `createResolver`. */
  ground(forget: (name: Name) => void): Ground {
    this.forgetters.add(forget);
    const { clock, random, internet } = this;
    return {
      clock,
      random,
      upstream: this.recorded(internet.upstream(clock, random)),
      mock: { rootHints: internet.rootHints, port: internet.port, trustAnchors: internet.trustAnchors },
      serves: (name) => internet.zones.some(({ apex }) => apex !== ROOT && isSubdomain(name, apex)),
      run: (work) => (clock instanceof VirtualClock ? clock.runUntil(work) : work),
      detach: () => void this.forgetters.delete(forget),
    };
  }

  private server(label: string): AuthorityServer | undefined {
    const id = this.simple ? formatName(parseName(label)) : label;
    return this.internet.servers.find(({ spec }) => spec.id === id);
  }

  private async openSockets(port: number) {
    const serving = await serveInternet(this.internet, this.clock, this.random, undefined, port);
    return { port: serving.port, addresses: serving.addresses, close: () => serving.close() };
  }

  private recorded(upstream: Upstream): Upstream {
    return {
      exchange: (query) => {
        const { endpoint, question, transport } = query;
        this.queries.push({
          to: endpoint.address,
          server: this.internet.serverAt(endpoint.address)?.spec.id,
          name: formatName(question.name),
          type: formatType(question.type),
          transport,
        });
        return upstream.exchange(query);
      },
      close: () => upstream.close(),
    };
  }
}

function build(servers: readonly BuiltServer[]): Internet {
  const builder = new InternetBuilder();
  for (const server of servers) builder.addServer(server);
  return builder.build(53);
}

function load(directory: string): Internet {
  const { internet, problems } = loadInternet(directory, { port: 53 });
  if (!internet) throw new ZonesError(problems);
  return internet;
}

function wholeZone(apex: Name, text: string): Zone {
  const { zone, problems } = loadZoneText(text, { origin: apex, file: `zone ${formatName(apex)}` });
  if (!zone) throw new InternetError('BAD_ZONE', problems.map(formatZoneError).join('\n'));
  return zone;
}
