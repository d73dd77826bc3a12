/** A packet as the batching listener offers it to the fast lane, in slots of shared buffers. */
import type { FastPacket } from '../../src/transport/fast-lane.js';
import { socketAddress } from '../../src/transport/socket-address.js';

const SLOT_OCTETS = 4096;

export class LanePacket implements FastPacket {
  readonly query = Buffer.alloc(2 * SLOT_OCTETS, 0xee);
  readonly response = Buffer.alloc(3 * SLOT_OCTETS, 0xdd);
  readonly client = Buffer.alloc(64);
  readonly start = SLOT_OCTETS;
  readonly responseStart = SLOT_OCTETS;
  responseCapacity = SLOT_OCTETS;
  readonly clientStart = 32;
  length = 0;
  batch = 0;

  put(packet: Uint8Array, clientAddress: string): this {
    this.query.fill(0xee).set(packet, this.start);
    this.length = packet.length;
    this.batch++;
    this.client.fill(0);
    socketAddress(clientAddress, 40_000)!.copy(this.client, this.clientStart);
    return this;
  }

  /** What the lane wrote when it returned `length`. */
  taken(length: number): Buffer {
    return Buffer.from(this.response.subarray(this.responseStart, this.responseStart + length));
  }

  /** Whether octets around the room for the response were touched. */
  get spilt(): boolean {
    const before = this.response.subarray(0, this.responseStart);
    const after = this.response.subarray(this.responseStart + this.responseCapacity);
    return !before.every((octet) => octet === 0xdd) || !after.every((octet) => octet === 0xdd);
  }
}
