/**
 * Faults of a mock server: what it does wrong on purpose, and how each shows on the wire.
 *
 * server.ts consults them around respond.ts. Each fault is what real servers have been seen to do (RFC 4697,
 * 8906); zones/broken/ has one server for each. Chances come from the caller's Random.
 */
import { type Name, ROOT, toName } from '../dns/name.js';
import { Rcode, RRClass, RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import type { Message } from '../wire/message.js';
import { responseTo } from './respond.js';

/** A probability from 0 (never) to 1 (always). */
export type Chance = number;

export interface Faults {
  /** Added to every response, in ms. */
  readonly delayMs: number;
  /** Up to this much more, drawn for each response, in ms. */
  readonly jitterMs: number;
  /** UDP queries that get no answer. */
  readonly loss: Chance;
  /** Answers nothing at all, by UDP and TCP. */
  readonly silent: Chance;
  /** Knows nothing of its zones and refers upwards, to the root. */
  readonly lame: Chance;
  readonly refuse: Chance;
  /** Answers everything with this RCODE. */
  readonly rcode: number | undefined;
  /** Cannot do EDNS: FORMERR or NOTIMP without OPT, or no answer, to queries that have it. */
  readonly noEdns: 'formerr' | 'drop' | 'notimp' | undefined;
  /** Sets TC and sends no records: by UDP, or always. */
  readonly truncate: 'udp' | 'always' | undefined;
  /** Refuses TCP connections. */
  readonly noTcp: boolean;
  readonly noAa: Chance;
  /** Sends the question back in lower case, which breaks 0x20. */
  readonly lowercase: Chance;
  /** Sends another question back. */
  readonly wrongQuestion: Chance;
  readonly wrongId: Chance;
  /** Cuts the last record short. */
  readonly malformed: Chance;
}

export const noFaults: Faults = {
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  silent: 0,
  lame: 0,
  refuse: 0,
  rcode: undefined,
  noEdns: undefined,
  truncate: undefined,
  noTcp: false,
  noAa: 0,
  lowercase: 0,
  wrongQuestion: 0,
  wrongId: 0,
  malformed: 0,
};

/** True with probability `chance`. Draws nothing when the outcome is sure. */
export function happens(chance: Chance, random: Random): boolean {
  if (chance <= 0) return false;
  return chance >= 1 || random.below(1_000_000) < chance * 1_000_000;
}

/** True when the query gets no answer. */
export function isLost(
  faults: Faults,
  transport: UpstreamTransport,
  query: Message,
  random: Random,
): boolean {
  if (happens(faults.silent, random)) return true;
  if (transport === 'udp' && happens(faults.loss, random)) return true;
  return faults.noEdns === 'drop' && query.edns !== undefined;
}

/** The response of a server that fails before it looks at its zones; undefined when it does not. */
export function earlyFailure(
  faults: Faults,
  query: Message,
  rootServers: readonly Name[],
  random: Random,
): Message | undefined {
  if (query.edns && faults.noEdns !== undefined) {
    const rcode = faults.noEdns === 'notimp' ? Rcode.NOTIMP : Rcode.FORMERR;
    return { ...responseTo(query, rcode), edns: undefined };
  }
  if (happens(faults.refuse, random)) return responseTo(query, Rcode.REFUSED);
  if (faults.rcode !== undefined) return responseTo(query, faults.rcode);
  if (!happens(faults.lame, random)) return undefined;
  return { ...responseTo(query, Rcode.NOERROR), authority: upwardReferral(rootServers) };
}

function upwardReferral(rootServers: readonly Name[]): RRset[] {
  if (rootServers.length === 0) return [];
  const rdatas = [...rootServers];
  return [{ name: ROOT, type: RRType.NS, class: RRClass.IN, ttlSec: 518_400, rdatas, signatures: [] }];
}

/** Changes the response before it is encoded. */
export function distort(
  faults: Faults,
  response: Message,
  transport: UpstreamTransport,
  random: Random,
): Message {
  let result = response;
  if (happens(faults.noAa, random)) result = { ...result, aa: false };
  if (faults.truncate === 'always' || (faults.truncate === 'udp' && transport === 'udp')) {
    result = { ...result, tc: true, answer: [], authority: [], additional: [] };
  }
  if (happens(faults.lowercase, random)) {
    result = { ...result, questions: result.questions.map((q) => ({ ...q, spelling: q.name })) };
  }
  if (happens(faults.wrongQuestion, random)) {
    result = { ...result, questions: result.questions.map((q) => ({ ...q, ...otherName(q.name) })) };
  }
  return result;
}

function otherName(name: Name): { name: Name; spelling: Name } {
  const other = toName(`\x05wrong${name}`.length <= 255 ? `\x05wrong${name}` : ROOT);
  return { name: other, spelling: other };
}

/** Changes the encoded response. */
export function corrupt(faults: Faults, packet: Buffer, random: Random): Buffer {
  let result = packet;
  if (happens(faults.wrongId, random)) {
    result = Buffer.from(result);
    result[1] = result[1]! ^ 0x5a;
  }
  if (happens(faults.malformed, random)) {
    result = Buffer.from(result.subarray(0, result.length - 3)); // the last RDATA or OPT ends too early
  }
  return result;
}

/** How long the response takes, in ms. */
export function responseDelayMs(faults: Faults, random: Random): number {
  return faults.delayMs + (faults.jitterMs > 0 ? random.below(Math.round(faults.jitterMs) + 1) : 0);
}
