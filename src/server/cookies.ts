/**
 * The server's side of DNS cookies: a MAC that only a client at its real address can send back.
 *
 * A client that asks with a cookie gets a server cookie; one that returns it has proven that it gets what is sent to
 * its address, so it is nobody's forged victim. The format is the interoperable one of RFC 9018 4, so several
 * servers with the same secret accept each other's cookies. No state is kept by client.
 *
 * Both ways of a query come here: the pipeline's stage with strings (`settle`), the fast lane with memory
 * (`setClient`, `settleAt`, `copyTo`), which makes nothing. What is looked at lies in one piece of scratch memory, in the order
 * in which the MAC takes it.
 * RFC 7873 5.2, RFC 9018 4 (times) and 5 (changing the secret).
 */
import type { Octets } from '../dns/name.js';
import { addressOctets } from '../runtime/networks.js';
import { sipHash24, wordsOf } from '../runtime/siphash.js';
import { CLIENT_COOKIE_OCTETS, type Cookie } from '../wire/options.js';

const SERVER_COOKIE_OCTETS = 16;
/** Octets of the option's data that go back. */
export const GIVEN_COOKIE_OCTETS = CLIENT_COOKIE_OCTETS + SERVER_COOKIE_OCTETS;
const VERSION = 1;
/** RFC 9018 4.3. */
const MAX_AGE_SEC = 3600;
const MAX_AHEAD_SEC = 300;
const RENEW_AFTER_SEC = 1800;

/** In the scratch memory: the client's part, version and reserved octets, time, address; then, not part of the MAC, the MAC. */
const HEAD_AT = CLIENT_COOKIE_OCTETS;
const TIME_AT = HEAD_AT + 4;
const ADDRESS_AT = HEAD_AT + 8;
const MAC_AT = ADDRESS_AT + 16;
const MAC_WORD = MAC_AT / 4;
const HEAD_WORD = HEAD_AT / 4;
const SCRATCH_OCTETS = MAC_AT + 8;

/** What a cookie is worth, and what goes back. */
export interface SettledCookie {
  /** The server's part was made here (or by a server with the same secret) for this client, not long ago. */
  readonly isGenuine: boolean;
  /** The option's data for the response: the client's part, and a server cookie that is good for a while. */
  readonly given: Octets;
}

export class ServerCookies {
  private readonly secrets: readonly [Int32Array, ...Int32Array[]];
  private readonly octets = Buffer.alloc(SCRATCH_OCTETS);
  private readonly words = new Int32Array(this.octets.buffer, this.octets.byteOffset, SCRATCH_OCTETS / 4);
  private readonly hash = new Int32Array(2);
  /** Octets that the MAC is made of. */
  private macInput = ADDRESS_AT;

  /** @param secrets 16 octets each; the first makes cookies, all of them are accepted */
  constructor([first, ...others]: readonly [Uint8Array, ...Uint8Array[]]) {
    this.secrets = [wordsOf(first), ...others.map(wordsOf)];
  }

  settle(cookie: Cookie, address: string, nowSec: number): SettledCookie {
    const octets = addressOctets(address.replace(/%.*$/, '')) ?? new Uint8Array(0);
    this.setClient(octets, 0, octets.length);
    const data = Buffer.from(cookie.client + cookie.server, 'latin1');
    const isGenuine = this.settleAt(data, 0, data.length, nowSec);
    const given = Buffer.allocUnsafe(GIVEN_COOKIE_OCTETS);
    this.copyTo(given, 0);
    return { isGenuine, given: given.latin1Slice() };
  }

  /** Whose cookie is settled next. @param length of the address: 4, 16, or 0 when it is not known */
  setClient(memory: Uint8Array, at: number, length: number): void {
    const skipped = length === 16 && isMapped(memory, at) ? 12 : 0;
    const { octets } = this;
    for (let i = skipped; i < length; i++) octets[ADDRESS_AT + i - skipped] = memory[at + i]!;
    this.macInput = ADDRESS_AT + length - skipped;
  }

  /**
   * Settles the data of a COOKIE option, of a length that is legal.
   * @returns whether it is genuine; `copyTo` then has what goes back
   */
  settleAt(memory: Uint8Array, at: number, length: number, nowSec: number): boolean {
    const { octets } = this;
    const isOurSize = length === GIVEN_COOKIE_OCTETS;
    const copied = isOurSize ? ADDRESS_AT : CLIENT_COOKIE_OCTETS;
    for (let i = 0; i < copied; i++) octets[i] = memory[at + i]!;
    const isGenuine =
      isOurSize && octets[HEAD_AT] === VERSION && this.isOurs(memory, at + ADDRESS_AT, nowSec);
    if (isGenuine && isFresh(this.ageSec(nowSec))) return true;
    this.make(nowSec);
    return isGenuine;
  }

  /** Writes what goes back, GIVEN_COOKIE_OCTETS. */
  copyTo(memory: Uint8Array, at: number): void {
    const { octets } = this;
    for (let i = 0; i < ADDRESS_AT; i++) memory[at + i] = octets[i]!;
    for (let i = 0; i < 8; i++) memory[at + ADDRESS_AT + i] = octets[MAC_AT + i]!;
  }

  /** Whether one of the secrets made the MAC at `macAt` of what is in the scratch memory. */
  private isOurs(memory: Uint8Array, macAt: number, nowSec: number): boolean {
    const age = this.ageSec(nowSec);
    if (age > MAX_AGE_SEC || age < -MAX_AHEAD_SEC) return false;
    const { octets, words, hash, secrets } = this;
    for (let i = 0; i < 8; i++) octets[MAC_AT + i] = memory[macAt + i]!;
    for (let i = 0; i < secrets.length; i++) {
      sipHash24(secrets[i]!, words, this.macInput, hash);
      if (((hash[0]! ^ words[MAC_WORD]!) | (hash[1]! ^ words[MAC_WORD + 1]!)) === 0) return true;
    }
    return false;
  }

  private make(nowSec: number): void {
    const { octets, words, hash } = this;
    words[HEAD_WORD] = 0;
    octets[HEAD_AT] = VERSION;
    octets[TIME_AT] = nowSec >>> 24;
    octets[TIME_AT + 1] = nowSec >>> 16;
    octets[TIME_AT + 2] = nowSec >>> 8;
    octets[TIME_AT + 3] = nowSec;
    sipHash24(this.secrets[0], words, this.macInput, hash);
    words[MAC_WORD] = hash[0]!;
    words[MAC_WORD + 1] = hash[1]!;
  }

  /** Seconds since the server cookie in the scratch memory was made, in the serial arithmetic of 32 bits. */
  private ageSec(nowSec: number): number {
    const { octets } = this;
    const made =
      (octets[TIME_AT]! << 24) |
      (octets[TIME_AT + 1]! << 16) |
      (octets[TIME_AT + 2]! << 8) |
      octets[TIME_AT + 3]!;
    return (nowSec - made) | 0;
  }
}

function isFresh(ageSec: number): boolean {
  return ageSec >= 0 && ageSec <= RENEW_AFTER_SEC;
}

/** Whether 16 octets are an IPv4-mapped address: a client is the same by either. */
function isMapped(memory: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (memory[at + i] !== 0) return false;
  return memory[at + 10] === 255 && memory[at + 11] === 255;
}
