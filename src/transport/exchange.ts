/**
 * One query that waits for its response: the part that UDP and TCP share.
 *
 * It holds the deadline, judges packets, and ends exactly once. Malformed packets are remembered: when the
 * deadline comes and nothing better did, the fault says `malformed` and not `timeout`, because the server is
 * there and its network works.
 */
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { UpstreamFault } from '../runtime/trace.js';
import { type Match, matchResponse } from './match-response.js';
import type { OutgoingQuery } from './outgoing-query.js';
import type { UpstreamQuery, UpstreamResult } from './upstream.js';
import type { UpstreamCounters } from './upstream-counters.js';
import type { UpstreamTap } from './upstream-tap.js';

export abstract class Exchange {
  private done = false;
  private malformed = false;
  private readonly startedMs: number;
  private readonly cancelTimer: CancelTimer;
  /** Round trips count from here; waiting for a socket does not. */
  protected sentMs: number;

  constructor(
    readonly query: UpstreamQuery,
    private readonly clock: Clock,
    private readonly counters: UpstreamCounters,
    private readonly resolve: (result: UpstreamResult) => void,
    private readonly tap?: UpstreamTap,
  ) {
    counters.queries++;
    this.startedMs = clock.monotonicMs();
    this.sentMs = this.startedMs;
    this.cancelTimer = clock.after(query.timeoutMs, () => {
      if (!this.done) this.fail(this.malformed ? 'malformed' : this.expiryFault());
    });
  }

  /** What it means that the deadline passed without any packet of note. */
  protected abstract expiryFault(): UpstreamFault;

  /** Frees what the exchange holds. Called once, before the result is handed over. */
  protected abstract release(fault: UpstreamFault | undefined): void;

  protected markSent({ wire }: OutgoingQuery): void {
    this.sentMs = this.clock.monotonicMs();
    this.tap?.sent(this.query, wire);
  }

  /** Ends the exchange when `packet` answers `outgoing`; else counts it and waits on. */
  protected receive(packet: Buffer, outgoing: OutgoingQuery): void {
    if (this.done) return;
    this.tap?.received(this.query, packet, this.sentMs);
    const match = this.judged(packet, outgoing);
    switch (match.kind) {
      case 'wrong-id':
        this.fail('near-miss');
        return;
      case 'no-cookie':
        this.fail('no-cookie');
        return;
      case 'malformed':
        this.malformed = true;
        this.counters.malformed++;
        return;
      case 'mismatch':
        this.counters.mismatched++;
        return;
      case 'match':
        this.counters.responses++;
        this.finish(undefined, {
          kind: 'response',
          message: match.message,
          sizeOctets: packet.length,
          rttMs: this.clock.monotonicMs() - this.sentMs,
          caseMatched: match.caseMatched,
        });
    }
  }

  /** The codec has no business throwing; if it does, a packet must still not stop the process. */
  private judged(packet: Buffer, outgoing: OutgoingQuery): Match {
    try {
      return matchResponse(packet, outgoing);
    } catch {
      this.counters.codecErrors++;
      return { kind: 'malformed' };
    }
  }

  /** Ends the exchange without response; does nothing when it has ended. */
  fail(fault: UpstreamFault): void {
    if (this.done) return;
    this.counters.faults[fault]++;
    this.finish(fault, { kind: 'fault', fault, afterMs: this.clock.monotonicMs() - this.startedMs });
  }

  private finish(fault: UpstreamFault | undefined, result: UpstreamResult): void {
    this.done = true;
    this.cancelTimer();
    this.release(fault);
    this.resolve(result);
  }
}
