/** Clients with sockets of their own, so that the kernel spreads them over all who share a port. */
import { createSocket, type Socket } from 'node:dgram';
import { type Name, parseName } from '../../src/dns/name.js';
import { RRClass, RRType } from '../../src/dns/registry.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeQuery } from '../../src/wire/encode.js';
import type { Message } from '../../src/wire/message.js';

/** One client: a socket, and the queries it waits for by ID. */
export class UdpAsker {
  private readonly waiting = new Map<number, (response: Message | undefined) => void>();
  private nextId = 1;

  private constructor(
    private readonly socket: Socket,
    private readonly port: number,
  ) {
    socket.on('message', (packet) => {
      const decoded = decodeMessage(packet);
      if (decoded.ok) this.settle(decoded.message.id, decoded.message);
    });
    socket.on('error', () => {}); // an ICMP error of a server that is gone
  }

  static async open(port: number): Promise<UdpAsker> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new UdpAsker(socket, port);
  }

  private settle(id: number, response: Message | undefined): void {
    this.waiting.get(id)?.(response);
    this.waiting.delete(id);
  }

  /** Undefined when no response came within `limitMs`. */
  ask(name: string, limitMs: number, type: number = RRType.A): Promise<Message | undefined> {
    const id = this.nextId++ & 0xffff;
    const question = { name: parseName(name) as Name, type, class: RRClass.IN };
    this.socket.send(encodeQuery({ id, question, rd: true, cd: false }), this.port, '127.0.0.1');
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle(id, undefined), limitMs);
      this.waiting.set(id, (response) => {
        clearTimeout(timer);
        resolve(response);
      });
    });
  }

  close(): void {
    this.socket.close();
  }
}

export function openAskers(count: number, port: number): Promise<UdpAsker[]> {
  return Promise.all(Array.from({ length: count }, () => UdpAsker.open(port)));
}

/** The last octet of the only address of a response. */
export function lastOctet(response: Message | undefined): number | undefined {
  return response?.answer.at(-1)?.rdatas[0]?.charCodeAt(3);
}
