/**
 * A server as the command line runs it, whether one thread serves or several.
 */
import type { Config } from '../config/fields.js';
import type { ServerControl } from '../observe/control.js';
import type { MockSummary } from './mock-internet.js';

/** Where it listens, with real ports. */
export interface BoundListener {
  readonly address: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
}

export interface RunningServer extends ServerControl {
  /**
   * Opens every socket or none.
   * @throws {ListenError}
   */
  start(): Promise<void>;
  /** Empty before `start` and after `close`. */
  readonly listeners: readonly BoundListener[];
  /** Undefined on the real internet. */
  readonly mockInternet: MockSummary | undefined;
  /** Serves by another configuration, which `liveConfig` made of a new one; drops no query. Done when every thread does. */
  reload(config: Config): Promise<void>;
  /** Drains: answers what is under way for up to `graceMs`, then frees every socket. */
  close(graceMs: number): Promise<void>;
}
