/**
 * dnstap: every query of a client and every response to it, and what servers were asked and said, as packets with
 * times and addresses.
 *
 * Hangs at both ends of the pipeline (server/pipeline.ts), for which the fast lane is closed so that nothing passes
 * unseen, and at the exchanges with servers (transport/exchange.ts).
 * Limitations: our own address and port towards servers are not told, since the kernel draws them.
 */
import type { Clock } from '../../runtime/clock.js';
import type { ClientTap } from '../../server/client-tap.js';
import type { ServerLog } from '../../server/log.js';
import type { ClientAddress } from '../../transport/listener.js';
import type { UpstreamQuery } from '../../transport/upstream.js';
import type { UpstreamTap } from '../../transport/upstream-tap.js';
import { encodeTap, type TapEvent, TapType, tapHead } from './message.js';
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

export class Dnstap implements ClientTap, UpstreamTap {
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
    this.offer({ type, asker: client, asked: { address: local }, transport, queryAtMs, message: packet });
  }

  response(wire: Buffer, client: ClientAddress, startedMs: number): void {
    const { local, transport } = client;
    const type = TapType.CLIENT_RESPONSE;
    const asked = { address: local };
    this.offer({ type, asker: client, asked, transport, ...this.times(startedMs), message: wire });
  }

  sent({ endpoint, transport, zone, rd }: UpstreamQuery, wire: Buffer): void {
    const type = rd ? TapType.FORWARDER_QUERY : TapType.RESOLVER_QUERY;
    const queryAtMs = this.clock.wallMs();
    this.offer({ type, asked: endpoint, transport, zone, queryAtMs, message: wire });
  }

  received({ endpoint, transport, zone, rd }: UpstreamQuery, packet: Buffer, sentMs: number): void {
    const type = rd ? TapType.FORWARDER_RESPONSE : TapType.RESOLVER_RESPONSE;
    this.offer({ type, asked: endpoint, transport, zone, ...this.times(sentMs), message: packet });
  }

  private times(startedMs: number): { readonly queryAtMs: number; readonly responseAtMs: number } {
    const responseAtMs = this.clock.wallMs();
    return { queryAtMs: responseAtMs - (this.clock.monotonicMs() - startedMs), responseAtMs };
  }

  private offer(event: TapEvent): void {
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
