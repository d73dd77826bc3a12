import { describe, expect, it } from 'vitest';
import { Rcode, RRType } from '../../../src/dns/registry.js';
import { DnsServer, type OpenListener } from '../../../src/server/server.js';
import { defaultServerSettings } from '../../../src/server/settings.js';
import {
  ListenError,
  type Listener,
  type ListenOptions,
  type PacketHandler,
} from '../../../src/transport/listener.js';
import { encodeMessage } from '../../../src/wire/encode.js';
import type { Message } from '../../../src/wire/message.js';
import {
  type Answering,
  client,
  decoded,
  FakeLog,
  Harness,
  query,
  udpClient,
} from '../../support/server-harness.js';

/** Sockets that are only written down. `taken` holds `transport port` pairs that cannot be opened. */
class FakeSockets {
  readonly open = new Set<string>();
  readonly handlers: PacketHandler[] = [];
  readonly taken = new Map<string, string>();
  private nextPort = 50_000;

  opener(transport: 'udp' | 'tcp'): OpenListener {
    return async (options: ListenOptions, handler) => {
      const port = options.port === 0 ? this.nextPort++ : options.port;
      const name = `${transport} ${options.address}:${port}`;
      const code = this.taken.get(name);
      if (code) throw new ListenError(code, transport, options.address, port);
      this.open.add(name);
      this.handlers.push(handler);
      return this.listener(name, options.address, port, transport);
    };
  }

  private listener(name: string, address: string, port: number, transport: 'udp' | 'tcp'): Listener {
    const close = async () => void this.open.delete(name);
    const stats = () => ({
      received: 0,
      replied: 0,
      grouped: 0,
      sendErrors: 0,
      refused: 0,
      handlerErrors: 0,
      connections: 0,
    });
    return { address, port, transport, stats, close };
  }

  send(message: Message): Message[] {
    const seen: Message[] = [];
    this.handlers[0]!(encodeMessage(message), client('192.0.2.10', 'udp'), (wire) =>
      seen.push(decoded(wire)),
    );
    return seen;
  }
}

function setUp(
  listen: readonly ListenOptions[] = [{ address: '127.0.0.1', port: 5300 }],
  answering?: Answering,
) {
  const h = new Harness(answering);
  const sockets = new FakeSockets();
  const log = new FakeLog();
  const server = new DnsServer({
    ...h.parts,
    log,
    listen,
    openUdp: sockets.opener('udp'),
    openTcp: sockets.opener('tcp'),
  });
  return { h, sockets, log, server };
}

describe('start', () => {
  it('opens UDP and TCP for every entry', async () => {
    const { server, sockets } = setUp([
      { address: '127.0.0.1', port: 5300 },
      { address: '::1', port: 5301 },
    ]);
    await server.start();
    expect([...sockets.open]).toEqual([
      'udp 127.0.0.1:5300',
      'tcp 127.0.0.1:5300',
      'udp ::1:5301',
      'tcp ::1:5301',
    ]);
    expect(server.listeners.map((l) => [l.transport, l.port])).toEqual([
      ['udp', 5300],
      ['tcp', 5300],
      ['udp', 5301],
      ['tcp', 5301],
    ]);
  });

  it('gives TCP the port that UDP was given', async () => {
    const { server, sockets } = setUp([{ address: '127.0.0.1', port: 0 }]);
    await server.start();
    expect([...sockets.open]).toEqual(['udp 127.0.0.1:50000', 'tcp 127.0.0.1:50000']);
  });

  it('takes another free port when that one is taken for TCP', async () => {
    const { server, sockets } = setUp([{ address: '127.0.0.1', port: 0 }]);
    sockets.taken.set('tcp 127.0.0.1:50000', 'EADDRINUSE');
    await server.start();
    expect([...sockets.open]).toEqual(['udp 127.0.0.1:50001', 'tcp 127.0.0.1:50001']);
  });

  it('gives up on a free port when none fits', async () => {
    const { server, sockets } = setUp([{ address: '127.0.0.1', port: 0 }]);
    for (let port = 50_000; port < 50_100; port++) sockets.taken.set(`tcp 127.0.0.1:${port}`, 'EADDRINUSE');
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(sockets.open.size).toBe(0);
  });

  it.each([['udp ::1:5301'], ['tcp ::1:5301']])(
    'opens none when %s cannot be opened, and says which',
    async (taken) => {
      const { server, sockets } = setUp([
        { address: '127.0.0.1', port: 5300 },
        { address: '::1', port: 5301 },
      ]);
      sockets.taken.set(taken, 'EACCES');
      await expect(server.start()).rejects.toThrow(/\[::1\]:5301.*EACCES/);
      expect([...sockets.open]).toEqual([]);
      expect(server.listeners).toEqual([]);
    },
  );
});

