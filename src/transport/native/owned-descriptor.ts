/**
 * Makes Node the owner of a descriptor that koffi opened, so that it is closed when its thread dies.
 *
 * A worker that crashes or is terminated must not leave its socket open: with SO_REUSEPORT the kernel would
 * go on sending it a share of the clients. Node closes what its handles own and knows nothing of plain
 * descriptors; the only handle that takes a UDP descriptor is a dgram socket, but that one would also read
 * the packets. So a dgram socket adopts an unbound placeholder, and once the event loop watches that, the
 * real socket takes over the placeholder's number (`dup3`): the kernel forgets the watch with the placeholder,
 * and closing the dgram socket closes the real one. Whoever uses the descriptor watches it through an epoll
 * descriptor of its own (readiness.ts).
 */
import { createSocket } from 'node:dgram';
import { AF_INET, type Libc, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from './libc.js';

export interface OwnedDescriptor {
  readonly fd: number;
  close(): Promise<void>;
}

/** Takes over `fd`, which must not be used any more after; undefined, with `fd` untouched, when it cannot. */
export async function ownDescriptor(libc: Libc, fd: number): Promise<OwnedDescriptor | undefined> {
  const placeholder = libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (placeholder < 0) return undefined;
  const owner = createSocket('udp4');
  const adopted = await new Promise<boolean>((resolve) => {
    owner.once('error', () => resolve(false));
    owner.bind({ fd: placeholder }, () => resolve(true));
  });
  // libuv registers new watches when it next polls, and must have done so before the number changes hands.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  if (!adopted || libc.dup3(fd, placeholder, SOCK_CLOEXEC) < 0) {
    owner.close();
    return undefined;
  }
  libc.close(fd);
  return { fd: placeholder, close: () => new Promise((resolve) => owner.close(() => resolve())) };
}
