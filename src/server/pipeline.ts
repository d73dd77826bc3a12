/**
 * The way of one client query through the server: one visible array of stages, the first runs first.
 *
 * A stage passes on (`next`), leaves a draft (`answered`: go on at finish) or a finished image (`finished`: go on at fit), or
 * ends the matter (`done`). Nothing calls backwards. All runs in the packet's own turn until a stage waits, which only
 * `resolve` and `hand-over` do: a hit in the stub cache makes no promise.
 *
 * Here is the boundary for bugs: whatever is thrown while one packet is served becomes SERVFAIL for that packet,
 * a line in the log and a count, never the end of the process.
 *
 * Limitations: one pipeline serves one thread; settings are those at its making (see DnsServer.reconfigure).
 */
import type { StubCache } from '../cache/stub-cache.js';
import { Ede, Rcode } from '../dns/registry.js';
import type { RecursiveResolver } from '../resolver/contract.js';
import type { Clock } from '../runtime/clock.js';
import type { QueryRecord, QueryRecorder } from '../runtime/recorder.js';
import type { ClientAddress, PacketHandler } from '../transport/listener.js';
import { HEADER_OCTETS } from '../wire/decode.js';
import { ClientRates } from './client-rates.js';
import type { ClientTap } from './client-tap.js';
import { type ClientQuery, Exchange, ede, type Reply, type Stage, type Verdict } from './exchange.js';
import type { FaultLog } from './fault-log.js';
import type { HandOver } from './hand-over.js';
import { makeImage, seal, sealCut } from './image.js';
import type { InFlight } from './in-flight.js';
import type { ServerSettings } from './settings.js';
import { AccessStage } from './stages/access.js';
import { AnswerPolicyStage, FollowStage } from './stages/answer-policy.js';
import { AnyStage } from './stages/any.js';
import { ChaosStage } from './stages/chaos.js';
import { CookieStage } from './stages/cookie.js';
import { FinishStage } from './stages/finish.js';
import { FitStage } from './stages/fit.js';
import { HandOverStage } from './stages/hand-over.js';
import { ParseStage, queryOfHeader } from './stages/parse.js';
import { PolicyStage } from './stages/policy.js';
import { RateLimitStage } from './stages/rate-limit.js';
import { RebindingStage } from './stages/rebinding.js';
import { ResolveStage } from './stages/resolve.js';
import { ScreenStage } from './stages/screen.js';
import { SpecialUseStage } from './stages/special-use.js';
import { StubCacheStage } from './stages/stub-cache.js';
import { ViewStage } from './stages/view.js';

export interface PipelineParts {
  readonly resolver: RecursiveResolver;
  readonly stubCache: StubCache;
  readonly clock: Clock;
  readonly recorder: QueryRecorder;
  readonly inFlight: InFlight;
  readonly faults: FaultLog;
  /** The settings in force: what was answered by others is not kept. Without it all is. */
  readonly currentSettings?: () => ServerSettings;
  /** Where several workers serve: the way to the owners of names. */
  readonly handOver?: HandOver;
  /** Takes each finished query as well, for the query log. */
  readonly logQuery?: (query: QueryRecord) => void;
  /** Sees the packets. */
  readonly tap?: ClientTap;
}

/** The stages in the order in which they run. */
export function buildStages(
  parts: PipelineParts,
  settings: ServerSettings,
  rates = new ClientRates(parts.clock, settings.perClientQps),
): readonly Stage[] {
  const { resolver, stubCache, clock, inFlight, handOver } = parts;
  const resolve = new ResolveStage(resolver, inFlight, clock);
  return [
    new ParseStage(),
    new AccessStage(),
    new RateLimitStage(rates),
    new CookieStage(clock),
    new ScreenStage(),
    new ChaosStage(),
    ...(settings.views ? [new ViewStage(settings.views)] : []),
    new PolicyStage(),
    new SpecialUseStage(),
    new AnyStage(),
    new StubCacheStage(stubCache, clock),
    ...(handOver ? [new HandOverStage(handOver, inFlight, clock)] : []),
    resolve,
    new AnswerPolicyStage(resolver),
    new FollowStage(resolve),
    new RebindingStage(),
    new FinishStage(stubCache, clock, parts.currentSettings),
    new FitStage(),
  ];
}

export class Pipeline {
  private readonly finishAt: number;
  private readonly fitAt: number;

