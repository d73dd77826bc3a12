/**
 * Tells when descriptors that Node does not know have something to read.
 *
 * One epoll descriptor stands for all of them, and libuv watches that one, through koffi. Adding a descriptor
 * is one system call; a closed one leaves by itself.
 */
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLLIN, type Libc, type Watch } from './libc.js';

const EVENT_OCTETS = process.arch === 'x64' ? 12 : 16; // packed on x86-64 only
const DATA_AT = EVENT_OCTETS - 8;
const MAX_EVENTS = 64;

const nothing = () => {};

/**
 * koffi calls back outside of Node's callback scope: an exception would be lost, and promise callbacks wait
 * for whatever the loop does next (seen on Node 26, not on 20). An immediate, later on the same turn of the
 * loop, has such a scope.
 */
function runOutsideScope(onReadable: () => boolean): void {
  try {
    if (onReadable()) setImmediate(nothing);
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}

/** Watches that live, since a collected one ends silently. */
const live = new Set<Readiness>();

export class Readiness {
  private readonly epoll: number;
  private readonly watch: Watch;
  private readonly event = Buffer.alloc(EVENT_OCTETS);
  private readonly events = Buffer.alloc(EVENT_OCTETS * MAX_EVENTS);

  /**
   * @param onReadable called on each turn of the loop while any of the descriptors can be read; returns true
   *   when it may have caused promise callbacks or ticks
   * @throws when the system has no descriptors left
   */
  constructor(
    private readonly libc: Libc,
    onReadable: () => boolean,
  ) {
    this.epoll = libc.epollCreate(EPOLL_CLOEXEC);
    if (this.epoll < 0) throw new Error('epoll_create1 failed');
    this.watch = libc.watch(this.epoll, () => runOutsideScope(onReadable));
    live.add(this);
  }

  /** False when the system refuses. A descriptor leaves when it is closed. */
  add(fd: number): boolean {
    this.event.writeUInt32LE(EPOLLIN, 0);
    this.event.writeInt32LE(fd, DATA_AT);
    return this.libc.epollControl(this.epoll, EPOLL_CTL_ADD, fd, this.event) === 0;
  }

  /** Asks which descriptors can be read; their number, at most 64. */
  poll(): number {
    return this.libc.epollWait(this.epoll, this.events, MAX_EVENTS, 0);
  }

  /** The `i`th of the last `poll`. */
  readable(i: number): number {
    return this.events.readInt32LE(i * EVENT_OCTETS + DATA_AT);
  }

  /** Whether it keeps the process alive. It does so at first. */
  keepAlive(yes: boolean): void {
    if (yes) this.watch.ref();
    else this.watch.unref();
  }

  close(): void {
    if (!live.delete(this)) return;
    this.watch.close();
    this.libc.close(this.epoll);
  }
}
