/**
 * Packets that wait for their turn: what the fast lane could not answer, when more came than fits into one turn of the loop.
 *
 * First in, first out, in memory of fixed size as the system's receive buffer is: who comes when it is full is not heard.
 * It takes the place of that buffer, where queries with answers at hand would wait behind the others. Octets and no
 * objects, since objects that wait make every collection of garbage longer.
 * Limitations: the time that a packet waits here is in no statistic, as that in the system's buffer is not.
 */
import { CONTROL_OCTETS, CONTROL_WORDS, NAME_OCTETS, NAME_WORDS } from './packet-batch.js';

/** For some 5000 usual queries. */
export const HELD_OCTETS = 1 << 20;
/** Before each packet: its length, that of its control data, the client's address, and the control data. */
const HEAD_OCTETS = 8 + NAME_OCTETS + CONTROL_OCTETS;

/** Where a packet stands with what came with it. Reused: take what is needed before the next one is asked for. */
export class PacketPlace {
  memory: Buffer = Buffer.alloc(0);
  start = 0;
  length = 0;
  /** The client's `sockaddr`: its octet in `names`, and its word in `nameWords`, the same memory. */
  names: Buffer = Buffer.alloc(0);
  nameWords: Uint32Array = new Uint32Array(0);
  nameAt = 0;
  controlWords: Uint32Array = new Uint32Array(0);
  controlAt = 0;
  /** Octets of control data; 0 for none. */
  controlLength = 0;
}

export class HeldPackets {
  /** Made when the first packet is held, which on most listeners is never. */
  private memory: Buffer | undefined;
  private readonly place = new PacketPlace();
  /** Octets: where the oldest stands, where the next one goes, and where the ring ends for those before it. */
  private first = 0;
  private next = 0;
  private wrapAt = 0;
  private held = 0;

  constructor(private readonly capacity = HELD_OCTETS) {}

  get size(): number {
    return this.held;
  }

  /** Copies a packet; false when there is no room. */
  hold(from: PacketPlace): boolean {
    const octets = HEAD_OCTETS + ((from.length + 3) & ~3);
    const at = this.roomFor(octets);
    if (at < 0) return false;
    const memory = this.memory ?? this.makeMemory();
    const words = this.place.nameWords;
    let word = at / 4;
    words[word++] = from.length;
    words[word++] = from.controlLength;
    for (let w = 0; w < NAME_WORDS; w++) words[word++] = from.nameWords[from.nameAt + w]!;
    for (let w = 0; w < CONTROL_WORDS; w++) words[word++] = from.controlWords[from.controlAt + w]!;
    from.memory.copy(memory, word * 4, from.start, from.start + from.length);
    this.next = at + octets;
    this.held++;
    return true;
  }

  private makeMemory(): Buffer {
    const memory = Buffer.alloc(this.capacity);
    const words = new Uint32Array(memory.buffer, memory.byteOffset, this.capacity / 4);
    Object.assign(this.place, { memory, names: memory, nameWords: words, controlWords: words });
    this.memory = memory;
    return memory;
  }

  private roomFor(octets: number): number {
    if (this.held === 0) this.first = this.next = 0;
    const wrapped = this.held > 0 && this.next <= this.first;
    if (wrapped) return this.next + octets <= this.first ? this.next : -1;
    if (this.next + octets <= this.capacity) return this.next;
    if (octets > this.first) return -1;
    this.wrapAt = this.next;
    return 0;
  }

  /** The one that waits longest, which need wait no more. Its memory stays as it is until the next `hold`. */
  take(): PacketPlace | undefined {
    if (this.held === 0) return undefined;
    const { place } = this;
    const words = place.nameWords;
    const word = this.first / 4;
    place.length = words[word]!;
    place.controlLength = words[word + 1]!;
    place.nameAt = word + 2;
    place.controlAt = word + 2 + NAME_WORDS;
    place.start = this.first + HEAD_OCTETS;
    const wasLastBeforeWrap = this.next <= this.first;
    this.first = place.start + ((place.length + 3) & ~3);
    if (wasLastBeforeWrap && this.first === this.wrapAt) this.first = 0;
    this.held--;
    return place;
  }
}
