/**
 * A UDP listener made of node:dgram: works on every system, one system call per packet.
 *
 * Limitations: on a wildcard address of a machine with several, the system chooses the source address of
 * replies, which need not be the one that was asked; native/udp-listener.ts gets that right. Sharing a port
 * needs a Node that can (22.12, 23.1) or a descriptor made by native-socket.ts.
 */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { isIP } from 'node:net';
import {
  type ClientAddress,
  ListenError,
  type Listener,
  ListenerCounters,
  type ListenerStats,
  type ListenOptions,
  type PacketHandler,
} from './listener.js';
import { nodeSharesPorts, openSharedDescriptor } from './shared-port.js';
import { errorCode } from './socket-fault.js';

/** Room for bursts while the event loop is busy. The kernel takes less when its limit is lower. */
export const RECEIVE_BUFFER_OCTETS = 1 << 20;

type LookupCallback = (error: Error | null, address: string, family: number) => void;

/** Opens a UDP listener; rejects with `ListenError`. */
export async function openDgramListener(options: ListenOptions, handler: PacketHandler): Promise<Listener> {
  const { address, port } = options;
  const family = isIP(address);
  try {
    const shared = options.reusePort === true && !nodeSharesPorts;
    const fd = shared ? openSharedDescriptor('udp', address, port) : undefined;
    const socket = createSocket(socketOptions(family, options.reusePort === true && !shared));
    await bound(socket, fd === undefined ? { address, port, exclusive: true } : { fd });
    return new DgramListener(socket, options, handler);
  } catch (error) {
    if (error instanceof ListenError) throw error;
    throw new ListenError(errorCode(error) ?? 'EINVAL', 'udp', address, port, { cause: error });
  }
}

function socketOptions(family: number, reusePort: boolean): SocketOptions {
  const options: SocketOptions & { reusePort?: boolean } = {
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    recvBufferSize: RECEIVE_BUFFER_OCTETS,
    // Addresses here are literals; a look-up would put every reply off to another turn of the loop.
    lookup: (address: string, _options: unknown, done: LookupCallback) => done(null, address, family),
  };
  if (reusePort) options.reusePort = true;
  return options;
}

function bound(
  socket: Socket,
  where: { address: string; port: number; exclusive: boolean } | { fd: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', failed);
    socket.bind(where, () => {
      socket.off('error', failed);
      resolve();
    });
  });
}

class DgramListener implements Listener {
  readonly transport = 'udp';
  readonly address: string;
  readonly port: number;
  private readonly counters = new ListenerCounters();
  private closed = false;

  constructor(
    private readonly socket: Socket,
    private readonly options: ListenOptions,
    private readonly handler: PacketHandler,
  ) {
    this.address = options.address;
    this.port = socket.address().port;
    socket.on('message', (packet, from) => this.received(packet, from));
    socket.on('error', () => this.counters.sendErrors++);
  }

  private received(packet: Buffer, { address, port }: RemoteInfo): void {
    if (this.closed) return;
    this.counters.received++;
    // Nobody can be answered at port 0; such packets are forged (RFC 6335 6).
    if (port === 0) {
      this.counters.refused++;
      return;
    }
    const client: ClientAddress = { address, port, transport: 'udp', local: this.address };
    let replied = false;
    try {
      this.handler(packet, client, (wire) => {
        if (replied || this.closed) return;
        replied = true;
        this.send(wire, port, address);
      });
    } catch (error) {
      this.counters.handlerErrors++;
      this.options.onHandlerError?.(error);
    }
  }

  private send(wire: Buffer, port: number, address: string): void {
    try {
      this.socket.send(wire, port, address, this.sent);
    } catch {
      this.counters.sendErrors++;
    }
  }

  private readonly sent = (error: Error | null): void => {
    if (error) this.counters.sendErrors++;
    else this.counters.replied++;
  };

  stats(): ListenerStats {
    return this.counters.snapshot();
  }

  close(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.closed = true;
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }
}
