/**
 * A UDP listener that receives and sends in batches: Linux with koffi.
 *
 * One wake of the event loop drains the socket with `recvmmsg`, offers each packet to the fast lane, hands
 * the rest to the handler, and sends the replies to each batch with one `sendmmsg` (send-batch.ts). Replies that come
 * later are collected until the end of the loop's turn. The socket is owned by the thread (owned-descriptor.ts).
 *
 * What the fast lane answers never waits for the rest: of that, one turn hands over what fits into a slice of time, and
 * holds the others (held-packets.ts) for the next turn, which begins with the socket again.
 *
 * Limitations: packets over 4096 octets are dropped and count as refused.
 */
import { isIP } from 'node:net';
import { ThreadWork, type WorkSlice } from '../../runtime/work-slice.js';
import { RECEIVE_BUFFER_OCTETS } from '../dgram-listener.js';
import { type FastLane, type FastPacket, NOT_TAKEN } from '../fast-lane.js';
import {
  type ClientAddress,
  ListenError,
  type Listener,
  ListenerCounters,
  type ListenerStats,
  type ListenOptions,
  type PacketHandler,
} from '../listener.js';
import { openDescriptor } from '../shared-port.js';
import { addressAt, portAt, SOCKADDR_IN6_OCTETS } from '../socket-address.js';
import { HeldPackets, PacketPlace } from './held-packets.js';
import {
  AF_INET,
  AF_INET6,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVPKTINFO,
  type Libc,
  SO_RCVBUF,
  SOL_SOCKET,
} from './libc.js';
import { type OwnedDescriptor, ownDescriptor } from './owned-descriptor.js';
import { BATCH, CONTROL_WORDS, NAME_OCTETS, NAME_WORDS, ReceiveBatch, SLOT_OCTETS } from './packet-batch.js';
import { Readiness } from './readiness.js';
import { ReplyAddress } from './reply-address.js';
import { canSegment, SendBatch } from './send-batch.js';

/** From so many packets to hand over on, answers that are ready do not wait for them: a system call costs less. */
const MANY_LEFT = 4;
/** Batches per wake; after that other work of the loop has its turn. */
const MAX_ROUNDS = 8;
/** The most that one UDP packet carries over IPv4. */
const MAX_UDP_OCTETS = 65507;
const ONE = new Uint8Array([1, 0, 0, 0]);

export interface NativeListenOptions extends ListenOptions {
  readonly fastLane?: FastLane;
  /** False: each reply is sent by itself, also where the system can send several to a client at once. */
  readonly grouping?: boolean;
  /** What else the thread does. */
  readonly thread?: ThreadWork | undefined;
  /** Told of each packet for which there was no room left. */
  readonly onOverload?: () => void;
  readonly heldOctets?: number;
}

/** Opens the listener; rejects with `ListenError`. */
export async function openNativeUdpListener(
  libc: Libc,
  options: NativeListenOptions,
  handler: PacketHandler,
): Promise<Listener> {
  const { address, port } = options;
  const raw = openDescriptor(libc, 'udp', address, port, options.reusePort === true);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(RECEIVE_BUFFER_OCTETS);
  libc.setsockopt(raw, SOL_SOCKET, SO_RCVBUF, size, 4);
  const v6 = isIP(address) === 6;
  if (isWildcard(address)) {
    if (v6) libc.setsockopt(raw, IPPROTO_IPV6, IPV6_RECVPKTINFO, ONE, 4);
    else libc.setsockopt(raw, IPPROTO_IP, IP_PKTINFO, ONE, 4);
  }
  const owned = await ownDescriptor(libc, raw);
  if (owned) return new NativeUdpListener(libc, owned, options, handler);
  libc.close(raw);
  throw new ListenError('EMFILE', 'udp', address, port);
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || /^[0:]+$/.test(address);
}

/** Batches received in this thread, by all listeners. */
let batches = 0;

