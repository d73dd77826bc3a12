/**
 * One-query UDP sockets made with plain system calls: Linux with koffi.
 *
 * The same as dgram-sockets.ts at about half the cost, since no handle objects are made: all sockets are
 * watched through one epoll descriptor. Who draws the port is a choice:
 *
 * - `own`: each query opens a socket and binds it to a port drawn from all 64512 that may be had without
 *   privileges.
 * - `kernel`: the kernel draws from its ephemeral range (28232 ports unless ip_local_port_range says more)
 *   with its own generator. Dissolving a socket's association then frees its port, and associating it again
 *   draws a new one, so that sockets can be kept: no opening and closing, which is most of the cost.
 * - `auto` (the default): `kernel` where the administrator has opened nearly all ports to it, so that a
 *   guesser has as much to guess; else `own`.
 *
 * A kept socket is known to be empty before it carries the next query, because what a former server sent could
 * otherwise be taken for a packet of the next one without any port guessed: it rests until epoll, asked after its
 * association was dissolved, has nothing to say of it.
 *
 * Queries of one turn of the loop leave together at its end: the server that the first one wakes is still awake for
 * the others, and waking it is much of what a query costs.
 * docs/decisions/002-upstream-sockets.md has the figures.
 * Limitations: sockets of queries under way stay open when their thread is terminated.
 */
import { readFileSync } from 'node:fs';
import type { Random } from '../../runtime/random.js';
import { ThreadWork, type WorkSlice } from '../../runtime/work-slice.js';
import { SOCKADDR_IN_OCTETS, SOCKADDR_IN6_OCTETS, setPort, socketAddress } from '../socket-address.js';
import { faultOfErrorCode } from '../socket-fault.js';
import {
  FIRST_PORT,
  PORT_COUNT,
  PORT_DRAWS,
  type SocketLease,
  type UdpReceiver,
  type UdpSockets,
} from '../udp-sockets.js';
import type { ServerEndpoint } from '../upstream.js';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  EAGAIN,
  errnoName,
  type Libc,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from './libc.js';
import { MAX_EVENTS, Readiness } from './readiness.js';

export interface NativeSocketsOptions {
  readonly ports?: 'own' | 'kernel' | 'auto';
  /** What else the thread does. */
  readonly thread?: ThreadWork | undefined;
}

/** What `auto` asks of the kernel's range: at most 0.1 bit less than all ports. */
const WIDE_RANGE = 60_000;

/** True when `range`, as ip_local_port_range gives it (`32768\t60999`), is nearly all ports. */
export function isWideRange(range: string): boolean {
  const [first = Number.NaN, last = Number.NaN] = range.trim().split(/\s+/).map(Number);
  return last - first + 1 >= WIDE_RANGE;
}

function kernelDrawsWidely(): boolean {
  try {
    return isWideRange(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1'));
  } catch {
    return false;
  }
}

/** Unused sockets kept per family, in `kernel` mode. */
const MAX_KEPT = 1024;
/** Server addresses whose binary form is remembered. */
const MAX_REMEMBERED = 4096;
/** Packets taken from one socket per turn of the loop; a flood on one must not hold up the others. */
const MAX_PACKETS = 16;
/** Sockets that rest before one is emptied by hand and used at once. */
const MAX_RESTING = 256;
/** Leftovers dropped from a kept socket before it is given up. */
const MAX_STALE = 1024;
const MAX_PACKET_OCTETS = 65535;

/** One family's constants and kept sockets. */
class Family {
  /** Sockets known to be empty, and those let go of since epoll was asked last. */
  readonly kept: number[] = [];
  readonly resting: number[] = [];
  /** The wildcard address, to bind to; its port is set before each use. */
  readonly any: Buffer;

  constructor(readonly number: number) {
    this.any = Buffer.alloc(number === AF_INET ? SOCKADDR_IN_OCTETS : SOCKADDR_IN6_OCTETS);
    this.any.writeUInt16LE(number, 0);
  }
}

class Lease implements SocketLease {
  closed = false;

  constructor(
    private readonly owner: NativeSockets,
    readonly fd: number,
    readonly family: Family,
    readonly address: Buffer,
    readonly port: number,
    readonly query: Buffer,
    readonly receiver: UdpReceiver,
  ) {}

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.owner.release(this);
  }
}

