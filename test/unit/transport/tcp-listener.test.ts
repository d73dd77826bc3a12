import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/runtime/clock.js';
import type { ClientAddress, Listener, PacketHandler } from '../../../src/transport/listener.js';
import { FrameReader, frameMessage } from '../../../src/transport/tcp-framing.js';
import { clientKey, openTcpListener, type TcpListenOptions } from '../../../src/transport/tcp-listener.js';
import { turns } from '../../support/upstream-contract.js';

const echo: PacketHandler = (packet, _client, reply) => reply(Buffer.from(packet));
const opened: Listener[] = [];
const clients: TcpClient[] = [];

async function listen(handler: PacketHandler, options: Partial<TcpListenOptions> = {}): Promise<Listener> {
  const listener = await openTcpListener(
    { address: '127.0.0.1', port: 0, drainMs: 200, ...options },
    handler,
  );
  opened.push(listener);
  return listener;
}

/** A client that collects messages. */
class TcpClient {
  readonly received: string[] = [];
  ended = false;
  closed = false;
  private wake: (() => void) | undefined;

  private constructor(readonly socket: Socket) {
    const reader = new FrameReader();
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let m = reader.next(); m; m = reader.next()) this.received.push(m.toString('latin1'));
      this.wake?.();
    });
    socket.on('end', () => {
      this.ended = true;
      this.wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.wake?.();
    });
  }

  static async open(port: number, localAddress = '127.0.0.1'): Promise<TcpClient> {
    const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true, noDelay: true });
    const client = new TcpClient(socket);
    clients.push(client);
    await once(socket, 'connect');
    return client;
  }

  send(...texts: string[]): void {
    this.socket.write(Buffer.concat(texts.map((text) => frameMessage(Buffer.from(text, 'latin1')))));
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  async messages(count: number): Promise<string[]> {
    await this.until(() => this.received.length >= count || this.closed);
    return this.received;
  }
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await Promise.all(opened.splice(0).map((listener) => listener.close()));
});

