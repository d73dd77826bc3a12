/**
 * The real network as the resolver sees it: UDP and TCP behind one `Upstream`.
 *
 * Which transport a query takes is the caller's choice, as is whether the address may be asked at all.
 */
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import { DgramSockets } from './dgram-sockets.js';
import { TcpUpstream, type TcpUpstreamOptions } from './tcp-upstream.js';
import type { UdpSockets } from './udp-sockets.js';
import { UdpUpstream, type UdpUpstreamOptions } from './udp-upstream.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from './upstream.js';
import type { UpstreamStats } from './upstream-counters.js';

export interface NetworkUpstreamOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Where UDP sockets come from; node:dgram when left out. */
  readonly sockets?: UdpSockets;
  readonly udp?: Pick<UdpUpstreamOptions, 'maxSockets' | 'maxQueued'>;
  readonly tcp?: Omit<TcpUpstreamOptions, 'clock' | 'random'>;
}

/** Counters by transport, and what is open now. */
export interface NetworkUpstreamStats {
  readonly byTransport: Readonly<Record<UpstreamTransport, UpstreamStats>>;
  readonly udpSockets: number;
  readonly udpQueued: number;
  readonly tcpConnections: number;
}

export class NetworkUpstream implements Upstream {
  private readonly udp: UdpUpstream;
  private readonly tcp: TcpUpstream;

  constructor(options: NetworkUpstreamOptions) {
    const { clock, random } = options;
    const sockets = options.sockets ?? new DgramSockets(random);
    this.udp = new UdpUpstream({ ...options.udp, clock, random, sockets });
    this.tcp = new TcpUpstream({ ...options.tcp, clock, random });
  }

  exchange(query: UpstreamQuery): Promise<UpstreamResult> {
    return query.transport === 'udp' ? this.udp.exchange(query) : this.tcp.exchange(query);
  }

  stats(): NetworkUpstreamStats {
    return {
      byTransport: { udp: this.udp.counters.snapshot(), tcp: this.tcp.counters.snapshot() },
      udpSockets: this.udp.load.open,
      udpQueued: this.udp.load.queued,
      tcpConnections: this.tcp.connections,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.udp.close(), this.tcp.close()]);
  }
}