export class NativeSockets implements UdpSockets {
  private readonly readiness: Readiness;
  /** By descriptor, which are small numbers; not a Map, see docs/decisions/005-miss-path.md. */
  private readonly leases: (Lease | undefined)[] = [];
  private leased = 0;
  private readonly remembered = new Map<string, Buffer>();
  private readonly ipv4 = new Family(AF_INET);
  private readonly ipv6 = new Family(AF_INET6);
  private readonly buffer = Buffer.alloc(MAX_PACKET_OCTETS);
  private readonly unspecified = Buffer.alloc(SOCKADDR_IN_OCTETS);
  private readonly keep: boolean;
  /** Leases whose query leaves at the end of this turn. */
  private waiting: Lease[] = [];
  private closed = false;
  private readonly work: WorkSlice;
  /** Leases that epoll told of last, and how many of them had their turn. */
  private ready: Lease[] = [];
  private servedTo = 0;

  constructor(
    private readonly libc: Libc,
    private readonly random: Random,
    options: NativeSocketsOptions = {},
  ) {
    const ports = options.ports ?? 'auto';
    this.keep = ports === 'kernel' || (ports === 'auto' && kernelDrawsWidely());
    this.work = (options.thread ?? new ThreadWork()).responses;
    this.unspecified.writeUInt16LE(AF_UNSPEC, 0);
    this.readiness = new Readiness(libc, () => this.serve());
    this.readiness.keepAlive(false);
  }

  send(endpoint: ServerEndpoint, query: Buffer, receiver: UdpReceiver): SocketLease {
    const validPort = endpoint.port > 0 && endpoint.port < 65536;
    const address = validPort ? this.addressOf(endpoint) : undefined;
    if (!address || this.closed) return failing(receiver, 'EINVAL');
    const family = address.length === SOCKADDR_IN_OCTETS ? this.ipv4 : this.ipv6;
    const fd = this.open(family);
    if (fd < 0) return failing(receiver, errnoName(this.libc.errno()));
    const lease = new Lease(this, fd, family, address, endpoint.port, query, receiver);
    if (this.leased++ === 0) this.readiness.keepAlive(true);
    while (this.leases.length < fd) this.leases.push(undefined);
    this.leases[fd] = lease;
    if (this.waiting.push(lease) === 1) process.nextTick(this.sendWaiting);
    return lease;
  }

  private readonly sendWaiting = (): void => {
    const { waiting } = this;
    this.waiting = [];
    for (const lease of waiting) {
      if (!lease.closed && !this.transmit(lease)) this.refuse(lease, errnoName(this.libc.errno()));
    }
  };

  private transmit({ fd, address, port, query }: Lease): boolean {
    const { libc } = this;
    setPort(address, port); // the address is shared by all queries to it
    return (
      libc.connect(fd, address, address.length) === 0 && libc.send(fd, query, query.length, MSG_DONTWAIT) >= 0
    );
  }

  private refuse(lease: Lease, code: string): void {
    lease.closed = true;
    this.forget(lease);
    this.libc.close(lease.fd);
    lease.receiver.onFault(faultOfErrorCode(code));
  }

  private addressOf({ address, port }: ServerEndpoint): Buffer | undefined {
    let known = this.remembered.get(address);
    if (known === undefined) {
      known = socketAddress(address, port);
      if (known === undefined) return undefined;
      if (this.remembered.size >= MAX_REMEMBERED) this.remembered.clear();
      this.remembered.set(address, known);
    }
    return known;
  }

