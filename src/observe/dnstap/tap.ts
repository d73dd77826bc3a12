/**
 * dnstap: every query of a client and every response to it, as packets with times and addresses.
 *
 * Hangs at both ends of the pipeline (server/pipeline.ts); the fast lane is closed while it is on, so that nothing
 * passes unseen.
 * Limitations: client messages only; what the resolver asks of servers is in the trace.
 */
import type { Clock } from '../../runtime/clock.js';
import type { ClientTap } from '../../server/client-tap.js';
import type { ServerLog } from '../../server/log.js';
import type { ClientAddress } from '../../transport/listener.js';
import { encodeTap, TapType, tapHead } from './message.js';
import { FileTap, SocketTap, type TapSink } from './sinks.js';

export interface DnstapOptions {
  /** A file, or `unix:` and the path of a socket. */
  readonly path: string;
  readonly identity: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: ServerLog;
}

const SOCKET_PREFIX = 'unix:';

/** A file has one writer: further workers put their number behind its name. */
export function tapPath(path: string, worker: number): string {
  return worker === 0 || path.startsWith(SOCKET_PREFIX) ? path : `${path}.${worker}`;
}

export class Dnstap implements ClientTap {
  private readonly clock: Clock;
  private readonly head: Buffer;
  private sink: TapSink | undefined;
  private lastFault: string | undefined;

  constructor(private readonly options: DnstapOptions) {
    const { clock, identity, version } = options;
    this.clock = clock;
    this.head = tapHead(identity, version);
  }

  /** Begins the stream; nothing is touched before. */
  open(): void {
    const { path, clock } = this.options;
    const onFault = (why: string) => this.fault(why);
    this.sink = path.startsWith(SOCKET_PREFIX)
      ? new SocketTap(path.slice(SOCKET_PREFIX.length), clock, onFault)
      : new FileTap(path, onFault);
  }

  query(packet: Buffer, client: ClientAddress): void {
    const { local, transport } = client;
    const queryAtMs = this.clock.wallMs();
    const type = TapType.CLIENT_QUERY;
    this.sink?.offer(encodeTap(this.head, { type, client, local, transport, queryAtMs, message: packet }));
  }

  response(wire: Buffer, client: ClientAddress, startedMs: number): void {
    const { local, transport } = client;
    const responseAtMs = this.clock.wallMs();
    const queryAtMs = responseAtMs - (this.clock.monotonicMs() - startedMs);
    const type = TapType.CLIENT_RESPONSE;
    const event = { type, client, local, transport, queryAtMs, responseAtMs, message: wire };
    this.sink?.offer(encodeTap(this.head, event));
  }

  async close(): Promise<void> {
    const { sink } = this;
    await sink?.close();
    const { path, log } = this.options;
    if (sink && sink.dropped > 0) log.warn({ path, dropped: sink.dropped }, 'dnstap messages were lost');
  }

  /** The same fault again and again is one line. */
  private fault(why: string): void {
    if (why === this.lastFault) return;
    this.lastFault = why;
    const { path, log } = this.options;
    log.warn({ path, why }, 'dnstap cannot write');
  }
}
