/**
 * Octets to a message: the strict reader that everything from the network passes.
 *
 * On a query's way: the transport gives it each response of a server, the pipeline each query that the fast
 * lane does not take. It trusts no count, length or pointer; time and memory are linear in the size of the
 * packet. It is a hot path (every cache miss runs through it several times), so it reads the buffer directly.
 *
 * RFC 1035 4.1, 2181 5 and 8, 3597 4, 6891 6.1, 9267.
 * Limitations: at most one question. No empty RDATA as RFC 2136 has it, so most UPDATE messages are malformed
 * here (they are to be answered NOTIMP by their header anyway). The Z bit is dropped. TSIG and SIG(0) are
 * plain records.
 */
import type { Name } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import { Malformed } from './malformed.js';
import type { Decoded, Edns, Header, Message, WireQuestion } from './message.js';
import { foldName, NameReader } from './names.js';
import { asBuffer } from './octets.js';
import { readOpt } from './opt.js';
import { readRdata } from './rdata/walk.js';
import { RRsetGrouping } from './rrset-grouping.js';

/** Octets of the header of a message. */
export const HEADER_OCTETS = 12;
/** Octets of the smallest record: root owner, type, class, TTL, RDLENGTH. */
const MIN_RECORD_OCTETS = 11;
const NO_RRSETS: readonly RRset[] = [];

/** Decodes one message, which must fill `wire` exactly. Never throws. */
export function decodeMessage(wire: Uint8Array): Decoded {
  if (wire.length < HEADER_OCTETS) {
    return { ok: false, reason: 'header is cut short', offset: wire.length, header: undefined };
  }
  const reader = new MessageReader(asBuffer(wire));
  try {
    return { ok: true, message: reader.read() };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const offset = Math.min(error.offset, wire.length); // a length octet may lead past the end
    return { ok: false, reason: error.reason, offset, header: headerOf(wire) };
  }
}

/** The header of a packet that has at least 12 octets. */
export function headerOf(wire: Uint8Array): Header {
  const high = wire[2]!;
  return {
    id: (wire[0]! << 8) | wire[1]!,
    qr: (high & 0x80) !== 0,
    opcode: (high >> 3) & 15,
    rd: (high & 1) !== 0,
    cd: (wire[3]! & 0x10) !== 0,
  };
}

class MessageReader {
  private readonly names: NameReader;
  private at = HEADER_OCTETS;
  private edns: Edns | undefined;
  private upperRcode = 0;
  /** Owner names are mostly pointers, and mostly the same ones: the question, then the owner before. */
  private questionName: Name | undefined;
  private lastPointer = -1;
  private lastOwner: Name | undefined;

  constructor(private readonly wire: Buffer) {
    this.names = new NameReader(wire);
  }

  read(): Message {
    const { wire } = this;
    const high = wire[2]!;
    const low = wire[3]!;
    this.checkCounts();
    const questions = this.readQuestions(this.u16(4));
    const answer = this.readSection(this.u16(6), false);
    const authority = this.readSection(this.u16(8), false);
    const additional = this.readSection(this.u16(10), true);
    if (this.at !== wire.length) throw new Malformed('octets are left over after the message', this.at);
    return {
      id: this.u16(0),
      qr: (high & 0x80) !== 0,
      opcode: (high >> 3) & 15,
      aa: (high & 4) !== 0,
      tc: (high & 2) !== 0,
      rd: (high & 1) !== 0,
      ra: (low & 0x80) !== 0,
      ad: (low & 0x20) !== 0,
      cd: (low & 0x10) !== 0,
      rcode: this.upperRcode | (low & 15),
      questions,
      answer,
      authority,
      additional,
      edns: this.edns,
    };
  }

  private u16(at: number): number {
    return (this.wire[at]! << 8) | this.wire[at + 1]!;
  }

  /** Counts that cannot be true end the reading before anything is allocated. */
  private checkCounts(): void {
    if (this.u16(4) > 1) throw new Malformed('more than one question', 4);
    const records = this.u16(6) + this.u16(8) + this.u16(10);
    if (HEADER_OCTETS + records * MIN_RECORD_OCTETS > this.wire.length) {
      throw new Malformed('more records are announced than the message has room for', 6);
    }
  }

  private readQuestions(count: number): WireQuestion[] {
    if (count === 0) return [];
    const { names, wire } = this;
    const spelling = names.read(HEADER_OCTETS);
    const end = names.end;
    if (end + 4 > wire.length) throw new Malformed('question is cut short', end);
    if (end !== HEADER_OCTETS + spelling.length)
      throw new Malformed('name of the question is compressed', HEADER_OCTETS);
    const name = foldName(spelling);
    this.questionName = name;
    names.foldBefore = end;
    this.at = end + 4;
    return [{ name, spelling, type: this.u16(end), class: this.u16(end + 2) }];
  }

  private readSection(count: number, mayHoldOpt: boolean): readonly RRset[] {
    if (count === 0) return NO_RRSETS;
    const grouping = new RRsetGrouping();
    const { wire } = this;
    for (let i = 0; i < count; i++) {
      const start = this.at;
      const owner = this.readOwner();
      const at = this.at;
      const rdataAt = at + 10;
      if (rdataAt > wire.length) throw new Malformed('record is cut short', start);
      const type = this.u16(at);
      const rrclass = this.u16(at + 2);
      const length = this.u16(at + 8);
      this.at = rdataAt + length;
      if (this.at > wire.length) throw new Malformed('RDATA runs past the end of the message', rdataAt);
      if (type === RRType.OPT) {
        if (!mayHoldOpt) throw new Malformed('OPT outside the additional section', start);
        this.takeOpt(start, owner, rrclass, rdataAt, length);
        continue;
      }
      const rdata = readRdata(wire, this.names, type, rrclass, rdataAt, length);
      // RFC 2181 8: a TTL with the top bit set counts as zero.
      const ttlSec = wire[at + 4]! > 127 ? 0 : this.u16(at + 4) * 65536 + this.u16(at + 6);
      grouping.add(owner, type, rrclass, ttlSec, rdata);
    }
    return grouping.finish();
  }

  private takeOpt(start: number, owner: Name, udpSize: number, rdataAt: number, length: number): void {
    if (this.edns !== undefined) throw new Malformed('more than one OPT', start);
    if (owner.length !== 1) throw new Malformed('owner name of OPT is not the root', start);
    const { wire } = this;
    const ttl = wire.readUInt32BE(rdataAt - 6);
    this.edns = readOpt(wire, udpSize, ttl, rdataAt, length);
    this.upperRcode = wire[rdataAt - 6]! << 4;
  }

  /** Reads the owner name at `this.at` and moves behind it. */
  private readOwner(): Name {
    const { wire, at } = this;
    const first = wire[at]!;
    if (first >= 0xc0 && at + 1 < wire.length) {
      const pointer = ((first & 0x3f) << 8) | wire[at + 1]!;
      if (pointer === HEADER_OCTETS && this.questionName !== undefined) {
        this.at = at + 2;
        return this.questionName;
      }
      if (pointer === this.lastPointer) {
        this.at = at + 2;
        return this.lastOwner!;
      }
      const name = foldName(this.names.read(at));
      this.at = at + 2;
      this.lastPointer = pointer;
      this.lastOwner = name;
      return name;
    }
    const name = foldName(this.names.read(at));
    this.at = this.names.end;
    return name;
  }
}
