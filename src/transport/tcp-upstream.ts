/**
 * Outgoing queries by TCP, with connections kept and shared per server.
 *
 * On the query's way it is asked after a truncated UDP response, after a near miss, and for servers that are
 * known to need it. A connection stays open for some seconds after its last query; a query that meets one
 * which the server was just closing is asked once more on a fresh one. Connecting is part of the query's
 * time and of its RTT.
 * RFC 7766 6.2, RFC 9210.
 * Limitations: no TCP Fast Open; EDNS keepalive (RFC 7828) of the server is not heeded.
 */
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamFault } from '../runtime/trace.js';
import { Exchange } from './exchange.js';
import { type OutgoingQuery, prepareQuery } from './outgoing-query.js';
import { errorCode, faultOfErrorCode } from './socket-fault.js';
import { TcpConnection, type TcpReceiver } from './tcp-connection.js';
import type { ServerEndpoint, Upstream, UpstreamQuery, UpstreamResult } from './upstream.js';
import { UpstreamCounters } from './upstream-counters.js';
import type { UpstreamTap } from './upstream-tap.js';

export interface TcpUpstreamOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Connections open at once, to all servers; the longest idle one makes room. */
  readonly maxConnections?: number;
  /** Connections to one server; another is opened when the others carry `pipelineDepth` queries each. */
  readonly maxPerServer?: number;
  readonly pipelineDepth?: number;
  /** How long a connection is kept without a query. */
  readonly idleMs?: number;
  readonly tap?: UpstreamTap | undefined;
}

export class TcpUpstream implements Upstream {
  readonly counters = new UpstreamCounters();
  private readonly maxConnections: number;
  private readonly maxPerServer: number;
  private readonly pipelineDepth: number;
  private readonly idleMs: number;
  private readonly servers = new Map<string, TcpConnection[]>();
  /** Connections without a query, the longest idle first, with the timer that will close them. */
  private readonly idle = new Map<TcpConnection, CancelTimer>();
  private readonly exchanges = new Set<TcpExchange>();
  private open = 0;
  private closed = false;

  constructor(private readonly options: TcpUpstreamOptions) {
    this.maxConnections = options.maxConnections ?? 256;
    this.maxPerServer = options.maxPerServer ?? 4;
    this.pipelineDepth = options.pipelineDepth ?? 32;
    this.idleMs = options.idleMs ?? 5000;
  }

  exchange(query: UpstreamQuery): Promise<UpstreamResult> {
    return new Promise((resolve) => {
      const exchange = new TcpExchange(query, this.options, this.counters, resolve, this);
      this.exchanges.add(exchange);
      if (this.closed) exchange.fail('connection-closed');
      else exchange.start(false);
    });
  }

  /** Connections open or being opened. */
  get connections(): number {
    return this.open;
  }

  ended(exchange: TcpExchange): void {
    this.exchanges.delete(exchange);
  }

  /**
   * A connection for one query to `endpoint`; a fault when there may be none.
   * @param fresh do not take one that was used before
   */
  acquire(endpoint: ServerEndpoint, fresh: boolean): TcpConnection | UpstreamFault {
    const known = this.servers.get(keyOf(endpoint)) ?? [];
    const usable = fresh ? [] : known.filter((connection) => !connection.retired);
    const best = usable.reduce<TcpConnection | undefined>(
      (least, next) => (least === undefined || next.load < least.load ? next : least),
      undefined,
    );
    if (best && (best.load < this.pipelineDepth || known.length >= this.maxPerServer)) {
      this.wake(best);
      return best;
    }
    return this.connect(endpoint);
  }

  private connect(endpoint: ServerEndpoint): TcpConnection | UpstreamFault {
    if (this.closed) return 'connection-closed';
    if (this.open >= this.maxConnections && !this.dropLongestIdle()) return 'no-socket';
    try {
      const connection = new TcpConnection(endpoint, this.options.random, this.connectionEvents);
      const key = keyOf(endpoint);
      const known = this.servers.get(key);
      if (known) known.push(connection);
      else this.servers.set(key, [connection]);
      this.open++;
      return connection;
    } catch (error) {
      return faultOfErrorCode(errorCode(error));
    }
  }

  private dropLongestIdle(): boolean {
    for (const connection of this.idle.keys()) {
      this.remove(connection);
      connection.destroy();
      return true;
    }
    return false;
  }

  private wake(connection: TcpConnection): void {
    this.idle.get(connection)?.();
    this.idle.delete(connection);
  }

  private readonly connectionEvents = {
    onIdle: (connection: TcpConnection) => {
      this.wake(connection);
      this.idle.set(
        connection,
        this.options.clock.after(this.idleMs, () => connection.destroy()),
      );
    },
    onEnd: (connection: TcpConnection) => this.remove(connection),
  };

  private remove(connection: TcpConnection): void {
    this.wake(connection);
    const key = keyOf(connection.endpoint);
    const known = this.servers.get(key);
    const at = known?.indexOf(connection) ?? -1;
    if (!known || at === -1) return;
    known.splice(at, 1);
    if (known.length === 0) this.servers.delete(key);
    this.open--;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const exchange of [...this.exchanges]) exchange.fail('connection-closed');
    for (const connection of [...this.servers.values()].flat()) {
      this.remove(connection);
      connection.destroy();
    }
  }
}

function keyOf(endpoint: ServerEndpoint): string {
  return `${endpoint.address}@${endpoint.port}`;
}

class TcpExchange extends Exchange implements TcpReceiver {
  private connection: TcpConnection | undefined;
  private outgoing: OutgoingQuery | undefined;
  private retried = false;

  constructor(
    query: UpstreamQuery,
    private readonly options: TcpUpstreamOptions,
    counters: UpstreamCounters,
    resolve: (result: UpstreamResult) => void,
    private readonly owner: TcpUpstream,
  ) {
    super(query, options.clock, counters, resolve, options.tap);
  }

  start(fresh: boolean): void {
    const connection = this.owner.acquire(this.query.endpoint, fresh);
    if (typeof connection === 'string') {
      this.fail(connection);
      return;
    }
    const id = connection.freeId();
    this.connection = connection;
    this.outgoing = prepareQuery(this.query, id, this.options.random);
    this.markSent(this.outgoing);
    connection.send(id, this.outgoing.wire, this);
  }

  onMessage(message: Buffer): void {
    if (this.outgoing) this.receive(message, this.outgoing);
  }

  onClosed(fault: UpstreamFault, untouched: boolean): void {
    this.connection = undefined;
    if (untouched && !this.retried) {
      this.retried = true;
      this.start(true);
    } else {
      this.fail(fault);
    }
  }

  protected override expiryFault(): UpstreamFault {
    return 'timeout';
  }

  protected override release(fault: UpstreamFault | undefined): void {
    if (this.outgoing) this.connection?.forget(this.outgoing.id, fault === 'timeout');
    this.connection = undefined;
    this.owner.ended(this);
  }
}
