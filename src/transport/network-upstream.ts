/**
 * The real network as the resolver sees it: UDP and TCP behind one `Upstream`.
 *
 * Which transport a query takes is the caller's choice, as is whether the address may be asked at all.
 */
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import { DgramSockets } from './dgram-sockets.js';
import { loadLibc } from './native/libc.js';
import { NativeSockets, type NativeSocketsOptions } from './native/sockets.js';
import { TcpUpstream, type TcpUpstreamOptions } from './tcp-upstream.js';
import type { UdpSockets } from './udp-sockets.js';
import { UdpUpstream, type UdpUpstreamOptions } from './udp-upstream.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from './upstream.js';
import type { UpstreamStats } from './upstream-counters.js';
import type { UpstreamTap } from './upstream-tap.js';

export interface NetworkUpstreamOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Where UDP sockets come from; the cheapest that the machine can make when left out. */
  readonly sockets?: UdpSockets;
  /** Passed to `openUdpSockets` when `sockets` is left out. */
  readonly ports?: NativeSocketsOptions['ports'];
  readonly thread?: NativeSocketsOptions['thread'];
  readonly udp?: Pick<UdpUpstreamOptions, 'maxSockets' | 'maxQueued'>;
  readonly tcp?: Omit<TcpUpstreamOptions, 'clock' | 'random' | 'tap'>;
  readonly tap?: UpstreamTap | undefined;
}

/** Counters by transport, and what is open now. */
export interface NetworkUpstreamStats {
  readonly byTransport: Readonly<Record<UpstreamTransport, UpstreamStats>>;
  readonly udpSockets: number;
  readonly udpQueued: number;
  readonly tcpConnections: number;
}

/** Sockets by plain system calls on Linux with koffi, by node:dgram elsewhere. */
export function openUdpSockets(random: Random, options: NativeSocketsOptions = {}): UdpSockets {
  const libc = loadLibc();
  return libc ? new NativeSockets(libc, random, options) : new DgramSockets(random);
}

export class NetworkUpstream implements Upstream {
  private readonly udp: UdpUpstream;
  private readonly tcp: TcpUpstream;

  constructor(options: NetworkUpstreamOptions) {
    const { clock, random, tap } = options;
    const sockets = options.sockets ?? openUdpSockets(random, options);
    this.udp = new UdpUpstream({ ...options.udp, clock, random, sockets, tap });
    this.tcp = new TcpUpstream({ ...options.tcp, clock, random, tap });
  }

  exchange(query: UpstreamQuery): Promise<UpstreamResult> {
    // An IPv4 address in IPv6 dress is not routed (RFC 4038 4.2) and would slip past address rules.
    if (/^::ffff:/i.test(query.endpoint.address)) {
      return Promise.resolve({ kind: 'fault', fault: 'unreachable', afterMs: 0 });
    }
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
