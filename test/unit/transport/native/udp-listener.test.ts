import { afterEach, describe, expect, it } from 'vitest';
import { ThreadWork } from '../../../../src/runtime/work-slice.js';
import { DROPPED, type FastLane, NOT_TAKEN } from '../../../../src/transport/fast-lane.js';
import type { Listener, PacketHandler } from '../../../../src/transport/listener.js';
import { type Libc, loadLibc } from '../../../../src/transport/native/libc.js';
import { openNativeUdpListener } from '../../../../src/transport/native/udp-listener.js';
import { addressAt, portAt } from '../../../../src/transport/socket-address.js';
import { UdpClient, udpListenerContract } from '../../../support/udp-listener-contract.js';

const libc = loadLibc();
if (!libc) {
  describe('the batching listener', () => {
    it('is not offered without Linux and koffi', () => {
      expect(loadLibc()).toBeUndefined();
    });
  });
} else {
  udpListenerContract('the batching listener that sends each reply by itself', (options, handler) =>
    openNativeUdpListener(libc, { ...options, grouping: false }, handler),
  );
  udpListenerContract('the batching listener', (options, handler) =>
    openNativeUdpListener(libc, options, handler),
  );
  udpListenerContract('the batching listener with a fast lane that takes nothing', (options, handler) =>
    openNativeUdpListener(libc, { ...options, fastLane: () => NOT_TAKEN }, handler),
  );
}

