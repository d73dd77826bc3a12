/**
 * The OPT of a query in the fast lane, and the one that goes back: what opt.ts is to the pipeline.
 *
 * It knows an OPT of version 0 without options at the end of the packet; any other is for the pipeline. One object serves all
 * packets, so nothing is made.
 * RFC 6891 6.1.
 */
import { RRType } from '../dns/registry.js';
import { OPT_FIXED_OCTETS } from '../wire/opt.js';

const MIN_UDP_OCTETS = 512;
const DO_BIT = 0x80;

/** Without an OPT. */
export const NO_OPT = 0;

export class LaneOpt {
  /** Of the query last read: what its client takes, as image.ts has it. */
  limitOctets = MIN_UDP_OCTETS;
  dnssecOk = false;

  constructor(private readonly maxUdpOctets: number) {}

  /**
   * Reads what follows the question.
   * @param expected 0 or 1: the records that the header announces
   * @returns the octets of our OPT, or -1 for what the lane does not take
   */
  read(query: Buffer, at: number, end: number, expected: number): number {
    this.limitOctets = MIN_UDP_OCTETS;
    this.dnssecOk = false;
    if (expected === 0) return at === end ? NO_OPT : -1;
    const plain =
      at + OPT_FIXED_OCTETS === end &&
      query[at] === 0 &&
      query[at + 1] === 0 &&
      query[at + 2] === RRType.OPT &&
      query[at + 5] === 0 && // upper RCODE
      query[at + 6] === 0 && // version
      query[at + 9] === 0 && // RDLENGTH
      query[at + 10] === 0;
    if (!plain) return -1;
    const udpSize = (query[at + 3]! << 8) | query[at + 4]!;
    this.limitOctets = Math.max(MIN_UDP_OCTETS, Math.min(udpSize, this.maxUdpOctets));
    this.dnssecOk = (query[at + 7]! & DO_BIT) !== 0;
    return OPT_FIXED_OCTETS;
  }

  /** Writes our OPT behind a response. */
  write(response: Buffer, at: number): void {
    const { maxUdpOctets } = this;
    response[at] = 0;
    response[at + 1] = 0;
    response[at + 2] = RRType.OPT;
    response[at + 3] = maxUdpOctets >> 8;
    response[at + 4] = maxUdpOctets;
    response[at + 5] = 0;
    response[at + 6] = 0;
    response[at + 7] = this.dnssecOk ? DO_BIT : 0;
    response[at + 8] = 0;
    response[at + 9] = 0;
    response[at + 10] = 0;
  }
}
