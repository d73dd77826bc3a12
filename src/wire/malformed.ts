/**
 * What the readers of this folder throw among themselves when a packet is broken.
 *
 * Not an Error on purpose: capturing a stack costs more than decoding the packet, and broken packets are what
 * an attacker sends. It never leaves `wire/`: every exported reader turns it into a value.
 */
export class Malformed {
  constructor(
    readonly reason: string,
    /** Octet of the message at which it was noticed. */
    readonly offset: number,
  ) {}
}
