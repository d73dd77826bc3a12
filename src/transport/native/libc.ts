/**
 * The few calls of the C library that Node has no door for, through koffi.
 *
 * Linux only, and only when the optional package koffi is installed; everybody else asks `loadLibc()` and
 * takes another way when it gives undefined. Structures are laid out by hand in Buffers (see
 * socket-address.ts), because converting objects per call costs more than the call.
 *
 * A call gives -1 on failure; `errno()` must be read before the next call.
 */
import { type Koffi, loadKoffi } from '../../runtime/koffi.js';

type Octets = Uint8Array;

export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Octets, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Octets, length: Octets): number;
  bind(fd: number, address: Octets, length: number): number;
  connect(fd: number, address: Octets, length: number): number;
  getsockname(fd: number, address: Octets, length: Octets): number;
  send(fd: number, data: Octets, length: number, flags: number): number;
  recv(fd: number, data: Octets, length: number, flags: number): number;
  sendmmsg(fd: number, headers: Octets, count: number, flags: number): number;
  recvmmsg(fd: number, headers: Octets, count: number, flags: number, timeout: null): number;
  dup3(from: number, to: number, flags: number): number;
  close(fd: number): number;
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: Octets): number;
  epollWait(epoll: number, events: Octets, count: number, timeoutMs: number): number;
  errno(): number;
  /** Where a buffer's memory is. The buffer must stay referenced as long as the address is used. */
  addressOf(memory: Octets): bigint;
  /**
   * Calls `onReadable` on the event loop while `fd` has something to read.
   * Little may be done in it: see readiness.ts.
   */
  watch(fd: number, onReadable: () => void): Watch;
}

/** A descriptor on the event loop. It must stay referenced: when collected, it ends silently. */
export interface Watch {
  ref(): void;
  unref(): void;
  close(): void;
}

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 1;
export const EPOLL_CLOEXEC = 0o2000000;

export const EAGAIN = 11;

/** Names of the error numbers that are told apart, on Linux. */
const errnoNames = new Map<number, string>([
  [1, 'EPERM'],
  [11, 'EAGAIN'],
  [12, 'ENOMEM'],
  [13, 'EACCES'],
  [22, 'EINVAL'],
  [23, 'ENFILE'],
  [24, 'EMFILE'],
  [90, 'EMSGSIZE'],
  [97, 'EAFNOSUPPORT'],
  [98, 'EADDRINUSE'],
  [99, 'EADDRNOTAVAIL'],
  [100, 'ENETDOWN'],
  [101, 'ENETUNREACH'],
  [105, 'ENOBUFS'],
  [111, 'ECONNREFUSED'],
  [113, 'EHOSTUNREACH'],
]);

export function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `E${errno}`;
}

let loaded: Libc | undefined | null;

/** The library of this thread; undefined where it cannot be had. */
export function loadLibc(): Libc | undefined {
  if (loaded === undefined) loaded = open() ?? null;
  return loaded ?? undefined;
}

function open(): Libc | undefined {
  // Only where the numbers above hold: Linux on 64-bit little-endian machines.
  const ffi = loadKoffi();
  if (typeof ffi?.node?.poll !== 'function') return undefined;
  try {
    return bindings(ffi);
  } catch {
    return undefined;
  }
}

function bindings(ffi: Koffi): Libc {
  const c = ffi.load(null);
  return {
    socket: c.func('int socket(int, int, int)'),
    setsockopt: c.func('int setsockopt(int, int, int, const uint8_t *, uint32_t)'),
    getsockopt: c.func('int getsockopt(int, int, int, uint8_t *, uint8_t *)'),
    bind: c.func('int bind(int, const uint8_t *, uint32_t)'),
    connect: c.func('int connect(int, const uint8_t *, uint32_t)'),
    getsockname: c.func('int getsockname(int, uint8_t *, uint8_t *)'),
    send: c.func('intptr_t send(int, const uint8_t *, size_t, int)'),
    recv: c.func('intptr_t recv(int, uint8_t *, size_t, int)'),
    sendmmsg: c.func('int sendmmsg(int, uint8_t *, unsigned int, int)'),
    recvmmsg: c.func('int recvmmsg(int, uint8_t *, unsigned int, int, void *)'),
    dup3: c.func('int dup3(int, int, int)'),
    close: c.func('int close(int)'),
    epollCreate: c.func('int epoll_create1(int)'),
    epollControl: c.func('int epoll_ctl(int, int, int, uint8_t *)'),
    epollWait: c.func('int epoll_wait(int, uint8_t *, int, int)'),
    errno: () => ffi.errno(),
    addressOf: (memory) => ffi.address(memory),
    watch: (fd, onReadable) => ffi.node.poll(fd, onReadable),
  };
}
