/**
 * The contract between the sockets that clients talk to and whoever answers them.
 *
 * A listener knows addresses and packets and nothing of DNS. It calls the handler once per packet, in the
 * order of arrival; replies may be given at once, later, in any order, or never.
 */

/** Who sent a packet, and where it came in. */
export interface ClientAddress {
  /** Literal address; an IPv4 client of an IPv6 socket never appears, since those are IPv6 only. */
  readonly address: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  /** The address that the listener was given, which may be a wildcard. */
  readonly local: string;
}

/**
 * @param packet valid only during the call; copy what is kept
 * @param reply sends one response; the buffer must not be changed after. Never throws: a reply to a client
 *   that is gone, a second reply, and one after close are dropped. By TCP, an empty buffer says that no
 *   response will come, so that the query no longer counts as under way
 */
export type PacketHandler = (packet: Buffer, client: ClientAddress, reply: (wire: Buffer) => void) => void;

/** Counts since the start; what does not apply to a transport stays 0. */
export interface ListenerStats {
  readonly received: number;
  readonly replied: number;
  /** Those of them that left in one send with others to the same client. */
  readonly grouped: number;
  /** Replies that the system refused to send (unreachable client, full buffer). */
  readonly sendErrors: number;
  /** Packets or connections turned away by a limit of the listener. */
  readonly refused: number;
  /** Handler calls that threw, which is a bug above; the packet got no reply. */
  readonly handlerErrors: number;
  /** TCP connections open now. */
  readonly connections: number;
}

export interface Listener {
  readonly address: string;
  /** The real port, also when 0 was asked for. */
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  stats(): ListenerStats;
  /**
   * Takes no new work and frees the socket. TCP first waits, within a limit, for replies under way; UDP
   * drops replies given later, so a server that drains closes TCP, waits for its queries, then closes UDP.
   */
  close(): Promise<void>;
}

/** The counters behind `ListenerStats`. */
export class ListenerCounters implements ListenerStats {
  received = 0;
  replied = 0;
  grouped = 0;
  sendErrors = 0;
  refused = 0;
  handlerErrors = 0;
  connections = 0;

  snapshot(): ListenerStats {
    return { ...this };
  }
}

/** Where to listen. `address` is a literal; `0.0.0.0` and `::` are wildcards of their family. */
export interface ListenOptions {
  readonly address: string;
  /** 0: a free one. */
  readonly port: number;
  /** Share address and port with other threads; the kernel spreads the clients (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** Told what a handler threw, after it was counted; the listener itself goes on. */
  readonly onHandlerError?: (error: unknown) => void;
}

const advice = new Map<string, string>([
  ['EADDRINUSE', 'another program listens there (see `ss -lnptu`); stop it or choose another port'],
  ['EACCES', 'ports below 1024 need CAP_NET_BIND_SERVICE or root; choose a port above 1023'],
  ['EADDRNOTAVAIL', 'this machine has no such address; use one of its own or a wildcard'],
  ['EAFNOSUPPORT', 'this machine does not speak that address family'],
  ['EMFILE', 'too many open files; raise the limit (`ulimit -n`)'],
  ['ENOTSUP', 'this system cannot share a port between threads; use one worker'],
]);

/** A socket could not be opened. `message` says where, why, and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  /** @param code the system's, as `EADDRINUSE` */
  constructor(
    readonly code: string,
    readonly transport: 'udp' | 'tcp',
    readonly address: string,
    readonly port: number,
    options?: ErrorOptions,
  ) {
    const where = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    const hint = advice.get(code) ?? 'see the system error code';
    super(`cannot listen on ${where} (${transport}): ${code}: ${hint}`, options);
  }
}