/** The reused view of one packet. */
class Slot implements FastPacket {
  start = 0;
  length = 0;
  batch = 0;
  responseStart = 0;
  readonly responseCapacity = SLOT_OCTETS;
  clientStart = 0;

  constructor(
    readonly query: Buffer,
    readonly response: Buffer,
    readonly client: Buffer,
  ) {}
}

class NativeUdpListener implements Listener {
  readonly transport = 'udp';
  readonly address: string;
  readonly port: number;
  private readonly counters = new ListenerCounters();
  private readonly input: ReceiveBatch;
  private readonly output: SendBatch;
  private readonly slot: Slot;
  private readonly readiness: Readiness;
  private readonly fastLane: FastLane | undefined;
  private readonly thread: ThreadWork;
  private readonly work: WorkSlice;
  private readonly held: HeldPackets;
  private readonly place = new PacketPlace();
  /** Of the batch: what the fast lane left, and the lengths of control data. */
  private readonly left = new Uint8Array(BATCH);
  private readonly controlLengths = new Uint32Array(BATCH);
  private draining = false;
  private flushScheduled = false;
  private closed = false;

  constructor(
    libc: Libc,
    private readonly owned: OwnedDescriptor,
    private readonly options: NativeListenOptions,
    private readonly handler: PacketHandler,
  ) {
    this.address = options.address;
    this.fastLane = options.fastLane;
    const family = isIP(options.address) === 6 ? AF_INET6 : AF_INET;
    this.port = boundPort(libc, owned.fd);
    this.input = new ReceiveBatch(libc, family, isWildcard(options.address));
    this.output = new SendBatch(
      libc,
      owned.fd,
      family,
      options.grouping !== false && canSegment(libc, owned.fd),
    );
    this.slot = new Slot(this.input.memory, this.output.memory, this.input.names);
    this.held = new HeldPackets(options.heldOctets);
    this.thread = options.thread ?? new ThreadWork();
    this.work = this.thread.newSource();
    this.readiness = new Readiness(libc, () => this.drain());
    this.readiness.add(owned.fd);
  }

  /** Serves what waits on the socket. */
  private drain(): void {
    this.draining = true;
    this.work.open();
    // While a batch is served and sent others come: to ask once more costs less than another wake.
    for (let round = 0; round < MAX_ROUNDS && !this.closed; round++) {
      const count = this.input.receive(this.owned.fd);
      if (count === 0) break;
      this.counters.received += count;
      batches = (batches + 1) & 0x3fffffff;
      this.slot.batch = batches;
      this.serveBatch(count);
      this.flush();
    }
    this.handOverHeld();
    this.draining = false;
    const left = this.closed ? 0 : this.held.size;
    this.work.close(left);
    if (left > 0) this.readiness.again();
  }

  /** First what is answered at once, since what is handed over takes many times as long. */
  private serveBatch(count: number): void {
    const { left, controlLengths } = this;
    let leftCount = 0;
    for (let i = 0; i < count; i++) {
      controlLengths[i] = this.input.takeControlLength(i);
      if (!this.servedAtOnce(i, controlLengths[i]!)) left[leftCount++] = i;
    }
    if (leftCount < count) this.thread.answeredAtOnce();
    if (leftCount === 0) return;
    const direct = this.held.size > 0 ? 0 : Math.min(leftCount, this.work.room);
    if (direct >= MANY_LEFT && leftCount < count) this.flush();
    if (direct > 0) this.handOverFirst(direct);
    for (let n = direct; n < leftCount; n++) {
      if (!this.held.hold(this.placeOf(left[n]!))) this.overloaded();
    }
  }

  private overloaded(): void {
    this.counters.refused++;
    this.options.onOverload?.();
  }

  private handOverFirst(count: number): void {
    this.work.begin();
    for (let n = 0; n < count; n++) this.handOver(this.placeOf(this.left[n]!));
    this.work.end(count);
  }

