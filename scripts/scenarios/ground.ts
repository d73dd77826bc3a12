/**
 * Where a scenario is played: in process in virtual time, or against the running program.
 */
import type { CannedServers } from './servers.js';

export type Minimisation = 'off' | 'relaxed' | 'strict';

export interface ClientPacket {
  readonly packet: Buffer;
  readonly transport: 'udp' | 'tcp';
  /** Address of the client; undefined: any. */
  readonly from: string | undefined;
}

export interface Ground {
  readonly servers: CannedServers;
  /** Lets time pass: timers run, the resolver works. */
  pass(ms: number): Promise<void>;
  /** Moves the wall clock, which dates TTLs and signatures. */
  elapse(sec: number): Promise<void>;
  /** Sends it. `onAnswer` may never be called. */
  ask(query: ClientPacket, onAnswer: (wire: Buffer) => void): void;
  close(): Promise<void>;
}
