/**
 * Outgoing queries by UDP: one socket, one random port, one random ID per query.
 *
 * On the query's way this is the last step before the wire. The exchange ends with the first response that
 * matches; what does not match is dropped and the wait goes on to the deadline, so that neither a forged nor
 * a broken packet ends it early (TuDoor). The one exception is a wrong ID from the right server, which is
 * what a guesser's packets look like: that ends the exchange as `near-miss`, and the caller asks by TCP.
 * RFC 5452 9.
 *
 * Sockets in use are capped. Queries over the cap wait in a queue, within their own deadline; a query that
 * never got a socket ends as `no-socket`, which says nothing about the server.
 */
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamFault } from '../runtime/trace.js';
import { Exchange } from './exchange.js';
import { type OutgoingQuery, prepareQuery } from './outgoing-query.js';
import type { SocketLease, UdpReceiver, UdpSockets } from './udp-sockets.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from './upstream.js';
import { UpstreamCounters } from './upstream-counters.js';
import type { UpstreamTap } from './upstream-tap.js';

export interface UdpUpstreamOptions {
  readonly clock: Clock;
  /** Source of IDs and letter case. */
  readonly random: Random;
  readonly sockets: UdpSockets;
  /** Sockets open at once; keep it below the process's descriptor limit. */
  readonly maxSockets?: number;
  /** Queries that may wait for a socket; the next one fails at once. */
  readonly maxQueued?: number;
  readonly tap?: UpstreamTap | undefined;
}

export class UdpUpstream implements Upstream {
  readonly counters = new UpstreamCounters();
  private readonly maxSockets: number;
  private readonly maxQueued: number;
  /** List of the exchanges that have a socket; not a Set, see docs/decisions/005-miss-path.md. */
  private readonly active = new ActiveList();
  /** Waiting for a socket, in order of arrival. A Set, so that one that times out leaves at no cost. */
  private readonly queue = new Set<UdpExchange>();
  private closed = false;

  constructor(private readonly options: UdpUpstreamOptions) {
    this.maxSockets = options.maxSockets ?? 1024;
    this.maxQueued = options.maxQueued ?? 4096;
  }

  exchange(query: UpstreamQuery): Promise<UpstreamResult> {
    return new Promise((resolve) => {
      const exchange = new UdpExchange(query, this.options, this.counters, resolve, this.finished);
      if (this.closed) exchange.fail('connection-closed');
      else if (this.active.size < this.maxSockets) this.start(exchange);
      else if (this.queue.size < this.maxQueued) this.queue.add(exchange);
      else exchange.fail('no-socket');
    });
  }

  /** Sockets in use and queries waiting for one. */
  get load(): { readonly open: number; readonly queued: number } {
    return { open: this.active.size, queued: this.queue.size };
  }

  private start(exchange: UdpExchange): void {
    this.active.add(exchange);
    exchange.start(this.options.sockets);
  }

  /** Takes a finished exchange out and gives its place to the next. */
  private readonly finished = (exchange: UdpExchange): void => {
    if (!this.active.remove(exchange)) {
      this.queue.delete(exchange);
      return;
    }
    if (this.closed) return;
    for (const next of this.queue) {
      this.queue.delete(next);
      this.start(next);
      return;
    }
  };

  async close(): Promise<void> {
    this.closed = true;
    for (const exchange of [...this.queue, ...this.active.all()]) exchange.fail('connection-closed');
    this.options.sockets.close();
  }
}

class ActiveList {
  size = 0;
  private first: UdpExchange | undefined;

  add(exchange: UdpExchange): void {
    this.size++;
    exchange.isActive = true;
    exchange.next = this.first;
    if (this.first) this.first.previous = exchange;
    this.first = exchange;
  }

  /** False when it is not in. */
  remove(exchange: UdpExchange): boolean {
    if (!exchange.isActive) return false;
    const { previous, next } = exchange;
    if (previous) previous.next = next;
    else this.first = next;
    if (next) next.previous = previous;
    exchange.previous = undefined;
    exchange.next = undefined;
    exchange.isActive = false;
    this.size--;
    return true;
  }

  all(): UdpExchange[] {
    const found: UdpExchange[] = [];
    for (let at = this.first; at; at = at.next) found.push(at);
    return found;
  }
}

class UdpExchange extends Exchange implements UdpReceiver {
  /** Kept by ActiveList. */
  isActive = false;
  previous: UdpExchange | undefined = undefined;
  next: UdpExchange | undefined = undefined;
  private readonly outgoing: OutgoingQuery;
  private lease: SocketLease | undefined;

  constructor(
    query: UpstreamQuery,
    options: UdpUpstreamOptions,
    counters: UpstreamCounters,
    resolve: (result: UpstreamResult) => void,
    private readonly finished: (exchange: UdpExchange) => void,
  ) {
    super(query, options.clock, counters, resolve, options.tap);
    this.outgoing = prepareQuery(query, options.random.uint16(), options.random);
  }

  start(sockets: UdpSockets): void {
    this.markSent(this.outgoing);
    this.lease = sockets.send(this.query.endpoint, this.outgoing.wire, this);
  }

  onPacket(packet: Buffer): void {
    this.receive(packet, this.outgoing);
  }

  onFault(fault: UpstreamFault): void {
    this.fail(fault);
  }

  protected override expiryFault(): UpstreamFault {
    return this.lease === undefined ? 'no-socket' : 'timeout';
  }

  protected override release(): void {
    this.lease?.close();
    this.finished(this);
  }
}
