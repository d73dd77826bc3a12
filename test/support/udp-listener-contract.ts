/**
 * What every UDP listener must do, whatever system calls it is made of.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ClientAddress,
  ListenError,
  type Listener,
  type ListenOptions,
  type PacketHandler,
} from '../../src/transport/listener.js';

export type OpenListener = (options: ListenOptions, handler: PacketHandler) => Promise<Listener>;

/** A UDP client on loopback that collects what comes. */
export class UdpClient {
  readonly received: Array<{ text: string; from: string }> = [];
  private waiting: (() => void) | undefined;

  private constructor(readonly socket: Socket) {
    socket.on('message', (packet, { address, port }) => {
      this.received.push({ text: packet.toString('latin1'), from: `${address} ${port}` });
      this.waiting?.();
    });
  }

  static async open(address = '127.0.0.1'): Promise<UdpClient> {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
    socket.bind(0, address);
    await once(socket, 'listening');
    return new UdpClient(socket);
  }

  send(text: string, port: number, address = '127.0.0.1'): void {
    this.socket.send(Buffer.from(text, 'latin1'), port, address);
  }

  /** Waits, at most as long as the test may take, until `count` packets have come in all. */
  async until(count: number): Promise<string[]> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
    return this.received.map(({ text }) => text);
  }

  close(): void {
    this.socket.close();
  }
}

