/**
 * One-query UDP sockets made with node:dgram; works on every system.
 *
 * The port is drawn here and not by the kernel, because the kernel's ephemeral range is usually less than
 * half of all ports. Address look-up is replaced by a function that hands the literal back at once, so that
 * bind and connect do not take a turn of the event loop each.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Random } from '../runtime/random.js';
import { errorCode, faultOfErrorCode } from './socket-fault.js';
import {
  FIRST_PORT,
  PORT_COUNT,
  PORT_DRAWS,
  type SocketLease,
  type UdpReceiver,
  type UdpSockets,
} from './udp-sockets.js';
import type { ServerEndpoint } from './upstream.js';

type LookupCallback = (error: Error | null, address: string, family: number) => void;

const literalLookup4 = (address: string, _options: unknown, done: LookupCallback) => done(null, address, 4);
const literalLookup6 = (address: string, _options: unknown, done: LookupCallback) => done(null, address, 6);

export class DgramSockets implements UdpSockets {
  constructor(private readonly random: Random) {}

  send(endpoint: ServerEndpoint, query: Buffer, receiver: UdpReceiver): SocketLease {
    const flight = new DgramFlight(this.random, endpoint, query, receiver);
    flight.open(PORT_DRAWS);
    return flight;
  }

  close(): void {}
}

class DgramFlight implements SocketLease {
  private socket: Socket | undefined;
  private bound = false;
  private closed = false;

  constructor(
    private readonly random: Random,
    private readonly endpoint: ServerEndpoint,
    private readonly query: Buffer,
    private readonly receiver: UdpReceiver,
  ) {}

  /** @param drawsLeft how many random ports may still be tried; with 0 the kernel chooses */
  open(drawsLeft: number): void {
    const v6 = isIP(this.endpoint.address) === 6;
    try {
      const socket = v6
        ? createSocket({ type: 'udp6', ipv6Only: true, lookup: literalLookup6 })
        : createSocket({ type: 'udp4', lookup: literalLookup4 });
      this.socket = socket;
      this.bound = false;
      socket.on('error', (error) => this.failed(errorCode(error), drawsLeft));
      socket.on('message', (packet) => {
        if (!this.closed) this.receiver.onPacket(packet);
      });
      const port = drawsLeft > 0 ? FIRST_PORT + this.random.below(PORT_COUNT) : 0;
      socket.bind({ port, address: v6 ? '::' : '0.0.0.0', exclusive: true }, () => this.connect(socket));
    } catch (error) {
      this.failed(errorCode(error), drawsLeft);
    }
  }

  private connect(socket: Socket): void {
    if (this.closed) return;
    this.bound = true;
    try {
      socket.once('connect', () => this.transmit(socket));
      socket.connect(this.endpoint.port, this.endpoint.address);
    } catch (error) {
      this.failed(errorCode(error), 0);
    }
  }

  private transmit(socket: Socket): void {
    if (this.closed) return;
    // With no callback Node drops errors of a send that fails at once.
    socket.send(this.query, (error) => {
      if (error) this.failed(errorCode(error), 0);
    });
  }

  private failed(code: string | undefined, drawsLeft: number): void {
    if (this.closed) return;
    this.release();
    // A port may be taken (EADDRINUSE) or need a privilege (EACCES on systems that reserve more of them).
    if (!this.bound && drawsLeft > 0 && (code === 'EADDRINUSE' || code === 'EACCES')) {
      this.open(drawsLeft - 1);
      return;
    }
    // The receiver may not hear of a failure while it is still inside send().
    process.nextTick(() => {
      if (this.closed) return;
      this.closed = true;
      this.receiver.onFault(faultOfErrorCode(code));
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.release();
  }

  private release(): void {
    const socket = this.socket;
    this.socket = undefined;
    if (!socket) return;
    socket.removeAllListeners();
    socket.on('error', () => {});
    socket.close();
  }
}
