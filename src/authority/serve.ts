/**
 * Puts a mock internet on real sockets: every server address, UDP and TCP, all on one port.
 *
 * All or nothing: when one address cannot be bound the others are closed again, and the error says what to do.
 * Only an IPv6 address on a machine without IPv6 is skipped, with a warning.
 */
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import { ListenError, type Listener, type PacketHandler } from '../transport/listener.js';
import { openTcpListener } from '../transport/tcp-listener.js';
import { openUdpListener } from '../transport/udp-listener.js';
import { InternetError, type InternetLog } from './internet-error.js';
import type { AuthorityServer } from './server.js';

/** What is put on sockets; the Internet is one. */
export interface ServableInternet {
  /** 0 lets a common free one be found. */
  readonly port: number;
  readonly servers: readonly AuthorityServer[];
}

/** A mock internet on sockets. */
export interface Serving {
  /** The port of all servers, also when 0 was asked for. */
  readonly port: number;
  /** Addresses that answer. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

/** Draws of a common free port when 0 was asked for. */
const PORT_DRAWS = 20;
/** All clients are one machine, often one resolver; a silent server owes its clients nothing at the end. */
const tcpLimits = { maxPerClient: 512, drainMs: 100 };

/**
 * @param port in place of the internet's own; 0 finds a free one
 * @throws {InternetError}
 */
export async function serveInternet(
  internet: ServableInternet,
  clock: Clock,
  random: Random,
  log: InternetLog = () => {},
  port = internet.port,
): Promise<Serving> {
  for (let draw = 1; ; draw++) {
    const opening = new Opening(port, clock, random, log);
    try {
      for (const server of internet.servers) await opening.open(server);
      return opening.serving();
    } catch (error) {
      await opening.close();
      // A port that was free at the first address may be taken at another.
      const mayRedraw = port === 0 && systemCode(error) === 'EADDRINUSE' && draw < PORT_DRAWS;
      if (!mayRedraw) throw explain(error, opening.trying);
    }
  }
}

class Opening {
  /** What is being bound, for the error. */
  trying = '';
  private readonly listeners: Listener[] = [];
  private readonly addresses: string[] = [];
  private readonly delayed = new Set<CancelTimer>();

  constructor(
    private port: number,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly log: InternetLog,
  ) {}

  async open(server: AuthorityServer): Promise<void> {
    for (const address of server.spec.addresses) {
      this.trying = address.includes(':') ? `[${address}]:${this.port}` : `${address}:${this.port}`;
      try {
        await this.openAddress(server, address);
        this.addresses.push(address);
      } catch (error) {
        if (!address.includes(':') || !hasNoIpv6(error)) throw error;
        this.log('warn', `${server.spec.id}: this machine has no IPv6, ${address} is not served`);
      }
    }
  }

  private async openAddress(server: AuthorityServer, address: string): Promise<void> {
    const udp = await openUdpListener(
      { address, port: this.port, native: false },
      this.handler(server, 'udp'),
    );
    this.listeners.push(udp);
    this.port = udp.port;
    if (!server.takesTcp) return;
    const options = { address, port: this.port, clock: this.clock, ...tcpLimits };
    this.listeners.push(await openTcpListener(options, this.handler(server, 'tcp')));
  }

  private handler(server: AuthorityServer, transport: 'udp' | 'tcp'): PacketHandler {
    return (packet, _client, send) => {
      server.deliver(packet, transport, this.random, (reply, delayMs) => {
        if (delayMs > 0) this.sendLater(reply, delayMs, send);
        else send(reply);
      });
    };
  }

  private sendLater(reply: Buffer, delayMs: number, send: (reply: Buffer) => void): void {
    const cancel = this.clock.after(delayMs, () => {
      this.delayed.delete(cancel);
      send(reply);
    });
    this.delayed.add(cancel);
  }

  serving(): Serving {
    return { port: this.port, addresses: this.addresses, close: () => this.close() };
  }

  async close(): Promise<void> {
    for (const cancel of this.delayed) cancel();
    this.delayed.clear();
    await Promise.all(this.listeners.splice(0).map((listener) => listener.close()));
  }
}

function systemCode(error: unknown): string | undefined {
  return error instanceof ListenError ? error.code : undefined;
}

function hasNoIpv6(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}

function explain(error: unknown, where: string): Error {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new InternetError(
        'ADDRESS_IN_USE',
        `mock server: ${where} is in use. Stop the other program (perhaps another stratadns), or choose another port: \`port:\` in internet.yaml`,
      );
    case 'EADDRNOTAVAIL':
      return new InternetError(
        'ADDRESS_UNAVAILABLE',
        `mock server: this machine has no address for ${where}. Linux has all of 127.0.0.0/8; elsewhere add it to the loopback interface first (macOS: sudo ifconfig lo0 alias ADDRESS)`,
      );
    case 'EACCES':
      return new InternetError(
        'PORT_FORBIDDEN',
        `mock server: no permission for ${where}. Ports below 1024 need privileges; choose a higher \`port:\` in internet.yaml`,
      );
    default:
      return new InternetError('BIND_FAILED', `mock server: cannot open ${where}: ${String(error)}`);
  }
}
