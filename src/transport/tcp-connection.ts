/**
 * One outgoing TCP connection to one server, with many queries on it.
 *
 * Queries are pipelined and answers may come in any order (RFC 7766 6.2.1, 7); the ID, unique on the
 * connection, pairs them. The pool in tcp-upstream.ts decides which connection takes a query; this class
 * only carries it and says why the connection ended.
 */
import { connect, isIP, type Socket } from 'node:net';
import type { Random } from '../runtime/random.js';
import type { UpstreamFault } from '../runtime/trace.js';
import { errorCode, faultOfErrorCode } from './socket-fault.js';
import { FrameReader, frameMessage } from './tcp-framing.js';
import type { ServerEndpoint } from './upstream.js';

/** A server that sends this many messages nobody asked for is not worth reading on. */
const MAX_UNMATCHED = 64;

/** One query on the connection. */
export interface TcpReceiver {
  /** A message that bears the query's ID. Valid only during the call. */
  onMessage(message: Buffer): void;
  /**
   * The connection ended under the query.
   * @param untouched the connection was in use before this query, and no octet came since it was sent: a
   *   server closing an idle connection looks so, and asking anew is safe (RFC 7766 6.2.4)
   */
  onClosed(fault: UpstreamFault, untouched: boolean): void;
}

interface Pending {
  readonly receiver: TcpReceiver;
  readonly reused: boolean;
  /** `received` of the connection when this query was written. */
  readonly receivedBefore: number;
}

export interface TcpConnectionEvents {
  /** No query waits any more. */
  onIdle(connection: TcpConnection): void;
  onEnd(connection: TcpConnection): void;
}

export class TcpConnection {
  private readonly socket: Socket;
  private readonly reader = new FrameReader();
  private readonly pending = new Map<number, Pending>();
  private used = false;
  private received = 0;
  private unmatched = 0;
  private errorCode: string | undefined;
  private ended = false;
  /** True when it takes no new query: a query timed out on it in silence, or it is closing. */
  retired = false;

  constructor(
    readonly endpoint: ServerEndpoint,
    private readonly random: Random,
    private readonly events: TcpConnectionEvents,
  ) {
    this.socket = connect({
      host: endpoint.address,
      port: endpoint.port,
      family: isIP(endpoint.address),
      noDelay: true,
    });
    this.socket.on('data', (chunk) => this.read(chunk));
    this.socket.on('end', () => this.destroy());
    this.socket.on('error', (error) => {
      this.errorCode = errorCode(error);
    });
    this.socket.on('close', () => this.closed());
  }

  /** Queries under way. */
  get load(): number {
    return this.pending.size;
  }

  /** An ID that no query on this connection has. */
  freeId(): number {
    for (;;) {
      const id = this.random.uint16();
      if (!this.pending.has(id)) return id;
    }
  }

  /** Sends `query`, which must bear an ID from `freeId`. */
  send(id: number, query: Buffer, receiver: TcpReceiver): void {
    if (this.pending.size === 0) this.socket.ref();
    this.pending.set(id, { receiver, reused: this.used, receivedBefore: this.received });
    this.used = true;
    this.socket.write(frameMessage(query));
  }

  /**
   * The query `id` has ended.
   * @param timedOut it waited in vain; if nothing at all came meanwhile, the connection gets no more queries
   */
  forget(id: number, timedOut: boolean): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    this.pending.delete(id);
    if (timedOut && pending.receivedBefore === this.received) this.retired = true;
    if (this.pending.size > 0 || this.ended) return;
    // An idle connection must not keep the process alive.
    this.socket.unref();
    if (this.retired) this.destroy();
    else this.events.onIdle(this);
  }

  private read(chunk: Buffer): void {
    this.received += chunk.length;
    this.reader.push(chunk);
    for (let message = this.reader.next(); message && !this.ended; message = this.reader.next()) {
      const pending = message.length < 2 ? undefined : this.pending.get(message.readUInt16BE(0));
      if (pending) pending.receiver.onMessage(message);
      else if (++this.unmatched >= MAX_UNMATCHED) this.destroy();
    }
  }

  /** Closes at once; queries still on it end as `connection-closed`. */
  destroy(): void {
    this.retired = true;
    this.socket.destroy();
  }

  private closed(): void {
    if (this.ended) return;
    this.ended = true;
    this.retired = true;
    this.events.onEnd(this);
    const fault = this.errorCode === undefined ? 'connection-closed' : faultOfErrorCode(this.errorCode);
    const orphans = [...this.pending.values()];
    this.pending.clear();
    for (const { receiver, reused, receivedBefore } of orphans) {
      receiver.onClosed(fault, reused && receivedBefore === this.received);
    }
  }
}
