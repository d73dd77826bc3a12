/** GET /events over real connections, with a clock that the test moves. */
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveFrame } from '../../../../src/observe/live-frames.js';
import { VirtualClock } from '../../../../src/runtime/clock.js';
import { type Running, startHttp } from './http-client.js';

interface Stream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Whole events so far. */
  readonly events: { event: string; id: string | undefined; data: unknown }[];
  readonly closed: Promise<void>;
  leave(): void;
}

function parse(block: string) {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  return { event: field('event')!, id: field('id'), data: JSON.parse(field('data')!) as unknown };
}

function look(port: number, headers: Record<string, string> = {}): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const request: ClientRequest = get(
      { host: '127.0.0.1', port, path: '/events', headers, agent: false },
      (response) => {
        const events: Stream['events'] = [];
        let rest = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          const blocks = (rest + chunk).split('\n\n');
          rest = blocks.pop()!;
          events.push(...blocks.filter((block) => /^data: /m.test(block)).map(parse));
        });
        response.on('error', () => {});
        const closed = new Promise<void>((done) => response.on('close', () => done()));
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          events,
          closed,
          leave: () => request.destroy(),
        });
      },
    );
    request.on('error', reject);
  });
}

describe('GET /events', () => {
  let http: Running;
  let clock: VirtualClock;
  const streams: Stream[] = [];
  const open = async (headers?: Record<string, string>) => {
    const stream = await look(http.port, headers);
    streams.push(stream);
    return stream;
  };
  beforeEach(async () => {
    clock = new VirtualClock();
    http = await startHttp({
      clock,
      limits: { requestsPerSec: 100_000, streams: 4, streamsPerClient: 3, streamQueueOctets: 100_000 },
    });
    await clock.advance(3000);
  });
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.leave();
    await http.close();
  });

  it('gives the past at once, then a frame a second', async () => {
    const stream = await open();
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    await expect.poll(() => stream.events.length).toBe(1);
    const [history] = stream.events;
    expect(history!.event).toBe('history');
    expect((history!.data as LiveFrame[]).map(({ id }) => id)).toEqual([1, 2, 3]);
    await clock.advance(2000);
    await expect.poll(() => stream.events.length).toBe(3);
    expect(stream.events.slice(1).map(({ event, id }) => [event, id])).toEqual([
      ['frame', '4'],
      ['frame', '5'],
    ]);
  });

  it('gives one that comes back only what it missed', async () => {
    const stream = await open({ 'last-event-id': '2' });
    await expect.poll(() => stream.events.length).toBe(1);
    expect((stream.events[0]!.data as LiveFrame[]).map(({ id }) => id)).toEqual([3]);
    for (const wrong of ['x', '-1', '1e3', '9'.repeat(40)]) {
      const other = await open({ 'last-event-id': wrong });
      await expect.poll(() => other.events.length).toBe(1);
      expect(other.events[0]!.data).toHaveLength(3);
      other.leave();
      await other.closed;
      await freed();
    }
  });

  /** Waits until the server noticed that a stream has gone. */
  async function freed(): Promise<void> {
    await expect
      .poll(async () => {
        const probe = await look(http.port);
        probe.leave();
        return probe.status;
      })
      .toBe(200);
  }

  it('refuses more streams of one client than allowed, and takes another when one has left', async () => {
    const mine = [await open(), await open(), await open()];
    const refused = await http.send('/events');
    expect(refused).toMatchObject({
      status: 429,
      headers: { 'retry-after': '5' },
      json: { error: { code: 'RATE_LIMITED' } },
    });
    mine[0]!.leave();
    await freed();
  });

  it('refuses more streams of all clients than allowed', async () => {
    const small = await startHttp({ limits: { streams: 1, streamsPerClient: 10 } });
    try {
      const one = await look(small.port);
      expect((await small.send('/events')).status).toBe(429);
      one.leave();
    } finally {
      await small.close();
    }
  });

  it('is not for other sites, and does nothing for HEAD or with parameters', async () => {
    const cross = await http.send('/events', { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(cross).toMatchObject({ status: 403, json: { error: { code: 'CROSS_SITE' } } });
    expect(await http.send('/events', { method: 'HEAD' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
    });
    expect(await http.send('/events?since=1')).toMatchObject({ status: 400 });
  });

  it('cuts off who does not read, instead of remembering for it', async () => {
    const deaf = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = get(
        { host: '127.0.0.1', port: http.port, path: '/events', agent: false },
        (response) => {
          response.pause();
          response.on('error', () => {});
          resolve(response);
        },
      );
      request.on('error', reject);
    });
    // Frames of a megabyte fill the buffers of both sockets soon.
    const [cache] = http.control.snapshot.caches;
    http.control.snapshot = {
      ...http.control.snapshot,
      caches: Array.from({ length: 5000 }, () => cache!),
    };
    for (let second = 0; second < 30; second++) await clock.advance(1000);
    deaf.resume();
    await new Promise<void>((resolve) => deaf.on('close', () => resolve()));
    expect(deaf.complete).toBe(false);
  });

  it('ends with the server', async () => {
    const stream = await open();
    await http.close();
    await stream.closed;
    expect(clock.pending).toBe(false);
  });
});