  constructor(
    private readonly parts: PipelineParts,
    readonly settings: ServerSettings,
    readonly stages: readonly Stage[] = buildStages(parts, settings),
  ) {
    this.finishAt = stages.findIndex((stage) => stage.name === 'finish');
    this.fitAt = stages.findIndex((stage) => stage.name === 'fit');
  }

  /** Serves one packet; `reply` is called once or, for what is dropped by UDP, never. Does not throw. */
  readonly handle: PacketHandler = (packet: Buffer, client: ClientAddress, reply: Reply): void => {
    this.parts.tap?.query(packet, client);
    const exchange = new Exchange(packet, client, reply, this.settings, this.parts.clock.monotonicMs());
    this.advance(exchange, 0);
  };

  private advance(exchange: Exchange, from: number): void {
    try {
      let at = from;
      while (at < this.stages.length) {
        const verdict = this.stages[at]!.run(exchange);
        if (typeof verdict !== 'string') {
          this.wait(exchange, at, verdict);
          return;
        }
        at = this.nextStage(at, verdict);
      }
    } catch (error) {
      this.breakOff(exchange, error);
    }
    this.end(exchange);
  }

  private nextStage(at: number, verdict: Verdict): number {
    if (verdict === 'next') return at + 1;
    if (verdict === 'finished') return this.fitAt;
    return verdict === 'answered' ? this.finishAt : this.stages.length;
  }

  private wait(exchange: Exchange, at: number, pending: Promise<Verdict>): void {
    pending.then(
      (verdict) => this.advance(exchange, this.nextStage(at, verdict)),
      (error: unknown) => {
        this.breakOff(exchange, error);
        this.end(exchange);
      },
    );
  }

  /** An exception: the client hears SERVFAIL, whatever state the exchange was in. */
  private breakOff(exchange: Exchange, error: unknown): void {
    this.parts.faults.note(error, 'a query ended in an exception');
    exchange.rcode = Rcode.SERVFAIL;
    exchange.lookupClass = 'failure';
    // A packet that failed before it had a header to answer is dropped: this is its first turn, so it is readable.
    exchange.query ??= isAnswerable(exchange.packet) ? queryOfHeader(exchange.packet, 'unread') : undefined;
    if (exchange.query) exchange.wire = servfail(exchange, exchange.query);
  }

  private end(exchange: Exchange): void {
    const { recorder, faults, logQuery, tap } = this.parts;
    try {
      if (!exchange.wire) {
        recorder.dropped(exchange.dropped ?? 'unsendable');
        dropReply(exchange.client, exchange.reply);
        return;
      }
      exchange.reply(exchange.wire);
      tap?.response(exchange.wire, exchange.client, exchange.startedMs);
      const record = this.recordOf(exchange);
      recorder.record(record);
      logQuery?.(record);
    } catch (error) {
      faults.note(error, 'a response could not be sent or counted');
    }
  }

  private recordOf(exchange: Exchange): QueryRecord {
    const question = exchange.query?.question;
    return {
      lookupClass: exchange.lookupClass ?? 'failure',
      missReason: exchange.missReason,
      qtype: question?.type ?? 0,
      qclass: question?.class,
      rcode: exchange.rcode,
      transport: exchange.client.transport,
      tookMs: this.parts.clock.monotonicMs() - exchange.startedMs,
      client: exchange.client.address,
      qname: question?.name,
      ede: exchange.draft?.ede,
      view: exchange.view?.name,
      limit: exchange.limit ?? exchange.resolution?.budget?.limit,
    };
  }
}

const NO_RESPONSE = Buffer.alloc(0);

/** Tells a TCP listener that no response will come; a UDP listener waits for none. */
export function dropReply(client: ClientAddress, reply: Reply): void {
  if (client.transport === 'tcp') reply(NO_RESPONSE);
}

function isAnswerable(packet: Buffer): boolean {
  return packet.length >= HEADER_OCTETS && (packet[2]! & 0x80) === 0;
}

/** SERVFAIL with EDE, or, should that be what throws, a header alone. */
function servfail(exchange: Exchange, query: ClientQuery): Buffer {
  try {
    exchange.fail(Rcode.SERVFAIL, ede(Ede.OTHER, 'internal error'), 'failure');
    const draft = exchange.draft!;
    return seal(exchange, makeImage(draft, query)) ?? sealCut(exchange, draft);
  } catch {
    const wire = Buffer.alloc(HEADER_OCTETS);
    wire.writeUInt16BE(query.id);
    wire[2] = 0x80 | (query.opcode << 3) | (query.rd ? 1 : 0);
    wire[3] = 0x80 | Rcode.SERVFAIL;
    return wire;
  }
}
