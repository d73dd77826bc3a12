/**
 * The scenario's servers on their own addresses, port 53, UDP and TCP, in the namespace of the play.
 *
 * Addresses that only appear in records are there too, and silent: a network that drops packets, not a
 * machine that refuses them.
 */
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type Server, type Socket as TcpSocket } from 'node:net';
import { decodeMessage } from '../../../src/wire/decode.js';
import type { CannedServers, Outstanding } from '../servers.js';

const PORT = 53;

export class ServerSockets {
  private readonly udp: UdpSocket[] = [];
  private readonly tcp: Server[] = [];
  private readonly connections = new Set<TcpSocket>();

  private constructor(private readonly servers: CannedServers) {}

  static async open(servers: CannedServers): Promise<ServerSockets> {
    const sockets = new ServerSockets(servers);
    configure(servers.addresses, servers.silentAddresses);
    // Records may hold addresses that no interface can have.
    for (const address of servers.addresses) await sockets.listen(address).catch(() => {});
    for (const address of servers.silentAddresses) await sockets.bindUdp(address).catch(() => {});
    return sockets;
  }

  private async listen(address: string): Promise<void> {
    const socket = await this.bindUdp(address);
    socket.on('message', (packet, from) =>
      this.take(address, 'udp', packet, (wire) => socket.send(wire, from.port, from.address)),
    );
    const server = createServer((connection) => this.serve(address, connection));
    server.listen(PORT, address);
    await once(server, 'listening');
    this.tcp.push(server);
  }

  private async bindUdp(address: string): Promise<UdpSocket> {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.on('error', () => {});
    socket.bind(PORT, address);
    await once(socket, 'listening');
    this.udp.push(socket);
    return socket;
  }

  private serve(address: string, connection: TcpSocket): void {
    this.connections.add(connection);
    connection.on('error', () => connection.destroy());
    connection.on('close', () => this.connections.delete(connection));
    let read = Buffer.alloc(0);
    connection.on('data', (chunk) => {
      read = Buffer.concat([read, chunk]);
      while (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0)) {
        const end = 2 + read.readUInt16BE(0);
        const packet = read.subarray(2, end);
        read = read.subarray(end);
        this.take(address, 'tcp', packet, (wire) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(wire.length);
          if (connection.writable) connection.write(Buffer.concat([length, wire]));
        });
      }
    });
  }

  private take(
    address: string,
    transport: 'udp' | 'tcp',
    packet: Buffer,
    send: (wire: Buffer) => void,
  ): void {
    const decoded = decodeMessage(packet);
    if (!decoded.ok || decoded.message.questions.length === 0) return;
    const { id, questions, edns } = decoded.message;
    const outstanding: Outstanding = {
      query: { address, transport, question: questions[0]!, edns },
      reply: (reply) => {
        if (!reply.packet) return;
        const wire = Buffer.from(reply.packet);
        if (wire.length >= 2) wire.writeUInt16BE(id, 0);
        setTimeout(() => send(wire), reply.delayMs);
      },
    };
    this.servers.take(outstanding);
  }

  async close(): Promise<void> {
    for (const socket of this.udp) socket.close();
    for (const connection of this.connections) connection.destroy();
    for (const server of this.tcp) await new Promise((resolve) => server.close(resolve));
  }
}

/** Puts the addresses on the loopback interface. A second play in the same namespace finds them there. */
function configure(...groups: ReadonlySet<string>[]): void {
  const addresses = new Set(groups.flatMap((group) => [...group]));
  const lines = ['link set lo up'];
  for (const address of addresses) {
    if (address.startsWith('127.')) continue;
    lines.push(`addr replace ${address}/${isIPv6(address) ? '128 dev lo nodad' : '32 dev lo'}`);
  }
  execFileSync('ip', ['-force', '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}
