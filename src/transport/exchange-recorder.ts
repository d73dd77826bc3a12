/**
 * Keeps every exchange with servers as it went, octets and times, so that a walk can be done again without a network.
 *
 * It stands on both sides of a transport: as its tap it sees the packets, around it what came of each query. Whoever
 * records makes the transport with `tap: recorder` and gives the resolver `recorder.over(transport)`.
 * Times are whole microseconds. Exchanges that ended in one go of the event loop end in the same one, and all others
 * in another, so that a replay can tell what the walk knew when it went on.
 * Limitations: of the packets that came for one query the last is kept, which is the one that decided.
 */
import type { Name } from '../dns/name.js';
import type { Question } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { ExchangeFault, UpstreamTransport } from '../runtime/trace.js';
import type { ServerEndpoint, Upstream, UpstreamQuery, UpstreamResult } from './upstream.js';
import type { UpstreamTap } from './upstream-tap.js';

export interface RecordedExchange {
  readonly endpoint: ServerEndpoint;
  readonly transport: UpstreamTransport;
  readonly question: Question;
  /** The zone that the server was asked for. */
  readonly zone: Name;
  /** Counts from the start of the recording. */
  readonly sentMs: number;
  readonly tookMs: number;
  /** The packets; undefined when it did not come to one. A response beside a fault is what was not believed. */
  readonly query: Buffer | undefined;
  readonly response: Buffer | undefined;
  /** Undefined: `response` answers `query`. `unfinished`: still under way when the recording ended. */
  readonly fault: ExchangeFault | 'unfinished' | undefined;
}

interface Draft {
  readonly asked: UpstreamQuery;
  readonly startedMs: number;
  query: Buffer | undefined;
  response: Buffer | undefined;
  result: UpstreamResult | undefined;
  endedMs: number;
  /** In which of the recorder's turns it ended. */
  turn: number;
}

const US_PER_MS = 1000;

export class ExchangeRecorder implements UpstreamTap {
  private readonly drafts = new Map<UpstreamQuery, Draft>();
  /** In the order in which they ended. */
  private readonly ended: Draft[] = [];
  private turn = 0;
  private inTurn = false;

  constructor(private readonly clock: Clock) {}

  /** The same transport, watched. */
  over(upstream: Upstream): Upstream {
    return {
      exchange: (query) => this.watched(upstream, query),
      close: () => upstream.close(),
    };
  }

  sent(query: UpstreamQuery, wire: Buffer): void {
    const draft = this.drafts.get(query);
    if (draft) draft.query = Buffer.from(wire);
  }

  received(query: UpstreamQuery, packet: Buffer): void {
    const draft = this.drafts.get(query);
    if (draft && !draft.result) draft.response = Buffer.from(packet);
  }

  /** The same for all that are told of their result before any of them goes on. */
  private currentTurn(): number {
    if (!this.inTurn) {
      this.inTurn = true;
      this.turn++;
      queueMicrotask(() => {
        this.inTurn = false;
      });
    }
    return this.turn;
  }

  /**
   * Those begun so far, in order.
   * @param startMs monotonic time from which they are counted
   */
  exchanges(startMs: number): RecordedExchange[] {
    const endsUs = new Map<Draft, number>();
    let lastUs = -1;
    let lastTurn = 0;
    for (const draft of this.ended) {
      const endUs = Math.round((draft.endedMs - startMs) * US_PER_MS);
      if (draft.turn !== lastTurn) lastUs = Math.max(endUs, lastUs + 1);
      lastTurn = draft.turn;
      endsUs.set(draft, lastUs);
    }
    const nowUs = Math.round((this.clock.monotonicMs() - startMs) * US_PER_MS);
    return [...this.drafts.values()].map((draft) => {
      const endUs = endsUs.get(draft) ?? nowUs;
      const sentUs = Math.min(endUs, Math.max(0, Math.round((sentMsOf(draft) - startMs) * US_PER_MS)));
      return {
        ...exchangeOf(draft),
        sentMs: sentUs / US_PER_MS,
        tookMs: (endUs - sentUs) / US_PER_MS,
      };
    });
  }

  private async watched(upstream: Upstream, asked: UpstreamQuery): Promise<UpstreamResult> {
    const startedMs = this.clock.monotonicMs();
    const draft: Draft = {
      asked,
      startedMs,
      query: undefined,
      response: undefined,
      result: undefined,
      endedMs: startedMs,
      turn: 0,
    };
    this.drafts.set(asked, draft);
    const result = await upstream.exchange(asked);
    draft.result = result;
    draft.endedMs = this.clock.monotonicMs();
    draft.turn = this.currentTurn();
    this.ended.push(draft);
    return result;
  }
}

/** A round trip counts from the last packet that was sent, which may be later than the start. */
function sentMsOf({ startedMs, endedMs, result }: Draft): number {
  if (!result) return startedMs;
  return endedMs - (result.kind === 'response' ? result.rttMs : result.afterMs);
}

function exchangeOf({ asked, query, response, result }: Draft): Omit<RecordedExchange, 'sentMs' | 'tookMs'> {
  const { transport, question, zone = question.name } = asked;
  const { address, port } = asked.endpoint;
  const fault = result?.kind === 'fault' ? result.fault : undefined;
  const endpoint = { address, port };
  return { endpoint, transport, question, zone, query, response, fault: result ? fault : 'unfinished' };
}