  /** Those that waited, as far as there is room left. */
  private handOverHeld(): void {
    const count = Math.min(this.held.size, this.work.room);
    if (count === 0) return;
    this.work.begin();
    for (let n = 0; n < count; n++) this.handOver(this.held.take()!);
    this.work.end(count);
    this.flush();
  }

  private servedAtOnce(i: number, controlLength: number): boolean {
    // Nobody can be answered at port 0; such packets are forged (RFC 6335 6).
    if (this.input.wasCut(i) || portAt(this.input.names, i * NAME_OCTETS) === 0) {
      this.counters.refused++;
      return true;
    }
    return this.fastLane !== undefined && this.answeredAtOnce(i, this.fastLane, controlLength);
  }

  private answeredAtOnce(i: number, fastLane: FastLane, controlLength: number): boolean {
    const { slot, input, output } = this;
    output.reserve(SLOT_OCTETS);
    slot.start = i * SLOT_OCTETS;
    slot.length = input.lengthOf(i);
    slot.clientStart = i * NAME_OCTETS;
    slot.responseStart = output.next;
    let size: number;
    try {
      size = fastLane(slot);
    } catch (error) {
      this.failed(error);
      return true;
    }
    if (size > 0) {
      const { nameWords, controlWords } = input;
      output.commit(size, nameWords, i * NAME_WORDS, controlWords, i * CONTROL_WORDS, controlLength);
    }
    return size !== NOT_TAKEN;
  }

  /** Of packet `i` of the batch. */
  private placeOf(i: number): PacketPlace {
    const { place, input } = this;
    place.memory = input.memory;
    place.start = i * SLOT_OCTETS;
    place.length = input.lengthOf(i);
    place.names = input.names;
    place.nameWords = input.nameWords;
    place.nameAt = i * NAME_WORDS;
    place.controlWords = input.controlWords;
    place.controlAt = i * CONTROL_WORDS;
    place.controlLength = this.controlLengths[i]!;
    return place;
  }

  private handOver(place: PacketPlace): void {
    if (this.closed) return;
    const { memory, start, length, names, nameAt } = place;
    const client: ClientAddress = {
      address: addressAt(names, nameAt * 4),
      port: portAt(names, nameAt * 4),
      transport: 'udp',
      local: this.address,
    };
    const back = new ReplyAddress(place);
    try {
      this.handler(memory.subarray(start, start + length), client, (wire) => this.reply(wire, back));
    } catch (error) {
      back.open = false;
      this.failed(error);
    }
    if (back.open) back.detach();
  }

  private failed(error: unknown): void {
    this.counters.handlerErrors++;
    this.options.onHandlerError?.(error);
  }

  private reply(wire: Buffer, back: ReplyAddress): void {
    if (!back.open || this.closed) return;
    back.open = false;
    if (wire.length > MAX_UDP_OCTETS) {
      this.counters.sendErrors++;
      return;
    }
    const { output } = this;
    output.reserve(wire.length);
    output.memory.set(wire, output.next);
    output.commit(wire.length, back.names, back.nameAt, back.control, back.controlAt, back.controlLength);
    if (this.draining || this.flushScheduled) return;
    // Answers to many clients tend to come in one turn of the loop: they leave in one system call.
    this.flushScheduled = true;
    setImmediate(() => {
      this.flushScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    if (!this.closed) this.output.flush();
  }

  stats(): ListenerStats {
    const { sent, grouped, failed } = this.output;
    const counted = this.counters.snapshot();
    return { ...counted, replied: sent, grouped, sendErrors: counted.sendErrors + failed };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.flush();
    this.closed = true;
    this.readiness.close();
    await this.owned.close();
  }
}

function boundPort(libc: Libc, fd: number): number {
  const sockaddr = Buffer.alloc(SOCKADDR_IN6_OCTETS);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(sockaddr.length);
  libc.getsockname(fd, sockaddr, length);
  return portAt(sockaddr, 0);
}
