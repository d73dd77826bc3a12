/**
 * A message to octets.
 *
 * On a query's way: the last step of the pipeline for what the fast lane cannot answer, the mock internet's
 * answers, and (encodeQuery) every query we send upstream.
 *
 * A message over the limit is cut at whole RRsets. In answer and authority that sets TC (RFC 2181 9); in
 * additional RRsets are left out without it, save for the glue of a referral that an in-domain name server
 * needs (RFC 9471 2.1). The OPT always stays (RFC 6891 7). RFC 1035 4.1, RFC 3597 4, RFC 4035 3.1.1.
 * Limitations: RRSIGs go with their RRset or not at all, also in additional.
 */
import { isSubdomain, type Name, type Octets, toName } from '../dns/name.js';
import { Rcode, RRType } from '../dns/registry.js';
import type { Question, Rdata, RRset } from '../dns/rrset.js';
import { Compression } from './compression.js';
import { HEADER_OCTETS } from './decode.js';
import type { Edns, Message } from './message.js';
import { writeOctets } from './octets.js';
import { optSizeOctets, writeOpt } from './opt.js';
import { layoutOf, NameRule } from './rdata/layouts.js';

/** After so many additional RRsets that do not fit, smaller ones are no longer looked for. */
const MAX_SKIPPED = 8;
/** Largest message: TCP's length prefix has 16 bits. */
export const MAX_MESSAGE_OCTETS = 65535;
/** An RRset is written first and measured then, so there must be room for one record past the limit. */
const SLACK_OCTETS = 66000;
const scratch = Buffer.alloc(MAX_MESSAGE_OCTETS + SLACK_OCTETS);

/** Encodes a message in at most `limitOctets`. */
export function encodeMessage(message: Message, limitOctets: number = MAX_MESSAGE_OCTETS): Buffer {
  const size = new MessageWriter(message, Math.min(limitOctets, MAX_MESSAGE_OCTETS)).write();
  return Buffer.from(scratch.subarray(0, size));
}

class MessageWriter {
  private readonly names = new Compression(scratch);
  private readonly edns: Edns | undefined;
  private readonly questionName: Name | undefined;
  private readonly limit: number;
  private at = HEADER_OCTETS;
  private truncated: boolean;

  constructor(
    private readonly message: Message,
    limitOctets: number,
  ) {
    this.truncated = message.tc;
    const { questions, edns } = message;
    for (const { spelling, name, type, class: rrclass } of questions) {
      this.names.enter(name, this.at);
      this.at = writeOctets(scratch, this.at, spelling);
      this.at = scratch.writeUInt16BE(type, this.at);
      this.at = scratch.writeUInt16BE(rrclass, this.at);
    }
    this.questionName = questions[0]?.name;
    this.edns = edns;
    if (edns !== undefined && this.at + optSizeOctets(edns) > limitOctets)
      this.edns = { ...edns, options: [] };
    this.limit = limitOctets - (this.edns === undefined ? 0 : optSizeOctets(this.edns));
  }

  /** Writes all into the scratch buffer; returns the size. */
  write(): number {
    const { message, edns } = this;
    const rcode = message.rcode > 15 && edns === undefined ? Rcode.SERVFAIL : message.rcode;
    const answers = this.writeSection(message.answer, true);
    const authorities = this.truncated && !message.tc ? 0 : this.writeSection(message.authority, true);
    let additionals = this.truncated && !message.tc ? 0 : this.writeSection(message.additional, false);
    if (edns !== undefined) {
      this.at = writeOpt(scratch, this.at, edns, rcode);
      additionals++;
    }
    this.writeHeader(rcode, answers, authorities, additionals);
    return this.at;
  }

  private writeHeader(rcode: number, answers: number, authorities: number, additionals: number): void {
    const { message } = this;
    scratch.writeUInt16BE(message.id, 0);
    scratch[2] =
      (message.qr ? 0x80 : 0) |
      (message.opcode << 3) |
      (message.aa ? 4 : 0) |
      (this.truncated ? 2 : 0) |
      (message.rd ? 1 : 0);
    scratch[3] = (message.ra ? 0x80 : 0) | (message.ad ? 0x20 : 0) | (message.cd ? 0x10 : 0) | (rcode & 15);
    scratch.writeUInt16BE(message.questions.length, 4);
    scratch.writeUInt16BE(answers, 6);
    scratch.writeUInt16BE(authorities, 8);
    scratch.writeUInt16BE(additionals, 10);
  }