describe('serving', () => {
  it('answers what a listener hands over', async () => {
    const { server, sockets } = setUp();
    await server.start();
    expect(sockets.send(query('localhost.'))).toMatchObject([{ rcode: Rcode.NOERROR }]);
  });

  it('goes on by new settings after a reload, while queries under way end by the old', async () => {
    const { server, sockets, h } = setUp();
    await server.start();
    const underWay = sockets.send(query());
    server.reconfigure({ ...defaultServerSettings, allowed: () => false, identity: 'x' });
    expect(sockets.send(query('localhost.'))).toMatchObject([{ rcode: Rcode.REFUSED }]);
    await h.clock.advance(0);
    expect(underWay).toMatchObject([{ rcode: Rcode.NOERROR }]);
  });

  it('counts exceptions over reloads', async () => {
    const { server, sockets, h, log } = setUp(undefined, () => Promise.reject(new Error('a bug')));
    await server.start();
    sockets.send(query());
    server.reconfigure(defaultServerSettings);
    sockets.send(query('www.example.', RRType.AAAA));
    await h.clock.advance(0);
    expect(server.internalErrors).toBe(2);
    expect(log.lines).toHaveLength(1);
  });
});

describe('close', () => {
  const gated = () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const h = new Harness();
    const answering: Answering = async (question, options) => {
      await gate;
      return h.resolver.answering(question, options);
    };
    return { answering, release: () => release() };
  };

  it('answers what is under way before the sockets go', async () => {
    const gate = gated();
    const { server, sockets, h } = setUp(undefined, gate.answering);
    await server.start();
    const seen = sockets.send(query());
    let openAtReply: string[] = [];
    sockets.handlers[0]!(encodeMessage(query('www.example.', RRType.MX)), udpClient, () => {
      openAtReply = [...sockets.open];
    });
    const closing = server.close(5000);
    await h.clock.advance(1000);
    expect([...sockets.open]).toEqual(['udp 127.0.0.1:5300']);
    gate.release();
    await closing;
    expect(seen).toHaveLength(1);
    expect(openAtReply).toEqual(['udp 127.0.0.1:5300']);
    expect(sockets.open.size).toBe(0);
    expect(server.listeners).toEqual([]);
  });

  it('takes no new queries meanwhile', async () => {
    const gate = gated();
    const { server, sockets, h } = setUp(undefined, gate.answering);
    await server.start();
    sockets.send(query());
    const closing = server.close(5000);
    expect(sockets.send(query('localhost.'))).toEqual([]);
    expect(h.recorder.drops).toEqual(['draining']);
    gate.release();
    await closing;
  });

  it('waits no longer than it is given', async () => {
    const { server, sockets, h } = setUp(undefined, () => new Promise(() => {}));
    await server.start();
    sockets.send(query());
    let closed = false;
    const closing = server.close(5000).then(() => {
      closed = true;
    });
    await h.clock.advance(4999);
    expect(closed).toBe(false);
    await h.clock.advance(1);
    await closing;
    expect(sockets.open.size).toBe(0);
    expect(server.inFlightCount).toBe(1);
  });

  it('is at once when nothing is under way, and may be called twice', async () => {
    const { server, sockets, h } = setUp();
    await server.start();
    await Promise.all([server.close(60_000), server.close(60_000)]);
    expect(sockets.open.size).toBe(0);
    expect(h.clock.pending).toBe(false);
  });
});
