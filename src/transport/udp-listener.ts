/**
 * Opens the best UDP listener that this machine can run.
 *
 * With batched system calls (Linux, koffi) there is a fast lane; without them the same handler gets every
 * packet, and only speed differs.
 */
import type { ThreadWork } from '../runtime/work-slice.js';
import { openDgramListener } from './dgram-listener.js';
import type { FastLane } from './fast-lane.js';
import type { Listener, ListenOptions, PacketHandler } from './listener.js';
import { loadLibc } from './native/libc.js';
import { openNativeUdpListener } from './native/udp-listener.js';

export interface UdpListenOptions extends ListenOptions {
  /** `auto`, the default: batched system calls where Linux and koffi are there; false: node:dgram. */
  readonly native?: 'auto' | false;
  /** Offered each packet before the handler; not used with node:dgram. */
  readonly fastLane?: FastLane;
  /** What else the thread does; not used with node:dgram. */
  readonly thread?: ThreadWork | undefined;
  /** Told of each packet for which there was no room left; not used with node:dgram. */
  readonly onOverload?: () => void;
}

/** Whether replies can leave from the address that was asked on a wildcard address too: by the native listener. */
export function canReplyFromAsked(): boolean {
  return loadLibc() !== undefined;
}

/** Rejects with `ListenError`. */
export async function openUdpListener(options: UdpListenOptions, handler: PacketHandler): Promise<Listener> {
  const libc = options.native === false ? undefined : loadLibc();
  if (!libc) return openDgramListener(options, handler);
  return openNativeUdpListener(libc, options, handler);
}