export function udpListenerContract(title: string, open: OpenListener): void {
  describe(`${title} keeps the UDP listener contract`, () => {
    const opened: Listener[] = [];
    let client: UdpClient;
    beforeEach(async () => {
      client = await UdpClient.open();
    });
    afterEach(async () => {
      client.close();
      await Promise.all(opened.splice(0).map((listener) => listener.close()));
    });

    const listen = async (handler: PacketHandler, options: Partial<ListenOptions> = {}) => {
      const listener = await open({ address: '127.0.0.1', port: 0, ...options }, handler);
      opened.push(listener);
      return listener;
    };
    const echo: PacketHandler = (packet, _client, reply) => reply(Buffer.from(packet));

    it('answers a packet, and says who sent it and where it listens', async () => {
      const clients: ClientAddress[] = [];
      const listener = await listen((packet, from, reply) => {
        clients.push(from);
        reply(Buffer.concat([Buffer.from('re:'), packet]));
      });
      client.send('hello', listener.port);
      expect(await client.until(1)).toEqual(['re:hello']);
      const { port } = client.socket.address();
      expect(clients).toEqual([{ address: '127.0.0.1', port, transport: 'udp', local: '127.0.0.1' }]);
      expect(listener).toMatchObject({ transport: 'udp', address: '127.0.0.1' });
      expect(listener.port).toBeGreaterThan(0);
      expect(client.received[0]?.from).toBe(`127.0.0.1 ${listener.port}`);
    });

    it('answers every packet of a burst, those of one size in order', async () => {
      const listener = await listen(echo);
      const texts = Array.from({ length: 300 }, (_, i) => `packet ${100 + i}`);
      for (const text of texts) client.send(text, listener.port);
      expect(await client.until(300)).toEqual(texts);
      expect(listener.stats()).toMatchObject({ received: 300, replied: 300, sendErrors: 0 });
    });

    it('sends each reply once and whole to the client that asked, though many of mixed sizes go out together', async () => {
      const listener = await listen((packet, from, reply) => {
        reply(Buffer.from(`${packet} for ${from.port}`.padEnd(Number(packet), '.')));
      });
      const clients = await Promise.all([UdpClient.open(), UdpClient.open(), UdpClient.open()]);
      const sizes = Array.from(
        { length: 250 },
        (_, i) => [40, 41, 40, 1232, 1233, 40, 1000, 3000, 40, 41][i % 10]!,
      );
      for (const size of sizes) for (const each of clients) each.send(String(size), listener.port);
      for (const each of clients) {
        const { port } = each.socket.address();
        const expected = sizes.map((size) => `${size} for ${port}`.padEnd(size, '.'));
        expect((await each.until(250)).sort()).toEqual(expected.sort());
        each.close();
      }
      expect(listener.stats()).toMatchObject({ received: 750, replied: 750, sendErrors: 0 });
    });

    it('sends replies that are given later, in the order in which they are given', async () => {
      const waiting: Array<() => void> = [];
      const listener = await listen((packet, _client, reply) => {
        const copy = Buffer.from(packet);
        waiting.push(() => reply(copy));
        if (waiting.length === 3)
          setImmediate(() => {
            for (const send of waiting.reverse()) send();
          });
      });
      for (const text of ['a', 'b', 'c']) client.send(text, listener.port);
      expect(await client.until(3)).toEqual(['c', 'b', 'a']);
    });

    it('sends a late reply to the client that asked, though others have come since', async () => {
      let late: (() => void) | undefined;
      const listener = await listen((packet, from, reply) => {
        if (packet.toString() === 'first') late = () => reply(Buffer.from('for the first'));
        else echo(packet, from, reply);
      });
      const other = await UdpClient.open();
      client.send('first', listener.port);
      while (!late) await new Promise((resolve) => setImmediate(resolve));
      other.send('second', listener.port);
      expect(await other.until(1)).toEqual(['second']);
      late();
      expect(await client.until(1)).toEqual(['for the first']);
      other.close();
    });

    it('runs promise callbacks that a packet causes, though nothing else happens', async () => {
      const listener = await listen(async (packet, _client, reply) => {
        const copy = Buffer.from(packet);
        await Promise.resolve();
        await Promise.resolve();
        reply(copy);
      });
      client.send('later', listener.port);
      expect(await client.until(1)).toEqual(['later']);
    });

    it('sends one reply per packet and drops a second', async () => {
      const listener = await listen((packet, _client, reply) => {
        reply(Buffer.from(packet));
        reply(Buffer.from('again'));
      });
      client.send('1', listener.port);
      client.send('2', listener.port);
      expect(await client.until(2)).toEqual(['1', '2']);
    });

    it('goes on when the handler throws, and reports what it threw', async () => {
      const errors: unknown[] = [];
      const listener = await listen(
        (packet, from, reply) => {
          if (packet.toString() === 'bad') throw new Error('handler');
          echo(packet, from, reply);
        },
        { onHandlerError: (error) => errors.push(error) },
      );
      client.send('bad', listener.port);
      client.send('good', listener.port);
      expect(await client.until(1)).toEqual(['good']);
      expect(listener.stats().handlerErrors).toBe(1);
      expect(errors).toEqual([new Error('handler')]);
    });

    it('takes empty packets and packets of the largest size', async () => {
      const sizes: number[] = [];
      const listener = await listen((packet, _client, reply) => {
        sizes.push(packet.length);
        reply(Buffer.from(String(packet.length)));
      });
      client.send('', listener.port);
      client.send('x'.repeat(4096), listener.port);
      expect((await client.until(2)).sort()).toEqual(['0', '4096']);
      expect(sizes).toEqual([0, 4096]);
    });

    it('sends replies as large as UDP carries', async () => {
      const listener = await listen((_packet, _client, reply) => reply(Buffer.alloc(60_000, 'y')));
      client.send('big', listener.port);
      expect((await client.until(1))[0]).toHaveLength(60_000);
    });

    it('listens on IPv6', async () => {
      const six = await UdpClient.open('::1');
      const clients: string[] = [];
      const listener = await listen(
        (packet, from, reply) => {
          clients.push(from.address);
          reply(Buffer.from(packet));
        },
        { address: '::1' },
      );
      six.send('six', listener.port, '::1');
      expect(await six.until(1)).toEqual(['six']);
      expect(clients).toEqual(['::1']);
      six.close();
    });

    it('listens on the wildcards of both families on one port', async () => {
      const four = await listen(echo, { address: '0.0.0.0' });
      const six = await listen(echo, { address: '::', port: four.port });
      client.send('four', four.port);
      expect(await client.until(1)).toEqual(['four']);
      const other = await UdpClient.open('::1');
      other.send('six', six.port, '::1');
      expect(await other.until(1)).toEqual(['six']);
      other.close();
    });

    it('names what is wrong when the port is taken or the address is not ours', async () => {
      const first = await listen(echo);
      const taken = await open({ address: '127.0.0.1', port: first.port }, echo).catch((error) => error);
      expect(taken).toBeInstanceOf(ListenError);
      expect(taken).toMatchObject({ code: 'EADDRINUSE', transport: 'udp', port: first.port });
      expect(taken.message).toMatch(/cannot listen on 127\.0\.0\.1:\d+ \(udp\): EADDRINUSE: .*another port/);
      const foreign = await open({ address: '192.0.2.1', port: 0 }, echo).catch((error) => error);
      expect(foreign).toMatchObject({ name: 'ListenError', code: 'EADDRNOTAVAIL' });
    });

    it('shares a port between listeners that ask for it', async () => {
      const served = new Set<number>();
      const handler =
        (number: number): PacketHandler =>
        (packet, from, reply) => {
          served.add(number);
          echo(packet, from, reply);
        };
      const first = await listen(handler(1), { reusePort: true });
      await listen(handler(2), { reusePort: true, port: first.port });
      const clients = await Promise.all(Array.from({ length: 40 }, () => UdpClient.open()));
      for (const each of clients) each.send('x', first.port);
      await Promise.all(clients.map((each) => each.until(1)));
      for (const each of clients) each.close();
      expect([...served].sort()).toEqual([1, 2]);
    });

    it('drops replies after it is closed, and may be closed twice', async () => {
      let late: (() => void) | undefined;
      const listener = await listen((packet, _client, reply) => {
        const copy = Buffer.from(packet);
        late = () => reply(copy);
        client.socket.emit('held');
      });
      client.send('x', listener.port);
      await once(client.socket, 'held');
      await listener.close();
      await listener.close();
      expect(() => late?.()).not.toThrow();
      const again = await listen(echo, { port: listener.port });
      client.send('y', again.port);
      expect(await client.until(1)).toEqual(['y']);
    });
  });
}
