/**
 * A resolver over a mock internet, in virtual time and without sockets, for scenario tests.
 *
 * `net.resolve` gives outcomes as values, `net.queries` what was sent to whom, so that a test can count
 * upstream work as reference/attacks asks.
 */
import type { Internet } from '../../src/authority/internet.js';
import { type BuiltServer, InternetBuilder } from '../../src/authority/internet-builder.js';
import { MockUpstream, type ServerDirectory } from '../../src/authority/mock-upstream.js';
import type { Delegation } from '../../src/cache/delegation-cache.js';
import { Engine } from '../../src/compose/engine.js';
import type { Config } from '../../src/config/fields.js';
import { parseConfig } from '../../src/config/load.js';
import { formatName, parseName } from '../../src/dns/name.js';
import { formatType, parseType, RRClass } from '../../src/dns/registry.js';
import type { RRset } from '../../src/dns/rrset.js';
import type { TrustAnchor } from '../../src/dnssec/anchors.js';
import type { Resolution, ResolveOptions } from '../../src/resolver/contract.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { seededRandom } from '../../src/runtime/random.js';
import type { TracedEvent } from '../../src/runtime/trace.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from '../../src/transport/upstream.js';
import { formatRdata } from '../../src/wire/rdata/registry.js';

export interface SentQuery {
  readonly to: string;
  readonly asked: string;
  readonly transport: 'udp' | 'tcp';
  readonly edns: boolean;
  readonly dnssecOk: boolean;
  readonly randomCase: boolean;
}

export interface NetOptions {
  /** YAML laid over the defaults of the tests (no validation, minimisation as the product has it). */
  readonly config?: string;
  readonly seed?: number;
  /** Stands between resolver and internet, to forge or drop. */
  readonly intercept?: (query: UpstreamQuery, pass: () => Promise<UpstreamResult>) => Promise<UpstreamResult>;
  /**
   * What some servers say instead of their zones: a response, silence, or undefined for what the mock
   * internet says. Takes effect in zero time, silence after the timeout.
   */
  readonly forge?: (query: UpstreamQuery, net: ScenarioNet) => UpstreamResult | 'silence' | undefined;
  readonly trustAnchors?: readonly TrustAnchor[];
  /** Changes packets on their way from a server, before anything is matched. */
  readonly tamper?: Tamper;
}

/** @returns what arrives, in its order; [] for nothing */
export type Tamper = (packet: Buffer, about: TamperedExchange) => readonly Buffer[];

export interface TamperedExchange {
  readonly address: string;
  readonly transport: 'udp' | 'tcp';
  readonly query: Buffer;
}

export class ScenarioNet {
  readonly clock = new VirtualClock();
  readonly engine: Engine;
  readonly queries: SentQuery[] = [];
  private readonly upstream: Upstream;
  /** Can be changed while the scenario runs. */
  forge: NonNullable<NetOptions['forge']>;

  constructor(
    readonly internet: Internet,
    options: NetOptions = {},
  ) {
    const config: Config = parseConfig(options.config ?? 'dnssec: { mode: off }', 'test');
    const random = seededRandom(options.seed ?? 1);
    const base = new MockUpstream(tampered(internet, options.tamper), this.clock, random);
    const intercept = options.intercept ?? ((query, pass) => this.forged(query, pass));
    this.forge = options.forge ?? (() => undefined);
    this.upstream = {
      exchange: (query) => {
        this.queries.push({
          to: query.endpoint.address,
          asked: `${formatName(query.question.name)} ${formatType(query.question.type)}`,
          transport: query.transport,
          edns: query.edns !== undefined,
          dnssecOk: query.edns?.do ?? false,
          randomCase: query.randomCase,
        });
        return intercept(query, () => base.exchange(query));
      },
      close: () => base.close(),
    };
    const { upstream } = this;
    const mock = {
      rootHints: internet.rootHints,
      port: internet.port,
      trustAnchors: options.trustAnchors ?? [],
    };
    this.engine = new Engine({ config, clock: this.clock, random, upstream, mock });
  }

