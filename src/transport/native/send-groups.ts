/**
 * Which replies leave in one send: those to one client, from one local address.
 *
 * The kernel takes one buffer and cuts it into datagrams of equal size, of which the last may be shorter (UDP_SEGMENT).
 * So a group is any number of replies of one size, with at most one shorter at its end. Most of what a reply costs is its
 * way through the kernel, and a group goes that way once. Clients that ask much at a time are forwarders and load
 * balancers with few sockets, and every stub that asks for A and AAAA together.
 *
 * Messages and groups are numbers below BATCH; a group lists its messages by `head` and `next`.
 * Limitations: replies to one client may change their order, as they may on the way.
 */
import { BATCH, CONTROL_WORDS, type Headers, NAME_WORDS } from './packet-batch.js';

/** Longest reply that is sent with others: it fits the smallest MTU of IPv6 (RFC 8200 5), so it is never refused for its size. */
const MAX_SEGMENT_OCTETS = 1232;
/** Below what one IPv4 or IPv6 packet carries. */
const MAX_GROUP_OCTETS = 60_000;

/** No further message or group. */
export const NONE = 255;
const TABLE_SLOTS = 256;

export class SendGroups {
  count = 0;
  /** Of each message. */
  readonly lengths = new Uint32Array(BATCH);
  /** Octets of control data that say the local address; 0 for none. */
  readonly controlLengths = new Uint8Array(BATCH);
  readonly next = new Uint8Array(BATCH);
  /** Of each group. `segments` is the size of all its messages but a shorter last one. */
  readonly head = new Uint8Array(BATCH);
  readonly segments = new Uint32Array(BATCH);
  readonly members = new Uint8Array(BATCH);
  private readonly lastWhole = new Uint8Array(BATCH);
  private readonly octets = new Uint32Array(BATCH);
  private readonly isEnded = new Uint8Array(BATCH);
  /** The next group of the same client. */
  private readonly sibling = new Uint8Array(BATCH);
  /** By a hash of the client: its latest group, plus one. A client may lose its place to another. */
  private readonly latest = new Uint8Array(TABLE_SLOTS);

  /**
   * @param headers whose names and control data say who gets a message and from which address
   * @param nameWords of a name, which tell clients apart
   */
  constructor(
    private readonly headers: Headers,
    private readonly nameWords: number,
  ) {}

  clear(): void {
    this.count = 0;
    this.latest.fill(0);
  }

  /** Puts message `i` into a group of its own. */
  addAlone(i: number, length: number, controlLength: number): void {
    this.controlLengths[i] = controlLength;
    this.open(i, length, NONE);
  }

  /** Puts message `i` into a group: one that it can join, or a new one. */
  add(i: number, length: number, controlLength: number): void {
    this.controlLengths[i] = controlLength;
    const slot = this.slotOf(i);
    const latest = this.latest[slot]! - 1;
    const known = latest >= 0 && this.haveOneWay(this.head[latest]!, i);
    if (known && length > 0 && length <= MAX_SEGMENT_OCTETS && this.join(latest, i, length)) return;
    this.open(i, length, known ? latest : NONE);
    this.latest[slot] = this.count;
  }

  private open(i: number, length: number, sibling: number): void {
    const group = this.count++;
    this.lengths[i] = length;
    this.next[i] = NONE;
    this.head[group] = i;
    this.lastWhole[group] = i;
    this.segments[group] = length;
    this.members[group] = 1;
    this.octets[group] = length;
    this.isEnded[group] = length === 0 || length > MAX_SEGMENT_OCTETS ? 1 : 0;
    this.sibling[group] = sibling;
  }

  /** False when none of the client's groups can take it. */
  private join(latest: number, i: number, length: number): boolean {
    const { segments, sibling, octets, isEnded } = this;
    for (let group = latest; group !== NONE; group = sibling[group]!) {
      if (segments[group] !== length || octets[group]! + length > MAX_GROUP_OCTETS) continue;
      this.addWhole(group, i, length);
      return true;
    }
    for (let group = latest; group !== NONE; group = sibling[group]!) {
      if (isEnded[group] !== 0 || octets[group]! + length > MAX_GROUP_OCTETS) continue;
      if (length < segments[group]!) this.addShorter(group, i, length);
      else if (this.members[group] === 1) this.addBefore(group, i, length);
      else continue;
      return true;
    }
    return false;
  }

  private addWhole(group: number, i: number, length: number): void {
    const last = this.lastWhole[group]!;
    this.next[i] = this.next[last]!;
    this.next[last] = i;
    this.lastWhole[group] = i;
    this.counted(group, i, length);
  }

  private addShorter(group: number, i: number, length: number): void {
    this.next[i] = NONE;
    this.next[this.lastWhole[group]!] = i;
    this.isEnded[group] = 1;
    this.counted(group, i, length);
  }

  /** The only message of the group, which is shorter, becomes its end. */
  private addBefore(group: number, i: number, length: number): void {
    this.next[i] = this.head[group]!;
    this.head[group] = i;
    this.lastWhole[group] = i;
    this.segments[group] = length;
    this.isEnded[group] = 1;
    this.counted(group, i, length);
  }

  private counted(group: number, i: number, length: number): void {
    this.lengths[i] = length;
    this.members[group]!++;
    this.octets[group]! += length;
  }

  private slotOf(i: number): number {
    const { nameWords: words } = this.headers;
    const at = i * NAME_WORDS;
    let mixed = words[at]!;
    for (let w = 1; w < this.nameWords; w++) mixed = Math.imul(mixed, 31) ^ words[at + w]!;
    return Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1) >>> 24;
  }

  /** Same client, same local address. */
  private haveOneWay(a: number, b: number): boolean {
    const { nameWords, controlWords } = this.headers;
    const controlLength = this.controlLengths[b]!;
    if (this.controlLengths[a] !== controlLength) return false;
    for (let w = 0; w < this.nameWords; w++) {
      if (nameWords[a * NAME_WORDS + w] !== nameWords[b * NAME_WORDS + w]) return false;
    }
    for (let w = 0; w * 4 < controlLength; w++) {
      if (controlWords[a * CONTROL_WORDS + w] !== controlWords[b * CONTROL_WORDS + w]) return false;
    }
    return true;
  }
}
