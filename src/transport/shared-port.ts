/**
 * Several threads on one address and port (SO_REUSEPORT): the kernel spreads packets and connections.
 *
 * Node can ask for it since 22.12 and 23.1. On an older Node, on Linux with koffi, the descriptor is made
 * here and handed to Node; elsewhere it is an error that says so, and one worker is what is left.
 */
import { isIP } from 'node:net';
import { ListenError } from './listener.js';
import {
  AF_INET,
  AF_INET6,
  errnoName,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  type Libc,
  loadLibc,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from './native/libc.js';
import { socketAddress } from './socket-address.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** True when node:dgram and node:net take `reusePort` themselves on this system. */
export const nodeSharesPorts =
  process.platform === 'linux' &&
  (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));

const ONE = new Uint8Array([1, 0, 0, 0]);

/** A bound descriptor whose port others may share; throws `ListenError`. */
export function openSharedDescriptor(transport: 'udp' | 'tcp', address: string, port: number): number {
  const libc = loadLibc();
  if (!libc) throw new ListenError('ENOTSUP', transport, address, port);
  return openDescriptor(libc, transport, address, port, true);
}

/** A bound, non-blocking descriptor; throws `ListenError`. */
export function openDescriptor(
  libc: Libc,
  transport: 'udp' | 'tcp',
  address: string,
  port: number,
  reusePort: boolean,
): number {
  const fail = (code: string): never => {
    throw new ListenError(code, transport, address, port);
  };
  const sockaddr = socketAddress(address, port);
  if (!sockaddr) return fail('EINVAL');
  const v6 = isIP(address) === 6;
  const type = transport === 'udp' ? SOCK_DGRAM : SOCK_STREAM;
  const fd = libc.socket(v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(errnoName(libc.errno()));
  const ok =
    (!v6 || libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ONE, 4) === 0) &&
    (transport === 'udp' || libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ONE, 4) === 0) &&
    (!reusePort || libc.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, ONE, 4) === 0) &&
    libc.bind(fd, sockaddr, sockaddr.length) === 0;
  if (ok) return fd;
  const code = errnoName(libc.errno());
  libc.close(fd);
  return fail(code);
}

/** Whether several threads can listen on one address here. */
export function canSharePorts(): boolean {
  return nodeSharesPorts || loadLibc() !== undefined;
}
