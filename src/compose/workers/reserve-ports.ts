/**
 * Looks whether the configured addresses are free, and finds ports where 0 was asked for.
 *
 * Sockets that share a port (SO_REUSEPORT) also open beside those of another program of the same user, which would then get
 * a part of the queries. So each address is opened once without sharing, before the workers open it together.
 * Limitations: another program may take a port in the moment between.
 */
import type { Config } from '../../config/fields.js';
import type { Clock } from '../../runtime/clock.js';
import { ListenError, type Listener } from '../../transport/listener.js';
import { openTcpListener } from '../../transport/tcp-listener.js';
import { openUdpListener } from '../../transport/udp-listener.js';

type Listen = Config['listen'];

/** How often a port that is free for both transports is sought. */
const PORT_TRIES = 16;
const ignore = () => {};

/**
 * @returns the addresses with real ports
 * @throws {ListenError} for the first that is taken
 */
export async function reservePorts(listen: Listen, clock: Clock, native: 'auto' | false): Promise<Listen> {
  const open: Listener[] = [];
  try {
    const found: Listen[number][] = [];
    for (const entry of listen) {
      const pair = await openPair(entry, clock, native);
      open.push(...pair);
      found.push({ ...entry, port: pair[0].port });
    }
    return found;
  } finally {
    await Promise.all(open.map((listener) => listener.close()));
  }
}

async function openPair(
  { address, port }: Listen[number],
  clock: Clock,
  native: 'auto' | false,
): Promise<[Listener, Listener]> {
  for (let tries = 1; ; tries++) {
    const udp = await openUdpListener({ address, port, native }, ignore);
    try {
      return [udp, await openTcpListener({ address, port: udp.port, clock }, ignore)];
    } catch (error) {
      await udp.close();
      const taken = error instanceof ListenError && error.code === 'EADDRINUSE';
      if (port !== 0 || !taken || tries === PORT_TRIES) throw error;
    }
  }
}
