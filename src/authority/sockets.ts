/**
 * The sockets of one mock server address: UDP, and TCP with pipelining and an idle limit.
 *
 * serve.ts opens a pair per address. Packets go to a handler that answers at once, later or never.
 * RFC 1035 4.2, RFC 7766 6 (pipelining, replies in any order, idle connections).
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { CancelTimer, Clock } from '../runtime/clock.js';
import { FrameReader, frameMessage } from '../transport/tcp-framing.js';

/** Called once per query; `reply` may be called later, and does nothing when the client is gone. */
export type QueryHandler = (packet: Buffer, reply: (packet: Buffer) => void) => void;

export interface OpenSocket {
  readonly port: number;
  close(): Promise<void>;
}

const TCP_IDLE_MS = 10_000;
const MAX_CONNECTIONS = 256;

/** Rejects with the system's error when the address cannot be bound. */
export function openUdp(address: string, port: number, handler: QueryHandler): Promise<OpenSocket> {
  const socket: UdpSocket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: true });
  let open = true;
  socket.on('message', (packet, client) => {
    handler(packet, (reply) => {
      // The callback takes send errors: a client that is gone is no concern of ours.
      if (open) socket.send(reply, client.port, client.address, () => {});
    });
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeListener('error', reject);
      socket.on('error', () => {}); // ICMP errors of earlier replies
      const close = () =>
        new Promise<void>((done) => {
          open = false;
          socket.close(() => done());
        });
      resolve({ port: socket.address().port, close });
    });
  });
}

/** Rejects with the system's error when the address cannot be bound. */
export function openTcp(
  address: string,
  port: number,
  clock: Clock,
  handler: QueryHandler,
): Promise<OpenSocket> {
  const connections = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveConnection(socket, clock, handler);
  });
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, exclusive: true, ipv6Only: true }, () => {
      server.removeListener('error', reject);
      server.on('error', () => {});
      const close = () =>
        new Promise<void>((done) => {
          server.close(() => done());
          for (const socket of connections) socket.destroy();
        });
      resolve({ port, close });
    });
  });
}

function serveConnection(socket: Socket, clock: Clock, handler: QueryHandler): void {
  const frames = new FrameReader();
  let cancelIdle: CancelTimer = () => {};
  const restartIdle = () => {
    cancelIdle();
    cancelIdle = clock.after(TCP_IDLE_MS, () => socket.destroy());
  };
  restartIdle();
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => cancelIdle());
  socket.on('data', (chunk) => {
    restartIdle();
    frames.push(chunk);
    for (let packet = frames.next(); packet; packet = frames.next()) {
      handler(packet, (reply) => {
        if (!socket.destroyed) socket.write(frameMessage(reply));
      });
    }
  });
}
