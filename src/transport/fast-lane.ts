/**
 * The contract of the fast lane: answers that need no objects.
 *
 * The batching UDP listener offers each packet here before it makes anything for the handler. The hook reads
 * the query from one shared buffer and writes the response into another; nothing is allocated per packet.
 * The listener on node:dgram has no fast lane, so a hook may only answer what the handler would answer the
 * same way.
 */

/** One packet in shared memory. The object is reused: take what is needed during the call and keep nothing. */
export interface FastPacket {
  /** Holds the query at `start` for `length` octets. Read only. */
  readonly query: Buffer;
  readonly start: number;
  readonly length: number;
  /** Another number for each batch of packets of this thread, so that the clock need not be asked for each packet. */
  readonly batch: number;
  /**
   * Takes the response at `responseStart`; at most `responseCapacity` octets may be written. It holds what is
   * left of responses to others, so each octet that is returned must have been written.
   */
  readonly response: Buffer;
  readonly responseStart: number;
  readonly responseCapacity: number;
  /**
   * The client's `sockaddr_in` or `sockaddr_in6` at `clientStart`: the family in the first octet (2 or 10),
   * the port at +2, the IPv4 address at +4 or the IPv6 address at +8.
   */
  readonly client: Buffer;
  readonly clientStart: number;
}

/** The packet goes to the handler. */
export const NOT_TAKEN = 0;
/** The packet is done with and gets no response. */
export const DROPPED = -1;

/** Returns the octets of the response, NOT_TAKEN or DROPPED. Must not throw; if it does, the packet is lost. */
export type FastLane = (packet: FastPacket) => number;
