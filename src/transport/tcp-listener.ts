/**
 * A TCP listener: who may connect, how many, and the way down when the server stops.
 *
 * Connections are counted per client and in all. When the total is reached, the connection that has been
 * quiet for longest and waits for no reply makes room, so that a crowd of idle clients keeps nobody out.
 * RFC 7766, RFC 9210. What happens on one connection is tcp-client.ts.
 * Limitations: no TLS, no PROXY protocol, no EDNS keepalive (RFC 7828).
 */
import {
  createServer,
  isIP,
  type ListenOptions as NodeListenOptions,
  type Server,
  type Socket,
} from 'node:net';
import { type Clock, systemClock } from '../runtime/clock.js';
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
import { TcpClient, type TcpClientEvents, type TcpClientLimits } from './tcp-client.js';

export interface TcpListenOptions extends ListenOptions, Partial<TcpClientLimits> {
  readonly clock?: Clock;
  readonly maxConnections?: number;
  /** Connections of one client: an IPv4 address, or an IPv6 /64, of which one host has all addresses. */
  readonly maxPerClient?: number;
  /** How long `close` waits for replies under way. */
  readonly drainMs?: number;
}

const defaults = {
  clock: systemClock,
  maxConnections: 512,
  maxPerClient: 32,
  drainMs: 3000,
  idleMs: 10_000,
  partialMs: 5000,
  maxInFlight: 100,
  maxUnreadOctets: 512 * 1024,
};

/** Opens a TCP listener; rejects with `ListenError`. */
export async function openTcpListener(options: TcpListenOptions, handler: PacketHandler): Promise<Listener> {
  const { address, port } = options;
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const reusePort = options.reusePort === true;
  const shared = reusePort && !nodeSharesPorts;
  const where: NodeListenOptions & { fd?: number; reusePort?: boolean } = shared
    ? { fd: openSharedDescriptor('tcp', address, port) }
    : { host: address, port, ipv6Only: isIP(address) === 6, exclusive: true };
  if (reusePort && !shared) where.reusePort = true;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw new ListenError(errorCode(error) ?? 'EINVAL', 'tcp', address, port, { cause: error });
  }
  return new TcpListener(server, options, handler);
}

class TcpListener implements Listener, TcpClientEvents {
  readonly transport = 'tcp';
  readonly address: string;
  readonly port: number;
  private readonly options: TcpListenOptions & typeof defaults;
  private readonly counters = new ListenerCounters();
  /** In order of last activity, the quietest first. */
  private readonly clients = new Set<TcpClient>();
  private readonly perClient = new Map<string, number>();
  private allClosed: (() => void) | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly server: Server,
    options: TcpListenOptions,
    private readonly handler: PacketHandler,
  ) {
    // An option that is there but undefined means the default.
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.options = { ...defaults, ...(Object.fromEntries(given) as TcpListenOptions) };
    this.address = options.address;
    const bound = server.address();
    this.port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
    server.on('connection', (socket) => this.accept(socket));
    server.on('error', () => this.counters.refused++); // accept failed, for example for want of descriptors
  }

  private accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // A client that is gone already has no address.
    if (remoteAddress === undefined || remotePort === undefined || this.closing) {
      socket.destroy();
      return;
    }
    const key = clientKey(remoteAddress);
    const ofClient = this.perClient.get(key) ?? 0;
    // A client over its own limit must not push out others, so that is looked at first.
    const welcome =
      ofClient < this.options.maxPerClient &&
      (this.clients.size < this.options.maxConnections || this.dropQuietest());
    if (!welcome) {
      this.counters.refused++;
      socket.destroy();
      return;
    }
    this.perClient.set(key, ofClient + 1);
    const address: ClientAddress = {
      address: remoteAddress,
      port: remotePort,
      transport: 'tcp',
      local: this.address,
    };
    this.clients.add(new TcpClient(socket, address, key, this.options.clock, this.options, this));
    this.counters.connections = this.clients.size;
  }

  private dropQuietest(): boolean {
    for (const client of this.clients) {
      if (!client.unused) continue;
      this.counters.refused++;
      client.destroy();
      return true;
    }
    return false;
  }

  onMessage(message: Buffer, client: ClientAddress, reply: (wire: Buffer) => void): boolean {
    this.counters.received++;
    try {
      this.handler(message, client, reply);
      return true;
    } catch (error) {
      this.counters.handlerErrors++;
      this.options.onHandlerError?.(error);
      return false;
    }
  }

  onReplied(): void {
    this.counters.replied++;
  }

  onActive(client: TcpClient): void {
    this.clients.delete(client);
    this.clients.add(client);
  }

  onRefused(): void {
    this.counters.refused++;
  }

  onClosed(client: TcpClient): void {
    this.clients.delete(client);
    this.counters.connections = this.clients.size;
    const left = (this.perClient.get(client.key) ?? 1) - 1;
    if (left > 0) this.perClient.set(client.key, left);
    else this.perClient.delete(client.key);
    if (this.clients.size === 0) this.allClosed?.();
  }

  stats(): ListenerStats {
    return this.counters.snapshot();
  }

  close(): Promise<void> {
    this.closing ??= this.drain();
    return this.closing;
  }

  private async drain(): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const client of [...this.clients]) client.drain();
    if (this.clients.size > 0) {
      const empty = new Promise<void>((resolve) => {
        this.allClosed = resolve;
      });
      const cancel = this.options.clock.after(this.options.drainMs, () => {
        for (const client of [...this.clients]) client.destroy();
      });
      await empty;
      cancel();
    }
    await stopped;
  }
}

/** What counts as one client. */
export function clientKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length;
    while (groups.length < 4 && groups.length + after < 8) groups.push('0');
    groups.push(...tail.split(':'));
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
