/**
 * The ground in process: client packets go through the server's pipeline, the servers are an `Upstream`, and
 * time is virtual.
 */
import { HeapStubCache } from '../../src/cache/heap-stub-cache.js';
import { Engine } from '../../src/compose/engine.js';
import { parseConfig } from '../../src/config/load.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { type Random, seededRandom } from '../../src/runtime/random.js';
import { FaultLog } from '../../src/server/fault-log.js';
import { InFlight } from '../../src/server/in-flight.js';
import { silentLog } from '../../src/server/log.js';
import { Pipeline } from '../../src/server/pipeline.js';
import { defaultServerSettings } from '../../src/server/settings.js';
import { matchResponse } from '../../src/transport/match-response.js';
import { prepareQuery } from '../../src/transport/outgoing-query.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from '../../src/transport/upstream.js';
import { HEADER_OCTETS } from '../../src/wire/decode.js';
import type { ClientPacket, Ground, Minimisation } from './ground.js';
import type { Scenario } from './parse.js';
import { policyOf } from './policy.js';
import { configurationOf, startTimeMs } from './scenario-config.js';
import { CannedServers, type Outstanding } from './servers.js';

const CLIENT = { address: '127.0.0.1', port: 5353, local: '127.0.0.1' } as const;
const DEFAULT_START_MS = Date.UTC(2026, 0, 6);

export class InProcessGround implements Ground {
  readonly servers: CannedServers;
  private readonly clock: VirtualClock;
  private readonly engine: Engine;
  private readonly pipeline: Pipeline;

  constructor(scenario: Scenario, minimisation: Minimisation, completing: boolean) {
    this.clock = new VirtualClock(startTimeMs(scenario) ?? DEFAULT_START_MS);
    const { clock } = this;
    const random = seededRandom(7);
    this.servers = new CannedServers(scenario, completing);
    const config = parseConfig(JSON.stringify(configurationOf(scenario, minimisation)), 'scenario');
    const upstream = new CannedUpstream(this.servers, clock, random);
    this.engine = new Engine({ config, clock, random, upstream });
    this.pipeline = new Pipeline(
      {
        resolver: this.engine.resolver,
        stubCache: new HeapStubCache({ clock, maxOctets: 1024 * 1024 }),
        clock,
        recorder: { record() {}, dropped() {} },
        inFlight: new InFlight(),
        faults: new FaultLog(silentLog, clock),
      },
      { ...defaultServerSettings, specialUse: false, policy: policyOf(scenario) },
    );
  }

  pass(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  async elapse(sec: number): Promise<void> {
    this.clock.jumpWall(sec * 1000);
  }

  ask({ packet, transport, from }: ClientPacket, onAnswer: (wire: Buffer) => void): void {
    const client = { ...CLIENT, address: from ?? CLIENT.address, transport };
    this.pipeline.handle(packet, client, onAnswer);
  }

  async close(): Promise<void> {
    await this.engine.close();
  }
}

class CannedUpstream implements Upstream {
  constructor(
    private readonly servers: CannedServers,
    private readonly clock: VirtualClock,
    private readonly random: Random,
  ) {}

  exchange(query: UpstreamQuery): Promise<UpstreamResult> {
    return new Promise((resolve) => {
      const { clock, servers } = this;
      const outgoing = prepareQuery(query, this.random.uint16(), this.random);
      const startMs = clock.monotonicMs();
      let fault: 'timeout' | 'malformed' = 'timeout';
      const cancel = clock.after(query.timeoutMs, () => {
        servers.forget(outstanding);
        resolve({ kind: 'fault', fault, afterMs: query.timeoutMs });
      });
      const receive = (packet: Buffer) => {
        packet.writeUInt16BE(outgoing.id, 0);
        const match = matchResponse(packet, outgoing);
        if (match.kind === 'malformed') fault = 'malformed';
        if (match.kind !== 'match') return;
        cancel();
        const { message, caseMatched } = match;
        const rttMs = clock.monotonicMs() - startMs;
        resolve({ kind: 'response', message, sizeOctets: packet.length, rttMs, caseMatched });
      };
      const { endpoint, transport, edns } = query;
      const { wire, questionEnd } = outgoing;
      const spelling = wire.latin1Slice(HEADER_OCTETS, questionEnd - 4);
      const outstanding: Outstanding = {
        query: { address: endpoint.address, transport, question: { ...query.question, spelling }, edns },
        reply: ({ packet, delayMs }) => {
          if (packet) clock.after(delayMs, () => receive(packet));
        },
      };
      servers.take(outstanding);
    });
  }

  async close(): Promise<void> {}
}
