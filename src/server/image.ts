/**
 * A finished answer in wire form, and the way from it to what one client gets.
 *
 * The image of an answer holds nothing of the client that caused it: ID 0, no flag that a query sets, the
 * question in lower case, no OPT. AD in it means that the data is secure. `seal` copies it and writes the
 * client's part in. The resolve lane and the stub-cache lane both end in `seal`, so what they send is the same,
 * octet for octet.
 *
 * RFC 1035 4.1, RFC 6891 (OPT), RFC 6840 5.8 (AD), RFC 2181 9 (TC), RFC 4343 (the client's letter case goes back).
 * Limitations: the additional section holds OPT or nothing.
 */
import { Opcode } from '../dns/registry.js';
import { HEADER_OCTETS } from '../wire/decode.js';
import { encodeMessage, MAX_MESSAGE_OCTETS } from '../wire/encode.js';
import type { Edns } from '../wire/message.js';
import { writeOctets } from '../wire/octets.js';
import { optSizeOctets, writeOpt } from '../wire/opt.js';
import type { AnswerImage, ClientQuery, Draft, Exchange } from './exchange.js';
import { ednsFor } from './opt.js';

/** What a client without EDNS takes by UDP (RFC 1035 4.2.1), and the least that EDNS may say (RFC 6891 6.2.3). */
const MIN_UDP_OCTETS = 512;
const LOWER_RCODE = 15;

const AA = 4;
const TC = 2;
const RD = 1;
const QR = 0x80;
const RA = 0x80;
const AD = 0x20;
const CD = 0x10;

/**
 * Encodes a draft. A query whose question could not be read gets a header alone.
 * @param limitOctets over it, whole RRsets are cut from the end and TC is set (RFC 2181 9)
 */
export function makeImage(draft: Draft, query: ClientQuery, limitOctets = MAX_MESSAGE_OCTETS): AnswerImage {
  const { question } = query;
  const wire = encodeMessage(
    {
      id: 0,
      qr: true,
      opcode: Opcode.QUERY,
      aa: draft.aa,
      tc: draft.tc,
      rd: false,
      ra: false,
      ad: draft.secure,
      cd: false,
      rcode: draft.rcode & LOWER_RCODE,
      questions: question
        ? [{ name: question.name, spelling: question.name, type: question.type, class: question.class }]
        : [],
      answer: draft.answer,
      authority: draft.authority,
      additional: [],
      edns: undefined,
    },
    limitOctets,
  );
  return { wire, rcode: draft.rcode, ede: draft.ede };
}

/** An image that the stub cache held: it keeps none whose RCODE or EDE would need OPT. */
export function imageOfWire(wire: Buffer): AnswerImage {
  return { wire, rcode: wire[3]! & LOWER_RCODE, ede: [] };
}

/** Octets that this client takes in one response. */
function limitOf(exchange: Exchange): number {
  if (exchange.client.transport === 'tcp') return MAX_MESSAGE_OCTETS;
  const asked = exchange.query!.edns?.udpSize ?? MIN_UDP_OCTETS;
  return Math.max(MIN_UDP_OCTETS, Math.min(asked, exchange.settings.maxUdpOctets));
}

function sizeOf(edns: Edns | undefined): number {
  return edns ? optSizeOctets(edns) : 0;
}

/**
 * The response for this client, or undefined when the whole answer is larger than it takes.
 * The texts of Extended DNS Errors give way first, so that they never cause truncation.
 */
export function seal(exchange: Exchange, image: AnswerImage): Buffer | undefined {
  const limit = limitOf(exchange);
  let edns = ednsFor(exchange, image.ede, 'full');
  if (image.wire.length + sizeOf(edns) > limit) edns = ednsFor(exchange, image.ede, 'codes');
  if (image.wire.length + sizeOf(edns) > limit) return undefined;
  return assemble(exchange, image, edns);
}

/**
 * The response cut to the client's size: RRsets with their signatures from the front, as many as fit whole, and
 * TC. All that we send is needed, so any cut sets it (RFC 2181 9, RFC 4035 3.1.1).
 */
export function sealCut(exchange: Exchange, draft: Draft): Buffer {
  const edns = ednsFor(exchange, draft.ede, 'codes');
  const image = makeImage(draft, exchange.query!, limitOf(exchange) - sizeOf(edns));
  return assemble(exchange, image, edns);
}

function assemble(exchange: Exchange, image: AnswerImage, edns: Edns | undefined): Buffer {
  const query = exchange.query!;
  const { wire, rcode } = image;
  const out = Buffer.allocUnsafe(wire.length + sizeOf(edns));
  wire.copy(out);
  out[0] = query.id >> 8;
  out[1] = query.id & 255;
  out[2] = QR | (query.opcode << 3) | (wire[2]! & (AA | TC)) | (query.rd ? RD : 0);
  out[3] = lowFlags(query, (wire[3]! & AD) !== 0) | (rcode & LOWER_RCODE);
  if (query.question) writeOctets(out, HEADER_OCTETS, query.question.spelling);
  if (edns) {
    out[11] = 1;
    writeOpt(out, wire.length, edns, rcode);
  }
  return out;
}

/** RA, AD and CD. Other opcodes than QUERY give those bits no meaning, so they stay off. */
function lowFlags(query: ClientQuery, secure: boolean): number {
  if (query.opcode !== Opcode.QUERY) return 0;
  const wantsAd = query.ad || query.edns?.do === true;
  return RA | (secure && wantsAd && !query.cd ? AD : 0) | (query.cd ? CD : 0);
}
