/**
 * The contract suite's harness for upstreams on real sockets: scripted servers on loopback, virtual time.
 */
import { type Clock, VirtualClock } from '../../src/runtime/clock.js';
import { type Random, secureRandom } from '../../src/runtime/random.js';
import { DgramSockets } from '../../src/transport/dgram-sockets.js';
import { loadLibc } from '../../src/transport/native/libc.js';
import { NativeSockets } from '../../src/transport/native/sockets.js';
import type { UdpSockets } from '../../src/transport/udp-sockets.js';
import type { Upstream } from '../../src/transport/upstream.js';
import { type Script, ScriptedServer } from './scripted-server.js';
import type { UpstreamHarness } from './upstream-contract.js';

export class NetworkHarness<T extends Upstream> implements UpstreamHarness {
  readonly clock = new VirtualClock();
  readonly upstream: T;
  readonly servers: ScriptedServer[] = [];

  constructor(
    make: (clock: Clock, random: Random) => T,
    private readonly address = '127.0.0.1',
  ) {
    this.upstream = make(this.clock, secureRandom());
  }

  async start(script: Script): Promise<ScriptedServer> {
    const server = await ScriptedServer.start(script, this.address);
    this.servers.push(server);
    return server;
  }

  async serve(script: Script) {
    return (await this.start(script)).endpoint;
  }

  async close(): Promise<void> {
    await this.upstream.close();
    await Promise.all(this.servers.map((server) => server.close()));
  }
}

const libc = loadLibc();

/** Every kind of one-query UDP sockets that this machine can make. */
export const socketKinds: ReadonlyArray<readonly [string, (random: Random) => UdpSockets]> = [
  ['node:dgram', (random: Random) => new DgramSockets(random)],
  ...(libc
    ? [
        ['plain sockets', (random: Random) => new NativeSockets(libc, random, { ports: 'own' })] as const,
        ['kept sockets', (random: Random) => new NativeSockets(libc, random, { ports: 'kernel' })] as const,
      ]
    : []),
];