  /** A watched socket without association; -1 with errno when there is none. */
  private open(family: Family): number {
    const { libc } = this;
    const { kept, resting } = family;
    if (kept.length > 0) return kept.pop()!;
    while (resting.length >= MAX_RESTING) {
      const rested = resting.pop()!;
      if (this.empty(rested)) return rested;
      libc.close(rested);
    }
    const fd = libc.socket(family.number, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    if (!this.keep && !this.bindAtRandom(fd, family)) {
      libc.close(fd);
      return -1;
    }
    if (this.readiness.add(fd)) return fd;
    libc.close(fd);
    return -1;
  }

  private bindAtRandom(fd: number, { any }: Family): boolean {
    for (let draw = 0; draw < PORT_DRAWS; draw++) {
      setPort(any, FIRST_PORT + this.random.below(PORT_COUNT));
      if (this.libc.bind(fd, any, any.length) === 0) return true;
    }
    setPort(any, 0);
    return this.libc.bind(fd, any, any.length) === 0;
  }

  /** Drops packets and errors that came for a former query; false when they do not end. */
  private empty(fd: number): boolean {
    const { libc, buffer } = this;
    for (let i = 0; i < MAX_STALE; i++) {
      if (libc.recv(fd, buffer, 1, MSG_DONTWAIT) < 0 && libc.errno() === EAGAIN) return true;
    }
    return false;
  }

  release(lease: Lease): void {
    const { fd, family } = lease;
    this.forget(lease);
    const { libc, unspecified } = this;
    const kept =
      this.keep &&
      !this.closed &&
      family.kept.length + family.resting.length < MAX_KEPT &&
      libc.connect(fd, unspecified, unspecified.length) === 0;
    if (kept) family.resting.push(fd);
    else libc.close(fd);
  }

  private forget({ fd }: Lease): void {
    this.leases[fd] = undefined;
    if (--this.leased === 0) this.readiness.keepAlive(false);
  }

  /** Hands over what has come, as much as fits into a slice of the thread's time. */
  private serve(): void {
    if (this.servedTo === this.ready.length) this.pollReady();
    const { work, ready } = this;
    work.open();
    const from = this.servedTo;
    const to = Math.min(ready.length, from + work.room);
    work.begin();
    while (this.servedTo < to) this.receive(ready[this.servedTo++]!);
    work.end(to - from);
    const left = this.closed ? 0 : ready.length - this.servedTo;
    work.close(left);
    if (left > 0) this.readiness.again();
  }

  private pollReady(): void {
    const count = this.readiness.poll();
    // Read them all first: a callback may close a descriptor and another socket may get its number.
    this.ready = [];
    this.servedTo = 0;
    for (let i = 0; i < count; i++) {
      const fd = this.readiness.readable(i);
      const lease = this.leases[fd];
      if (lease) this.ready.push(lease);
      else this.clean(fd);
    }
    if (count >= 0 && count < MAX_EVENTS) this.rested();
  }

  /** A resting socket with what came before it was dissolved, or an error: neither may wait for the next query. */
  private clean(fd: number): void {
    if (this.empty(fd)) return;
    for (const { kept, resting } of [this.ipv4, this.ipv6]) {
      for (const list of [kept, resting]) if (list.includes(fd)) list.splice(list.indexOf(fd), 1);
    }
    this.libc.close(fd);
  }

  /** The sockets that rest are empty: epoll has told of all that were not. */
  private rested(): void {
    for (const { kept, resting } of [this.ipv4, this.ipv6]) {
      for (const fd of resting) kept.push(fd);
      resting.length = 0;
    }
  }

  private receive(lease: Lease): void {
    for (let i = 0; i < MAX_PACKETS && !lease.closed; i++) {
      const length = this.libc.recv(lease.fd, this.buffer, MAX_PACKET_OCTETS, MSG_DONTWAIT);
      if (length >= 0) {
        lease.receiver.onPacket(this.buffer.subarray(0, length));
        continue;
      }
      const errno = this.libc.errno();
      if (errno !== EAGAIN) lease.receiver.onFault(faultOfErrorCode(errnoName(errno)));
      return;
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.work.close(0);
    for (const lease of this.leases) lease?.close();
    for (const { kept, resting } of [this.ipv4, this.ipv6]) {
      for (const fd of [...kept, ...resting]) this.libc.close(fd);
    }
    this.readiness.close();
  }
}

/** A lease on nothing, whose receiver soon hears why. */
function failing(receiver: UdpReceiver, code: string): SocketLease {
  let closed = false;
  process.nextTick(() => {
    if (!closed) receiver.onFault(faultOfErrorCode(code));
  });
  return {
    close() {
      closed = true;
    },
  };
}
