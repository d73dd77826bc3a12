/**
 * The short way of a query: from the packet to the answer in shared memory and back, with nothing made on the way.
 *
 * It takes a packet only if the pipeline would answer it from the stub cache, and then sends octet for octet what
 * the pipeline would have sent (image.ts `seal`): QR 0, opcode QUERY, one question of class IN, at most an OPT of version 0
 * with no option but a DNS cookie (lane-opt.ts), a client on the access list and under its rate, and a held answer that fits. All else is NOT_TAKEN
 * and goes to the pipeline untouched and uncounted.
 *
 * What is served locally or refused by policy needs no check here: answers come into the stub cache only through the
 * pipeline, behind those stages, apart for each view, and a change of rules begins a new generation of answers (DnsServer.reconfigure). Clients
 * that rules speak about are left to the pipeline.
 *
 * RFC 1035 4.1, RFC 6891 6.1, RFC 6840 5.7 and 5.8 (AD), RFC 4035 3.2.2 (CD), RFC 4343 (letter case goes back).
 * Limitations: IN and types below 512, without ANY. With a query log or dnstap the pipeline has all.
 */
import { type QuestionKey, VIEW_SHIFT } from '../cache/shared-stub-cache/question-key.js';
import { ResponseRoom } from '../cache/shared-stub-cache/reader.js';
import type { SharedStubCache } from '../cache/shared-stub-cache/shared-stub-cache.js';
import { RRClass, RRType } from '../dns/registry.js';
import type { Clock } from '../runtime/clock.js';
import type { QueryRecorder } from '../runtime/recorder.js';
import { type FastPacket, NOT_TAKEN } from '../transport/fast-lane.js';
import { addressAt } from '../transport/socket-address.js';
import { HEADER_OCTETS } from '../wire/decode.js';
import { OPT_FIXED_OCTETS } from '../wire/opt.js';
import { clientKey } from './client-key.js';
import { AF_INET, ClientNetworks } from './client-networks.js';
import type { ClientRates } from './client-rates.js';
import { LANE_TYPES, LaneCounts } from './lane-counts.js';
import { LaneOpt, NO_OPT } from './lane-opt.js';
import { LaneViews } from './lane-views.js';
import type { ServerSettings } from './settings.js';

const MIN_QUERY_OCTETS = HEADER_OCTETS + 5;
const QR = 0x80;
const RA = 0x80;
const AD = 0x20;
const CD = 0x10;
const RD = 1;
/** AA and TC, which an answer in the cache may have. */
const KEPT_FLAGS = 6;
const RCODE = 15;

/** A buffer of packets as words. */
interface QueryView {
  readonly octets: Buffer;
  readonly words: Int32Array;
}

/** The settings in force, made ready for the lane. */
interface Terms {
  readonly clients: ClientNetworks;
  readonly rates: ClientRates;
  readonly opt: LaneOpt;
  /** Undefined where all clients are the same. */
  readonly views: LaneViews | undefined;
}

export class StubLane {
  private readonly key: QuestionKey;
  private readonly counts = new LaneCounts();
  private readonly clientKeys = new ClientKeys();
  private view: QueryView | undefined;
  private room: ResponseRoom | undefined;
  private terms: Terms | undefined;
  /** Of the packet last seen: the clock is asked once for each. */
  private batch = -1;
  /** Wall time of the batch. */
  private nowSec = 0;

  constructor(
    private readonly cache: SharedStubCache,
    private readonly clock: Clock,
    private readonly recorder: QueryRecorder,
  ) {
    this.key = cache.newKey();
  }

  /** Serves by these settings from the next packet on. */
  open(settings: ServerSettings, rates: ClientRates): void {
    this.flushCounts();
    const { clients, maxUdpOctets, cookies } = settings;
    const opt = new LaneOpt(maxUdpOctets, cookies);
    const views = LaneViews.of(settings);
    this.terms = clients && { clients: new ClientNetworks(clients), rates, opt, views };
  }

  /** Leaves every packet to the pipeline from now on. */
  close(): void {
    this.flushCounts();
    this.terms = undefined;
  }

  /** Hands the counts since the last call to the recorder. */
  flushCounts(): void {
    this.counts.flush(this.recorder);
    this.terms?.views?.flush((view, count) => this.recorder.viewed?.(view, count));
  }

  /** The hook of the listener. */
  readonly take = (packet: FastPacket): number => {
    const { terms } = this;
    if (terms === undefined) return NOT_TAKEN;
    if (packet.batch !== this.batch) {
      this.batch = packet.batch;
      const wallMs = this.clock.wallMs();
      this.cache.setTime(wallMs);
      this.nowSec = Math.floor(wallMs / 1000) | 0;
    }
    if (!this.counts.wantsTime()) return this.answer(packet, terms);
    const startedMs = this.clock.monotonicMs();
    const length = this.answer(packet, terms);
    if (length > 0) this.sample(this.clock.monotonicMs() - startedMs);
    return length;
  };

  private sample(tookMs: number): void {
    const times = this.counts.sampled(tookMs);
    this.recorder.sampled?.(this.key.name(), this.key.question >>> 16, times);
  }

