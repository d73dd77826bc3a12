/**
 * A server on loopback that says what a test tells it to, by UDP and TCP on one port.
 *
 * It knows no DNS: a script gets the query's octets and gives back packets, which may be anything.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { FrameReader, frameMessage } from '../../src/transport/tcp-framing.js';
import type { ServerEndpoint } from '../../src/transport/upstream.js';

/** What to send back, in order. `close` ends a TCP connection there. */
export type ScriptedReply = Buffer | 'close';
export type Script = (
  query: Buffer,
  transport: 'udp' | 'tcp',
) => readonly ScriptedReply[] | Promise<readonly ScriptedReply[]>;

export interface SeenQuery {
  readonly transport: 'udp' | 'tcp';
  readonly packet: Buffer;
  readonly fromPort: number;
}

export class ScriptedServer {
  /** Every query that came, in order. */
  readonly seen: SeenQuery[] = [];
  /** TCP connections accepted so far. */
  accepted = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly endpoint: ServerEndpoint,
    private readonly udp: UdpSocket,
    private readonly tcp: Server,
    private readonly script: Script,
  ) {
    udp.on('message', (packet, { address, port }) => {
      void this.answer(packet, 'udp', port, (reply) => {
        if (reply !== 'close') udp.send(reply, port, address);
      });
    });
    tcp.on('connection', (socket) => this.serve(socket));
  }

  static async start(script: Script, address = '127.0.0.1'): Promise<ScriptedServer> {
    for (;;) {
      const tcp = createServer({ noDelay: true }).listen(0, address);
      await once(tcp, 'listening');
      const bound = tcp.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      const taken = new Promise<boolean>((resolve) => {
        udp.once('error', () => resolve(true));
        udp.bind(port, address, () => resolve(false));
      });
      if (!(await taken)) return new ScriptedServer({ address, port }, udp, tcp, script);
      udp.close();
      tcp.close();
    }
  }

  private serve(socket: Socket): void {
    this.accepted++;
    this.sockets.add(socket);
    const reader = new FrameReader();
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let query = reader.next(); query; query = reader.next()) {
        void this.answer(query, 'tcp', socket.remotePort ?? 0, (reply) => {
          if (reply === 'close') socket.destroy();
          else if (!socket.destroyed) socket.write(frameMessage(reply));
        });
      }
    });
  }

  private async answer(
    query: Buffer,
    transport: 'udp' | 'tcp',
    fromPort: number,
    send: (reply: ScriptedReply) => void,
  ): Promise<void> {
    const packet = Buffer.from(query);
    this.seen.push({ transport, packet, fromPort });
    for (const reply of await this.script(packet, transport)) send(reply);
  }

  /** Ends the TCP connections, as a server does with idle ones. */
  hangUp(): void {
    for (const socket of this.sockets) socket.end();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.udp.close();
    this.tcp.close();
    await once(this.tcp, 'close');
  }
}
