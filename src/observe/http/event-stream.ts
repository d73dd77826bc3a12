/**
 * `GET /events`: a line a second to every page that looks on, as server-sent events.
 *
 * A new client first gets `event: history` with the frames of the last minutes, then `event: frame` each second.
 * One that comes back says which frame it saw last and gets only later ones. How many may look on is bounded, for
 * one client and for all; who reads too slowly is cut off instead of being remembered for.
 * WHATWG HTML 9.2 (server-sent events). Limitations: HTTP/1.1, so each stream is a connection of its own.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientKey } from '../../server/client-key.js';
import type { LiveFrame, LiveFrames } from '../live-frames.js';
import { HttpProblem } from './problem.js';

export interface StreamLimits {
  /** Streams of all clients. */
  readonly streams: number;
  readonly streamsPerClient: number;
  /** What may wait in the socket of a client that does not read. */
  readonly streamQueueOctets: number;
}

/** After which time a browser tries again, in ms. */
const RETRY_MS = 2000;
const RETRY_AFTER_SEC = 5;

export class EventStreams {
  private readonly open = new Set<ServerResponse>();
  private readonly byClient = new Map<string, number>();

  constructor(
    private readonly frames: LiveFrames,
    private readonly limits: StreamLimits,
  ) {}

  get count(): number {
    return this.open.size;
  }

  /** @throws {HttpProblem} 429 when there are too many already */
  admit(clientAddress: string): void {
    const mine = this.byClient.get(clientKey(clientAddress)) ?? 0;
    if (this.open.size < this.limits.streams && mine < this.limits.streamsPerClient) return;
    throw new HttpProblem(429, 'RATE_LIMITED', 'Too many pages look on already.', {
      'retry-after': String(RETRY_AFTER_SEC),
    });
  }

  /** Takes over an admitted response and feeds it until either side closes. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    clientAddress: string,
    headers: Readonly<Record<string, string>>,
  ): void {
    const key = clientKey(clientAddress);
    this.open.add(response);
    this.byClient.set(key, (this.byClient.get(key) ?? 0) + 1);
    const unsubscribe = this.frames.subscribe((frame) => this.send(response, 'frame', frame.id, frame));
    response.once('close', () => {
      unsubscribe();
      this.open.delete(response);
      this.leave(key);
    });
    response.on('error', () => response.destroy());
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
    const history = this.frames.history(lastSeen(request));
    this.send(response, 'history', history.at(-1)?.id, history);
  }

  /** Ends every stream; their clients come back when the server does. */
  close(): void {
    for (const response of this.open) response.destroy();
  }

  private leave(key: string): void {
    const left = (this.byClient.get(key) ?? 1) - 1;
    if (left > 0) this.byClient.set(key, left);
    else this.byClient.delete(key);
  }

  private send(
    response: ServerResponse,
    event: string,
    id: number | undefined,
    data: LiveFrame | readonly LiveFrame[],
  ): void {
    if (response.writableLength > this.limits.streamQueueOctets) {
      response.destroy();
      return;
    }
    const head = id === undefined ? '' : `id: ${id}\n`;
    response.write(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}

function lastSeen({ headers }: IncomingMessage): number {
  const text = headers['last-event-id'];
  return typeof text === 'string' && /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
}
