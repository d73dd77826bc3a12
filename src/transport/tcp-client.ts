/**
 * One client's TCP connection.
 *
 * Queries are taken as they come and answered as answers come, in any order (RFC 7766 6.2.1.1, 7). Everything
 * a client can make us hold is bounded: queries in flight and unread replies (past either we stop reading, so
 * the client feels it), the time a message may take to arrive, and the time without any whole message.
 * A client that sent FIN after its query still gets the reply (RFC 7766 6.2.4 counts it as legal).
 */
import type { Socket } from 'node:net';
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { ClientAddress } from './listener.js';
import { FrameReader, frameMessage } from './tcp-framing.js';

export interface TcpClientLimits {
  /** Without a whole query or a reply for so long, the connection is closed. */
  readonly idleMs: number;
  /** A message that has begun must be complete within this time, however its octets trickle. */
  readonly partialMs: number;
  /** Queries of one connection that may wait for their reply; reading stops there. */
  readonly maxInFlight: number;
  /** Replies that a client has not read; past it the connection is closed. */
  readonly maxUnreadOctets: number;
}

export interface TcpClientEvents {
  /** One whole message; what it throws is dealt with there. Returns false when there will be no reply. */
  onMessage(message: Buffer, client: ClientAddress, reply: (wire: Buffer) => void): boolean;
  onReplied(): void;
  /** A message or reply passed: the client is alive. */
  onActive(client: TcpClient): void;
  onRefused(): void;
  onClosed(client: TcpClient): void;
}

export class TcpClient {
  private readonly reader = new FrameReader();
  private inFlight = 0;
  private blocked = false;
  private ended = false;
  private closed = false;
  private draining = false;
  private pumping = false;
  private cancelIdle: CancelTimer | undefined;
  private cancelPartial: CancelTimer | undefined;

  /** @param key by which connections of one client are counted together */
  constructor(
    private readonly socket: Socket,
    private readonly address: ClientAddress,
    readonly key: string,
    private readonly clock: Clock,
    private readonly limits: TcpClientLimits,
    private readonly events: TcpClientEvents,
  ) {
    socket.on('data', (chunk) => {
      this.reader.push(chunk);
      this.pump();
    });
    socket.on('end', () => {
      this.ended = true;
      this.finishIfDone();
    });
    socket.on('drain', () => {
      this.blocked = false;
      this.pump();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.release());
    this.restartIdle();
  }

  /** True when the client waits for nothing, so that closing it loses nothing. */
  get unused(): boolean {
    return this.inFlight === 0;
  }

  private get full(): boolean {
    return this.blocked || this.draining || this.inFlight >= this.limits.maxInFlight;
  }

  /** Hands over what is complete, as far as the limits let it. A reply inside a handler does not nest. */
  private pump(): void {
    if (this.pumping || this.closed) return;
    this.pumping = true;
    let taken = 0;
    while (!this.full && !this.closed) {
      const message = this.reader.next();
      if (message === undefined) break;
      taken++;
      this.take(message);
    }
    this.pumping = false;
    if (this.closed) return;
    if (taken > 0) this.active();
    this.watchPartial(taken > 0);
    if (this.full) this.socket.pause();
    else if (this.socket.isPaused()) this.socket.resume();
    this.finishIfDone();
  }

  private take(message: Buffer): void {
    this.inFlight++;
    let replied = false;
    const expected = this.events.onMessage(message, this.address, (wire) => {
      if (replied || this.closed) return;
      replied = true;
      this.inFlight--;
      if (wire.length > 0) this.write(wire);
      else this.pump(); // none will come: its place is free, and the connection may end
    });
    if (expected || replied) return;
    replied = true;
    this.inFlight--;
  }

  private write(wire: Buffer): void {
    this.blocked = !this.socket.write(frameMessage(wire));
    this.events.onReplied();
    if (this.socket.writableLength > this.limits.maxUnreadOctets) {
      this.events.onRefused();
      this.destroy();
      return;
    }
    this.active();
    this.pump();
  }

  private active(): void {
    this.events.onActive(this);
    this.restartIdle();
  }

  private restartIdle(): void {
    this.cancelIdle?.();
    this.cancelIdle = this.clock.after(this.limits.idleMs, () => this.destroy());
  }

  /** @param restart a message was completed, so what is left over is the beginning of another */
  private watchPartial(restart: boolean): void {
    const waiting = this.reader.partial && !this.full;
    if (this.cancelPartial && (restart || !waiting)) {
      this.cancelPartial();
      this.cancelPartial = undefined;
    }
    if (!waiting || this.cancelPartial) return;
    this.cancelPartial = this.clock.after(this.limits.partialMs, () => {
      this.events.onRefused();
      this.destroy();
    });
  }

  /** Sends FIN when the client sent its own, or we are closing, and nothing is owed any more. */
  private finishIfDone(): void {
    if (this.inFlight > 0 || this.blocked || this.pumping) return;
    if (this.draining) this.socket.destroySoon();
    else if (this.ended) this.socket.end();
  }

  /** Takes no more queries; closes when the replies under way are out. */
  drain(): void {
    this.draining = true;
    this.socket.pause();
    this.finishIfDone();
  }

  destroy(): void {
    this.socket.destroy();
    this.release();
  }

  private release(): void {
    if (this.closed) return;
    this.closed = true;
    this.cancelIdle?.();
    this.cancelPartial?.();
    this.events.onClosed(this);
  }
}
