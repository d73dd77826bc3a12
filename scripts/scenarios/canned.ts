/**
 * Which canned answer a server of a scenario gives to a question, as a message.
 *
 * Knows nothing of sockets or clocks; servers.ts decides when an answer is sent, a ground how.
 */
import { isSubdomain } from '../../src/dns/name.js';
import { Rcode, RRType } from '../../src/dns/registry.js';
import type { Question, RRset } from '../../src/dns/rrset.js';
import type { Message, WireQuestion } from '../../src/wire/message.js';
import { RRsetGrouping } from '../../src/wire/rrset-grouping.js';
import type { ZoneRecord } from '../../src/zone/record.js';
import type { Entry, Scenario } from './parse.js';

/** A question as a server of the scenario gets it. */
export interface ServerQuery {
  readonly address: string;
  readonly transport: 'udp' | 'tcp';
  /** `spelling` is QNAME in the letter case in which it was asked. */
  readonly question: WireQuestion;
  readonly edns: { readonly do: boolean } | undefined;
}

export function matches(entry: Entry, query: ServerQuery): boolean {
  const { question } = query;
  return entry.match.every((word) => {
    switch (word) {
      case 'qname':
        return entry.question?.name === question.name;
      case 'qtype':
        return entry.question?.type === question.type;
      case 'question':
        return entry.question?.name === question.name && entry.question.type === question.type;
      case 'subdomain':
        return entry.question !== undefined && isSubdomain(question.name, entry.question.name);
      case 'tcp':
        return query.transport === 'tcp';
      case 'udp':
        return query.transport === 'udp';
      case 'do':
        return query.edns?.do === true;
      default:
        return true;
    }
  });
}

/** The entry's reply as a message to `question`. */
export function messageOf(entry: Entry, question: Question | WireQuestion, edns: boolean): Message {
  const has = (flag: string) => entry.reply.includes(flag);
  const rcode = Object.entries(Rcode).find(([name]) => has(name))?.[1] ?? Rcode.NOERROR;
  return {
    ...blank(question, rcode),
    aa: has('AA'),
    tc: has('TC'),
    rd: has('RD'),
    ra: has('RA'),
    ad: has('AD'),
    cd: has('CD'),
    answer: group(entry.sections.answer),
    authority: group(entry.sections.authority),
    additional: group(entry.sections.additional),
    edns: edns || has('DO') ? { version: 0, udpSize: 1232, do: has('DO'), options: [] } : undefined,
  };
}

/** A response with nothing in it. */
export function blank(question: Question | WireQuestion, rcode: number): Message {
  return {
    id: 0,
    qr: true,
    opcode: 0,
    aa: false,
    tc: false,
    rd: false,
    ra: false,
    ad: false,
    cd: false,
    rcode,
    questions: [{ spelling: question.name, ...question }],
    answer: [],
    authority: [],
    additional: [],
    edns: undefined,
  };
}

export function group(records: readonly ZoneRecord[]): readonly RRset[] {
  const grouping = new RRsetGrouping();
  for (const r of records) grouping.add(r.name, r.type, r.class, r.ttlSec, r.rdata);
  return grouping.finish();
}

/** An answer put together from what the scenario says elsewhere: records, else NODATA. */
export function complete(scenario: Scenario, question: WireQuestion): Message {
  const entries = scenario.ranges.flatMap((r) => r.entries);
  const records = entries.flatMap((e) => [...e.sections.answer, ...e.sections.additional]);
  const covers = (r: ZoneRecord) =>
    r.type === RRType.RRSIG && r.rdata.charCodeAt(0) * 256 + r.rdata.charCodeAt(1) === question.type;
  const found = records.filter((r) => r.name === question.name && (r.type === question.type || covers(r)));
  const message = { ...blank(question, Rcode.NOERROR), aa: true };
  return found.some((r) => r.type === question.type) ? { ...message, answer: group(found) } : message;
}
