/**
 * Replies that wait to be sent, and their sending with `sendmmsg`: one system call for a batch, and one pass through the
 * kernel for all replies to one client where the system can do that (send-groups.ts, UDP segmentation of Linux 4.18).
 *
 * What the system refuses to send as a group is sent one by one, so nothing is lost by trying; where groups are refused
 * more than now and then (a path without checksum offload, an IPsec tunnel), no more are made.
 * docs/decisions/007-shared-stub-cache.md has the figures.
 */
import { AF_INET, EAGAIN, type Libc, MSG_DONTWAIT, SOL_UDP, UDP_SEGMENT } from './libc.js';
import {
  BATCH,
  CONTROL_LENGTH,
  CONTROL_OCTETS,
  CONTROL_WORDS,
  HEADER_OCTETS,
  HEADER_WORDS,
  Headers,
  NAME_WORDS,
  nameWordsUsed,
  Pointed,
  SLOT_OCTETS,
  VECTOR_WORDS,
} from './packet-batch.js';
import { NONE, SendGroups } from './send-groups.js';

const ARENA_OCTETS = BATCH * SLOT_OCTETS;
/** `struct cmsghdr` with one uint16: its length, and what it takes in the buffer. */
const SEGMENT_CONTROL_LENGTH = 18;
const SEGMENT_CONTROL_OCTETS = 24;
/** Groups are given up when more than this many were refused, and more than one of this many. */
const REFUSALS = 16;

/** Whether the socket can send groups: asked by setting the option, reading it back, and taking it away. */
export function canSegment(libc: Libc, fd: number): boolean {
  const value = Buffer.alloc(4);
  const length = Buffer.alloc(4);
  value.writeUInt32LE(512);
  length.writeUInt32LE(4);
  if (libc.setsockopt(fd, SOL_UDP, UDP_SEGMENT, value, 4) !== 0) return false;
  value.fill(0);
  const wasSet =
    libc.getsockopt(fd, SOL_UDP, UDP_SEGMENT, value, length) === 0 && value.readUInt32LE() === 512;
  value.fill(0);
  return libc.setsockopt(fd, SOL_UDP, UDP_SEGMENT, value, 4) === 0 && wasSet;
}

export class SendBatch {
  /** Responses stand one after the other; `next` is where the next one may be written. */
  readonly memory = Buffer.alloc(ARENA_OCTETS);
  next = 0;
  /** Messages that the system took, those of them that left with others, and those it would not take. */
  sent = 0;
  grouped = 0;
  failed = 0;
  private count = 0;
  private readonly headers: Headers;
  private readonly groups: SendGroups;
  /** Where each message stands in `memory`. */
  private readonly places = new Uint32Array(BATCH);
  private readonly pointedMemory: Pointed;
  private groupsTaken = 0;
  private groupsRefused = 0;

  /** @param grouping send groups; `canSegment` must have said so */
  constructor(
    private readonly libc: Libc,
    private readonly fd: number,
    private readonly family: number,
    private grouping: boolean,
  ) {
    this.headers = new Headers(libc, family);
    this.groups = new SendGroups(this.headers, nameWordsUsed(family));
    this.pointedMemory = new Pointed(libc, this.memory);
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
    const { nameWords, controlWords } = this.headers;
    this.places[i] = this.next;
    this.next += (length + 3) & ~3; // the fast lane copies words
    for (let w = 0; w < NAME_WORDS; w++) nameWords[i * NAME_WORDS + w] = names[nameAt + w]!;
    if (controlLength !== 0) {
      for (let w = 0; w < CONTROL_WORDS; w++) controlWords[i * CONTROL_WORDS + w] = control[controlAt + w]!;
      // The interface is left to the routing table; the address is what the client must see again.
      controlWords[i * CONTROL_WORDS + (this.family === AF_INET ? 4 : 8)] = 0;
    }
    const room = controlLength + SEGMENT_CONTROL_OCTETS <= CONTROL_OCTETS;
    if (this.grouping && room) this.groups.add(i, length, controlLength);
    else this.groups.addAlone(i, length, controlLength);
  }