describe('TcpListener', () => {
  it('answers a message and says who sent it', async () => {
    const seen: ClientAddress[] = [];
    const listener = await listen((packet, from, reply) => {
      seen.push(from);
      echo(packet, from, reply);
    });
    const client = await TcpClient.open(listener.port);
    client.send('hello');
    expect(await client.messages(1)).toEqual(['hello']);
    const port = client.socket.localPort;
    expect(seen).toEqual([{ address: '127.0.0.1', port, transport: 'tcp', local: '127.0.0.1' }]);
    expect(listener.stats()).toMatchObject({ received: 1, replied: 1, connections: 1 });
  });

  it('takes pipelined messages, cut anywhere, and sends replies as they come', async () => {
    const replies = new Map<string, () => void>();
    const listener = await listen((packet, _client, reply) => {
      const copy = Buffer.from(packet);
      replies.set(copy.toString(), () => reply(copy));
      if (replies.size === 3) for (const name of ['c', 'a', 'b']) replies.get(name)?.();
    });
    const client = await TcpClient.open(listener.port);
    const stream = Buffer.concat(['a', 'b', 'c'].map((text) => frameMessage(Buffer.from(text))));
    for (const octet of stream) {
      client.socket.write(Buffer.from([octet]));
      await turns(2);
    }
    expect(await client.messages(3)).toEqual(['c', 'a', 'b']);
  });

  it('answers a client that sent FIN right after its query, then closes', async () => {
    const listener = await listen((packet, _client, reply) => {
      const copy = Buffer.from(packet);
      setImmediate(() => setImmediate(() => reply(copy)));
    });
    const client = await TcpClient.open(listener.port);
    client.send('one', 'two');
    client.socket.end();
    await client.until(() => client.closed);
    expect(client.received).toEqual(['one', 'two']);
  });

  it('closes a connection on which nothing happens, and keeps one on which it does', async () => {
    const clock = new VirtualClock();
    const listener = await listen(echo, { clock, idleMs: 10_000 });
    const quiet = await TcpClient.open(listener.port);
    const busy = await TcpClient.open(listener.port);
    await turns();
    await clock.advance(9000);
    busy.send('x');
    await busy.messages(1);
    await clock.advance(1000);
    await quiet.until(() => quiet.ended || quiet.closed);
    busy.send('y');
    expect(await busy.messages(2)).toEqual(['x', 'y']);
  });

  it('gives a message only so long to arrive, however its octets trickle', async () => {
    const clock = new VirtualClock();
    const listener = await listen(echo, { clock, partialMs: 5000, idleMs: 60_000 });
    const slow = await TcpClient.open(listener.port);
    for (const octet of [0, 200, 1, 2, 3]) {
      slow.socket.write(Buffer.from([octet]));
      await turns();
      await clock.advance(1000);
    }
    await slow.until(() => slow.ended || slow.closed);
    expect(listener.stats().refused).toBe(1);
  });

  it('stops reading at the limit of queries in flight and goes on after a reply', async () => {
    const held: Array<() => void> = [];
    const listener = await listen(
      (packet, _client, reply) => {
        const copy = Buffer.from(packet);
        held.push(() => reply(copy));
      },
      { maxInFlight: 4 },
    );
    const client = await TcpClient.open(listener.port);
    client.send(...Array.from({ length: 10 }, (_, i) => `${i}`));
    await turns();
    expect(held).toHaveLength(4);
    held[0]?.();
    held[1]?.();
    await client.messages(2);
    expect(held).toHaveLength(6);
    for (let i = 2; i < 10; i++) held[i]?.();
    expect(await client.messages(10)).toHaveLength(10);
  });

  it('stops serving a client that does not read its replies', async () => {
    let served = 0;
    const listener = await listen((_packet, _client, reply) => {
      served++;
      reply(Buffer.alloc(60_000));
    });
    const client = await TcpClient.open(listener.port);
    client.socket.pause();
    for (let i = 0; i < 600; i++) client.send('more');
    let before = -1;
    while (served !== before) {
      before = served;
      await turns(50);
    }
    expect(served).toBeLessThan(500);
    expect(listener.stats()).toMatchObject({ connections: 1, refused: 0 });
    client.socket.resume();
    await client.until(() => client.received.length === 600);
  });

  it('closes a client for whom too many unread octets pile up', async () => {
    const held: Array<() => void> = [];
    const listener = await listen((_packet, _client, reply) => held.push(() => reply(Buffer.alloc(65_000))), {
      maxInFlight: 1000,
    });
    const client = await TcpClient.open(listener.port);
    client.socket.pause();
    client.send(...Array.from({ length: 1000 }, () => 'x'));
    await turns(50);
    expect(held).toHaveLength(1000);
    for (const reply of held) reply();
    expect(listener.stats()).toMatchObject({ connections: 0, refused: 1 });
  });

  it('caps the connections of one client', async () => {
    const listener = await listen(echo, { maxPerClient: 3 });
    const first = await TcpClient.open(listener.port);
    for (let i = 0; i < 2; i++) await TcpClient.open(listener.port);
    const fourth = await TcpClient.open(listener.port);
    await fourth.until(() => fourth.ended || fourth.closed);
    const other = await TcpClient.open(listener.port, '127.0.0.2');
    other.send('other');
    expect(await other.messages(1)).toEqual(['other']);
    first.socket.destroy();
    await turns();
    const next = await TcpClient.open(listener.port);
    next.send('next');
    expect(await next.messages(1)).toEqual(['next']);
    expect(listener.stats().refused).toBe(1);
  });

  it('serves a new client beside 500 that each sent one octet', async () => {
    const listener = await listen(echo, { maxConnections: 500 });
    for (let i = 0; i < 500; i++) {
      const slow = await TcpClient.open(listener.port, `127.0.1.${1 + (i % 200)}`);
      slow.socket.write(Buffer.from([0]));
    }
    await turns();
    expect(listener.stats().connections).toBe(500);
    const client = await TcpClient.open(listener.port);
    client.send('served');
    expect(await client.messages(1)).toEqual(['served']);
    expect(listener.stats()).toMatchObject({ connections: 500, refused: 1 });
  });

  it('turns new connections away when all of them wait for replies', async () => {
    const listener = await listen(() => {}, { maxConnections: 2 });
    for (let i = 0; i < 2; i++) (await TcpClient.open(listener.port)).send('wait');
    await turns();
    const third = await TcpClient.open(listener.port);
    await third.until(() => third.ended || third.closed);
    expect(listener.stats()).toMatchObject({ connections: 2, refused: 1 });
  });

  it('waits on close for replies under way, but not for ever', async () => {
    const clock = new VirtualClock();
    const held: Array<() => void> = [];
    const listener = await listen(
      (packet, _client, reply) => {
        const copy = Buffer.from(packet);
        held.push(() => reply(copy));
      },
      { clock, drainMs: 3000 },
    );
    const [answered, forgotten, idle] = [
      await TcpClient.open(listener.port),
      await TcpClient.open(listener.port),
      await TcpClient.open(listener.port),
    ];
    answered.send('answered');
    forgotten.send('forgotten');
    await turns();
    let done = false;
    const closing = listener.close().then(() => {
      done = true;
    });
    await idle.until(() => idle.ended);
    held[0]?.();
    expect(await answered.messages(1)).toEqual(['answered']);
    await clock.advance(2999);
    expect(done).toBe(false);
    await clock.advance(1);
    await closing;
    expect(forgotten.received).toEqual([]);
  });

  it('goes on when the handler throws', async () => {
    const listener = await listen((packet, from, reply) => {
      if (packet.toString() === 'bad') throw new Error('handler');
      echo(packet, from, reply);
    });
    const client = await TcpClient.open(listener.port);
    client.send('bad', 'good');
    expect(await client.messages(1)).toEqual(['good']);
    expect(listener.stats().handlerErrors).toBe(1);
  });

  it('drops a second reply, and a reply to a client that is gone', async () => {
    let late: (() => void) | undefined;
    const listener = await listen((packet, _client, reply) => {
      const copy = Buffer.from(packet);
      if (copy.toString() === 'late') late = () => reply(copy);
      else {
        reply(copy);
        reply(copy);
      }
    });
    const client = await TcpClient.open(listener.port);
    client.send('once', 'late');
    expect(await client.messages(1)).toEqual(['once']);
    client.socket.resetAndDestroy();
    await turns();
    expect(() => late?.()).not.toThrow();
    expect(listener.stats()).toMatchObject({ replied: 1, connections: 0 });
  });

  it('names what is wrong when the port is taken', async () => {
    const first = await listen(echo);
    await expect(openTcpListener({ address: '127.0.0.1', port: first.port }, echo)).rejects.toMatchObject({
      name: 'ListenError',
      code: 'EADDRINUSE',
      transport: 'tcp',
      port: first.port,
    });
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
    for (let i = 0; i < 30; i++) {
      const client = await TcpClient.open(first.port);
      client.send('x');
      await client.messages(1);
    }
    expect([...served].sort()).toEqual([1, 2]);
  });
});

describe('clientKey', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['2001:0db8:0:0:ffff::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%lo', 'fe80:0:0:0'],
  ])('takes %s as %s', (address, key) => {
    expect(clientKey(address)).toBe(key);
  });
});