  private async forged(query: UpstreamQuery, pass: () => Promise<UpstreamResult>): Promise<UpstreamResult> {
    const forged = this.forge(query, this);
    if (forged === undefined) return pass();
    if (forged !== 'silence') return forged;
    const { timeoutMs } = query;
    return new Promise((resolve) => {
      this.clock.after(timeoutMs, () => resolve({ kind: 'fault', fault: 'timeout', afterMs: timeoutMs }));
    });
  }

  /**
   * Another engine over the same servers and clock that takes them for the real internet: the do-not-query
   * list holds, and the root servers are those of the mock.
   */
  asReal(text: string): Engine {
    const config = { ...parseConfig(text, 'test'), rootHints: this.internet.rootHints };
    return new Engine({ config, clock: this.clock, random: seededRandom(1), upstream: this.upstream });
  }

  /** Queries sent for clients: all but those of priming. */
  get work(): readonly SentQuery[] {
    return this.queries.filter((q) => q.asked !== '. NS');
  }

  /** What was asked, without letting the test depend on the order of servers. */
  get asked(): readonly string[] {
    return this.work.map((q) => q.asked);
  }

  /** Resolves to the end in virtual time. */
  resolve(name: string, type = 'A', options: ResolveOptions = {}): Promise<Resolution> {
    return this.clock.runUntil(this.engine.resolver.resolve(question(name, type), options));
  }

  /** The outcome as short text: `NOERROR 192.0.2.1`, `NXDOMAIN`, `failure: lame`. */
  async say(name: string, type = 'A'): Promise<string> {
    const { outcome } = await this.resolve(name, type);
    if (outcome.kind === 'failure') return `failure: ${outcome.reason}`;
    if (outcome.kind !== 'answer') return outcome.kind === 'nodata' ? 'NODATA' : 'NXDOMAIN';
    return [...outcome.aliases, ...outcome.rrsets].flatMap(rdataTexts).join(', ');
  }

  /** The events of one resolution. */
  async trace(name: string, type = 'A', options: ResolveOptions = {}): Promise<TracedEvent[]> {
    const events: TracedEvent[] = [];
    await this.resolve(name, type, { ...options, trace: { emit: (event) => void events.push(event) } });
    return events;
  }

  /** TTL of the final RRset, of the SOA of a denial, or -1 for a failure. */
  async ttl(name: string, type = 'A'): Promise<number> {
    const { outcome } = await this.resolve(name, type);
    if (outcome.kind === 'failure') return -1;
    return outcome.kind === 'answer' ? outcome.rrsets[0]!.ttlSec : (outcome.soa?.ttlSec ?? -1);
  }

  cachedDelegation(zone: string): Delegation | undefined {
    return this.engine.caches.delegations.get(parseName(zone));
  }

  /** True when the resolver cache holds a live RRset. */
  caches(name: string, type = 'A'): boolean {
    return this.engine.caches.rrsets.peek(parseName(name), parseType(type)!) !== undefined;
  }

  /** Forgets the queries counted so far. */
  resetQueries(): void {
    this.queries.length = 0;
  }
}

function tampered(internet: Internet, tamper: Tamper | undefined): ServerDirectory {
  if (!tamper) return internet;
  return {
    serverAt(address) {
      const server = internet.serverAt(address);
      return (
        server && {
          takesTcp: server.takesTcp,
          deliver: (query, transport, random, reply) =>
            server.deliver(query, transport, random, (packet, delayMs) => {
              for (const one of tamper(packet, { address, transport, query })) reply(one, delayMs);
            }),
        }
      );
    },
  };
}

export function question(name: string, type: string) {
  return { name: parseName(name), type: parseType(type)!, class: RRClass.IN };
}

function rdataTexts(rrset: RRset): string[] {
  return rrset.rdatas.map((rdata) => formatRdata(rrset.type, rdata)).sort();
}

/** EDE texts of a failure, or what an answer tells besides. */
export function edeOf({ outcome }: Resolution): readonly string[] {
  return (outcome.ede ?? []).map((e) => `${e.code} ${e.text}`);
}

/** A net from servers given as data; the one with the root zone is the hint. */
export function net(servers: readonly BuiltServer[], options: NetOptions = {}): ScenarioNet {
  const builder = new InternetBuilder();
  for (const server of servers) builder.addServer(server);
  return new ScenarioNet(builder.build(), options);
}
