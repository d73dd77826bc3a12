/**
 * The OPT of a query in the fast lane, and the one that goes back: what opt.ts is to the pipeline.
 *
 * It knows an OPT of version 0 at the end of the packet, with one option at most, a DNS cookie of legal length. Any other is
 * for the pipeline. One object serves all packets, so nothing is made.
 *
 * A server cookie that is too old or none of ours does not matter here: who asks a question is answered, and given a good one,
 * as by stages/cookie.ts. Who asks none never comes here.
 * RFC 6891 6.1, RFC 7873 5.2.
 */
import { EdnsOption, RRType } from '../dns/registry.js';
import type { FastPacket } from '../transport/fast-lane.js';
import { OPT_FIXED_OCTETS } from '../wire/opt.js';
import { isCookieLength } from '../wire/options.js';
import { AF_INET, IPV4_AT, IPV6_AT } from './client-networks.js';
import { GIVEN_COOKIE_OCTETS, type ServerCookies } from './cookies.js';

const MIN_UDP_OCTETS = 512;
const DO_BIT = 0x80;
/** Code and length of an option. */
const OPTION_HEAD_OCTETS = 4;
const COOKIE_OPTION_OCTETS = OPTION_HEAD_OCTETS + GIVEN_COOKIE_OCTETS;

/** Without an OPT. */
export const NO_OPT = 0;

export class LaneOpt {
  /** Of the query last read: what its client takes, as image.ts has it. */
  limitOctets = MIN_UDP_OCTETS;
  dnssecOk = false;
  /** The data of its COOKIE option; of length 0 when none goes back. */
  private cookieAt = 0;
  private cookieOctets = 0;

  /** @param cookies undefined: that option is ignored */
  constructor(
    private readonly maxUdpOctets: number,
    private readonly cookies: ServerCookies | undefined,
  ) {}

  /**
   * Reads what follows the question.
   * @param expected 0 or 1: the records that the header announces
   * @returns the octets of our OPT, or -1 for what the lane does not take
   */
  read(query: Buffer, at: number, end: number, expected: number): number {
    this.limitOctets = MIN_UDP_OCTETS;
    this.dnssecOk = false;
    this.cookieOctets = 0;
    if (expected === 0) return at === end ? NO_OPT : -1;
    const dataAt = at + OPT_FIXED_OCTETS;
    const plain =
      dataAt <= end &&
      query[at] === 0 &&
      query[at + 1] === 0 &&
      query[at + 2] === RRType.OPT &&
      query[at + 5] === 0 && // upper RCODE
      query[at + 6] === 0 && // version
      ((query[at + 9]! << 8) | query[at + 10]!) === end - dataAt;
    if (!plain) return -1;
    const udpSize = (query[at + 3]! << 8) | query[at + 4]!;
    this.limitOctets = Math.max(MIN_UDP_OCTETS, Math.min(udpSize, this.maxUdpOctets));
    this.dnssecOk = (query[at + 7]! & DO_BIT) !== 0;
    return dataAt === end ? OPT_FIXED_OCTETS : this.readCookie(query, dataAt, end);
  }

  /** Reads the options, which must be a cookie alone. Returns as `read`. */
  private readCookie(query: Buffer, at: number, end: number): number {
    const octets = end - at - OPTION_HEAD_OCTETS;
    const plain =
      isCookieLength(octets) &&
      query[at] === 0 &&
      query[at + 1] === EdnsOption.COOKIE &&
      query[at + 2] === 0 &&
      query[at + 3] === octets;
    if (!plain) return -1;
    if (this.cookies === undefined) return OPT_FIXED_OCTETS;
    this.cookieAt = at + OPTION_HEAD_OCTETS;
    this.cookieOctets = octets;
    return OPT_FIXED_OCTETS + COOKIE_OPTION_OCTETS;
  }

  /** Writes the OPT that goes back to the query last read, behind its response; a cookie has yet to follow. */
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

  /** Writes the cookie that goes back into the OPT at `at`. Only for a query whose OPT was not of OPT_FIXED_OCTETS. */
  writeCookie(packet: FastPacket, at: number, nowSec: number): void {
    const { query, response, client, clientStart } = packet;
    const cookies = this.cookies!;
    if (client[clientStart] === AF_INET) cookies.setClient(client, clientStart + IPV4_AT, 4);
    else cookies.setClient(client, clientStart + IPV6_AT, 16);
    cookies.settleAt(query, this.cookieAt, this.cookieOctets, nowSec);
    const optionAt = at + OPT_FIXED_OCTETS;
    response[at + 10] = COOKIE_OPTION_OCTETS;
    response[optionAt] = 0;
    response[optionAt + 1] = EdnsOption.COOKIE;
    response[optionAt + 2] = 0;
    response[optionAt + 3] = GIVEN_COOKIE_OCTETS;
    cookies.copyTo(response, optionAt + OPTION_HEAD_OCTETS);
  }
}