  private answer(packet: FastPacket, terms: Terms): number {
    const { query, start, length, responseStart } = packet;
    if (length < MIN_QUERY_OCTETS || ((start | responseStart) & 3) !== 0) return NOT_TAKEN;
    if (!isPlainHeader(query, start)) return NOT_TAKEN;
    const { key } = this;
    const { opt } = terms;
    const end = start + length;
    const qnameAt = start + HEADER_OCTETS;
    const qnameEnd = key.scan(query, qnameAt, end);
    if (qnameEnd < 0 || qnameEnd + 4 > end) return NOT_TAKEN;
    const type = (query[qnameEnd]! << 8) | query[qnameEnd + 1]!;
    if (type >= LANE_TYPES || type === RRType.ANY) return NOT_TAKEN;
    if (query[qnameEnd + 2] !== 0 || query[qnameEnd + 3] !== RRClass.IN) return NOT_TAKEN;
    const optSize = opt.read(query, qnameEnd + 4, end, query[start + 11]!);
    if (optSize < 0 || !terms.clients.has(packet.client, packet.clientStart)) return NOT_TAKEN;
    const clientView = terms.views === undefined ? 0 : terms.views.of(packet);
    if (clientView < 0) return NOT_TAKEN;
    const view = this.viewOf(query);
    const room = this.roomOf(packet.response);
    key.loadScanned(view.words, qnameAt >> 2, qnameEnd - qnameAt);
    const cd = (query[start + 3]! & CD) !== 0;
    const bits = (opt.dnssecOk ? 1 : 0) | (cd ? 2 : 0) | (clientView << VIEW_SHIFT);
    key.finish((type << 16) | RRClass.IN, bits);
    // Words are copied whole, hence the last one.
    const limit = Math.min(opt.limitOctets, packet.responseCapacity - optSize - 4) - optSize;
    const held = this.cache.copyResponse(key, room, responseStart, limit);
    if (held <= 0 || !this.underRate(packet, terms)) return NOT_TAKEN;
    this.cache.countHit();
    if (terms.views !== undefined) terms.views.count(clientView);
    this.counts.add(type, room.octets[responseStart + 3]! & RCODE);
    this.finish(packet, opt.dnssecOk, qnameEnd - start);
    if (optSize === NO_OPT) return held;
    packet.response[responseStart + 11] = 1;
    opt.write(packet.response, responseStart + held);
    if (optSize !== OPT_FIXED_OCTETS) opt.writeCookie(packet, responseStart + held, this.nowSec);
    return held + optSize;
  }

  private underRate(packet: FastPacket, { rates }: Terms): boolean {
    return !rates.limited || rates.takeIfAllowed(this.clientKeys.of(packet.client, packet.clientStart));
  }

  /** Writes what depends on the query over the head of the copied answer. */
  private finish(packet: FastPacket, dnssecOk: boolean, questionEnd: number): void {
    const { query, start, response, responseStart: to } = packet;
    const low = query[start + 3]!;
    response[to] = query[start]!;
    response[to + 1] = query[start + 1]!;
    response[to + 2] = QR | (response[to + 2]! & KEPT_FLAGS) | (query[start + 2]! & RD);
    const wantsAd = ((low & AD) !== 0 || dnssecOk) && (low & CD) === 0;
    const kept = response[to + 3]! & (wantsAd ? AD | RCODE : RCODE);
    response[to + 3] = RA | kept | (low & CD);
    if (!this.key.hadUpperCase) return;
    for (let i = HEADER_OCTETS; i < questionEnd; i++) response[to + i] = query[start + i]!;
  }

  /** Views are made anew only where several listeners share a lane and take turns. */
  private viewOf(octets: Buffer): QueryView {
    if (this.view?.octets === octets) return this.view;
    const words = new Int32Array(octets.buffer, octets.byteOffset, octets.byteLength >> 2);
    this.view = { octets, words };
    return this.view;
  }

  private roomOf(octets: Buffer): ResponseRoom {
    if (this.room?.octets !== octets) this.room = new ResponseRoom(octets);
    return this.room;
  }
}

/** QR 0, opcode QUERY, only RD, AD and CD set; one question, no records but one in the additional section. */
function isPlainHeader(query: Buffer, start: number): boolean {
  return (
    (query[start + 2]! & ~RD) === 0 &&
    (query[start + 3]! & ~(AD | CD)) === 0 &&
    query[start + 4] === 0 &&
    query[start + 5] === 1 &&
    (query[start + 6]! | query[start + 7]! | query[start + 8]! | query[start + 9]! | query[start + 10]!) ===
      0 &&
    query[start + 11]! <= 1
  );
}

const KEY_SLOTS = 1024;
/** Family and address. */
const KEY_WORDS = 5;

/** Keys for limits by client, kept so that a client who asks again makes no string. A table of fixed size. */
class ClientKeys {
  private readonly addresses = new Int32Array(KEY_SLOTS * KEY_WORDS);
  private readonly keys = new Array<string | undefined>(KEY_SLOTS).fill(undefined);

  of(client: Buffer, at: number): string {
    const family = client[at]!;
    const isIpv4 = family === AF_INET;
    const first = client.readInt32LE(isIpv4 ? at + 4 : at + 8);
    const second = isIpv4 ? 0 : client.readInt32LE(at + 12);
    const third = isIpv4 ? 0 : client.readInt32LE(at + 16);
    const fourth = isIpv4 ? 0 : client.readInt32LE(at + 20);
    const mixed = Math.imul(
      first ^ Math.imul(second ^ Math.imul(third ^ fourth, 0x85ebca6b), 0xc2b2ae35),
      0x9e3779b1,
    );
    const slot = mixed >>> 22;
    const { addresses, keys } = this;
    const known = keys[slot];
    const word = slot * KEY_WORDS;
    if (
      known !== undefined &&
      addresses[word] === first &&
      addresses[word + 1] === second &&
      addresses[word + 2] === third &&
      addresses[word + 3] === fourth &&
      addresses[word + 4] === family
    ) {
      return known;
    }
    const key = clientKey(addressAt(client, at));
    addresses[word] = first;
    addresses[word + 1] = second;
    addresses[word + 2] = third;
    addresses[word + 3] = fourth;
    addresses[word + 4] = family;
    keys[slot] = key;
    return key;
  }
}
