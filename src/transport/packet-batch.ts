/**
 * Memory for `recvmmsg` and `sendmmsg`: many packets per system call, nothing allocated per packet.
 *
 * Both batches lay out what Linux wants on 64-bit little-endian machines: `struct mmsghdr` (64 octets: name,
 * name length, iovec, control, flags, and the message's length), with the address and the control data of
 * each message in slots of their own. The control data say which local address a packet came to, which is
 * what makes the source of a reply right on a wildcard address (IP_PKTINFO, RFC 3542 6).
 * This file is written for speed: words are copied one by one because slices would allocate.
 */
import { AF_INET, EAGAIN, type Libc, MSG_DONTWAIT, MSG_TRUNC } from './libc.js';

/** Messages per system call; the gain flattens out beyond. */
export const BATCH = 64;
/** Room for one received packet. Queries are far smaller; a longer one is cut and counts as refused. */
export const SLOT_OCTETS = 4096;
const ARENA_OCTETS = BATCH * SLOT_OCTETS;

const HEADER_OCTETS = 64;
const HEADER_WORDS = HEADER_OCTETS / 4;
const NAME_LENGTH = 2;
const CONTROL_LENGTH = 10;
const FLAGS = 12;
const MESSAGE_LENGTH = 14;

/** Slots in octets and words: a sockaddr_in6 is 28, control data are 32 (IPv4) or 40 (IPv6). */
export const NAME_OCTETS = 32;
const CONTROL_OCTETS = 48;
export const NAME_WORDS = NAME_OCTETS / 4;
export const CONTROL_WORDS = CONTROL_OCTETS / 4;
const IPV4_NAME_OCTETS = 16;
const IPV6_NAME_OCTETS = 28;

/** Headers, iovecs, names and control data of BATCH messages, as octets and as words. */
class Headers {
  readonly octets = Buffer.alloc(BATCH * HEADER_OCTETS);
  readonly vectors = Buffer.alloc(BATCH * 16);
  readonly names = Buffer.alloc(BATCH * NAME_OCTETS);
  readonly control = Buffer.alloc(BATCH * CONTROL_OCTETS);
  readonly words = wordsOf(this.octets);
  readonly vectorWords = wordsOf(this.vectors);
  readonly nameWords = wordsOf(this.names);
  readonly controlWords = wordsOf(this.control);

  constructor(libc: Libc) {
    const names = libc.addressOf(this.names);
    const vectors = libc.addressOf(this.vectors);
    const control = libc.addressOf(this.control);
    for (let i = 0; i < BATCH; i++) {
      const at = i * HEADER_OCTETS;
      this.octets.writeBigUInt64LE(names + BigInt(i * NAME_OCTETS), at);
      this.octets.writeBigUInt64LE(vectors + BigInt(i * 16), at + 16);
      this.octets.writeBigUInt64LE(1n, at + 24);
      this.octets.writeBigUInt64LE(control + BigInt(i * CONTROL_OCTETS), at + 32);
    }
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
    this.headers = new Headers(libc);
    this.controlOctets = withControl ? CONTROL_OCTETS : 0;
    const memory = libc.addressOf(this.memory);
    const { words, vectors } = this.headers;
    for (let i = 0; i < BATCH; i++) {
      vectors.writeBigUInt64LE(memory + BigInt(i * SLOT_OCTETS), i * 16);
      vectors.writeBigUInt64LE(BigInt(SLOT_OCTETS), i * 16 + 8);
      words[i * HEADER_WORDS + NAME_LENGTH] = family === AF_INET ? IPV4_NAME_OCTETS : IPV6_NAME_OCTETS;
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

export class SendBatch {
  /** Responses stand one after the other; `next` is where the next one may be written. */
  readonly memory = Buffer.alloc(ARENA_OCTETS);
  next = 0;
  /** Messages that the system took, and that it would not take. */
  sent = 0;
  failed = 0;
  private count = 0;
  private readonly headers: Headers;
  private readonly memoryAddress: number;

  constructor(
    private readonly libc: Libc,
    private readonly fd: number,
    private readonly family: number,
  ) {
    this.headers = new Headers(libc);
    // Addresses of user space are below 2^48, so a number holds them exactly.
    this.memoryAddress = Number(libc.addressOf(this.memory));
    for (let i = 0; i < BATCH; i++) {
      this.headers.words[i * HEADER_WORDS + NAME_LENGTH] =
        family === AF_INET ? IPV4_NAME_OCTETS : IPV6_NAME_OCTETS;
    }
  }

  /** Makes room for a response of `octets` at `next`, sending what waits if it must. */
  reserve(octets: number): void {
    if (this.count === BATCH || this.next + octets > ARENA_OCTETS) this.flush();
  }

  /**
   * Takes the `length` octets at `next` as a response to the sender of a packet.
   * @param nameAt index in words of its address in `names`; likewise `controlAt`
   * @param controlLength octets of control data that came with it; 0 for none
   */
  commit(
    length: number,
    names: Uint32Array,
    nameAt: number,
    control: Uint32Array,
    controlAt: number,
    controlLength: number,
  ): void {
    const i = this.count++;
    const { words, vectorWords, nameWords, controlWords } = this.headers;
    const address = this.memoryAddress + this.next;
    vectorWords[i * 4] = address % 2 ** 32;
    vectorWords[i * 4 + 1] = Math.floor(address / 2 ** 32);
    vectorWords[i * 4 + 2] = length;
    this.next += (length + 3) & ~3; // the fast lane copies words
    for (let w = 0; w < NAME_WORDS; w++) nameWords[i * NAME_WORDS + w] = names[nameAt + w]!;
    words[i * HEADER_WORDS + CONTROL_LENGTH] = controlLength;
    if (controlLength === 0) return;
    for (let w = 0; w < CONTROL_WORDS; w++) controlWords[i * CONTROL_WORDS + w] = control[controlAt + w]!;
    // The interface is left to the routing table; the address is what the client must see again.
    controlWords[i * CONTROL_WORDS + (this.family === AF_INET ? 4 : 8)] = 0;
  }

  /** Sends all that waits. What the system refuses is dropped, as UDP may, and counted. */
  flush(): void {
    let from = 0;
    while (from < this.count) {
      const headers = from === 0 ? this.headers.octets : this.headers.octets.subarray(from * HEADER_OCTETS);
      const sent = this.libc.sendmmsg(this.fd, headers, this.count - from, MSG_DONTWAIT);
      if (sent > 0) {
        this.sent += sent;
        from += sent;
        continue;
      }
      // The first one failed. With a full socket buffer the others would as well; else it is alone.
      const full = this.libc.errno() === EAGAIN;
      this.failed += full ? this.count - from : 1;
      from = full ? this.count : from + 1;
    }
    this.count = 0;
    this.next = 0;
  }
}