  /** Sends all that waits. What the system refuses is dropped, as UDP may, and counted. */
  flush(): void {
    const { groups } = this;
    let vector = 0;
    for (let group = 0; group < groups.count; group++) vector = this.layOut(group, vector);
    let from = 0;
    while (from < groups.count) {
      const headers = from === 0 ? this.headers.octets : this.headers.octets.subarray(from * HEADER_OCTETS);
      const taken = this.libc.sendmmsg(this.fd, headers, groups.count - from, MSG_DONTWAIT);
      // The first one failed. With a full socket buffer the others would as well; else it is alone.
      if (taken <= 0 && this.libc.errno() === EAGAIN) break;
      if (taken <= 0) this.sendSingly(from);
      else this.countTaken(from, from + taken);
      from += Math.max(1, taken);
    }
    for (; from < groups.count; from++) this.failed += groups.members[from]!;
    this.count = 0;
    this.next = 0;
    groups.clear();
  }

  /** Makes a group the message of its header; gives the next free iovec. Touches nothing that later groups need. */
  private layOut(group: number, vector: number): number {
    const { headers, groups } = this;
    const head = groups.head[group]!;
    const members = groups.members[group]!;
    headers.point(group, head, vector, members);
    let controlLength = groups.controlLengths[head]!;
    if (members > 1) {
      writeSegmentSize(
        headers.controlWords,
        head * CONTROL_WORDS + controlLength / 4,
        groups.segments[group]!,
      );
      controlLength += SEGMENT_CONTROL_OCTETS;
    }
    headers.words[group * HEADER_WORDS + CONTROL_LENGTH] = controlLength;
    let next = vector;
    for (let i = head; i !== NONE; i = groups.next[i]!) {
      this.pointedMemory.write(headers.vectorWords, next * VECTOR_WORDS, this.places[i]!);
      headers.vectorWords[next * VECTOR_WORDS + 2] = groups.lengths[i]!;
      next++;
    }
    return next;
  }

  private countTaken(from: number, end: number): void {
    const { members } = this.groups;
    for (let group = from; group < end; group++) {
      const count = members[group]!;
      this.sent += count;
      if (count === 1) continue;
      this.grouped += count;
      this.groupsTaken++;
    }
  }

  /** After a refusal: each member of the group by itself, in the header of the group, which is done with. */
  private sendSingly(group: number): void {
    const { headers, groups } = this;
    if (groups.members[group] === 1) {
      this.failed++;
      return;
    }
    const head = groups.head[group]!;
    const header = headers.octets.subarray(group * HEADER_OCTETS, (group + 1) * HEADER_OCTETS);
    headers.words[group * HEADER_WORDS + CONTROL_LENGTH] = groups.controlLengths[head]!;
    let vector = 0;
    for (let before = 0; before < group; before++) vector += groups.members[before]!;
    let taken = 0;
    for (let left = groups.members[group]!; left > 0; left--) {
      headers.point(group, head, vector++, 1);
      if (this.libc.sendmmsg(this.fd, header, 1, MSG_DONTWAIT) > 0) taken++;
      else this.failed++;
    }
    this.sent += taken;
    if (taken > 0) this.refuse();
  }

  /** A group was refused whose members were not. */
  private refuse(): void {
    const refused = ++this.groupsRefused;
    if (refused > REFUSALS && refused * REFUSALS > this.groupsTaken) this.grouping = false;
  }
}

function writeSegmentSize(words: Uint32Array, at: number, size: number): void {
  words[at] = SEGMENT_CONTROL_LENGTH;
  words[at + 1] = 0;
  words[at + 2] = SOL_UDP;
  words[at + 3] = UDP_SEGMENT;
  words[at + 4] = size;
  words[at + 5] = 0;
}
