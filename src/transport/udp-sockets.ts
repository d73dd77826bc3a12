/**
 * The contract for sockets that carry one outgoing UDP query each.
 *
 * Every query gets a socket of its own on a fresh random port (RFC 5452 9.2), connected, so that the kernel
 * drops what other addresses send and an ICMP error reaches only the query that caused it. The socket is
 * never used for a second query. dgram-sockets.ts implements it anywhere, native/sockets.ts on Linux at half
 * the cost; docs/decisions/002-upstream-sockets.md has the figures.
 */
import type { UpstreamFault } from '../runtime/trace.js';
import type { ServerEndpoint } from './upstream.js';

/** What one query's socket reports. Nothing is called after `SocketLease.close`. */
export interface UdpReceiver {
  /** A datagram from the server's address and port. The buffer is valid only during the call. */
  onPacket(packet: Buffer): void;
  /** The socket is of no more use. Called at most once; never during `send`. */
  onFault(fault: UpstreamFault): void;
}

/** One query's socket. */
export interface SocketLease {
  /** Closes the socket; calling it again does nothing. */
  close(): void;
}

export interface UdpSockets {
  /** Sends `query` from a fresh socket. Never throws for what the network or the system does. */
  send(endpoint: ServerEndpoint, query: Buffer, receiver: UdpReceiver): SocketLease;
  /** Frees what outlives single queries. The caller closes its leases first. */
  close(): void;
}

/** Ports to draw from: all that a process without privileges may bind. */
export const FIRST_PORT = 1024;
export const PORT_COUNT = 65536 - FIRST_PORT;
/** Draws before the choice is left to the kernel; with half of all ports taken 1 query in 256 gets there. */
export const PORT_DRAWS = 8;
