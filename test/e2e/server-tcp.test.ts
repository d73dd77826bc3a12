/** The server over one TCP connection: pipelining, answers out of order, the drain (RFC 7766). */
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { Rcode, RRType } from '../../src/dns/registry.js';
import { encodeMessage } from '../../src/wire/encode.js';
import type { Message } from '../../src/wire/message.js';
import { type LiveServer, startLive } from '../support/live-server.js';
import {
  type Answering,
  answerOf,
  aRecord,
  decoded,
  query,
  resolutionOf,
} from '../support/server-harness.js';

const LIMIT_MS = 10_000;

/** A client connection that collects whole messages. */
class TcpTalk {
  private data = Buffer.alloc(0);
  readonly messages: Message[] = [];
  closed = false;
  private changed = () => {};

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.changed();
    });
  }

  static open(port: number): Promise<TcpTalk> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new TcpTalk(socket)));
      socket.once('error', reject);
    });
  }

  private take(chunk: Buffer): void {
    this.data = Buffer.concat([this.data, chunk]);
    while (this.data.length >= 2 && this.data.length >= 2 + this.data.readUInt16BE(0)) {
      const end = 2 + this.data.readUInt16BE(0);
      this.messages.push(decoded(this.data.subarray(2, end)));
      this.data = this.data.subarray(end);
    }
    this.changed();
  }

  send(...messages: Message[]): void {
    this.socket.write(Buffer.concat(messages.map(framed)));
  }

  /** Waits until `done` holds; fails after a limit. */
  until(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the server did not answer in time')), LIMIT_MS);
      this.changed = () => {
        if (!done()) return;
        clearTimeout(timer);
        resolve();
      };
      this.changed();
    });
  }
}

function framed(message: Message): Buffer {
  const wire = encodeMessage(message);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(wire.length);
  return Buffer.concat([length, wire]);
}

const slow = parseName('slow.example.');

/** Answers at once, but `slow.example.` only when `release` was called. */
function gatedWorld(): { answering: Answering; release: () => void } {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const answering: Answering = async ({ name }) => {
    if (name === slow) await gate;
    return resolutionOf(answerOf([{ ...aRecord('www.example.'), name }]));
  };
  return { answering, release: () => release() };
}

let live: LiveServer | undefined;
afterEach(async () => {
  await live?.server.close(0);
  live = undefined;
});

describe('one TCP connection', () => {
  it('takes many queries at once and answers each with its ID', async () => {
    live = await startLive(gatedWorld().answering);
    const talk = await TcpTalk.open(live.port);
    const ids = Array.from({ length: 90 }, (_, i) => i + 1);
    talk.send(...ids.map((id) => query(`n${id}.example.`, RRType.A, { id })));
    await talk.until(() => talk.messages.length === ids.length);
    expect(talk.messages.map((m) => m.id).sort((a, b) => a - b)).toEqual(ids);
    for (const m of talk.messages) expect(m.answer[0]?.name).toBe(parseName(`n${m.id}.example.`));
    talk.socket.destroy();
  });

  it('is not held up by a slow query (RFC 7766 6.2.1.1)', async () => {
    const { answering, release } = gatedWorld();
    live = await startLive(answering);
    const talk = await TcpTalk.open(live.port);
    talk.send(query('slow.example.', RRType.A, { id: 1 }), query('fast.example.', RRType.A, { id: 2 }));
    await talk.until(() => talk.messages.length === 1);
    expect(talk.messages[0]?.id).toBe(2);
    release();
    await talk.until(() => talk.messages.length === 2);
    expect(talk.messages[1]?.id).toBe(1);
    talk.socket.destroy();
  });

  it('goes on after a malformed message', async () => {
    live = await startLive(gatedWorld().answering);
    const talk = await TcpTalk.open(live.port);
    talk.socket.write(Buffer.from('000c123401000001000000000000', 'hex'));
    talk.send(query('www.example.', RRType.A, { id: 9 }));
    await talk.until(() => talk.messages.length === 2);
    expect(talk.messages.map((m) => [m.id, m.rcode]).sort()).toEqual([
      [0x1234, Rcode.FORMERR],
      [9, Rcode.NOERROR],
    ]);
    talk.socket.destroy();
  });
});

it('messages that get no response do not use up the places of a connection', async () => {
  live = await startLive(gatedWorld().answering);
  const talk = await TcpTalk.open(live.port);
  talk.send(...Array.from({ length: 300 }, () => query('www.example.', RRType.A, { qr: true })));
  talk.send(query('www.example.', RRType.A, { id: 3 }));
  talk.socket.end();
  await talk.until(() => talk.closed);
  expect(talk.messages.map((m) => m.id)).toEqual([3]);
});

describe('close', () => {
  it('answers the query under way by TCP and then closes the connection', async () => {
    const { answering, release } = gatedWorld();
    live = await startLive(answering);
    const talk = await TcpTalk.open(live.port);
    talk.send(query('slow.example.', RRType.A, { id: 7 }), query('fast.example.', RRType.A, { id: 8 }));
    await talk.until(() => talk.messages.length === 1); // so the slow one is under way
    const closing = live.server.close(LIMIT_MS);
    release();
    await Promise.all([closing, talk.until(() => talk.closed)]);
    expect(talk.messages.map((m) => m.id)).toEqual([8, 7]);
    await expect(TcpTalk.open(live.port)).rejects.toThrow('ECONNREFUSED');
  });

  it('frees the port for the next server', async () => {
    live = await startLive(gatedWorld().answering);
    const { port } = live;
    await live.server.close(0);
    live = await startLive(gatedWorld().answering, {}, { port });
    const talk = await TcpTalk.open(port);
    talk.send(query());
    await talk.until(() => talk.messages.length === 1);
    talk.socket.destroy();
  });
});
