/**
 * The ground of a running program: real sockets, real time, and a wall clock shifted from outside.
 * Limitations: all clients are 127.0.0.1; no response policy zones.
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientPacket, Ground, Minimisation } from '../ground.js';
import type { Scenario } from '../parse.js';
import { configurationOf, startTimeMs } from '../scenario-config.js';
import { CannedServers } from '../servers.js';
import { PROGRAM, Program } from './program.js';
import { ServerSockets } from './server-sockets.js';

export class BlackBoxGround implements Ground {
  private constructor(
    readonly servers: CannedServers,
    private readonly sockets: ServerSockets,
    private readonly program: Program,
  ) {}

  static async open(scenario: Scenario, minimisation: Minimisation, completing: boolean): Promise<Ground> {
    if (scenario.policyZones.length > 0) throw new Error('response policy zones are only played in process');
    const servers = new CannedServers(scenario, completing);
    const sockets = await ServerSockets.open(servers);
    try {
      const startMs = startTimeMs(scenario);
      const shiftSec = startMs === undefined ? 0 : Math.round((startMs - Date.now()) / 1000);
      const program = await Program.start(configurationOf(scenario, minimisation), shiftSec);
      return new BlackBoxGround(servers, sockets, program);
    } catch (error) {
      await sockets.close();
      throw error;
    }
  }

  async pass(ms: number): Promise<void> {
    await sleep(ms);
  }

  async elapse(sec: number): Promise<void> {
    this.program.elapse(sec);
  }

  ask({ packet, transport }: ClientPacket, onAnswer: (wire: Buffer) => void): void {
    if (transport === 'udp') askByUdp(packet, onAnswer);
    else askByTcp(packet, onAnswer);
  }

  async close(): Promise<void> {
    await this.program.stop();
    await this.sockets.close();
  }
}

function askByUdp(packet: Buffer, onAnswer: (wire: Buffer) => void): void {
  const socket = createSocket('udp4');
  socket.unref();
  socket.on('error', () => socket.close());
  socket.on('message', (wire) => {
    socket.close();
    onAnswer(wire);
  });
  socket.send(packet, PROGRAM.port, PROGRAM.address);
}

function askByTcp(packet: Buffer, onAnswer: (wire: Buffer) => void): void {
  const socket = connect(PROGRAM.port, PROGRAM.address);
  let read = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    read = Buffer.concat([read, chunk]);
    if (read.length < 2 || read.length < 2 + read.readUInt16BE(0)) return;
    socket.destroy();
    onAnswer(read.subarray(2, 2 + read.readUInt16BE(0)));
  });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(packet.length);
  socket.write(Buffer.concat([length, packet]));
}