  /** Writes RRsets up to the first that does not fit; returns the number of records. */
  private writeSection(rrsets: readonly RRset[], cutIsTruncation: boolean): number {
    let count = 0;
    let skipped = 0;
    for (const rrset of rrsets) {
      const start = this.at;
      if (this.writeRRset(rrset)) {
        count += rrset.rdatas.length + rrset.signatures.length;
        continue;
      }
      this.at = start;
      this.names.rewind(start);
      if (cutIsTruncation || this.isNeededGlue(rrset)) this.truncated = true;
      if (this.truncated || ++skipped === MAX_SKIPPED) break;
    }
    return count;
  }

  /** False when it does not fit. */
  private writeRRset(rrset: RRset): boolean {
    const { name, type, class: rrclass, ttlSec } = rrset;
    for (const rdata of rrset.rdatas) {
      if (!this.writeRecord(name, type, rrclass, ttlSec, rdata)) return false;
    }
    for (const rdata of rrset.signatures) {
      if (!this.writeRecord(name, RRType.RRSIG, rrclass, ttlSec, rdata)) return false;
    }
    return true;
  }

  private writeRecord(name: Name, type: number, rrclass: number, ttlSec: number, rdata: Rdata): boolean {
    let at = this.writeOwner(name);
    scratch[at] = type >> 8;
    scratch[at + 1] = type & 255;
    scratch[at + 2] = rrclass >> 8;
    scratch[at + 3] = rrclass & 255;
    scratch.writeUInt32BE(ttlSec, at + 4);
    const rdataAt = at + 10;
    at = this.writeRdata(type, rdata, rdataAt);
    const length = at - rdataAt;
    scratch[rdataAt - 2] = length >> 8;
    scratch[rdataAt - 1] = length & 255;
    this.at = at;
    return at <= this.limit;
  }

  private writeOwner(name: Name): number {
    if (name !== this.questionName || name.length === 1) return this.names.write(name, this.at);
    scratch[this.at] = 0xc0;
    scratch[this.at + 1] = HEADER_OCTETS;
    return this.at + 2;
  }

  private writeRdata(type: number, rdata: Rdata, offset: number): number {
    const layout = layoutOf(type);
    if (layout === undefined || layout.names !== NameRule.compress)
      return writeOctets(scratch, offset, rdata);
    let from = 0;
    let at = offset;
    for (const field of layout.fields) {
      const end = field.end(rdata, from);
      if (end === -1) return writeOctets(scratch, at, rdata.slice(from)); // broken RDATA of our own maker: as it is
      const octets = rdata.slice(from, end);
      at = field.kind === 'name' ? this.names.write(octets, at) : writeOctets(scratch, at, octets);
      from = end;
    }
    return writeOctets(scratch, at, rdata.slice(from));
  }

  /** True when this is a referral and the RRset is an address of a name server below the zone cut. */
  private isNeededGlue({ name, type }: RRset): boolean {
    const { message } = this;
    if (!message.qr || message.aa || message.answer.length > 0) return false;
    if (type !== RRType.A && type !== RRType.AAAA) return false;
    const ns = message.authority.find((rrset) => rrset.type === RRType.NS);
    return (
      ns !== undefined && isSubdomain(name, ns.name) && ns.rdatas.some((rdata) => toName(rdata) === name)
    );
  }
}

export interface QueryFields {
  readonly id: number;
  readonly question: Question;
  /** QNAME in the letter case to send; the canonical name when left out. */
  readonly spelling?: Octets;
  readonly rd: boolean;
  readonly cd: boolean;
  readonly ad?: boolean;
  readonly edns?: Edns;
}

/** Encodes a query without building a message first. */
export function encodeQuery(query: QueryFields): Buffer {
  const { question, edns } = query;
  const name = query.spelling ?? question.name;
  const questionEnd = HEADER_OCTETS + name.length + 4;
  const buffer = Buffer.allocUnsafe(questionEnd + (edns === undefined ? 0 : optSizeOctets(edns)));
  buffer.fill(0, 0, HEADER_OCTETS);
  buffer[0] = query.id >> 8;
  buffer[1] = query.id & 255;
  buffer[2] = query.rd ? 1 : 0;
  buffer[3] = (query.ad ? 0x20 : 0) | (query.cd ? 0x10 : 0);
  buffer[5] = 1;
  const at = writeOctets(buffer, HEADER_OCTETS, name);
  buffer[at] = question.type >> 8;
  buffer[at + 1] = question.type & 255;
  buffer[at + 2] = question.class >> 8;
  buffer[at + 3] = question.class & 255;
  if (edns !== undefined) {
    buffer[11] = 1;
    writeOpt(buffer, questionEnd, edns, 0);
  }
  return buffer;
}
