/**
 * A resolver over a mock internet, in virtual time and without sockets, for scenario tests.
 *
 * `net.resolve` gives outcomes as values, `net.queries` what was sent to whom, so that a test can count
 * upstream work as reference/attacks asks.
 */
import type { Internet } from '../../src/authority/internet.js';
import { type BuiltServer, InternetBuilder } from '../../src/authority/internet-builder.js';
import { Engine } from '../../src/compose/engine.js';
import type { Config } from '../../src/config/fields.js';
import { parseConfig } from '../../src/config/load.js';
import { formatName, parseName } from '../../src/dns/name.js';
import { formatType, parseType, RRClass } from '../../src/dns/registry.js';
import type { RRset } from '../../src/dns/rrset.js';
import type { Resolution, ResolveOptions } from '../../src/resolver/contract.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { seededRandom } from '../../src/runtime/random.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from '../../src/transport/upstream.js';
import { formatRdata } from '../../src/wire/rdata/registry.js';

export interface SentQuery {
  readonly to: string;
  readonly asked: string;
  readonly transport: 'udp' | 'tcp';
}

export interface NetOptions {
  /** YAML laid over the defaults of the tests (no validation, minimisation as the product has it). */
  readonly config?: string;
  readonly seed?: number;
  /** Stands between resolver and internet, to forge or drop. */
  readonly intercept?: (query: UpstreamQuery, pass: () => Promise<UpstreamResult>) => Promise<UpstreamResult>;
}

export class ScenarioNet {
  readonly clock = new VirtualClock();
  readonly engine: Engine;
  readonly queries: SentQuery[] = [];

  constructor(
    readonly internet: Internet,
    options: NetOptions = {},
  ) {
    const config: Config = parseConfig(options.config ?? 'dnssec: { mode: off }', 'test');
    const random = seededRandom(options.seed ?? 1);
    const base = internet.upstream(this.clock, random);
    const intercept = options.intercept ?? ((_query, pass) => pass());
    const upstream: Upstream = {
      exchange: (query) => {
        this.queries.push({
          to: query.endpoint.address,
          asked: `${formatName(query.question.name)} ${formatType(query.question.type)}`,
          transport: query.transport,
        });
        return intercept(query, () => base.exchange(query));
      },
      close: () => base.close(),
    };
    const mock = { rootHints: internet.rootHints, port: internet.port, trustAnchors: [] };
    this.engine = new Engine({ config, clock: this.clock, random, upstream, mock });
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

  /** Forgets the queries counted so far. */
  resetQueries(): void {
    this.queries.length = 0;
  }
}

export function question(name: string, type: string) {
  return { name: parseName(name), type: parseType(type)!, class: RRClass.IN };
}

function rdataTexts(rrset: RRset): string[] {
  return rrset.rdatas.map((rdata) => formatRdata(rrset.type, rdata)).sort();
}

/** A net from servers given as data; the one with the root zone is the hint. */
export function net(servers: readonly BuiltServer[], options: NetOptions = {}): ScenarioNet {
  const builder = new InternetBuilder();
  for (const server of servers) builder.addServer(server);
  return new ScenarioNet(builder.build(), options);
}
