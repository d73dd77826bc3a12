/**
 * Tells when descriptors that Node does not know have something to read.
 *
 * One epoll descriptor stands for all of them, and libuv watches that one, through koffi. Adding a descriptor
 * is one system call; a closed one leaves by itself.
 */
import { isMainThread } from 'node:worker_threads';
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLLIN,
  type Libc,
  loadLibc,
  SOCK_CLOEXEC,
  type Watch,
} from './libc.js';

const EVENT_OCTETS = process.arch === 'x64' ? 12 : 16; // packed on x86-64 only
const DATA_AT = EVENT_OCTETS - 8;
/** Descriptors that `poll` tells of at most. */
export const MAX_EVENTS = 256;

/** Watches that live, since a collected one ends silently. */
const live = new Set<Readiness>();

/** Descriptors watched by this thread, where others can see them; the rest are 0. */
let published = new Int32Array(new SharedArrayBuffer(4));

/**
 * koffi calls back outside of Node's callback scope, and aborts the whole process when the thread cannot run
 * JavaScript any more. So its callback only notes the wake; the work is done in an immediate, later on the same turn
 * of the loop. A thread that ends by an exception or by `process.exit` closes its watches here first; whoever ends one
 * from outside must silence them before (`silenceWatches`).
 */
if (!isMainThread) {
  process.once('exit', () => {
    for (const readiness of live) readiness.close();
  });
}

/** Keeps the list of this thread's watches in shared memory from now on, for `silenceWatches`. */
export function publishWatches(memory: SharedArrayBuffer): void {
  published = new Int32Array(memory);
  for (const readiness of live) readiness.publish();
}

/**
 * Makes the watches of another thread, which is stuck, never fire again, so that it can be terminated.
 *
 * The numbers of their descriptors get to mean something that never becomes readable. Only for a thread that does
 * nothing any more: one that closes a descriptor meanwhile may see its number in other hands.
 * Limitations: a wake that the loop has taken already cannot be taken back. A thread that is stuck in the callback of
 * another handle, as of a TCP socket, while packets wait ends with the whole process all the same.
 * @param memory that the thread gave to `publishWatches`
 * @returns what closes the descriptors; call it when the thread has ended
 */
export function silenceWatches(memory: SharedArrayBuffer): () => void {
  const libc = loadLibc();
  const descriptors = [...new Int32Array(memory)].filter((fd) => fd !== 0);
  if (!libc || descriptors.length === 0) return () => {};
  const mute = libc.epollCreate(EPOLL_CLOEXEC);
  if (mute < 0) return () => {};
  for (const fd of descriptors) libc.dup3(mute, fd, SOCK_CLOEXEC);
  libc.close(mute);
  return () => {
    for (const fd of descriptors) libc.close(fd);
  };
}

export class Readiness {
  private readonly epoll: number;
  private readonly watch: Watch;
  private due = false;
  private readonly event = Buffer.alloc(EVENT_OCTETS);
  private readonly events = Buffer.alloc(EVENT_OCTETS * MAX_EVENTS);

  /**
   * @param onReadable called on each turn of the loop while any of the descriptors can be read
   * @throws when the system has no descriptors left
   */
  constructor(
    private readonly libc: Libc,
    private readonly onReadable: () => void,
  ) {
    this.epoll = libc.epollCreate(EPOLL_CLOEXEC);
    if (this.epoll < 0) throw new Error('epoll_create1 failed');
    this.watch = libc.watch(this.epoll, () => this.again());
    live.add(this);
    this.publish();
  }

  /** Calls `onReadable` on the next turn of the loop, whatever can be read: more is left to do. */
  again(): void {
    if (this.due) return;
    this.due = true;
    setImmediate(this.run);
  }

  private readonly run = (): void => {
    this.due = false;
    if (live.has(this)) this.onReadable();
  };

  /** Puts its descriptor on the list of this thread's. */
  publish(): void {
    const free = published.indexOf(0);
    if (free >= 0) Atomics.store(published, free, this.epoll);
  }

  /** False when the system refuses, or after close. A descriptor leaves when it is closed. */
  add(fd: number): boolean {
    if (!live.has(this)) return false;
    this.event.writeUInt32LE(EPOLLIN, 0);
    this.event.writeInt32LE(fd, DATA_AT);
    return this.libc.epollControl(this.epoll, EPOLL_CTL_ADD, fd, this.event) === 0;
  }

  /** Asks which descriptors can be read; their number, at most MAX_EVENTS. */
  poll(): number {
    if (!live.has(this)) return 0;
    return this.libc.epollWait(this.epoll, this.events, MAX_EVENTS, 0);
  }

  /** The `i`th of the last `poll`. */
  readable(i: number): number {
    return this.events.readInt32LE(i * EVENT_OCTETS + DATA_AT);
  }

  /** Whether it keeps the process alive. It does so at first. */
  keepAlive(yes: boolean): void {
    if (!live.has(this)) return; // koffi does not survive it
    if (yes) this.watch.ref();
    else this.watch.unref();
  }

  close(): void {
    if (!live.delete(this)) return;
    const at = published.indexOf(this.epoll);
    if (at >= 0) Atomics.store(published, at, 0);
    this.watch.close();
    this.libc.close(this.epoll);
  }
}