describe.runIf(libc)('NativeUdpListener', () => {
  const opened: Array<{ close(): unknown }> = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });
  const echo: PacketHandler = (packet, _client, reply) => reply(Buffer.from(packet));
  async function listen(fastLane: FastLane, handler = echo, address = '127.0.0.1'): Promise<Listener> {
    const listener = await openNativeUdpListener(libc!, { address, port: 0, fastLane }, handler);
    opened.push(listener);
    return listener;
  }
  async function client(address?: string): Promise<UdpClient> {
    const it = await UdpClient.open(address);
    opened.push(it);
    return it;
  }

  it('lets the fast lane answer, drop, or leave a packet to the handler', async () => {
    const handled: string[] = [];
    const listener = await listen(
      (packet) => {
        const text = packet.query.latin1Slice(packet.start, packet.start + packet.length);
        if (text.startsWith('slow')) return NOT_TAKEN;
        if (text.startsWith('drop')) return DROPPED;
        return packet.response.write(`fast ${text}`, packet.responseStart, 'latin1');
      },
      (packet, from, reply) => {
        handled.push(packet.toString());
        echo(packet, from, reply);
      },
    );
    const asker = await client();
    for (const text of ['a', 'slow 1', 'drop', 'b', 'slow 2', 'c']) asker.send(text, listener.port);
    expect((await asker.until(5)).sort()).toEqual(['fast a', 'fast b', 'fast c', 'slow 1', 'slow 2']);
    expect(handled).toEqual(['slow 1', 'slow 2']);
    expect(listener.stats()).toMatchObject({ received: 6, replied: 5, sendErrors: 0 });
  });

  it('sends what the fast lane answered before it hands many others over', async () => {
    const repliedBefore: number[] = [];
    const listener: Listener = await listen(
      (packet) =>
        packet.query[packet.start] === 'f'.charCodeAt(0)
          ? packet.response.write('fast', packet.responseStart)
          : NOT_TAKEN,
      (packet, from, reply) => {
        repliedBefore.push(listener.stats().replied);
        echo(packet, from, reply);
      },
    );
    const asker = await client();
    for (let i = 0; i < 10; i++) asker.send('slow', listener.port);
    for (let i = 0; i < 10; i++) asker.send('fast', listener.port);
    expect((await asker.until(20)).sort()).toEqual([...Array(10).fill('fast'), ...Array(10).fill('slow')]);
    expect(repliedBefore).toEqual(Array(10).fill(10));
  });

  /** A handler that takes a second of a clock which nothing else moves: a turn has room for one packet. */
  async function busy(onSlow: (count: number, listener: Listener) => void, more: object = {}) {
    let ms = 0;
    let slow = 0;
    const fastAt: number[] = [];
    const thread = new ThreadWork(() => ms);
    const listener: Listener = await openNativeUdpListener(
      libc!,
      {
        address: '127.0.0.1',
        port: 0,
        thread,
        fastLane: (packet) => {
          if (packet.query[packet.start] !== 'f'.charCodeAt(0)) return NOT_TAKEN;
          fastAt.push(slow);
          return packet.response.write('fast', packet.responseStart);
        },
        ...more,
      },
      (packet, from, reply) => {
        ms += 1000;
        onSlow(++slow, listener);
        echo(packet, from, reply);
      },
    );
    opened.push(listener);
    return { listener, fastAt };
  }

  it('answers at once though packets that came before wait for the handler, and serves those in their order', async () => {
    const asker = await client();
    const other = await client();
    const { listener, fastAt } = await busy((count, { port }) => {
      if (count === 41) setImmediate(() => other.send('fast', port));
    });
    for (let i = 0; i < 80; i++) asker.send(`slow ${i}`, listener.port);
    expect(await asker.until(80)).toEqual(Array.from({ length: 80 }, (_, i) => `slow ${i}`));
    await other.until(1);
    expect(fastAt[0]).toBeLessThan(60);
    expect(listener.stats()).toMatchObject({ received: 81, replied: 81, refused: 0 });
  });

  it('counts the packets that it had no room to hold, and serves all others', async () => {
    const asker = await client();
    let told = 0;
    const { listener } = await busy(() => {}, { heldOctets: 2048, onOverload: () => told++ });
    for (let i = 0; i < 60; i++) asker.send('slow', listener.port);
    while (listener.stats().replied + told < 60) await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBeGreaterThan(0);
    expect(listener.stats()).toMatchObject({ received: 60, refused: told, replied: 60 - told });
  });

  it.each(['127.0.0.1', '::1'])('shows the fast lane the address of a client at %s', async (address) => {
    const seen: string[] = [];
    const listener = await listen(
      (packet) => {
        seen.push(
          `${addressAt(packet.client, packet.clientStart)} ${portAt(packet.client, packet.clientStart)}`,
        );
        return packet.response.write('ok', packet.responseStart);
      },
      echo,
      address,
    );
    const [first, second] = [await client(address), await client(address)];
    first.send('x', listener.port, address);
    second.send('x', listener.port, address);
    await Promise.all([first.until(1), second.until(1)]);
    const ports = [first, second].map((each) => `${address} ${each.socket.address().port}`);
    expect(seen.sort()).toEqual(ports.sort());
  });

  it('answers more packets than a batch holds, with responses as large as a slot', async () => {
    const listener = await listen((packet) => {
      const size = 4096;
      packet.response.fill(packet.query[packet.start]!, packet.responseStart, packet.responseStart + size);
      return size;
    });
    const asker = await client();
    const texts = Array.from({ length: 150 }, (_, i) => String.fromCharCode(33 + (i % 90)));
    for (const text of texts) asker.send(text, listener.port);
    expect(await asker.until(150)).toEqual(texts.map((text) => text.repeat(4096)));
  });

  it('loses only the packet on which the fast lane throws', async () => {
    const listener = await listen((packet) => {
      if (packet.query[packet.start] === 'x'.charCodeAt(0)) throw new Error('bug');
      return packet.response.write('ok', packet.responseStart);
    });
    const asker = await client();
    for (const text of ['a', 'x', 'b']) asker.send(text, listener.port);
    expect(await asker.until(2)).toEqual(['ok', 'ok']);
    expect(listener.stats().handlerErrors).toBe(1);
  });

  it('refuses packets that are longer than a slot', async () => {
    const listener = await listen(() => NOT_TAKEN);
    const asker = await client();
    asker.send('x'.repeat(4097), listener.port);
    asker.send('y', listener.port);
    expect(await asker.until(1)).toEqual(['y']);
    expect(listener.stats()).toMatchObject({ received: 2, refused: 1 });
  });

  it.each([
    ['0.0.0.0', '127.0.0.1', ['127.0.0.2', '127.3.2.1']],
    ['::', '::1', ['::1']],
  ])('replies on %s from the address that was asked', async (wildcard, from, asked) => {
    const late: PacketHandler = (packet, _client, reply) => {
      const copy = Buffer.from(packet);
      setImmediate(() => reply(copy));
    };
    const fast: FastLane = (packet) =>
      packet.query[packet.start] === 'f'.charCodeAt(0)
        ? packet.response.write('fast', packet.responseStart)
        : NOT_TAKEN;
    const listener = await listen(fast, late, wildcard);
    const asker = await client(from);
    for (const text of ['f', 'late']) {
      for (const address of asked) {
        const before = asker.received.length;
        asker.send(text, listener.port, address);
        await asker.until(before + 1);
        expect(asker.received.at(-1)?.from).toBe(`${address} ${listener.port}`);
      }
    }
  });

  /** Replies to a batch of packets all in one turn, when the last has come. */
  function together(count: number, answer: (packet: Buffer) => Buffer = Buffer.from): PacketHandler {
    const waiting: Array<() => void> = [];
    return (packet, _client, reply) => {
      const wire = answer(packet);
      waiting.push(() => reply(wire));
      if (waiting.length === count) for (const send of waiting.splice(0)) send();
    };
  }

  it.each([
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['::1', '::1', '::1'],
    ['0.0.0.0', '127.0.0.1', '127.3.2.1'],
    ['::', '::1', '::1'],
  ])('sends on %s what goes to one client together, and counts it', async (address, from, asked) => {
    const listener = await listen(() => NOT_TAKEN, together(9), address);
    const [one, other] = [await client(from), await client(from)];
    for (const text of ['1111', '2222', '333', '4444', '55', '6']) one.send(text, listener.port, asked);
    await new Promise((resolve) => setImmediate(resolve));
    for (const text of ['aaaa', 'bbbb', 'c']) other.send(text, listener.port, asked);
    expect((await other.until(3)).sort()).toEqual(['aaaa', 'bbbb', 'c']);
    expect((await one.until(6)).sort()).toEqual(['1111', '2222', '333', '4444', '55', '6']);
    for (const each of [...one.received, ...other.received])
      expect(each.from).toBe(`${asked} ${listener.port}`);
    expect(listener.stats()).toMatchObject({ replied: 9, grouped: 9, sendErrors: 0 });
  });

  it('answers each local address of a wildcard from that address, though one client asked them all', async () => {
    const listener = await listen(() => NOT_TAKEN, together(4), '0.0.0.0');
    const asker = await client();
    for (const asked of ['127.0.0.2', '127.0.0.3']) {
      for (const part of ['x', 'y']) asker.send(`${asked} ${part}`, listener.port, asked);
    }
    await asker.until(4);
    for (const { text, from } of asker.received) expect(from).toBe(`${text.slice(0, 9)} ${listener.port}`);
    expect(listener.stats()).toMatchObject({ grouped: 4 });
  });

  it('sends one by one what the system refuses together, and soon stops trying', async () => {
    let tried = 0;
    const refusing: Libc = {
      ...libc!,
      sendmmsg: (fd, headers, count, flags) => {
        const words = new Uint32Array(headers.buffer, headers.byteOffset, headers.length / 4);
        for (let i = 0; i < count; i++) {
          if (words[i * 16 + 6] === 1) continue; // iovecs
          if (i > 0) return libc!.sendmmsg(fd, headers, i, flags);
          tried++;
          return -1;
        }
        return libc!.sendmmsg(fd, headers, count, flags);
      },
      errno: () => 5,
    };
    const listener = await openNativeUdpListener(refusing, { address: '0.0.0.0', port: 0 }, together(5));
    opened.push(listener);
    const asker = await client();
    const texts = ['pair', 'pair', 'trio.', 'trio.', 'trio.'];
    for (let round = 1; round <= 12; round++) {
      for (const text of texts) asker.send(text, listener.port, '127.0.0.9');
      await asker.until(5 * round);
    }
    expect(asker.received.map(({ text }) => text).sort()).toEqual(
      texts.flatMap((text) => Array.from({ length: 12 }, () => text)),
    );
    expect(new Set(asker.received.map(({ from }) => from))).toEqual(new Set([`127.0.0.9 ${listener.port}`]));
    expect(listener.stats()).toMatchObject({ replied: 60, grouped: 0, sendErrors: 0 });
    expect(tried).toBe(18);
  });

  it('sends each reply by itself where the system knows no groups', async () => {
    const old: Libc = {
      ...libc!,
      setsockopt: (fd, level, ...rest) => (level === 17 ? -1 : libc!.setsockopt(fd, level, ...rest)),
    };
    const listener = await openNativeUdpListener(old, { address: '127.0.0.1', port: 0 }, together(3));
    opened.push(listener);
    const asker = await client();
    for (const text of ['a', 'b', 'c']) asker.send(text, listener.port);
    expect(await asker.until(3)).toEqual(['a', 'b', 'c']);
    expect(listener.stats()).toMatchObject({ replied: 3, grouped: 0 });
  });

  it('counts replies that the system refuses and sends the others', async () => {
    const replies: Array<(wire: Buffer) => void> = [];
    const listener = await listen(
      () => NOT_TAKEN,
      (_packet, _client, reply) => {
        replies.push(reply);
        if (replies.length < 3) return;
        replies[0]?.(Buffer.from('first'));
        replies[1]?.(Buffer.alloc(65_508));
        replies[2]?.(Buffer.from('third'));
      },
    );
    const asker = await client();
    for (let i = 0; i < 3; i++) asker.send('x', listener.port);
    expect(await asker.until(2)).toEqual(['first', 'third']);
    expect(listener.stats()).toMatchObject({ replied: 2, sendErrors: 1 });
  });
});
