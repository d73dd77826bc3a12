/**
 * Memory for `recvmmsg` and `sendmmsg`: many packets per system call, nothing allocated per packet. Receiving is done
 * here, sending in send-batch.ts.
 *
 * Both batches lay out what Linux wants on 64-bit little-endian machines: `struct mmsghdr` (64 octets: name,
 * name length, iovec, control, flags, and the message's length), with the address and the control data of
 * each message in slots of their own. The control data say which local address a packet came to, which is
 * what makes the source of a reply right on a wildcard address (IP_PKTINFO, RFC 3542 6).
 * This file is written for speed: words are copied one by one because slices would allocate.
 */
import { AF_INET, type Libc, MSG_DONTWAIT, MSG_TRUNC } from './libc.js';

/** Messages per system call; the gain flattens out beyond. */
export const BATCH = 64;
/** Room for one received packet. Queries are far smaller; a longer one is cut and counts as refused. */
export const SLOT_OCTETS = 4096;

export const HEADER_OCTETS = 64;
export const HEADER_WORDS = HEADER_OCTETS / 4;
const NAME = 0;
const NAME_LENGTH = 2;
const VECTOR = 4;
const VECTOR_COUNT = 6;
const CONTROL = 8;
export const CONTROL_LENGTH = 10;
const FLAGS = 12;
const MESSAGE_LENGTH = 14;

/** Slots in octets and words: a sockaddr_in6 is 28; control data are 32 (IPv4) or 40 (IPv6), and 24 more to send. */
export const NAME_OCTETS = 32;
export const CONTROL_OCTETS = 64;
export const NAME_WORDS = NAME_OCTETS / 4;
export const CONTROL_WORDS = CONTROL_OCTETS / 4;
const VECTOR_OCTETS = 16;
export const VECTOR_WORDS = VECTOR_OCTETS / 4;
const IPV4_NAME_OCTETS = 16;
const IPV6_NAME_OCTETS = 28;
/** Words of a name that tell clients apart. */
export const nameWordsUsed = (family: number): number => (family === AF_INET ? 2 : IPV6_NAME_OCTETS / 4);

/** Memory that structures point into. */
export class Pointed {
  private readonly low: number;
  private readonly high: number;

  /** @param memory must stay referenced as long as the pointers are used */
  constructor(libc: Libc, memory: Buffer) {
    const address = libc.addressOf(memory);
    this.low = Number(address & 0xffffffffn);
    this.high = Number(address >> 32n);
  }

  /** Writes the address of the octet at `offset` to two words. */
  write(words: Uint32Array, at: number, offset: number): void {
    const low = this.low + offset;
    words[at] = low; // modulo 2^32
    words[at + 1] = low < 2 ** 32 ? this.high : this.high + 1;
  }
}

/** Headers, iovecs, names and control data of BATCH messages, as octets and as words: at first slot `i` of each belongs together. */
export class Headers {
  readonly octets = Buffer.alloc(BATCH * HEADER_OCTETS);
  readonly names = Buffer.alloc(BATCH * NAME_OCTETS);
  private readonly vectors = Buffer.alloc(BATCH * VECTOR_OCTETS);
  private readonly control = Buffer.alloc(BATCH * CONTROL_OCTETS);
  readonly words = wordsOf(this.octets);
  readonly vectorWords = wordsOf(this.vectors);
  readonly nameWords = wordsOf(this.names);
  readonly controlWords = wordsOf(this.control);
  private readonly pointedNames: Pointed;
  private readonly pointedVectors: Pointed;
  private readonly pointedControl: Pointed;

  constructor(libc: Libc, family: number) {
    this.pointedNames = new Pointed(libc, this.names);
    this.pointedVectors = new Pointed(libc, this.vectors);
    this.pointedControl = new Pointed(libc, this.control);
    for (let i = 0; i < BATCH; i++) {
      this.words[i * HEADER_WORDS + NAME_LENGTH] = family === AF_INET ? IPV4_NAME_OCTETS : IPV6_NAME_OCTETS;
      this.point(i, i, i, 1);
    }
  }

  /** Makes header `i` one message of `vectorCount` iovecs from `vector` on, with the name and control data of slot `slot`. */
  point(i: number, slot: number, vector: number, vectorCount: number): void {
    const at = i * HEADER_WORDS;
    this.pointedNames.write(this.words, at + NAME, slot * NAME_OCTETS);
    this.pointedVectors.write(this.words, at + VECTOR, vector * VECTOR_OCTETS);
    this.words[at + VECTOR_COUNT] = vectorCount;
    this.pointedControl.write(this.words, at + CONTROL, slot * CONTROL_OCTETS);
  }
}

function wordsOf(memory: Buffer): Uint32Array {
  return new Uint32Array(memory.buffer, memory.byteOffset, memory.length / 4);
}

export class ReceiveBatch {
  readonly memory = Buffer.alloc(BATCH * SLOT_OCTETS);
  private readonly headers: Headers;
  private readonly controlOctets: number;

  /** @param withControl ask for the local address of each packet; the socket option must be set too */
  constructor(
    private readonly libc: Libc,
    family: number,
    withControl: boolean,
  ) {
    this.headers = new Headers(libc, family);
    this.controlOctets = withControl ? CONTROL_OCTETS : 0;
    const memory = new Pointed(libc, this.memory);
    const { words, vectorWords } = this.headers;
    for (let i = 0; i < BATCH; i++) {
      memory.write(vectorWords, i * VECTOR_WORDS, i * SLOT_OCTETS);
      vectorWords[i * VECTOR_WORDS + 2] = SLOT_OCTETS;
      words[i * HEADER_WORDS + CONTROL_LENGTH] = this.controlOctets;
    }
  }

  /** Receives what is there, at most BATCH packets; 0 when nothing is. */
  receive(fd: number): number {
    const count = this.libc.recvmmsg(fd, this.headers.octets, BATCH, MSG_DONTWAIT, null);
    return Math.max(count, 0);
  }

  get names(): Buffer {
    return this.headers.names;
  }
  get nameWords(): Uint32Array {
    return this.headers.nameWords;
  }
  get controlWords(): Uint32Array {
    return this.headers.controlWords;
  }

  lengthOf(i: number): number {
    return this.headers.words[i * HEADER_WORDS + MESSAGE_LENGTH]!;
  }

  wasCut(i: number): boolean {
    return (this.headers.words[i * HEADER_WORDS + FLAGS]! & MSG_TRUNC) !== 0;
  }

  /** Octets of control data of packet `i`; read once, since it makes the slot ready for the next round. */
  takeControlLength(i: number): number {
    const at = i * HEADER_WORDS + CONTROL_LENGTH;
    const length = this.headers.words[at]!;
    this.headers.words[at] = this.controlOctets;
    return length;
  }
}
