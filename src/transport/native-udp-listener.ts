/**
 * A UDP listener that receives and sends in batches: Linux with koffi.
 *
 * One wake of the event loop drains the socket with `recvmmsg`, offers each packet to the fast lane, hands
 * the rest to the handler, and sends the replies to each batch with one `sendmmsg` (send-batch.ts). Replies that come
 * later are collected until the end of the loop's turn. The socket is owned by the thread (owned-descriptor.ts).
 *
 * Limitations: packets over 4096 octets are dropped and count as refused.
 */
import { isIP } from 'node:net';
import { RECEIVE_BUFFER_OCTETS } from './dgram-listener.js';
import { type FastLane, type FastPacket, NOT_TAKEN } from './fast-lane.js';
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
import {
  type ClientAddress,
  ListenError,
  type Listener,
  ListenerCounters,
  type ListenerStats,
  type ListenOptions,
  type PacketHandler,
} from './listener.js';
import { type OwnedDescriptor, ownDescriptor } from './owned-descriptor.js';
import { BATCH, CONTROL_WORDS, NAME_OCTETS, NAME_WORDS, ReceiveBatch, SLOT_OCTETS } from './packet-batch.js';
import { Readiness } from './readiness.js';
import { canSegment, SendBatch } from './send-batch.js';
import { openDescriptor } from './shared-port.js';
import { addressAt, portAt, SOCKADDR_IN6_OCTETS } from './socket-address.js';

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

/** Where a reply goes: slots of the batch at first, copies of them once the handler has returned. */
class Return {
  open = true;

  constructor(
    public names: Uint32Array,
    public nameAt: number,
    public control: Uint32Array,
    public controlAt: number,
    readonly controlLength: number,
  ) {}

  /** Before the batch's memory takes other packets. */
  detach(): void {
    this.names = this.names.slice(this.nameAt, this.nameAt + NAME_WORDS);
    this.nameAt = 0;
    if (this.controlLength === 0) return;
    this.control = this.control.slice(this.controlAt, this.controlAt + CONTROL_WORDS);
    this.controlAt = 0;
  }
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
    this.readiness = new Readiness(libc, () => this.drain());
    this.readiness.add(owned.fd);
  }

  /** Serves what waits on the socket. */
  private drain(): void {
    this.draining = true;
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
    this.draining = false;
  }

  /** First what is answered at once, since what is handed over takes many times as long. */
  private serveBatch(count: number): void {
    const { left, controlLengths } = this;
    let leftCount = 0;
    for (let i = 0; i < count; i++) {
      controlLengths[i] = this.input.takeControlLength(i);
      if (!this.servedAtOnce(i, controlLengths[i]!)) left[leftCount++] = i;
    }
    if (leftCount >= MANY_LEFT && leftCount < count) this.flush();
    for (let n = 0; n < leftCount; n++) this.handOver(left[n]!, controlLengths[left[n]!]!);
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

  private handOver(i: number, controlLength: number): void {
    if (this.closed) return;
    const { input } = this;
    const start = i * SLOT_OCTETS;
    const client: ClientAddress = {
      address: addressAt(input.names, i * NAME_OCTETS),
      port: portAt(input.names, i * NAME_OCTETS),
      transport: 'udp',
      local: this.address,
    };
    const { nameWords, controlWords } = input;
    const back = new Return(nameWords, i * NAME_WORDS, controlWords, i * CONTROL_WORDS, controlLength);
    try {
      const packet = input.memory.subarray(start, start + input.lengthOf(i));
      this.handler(packet, client, (wire) => this.reply(wire, back));
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

  private reply(wire: Buffer, back: Return): void {
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
