/**
 * The servers of a scenario as an `Upstream`: canned answers by step, and queries held for later steps.
 *
 * A question that the range of its server does not answer gets SERVFAIL; an address without range is
 * silent. While steps that answer or end an outstanding query are still to come, such queries wait.
 */
import { isSubdomain } from '../../src/dns/name.js';
import { Rcode, RRType } from '../../src/dns/registry.js';
import type { Question, RRset } from '../../src/dns/rrset.js';
import type { Clock } from '../../src/runtime/clock.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from '../../src/transport/upstream.js';
import { decodeMessage } from '../../src/wire/decode.js';
import type { Message } from '../../src/wire/message.js';
import { RRsetGrouping } from '../../src/wire/rrset-grouping.js';
import type { ZoneRecord } from '../../src/zone/record.js';
import type { Entry, Scenario } from './parse.js';

interface Outstanding {
  readonly query: UpstreamQuery;
  readonly finish: (result: UpstreamResult) => void;
}

export class ScenarioServers implements Upstream {
  step = 0;
  readonly outstanding: Outstanding[] = [];
  /** What was asked, for a failing scenario's report. */
  readonly log: string[] = [];
  /** Times a query met a server that had no answer for it. */
  unanswered = 0;

  /** @param completing answer what no entry answers from the records found anywhere in the scenario */
  constructor(
    private readonly scenario: Scenario,
    private readonly clock: Clock,
    private readonly completing: boolean,
  ) {}

  exchange(query: UpstreamQuery): Promise<UpstreamResult> {
    return new Promise((resolve) => {
      const startMs = this.clock.monotonicMs();
      const cancel = this.clock.after(query.timeoutMs, () =>
        finish({ kind: 'fault', fault: 'timeout', afterMs: query.timeoutMs }),
      );
      const finish = (result: UpstreamResult) => {
        cancel();
        const at = this.outstanding.findIndex((o) => o.finish === finish);
        if (at >= 0) this.outstanding.splice(at, 1);
        resolve(
          result.kind === 'response' ? { ...result, rttMs: this.clock.monotonicMs() - startMs } : result,
        );
      };
      this.outstanding.push({ query, finish });
      const reply = this.replyTo(query);
      if (reply) this.clock.after(reply.delayMs, () => finish(reply.result));
    });
  }

  private replyTo(query: UpstreamQuery): { result: UpstreamResult; delayMs: number } | undefined {
    const { address } = query.endpoint;
    const ranges = this.scenario.ranges.filter(
      (r) => r.addresses.includes(address) && r.first <= this.step && this.step <= r.last,
    );
    const entry = ranges.flatMap((r) => r.entries).find((e) => matches(e, query));
    this.log.push(`${this.step}: ${address} ${JSON.stringify(query.question)} ${entry ? 'answered' : '-'}`);
    if (entry) return { result: answerFrom(entry, query), delayMs: sleepOf(entry) };
    if (this.holds()) return undefined;
    this.unanswered++;
    if (ranges.length === 0) return undefined;
    const completed = this.completing ? complete(this.scenario, query.question) : undefined;
    const message = completed ?? blank(query.question, Rcode.SERVFAIL);
    return { result: response(message), delayMs: 1 };
  }

  private holds(): boolean {
    return this.scenario.steps.some(
      (s) =>
        s.number >= this.step && (s.kind === 'REPLY' || s.kind === 'TIMEOUT' || s.kind === 'CHECK_OUT_QUERY'),
    );
  }

  /** STEP REPLY: answers the outstanding query that matches. False when none does. */
  answerOutstanding(entry: Entry): boolean {
    const held = this.outstanding.find((o) => matches(entry, o.query));
    held?.finish(answerFrom(entry, held.query));
    return held !== undefined;
  }

  /** STEP TIMEOUT: lets the oldest outstanding query run into its time-out. */
  timeoutOutstanding(): boolean {
    const held = this.outstanding[0];
    held?.finish({ kind: 'fault', fault: 'timeout', afterMs: held.query.timeoutMs });
    return held !== undefined;
  }

  async close(): Promise<void> {}
}

function sleepOf(entry: Entry): number {
  const sleep = entry.adjust.find((w) => w.startsWith('sleep='));
  return sleep ? Number(sleep.slice(6)) * 1000 : 1;
}

export function matches(entry: Entry, query: UpstreamQuery): boolean {
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

function answerFrom(entry: Entry, query: UpstreamQuery): UpstreamResult {
  if (entry.raw !== undefined) {
    const decoded = decodeMessage(Buffer.from(entry.raw, 'hex'));
    return decoded.ok
      ? response(decoded.message)
      : { kind: 'fault', fault: 'malformed', afterMs: query.timeoutMs };
  }
  const asked = entry.adjust.includes('copy_query') || !entry.question ? query.question : entry.question;
  if (asked.name !== query.question.name || asked.type !== query.question.type) {
    return { kind: 'fault', fault: 'timeout', afterMs: query.timeoutMs };
  }
  return response(messageOf(entry, query.question, query.edns !== undefined));
}

/** The entry's reply as a message to `question`. */
export function messageOf(entry: Entry, question: Question, edns: boolean): Message {
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

function blank(question: Question, rcode: number): Message {
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
    questions: [{ ...question, spelling: question.name }],
    answer: [],
    authority: [],
    additional: [],
    edns: undefined,
  };
}

function response(message: Message): UpstreamResult {
  return { kind: 'response', message, sizeOctets: 300, rttMs: 1, caseMatched: true };
}

function group(records: readonly ZoneRecord[]): readonly RRset[] {
  const grouping = new RRsetGrouping();
  for (const r of records) grouping.add(r.name, r.type, r.class, r.ttlSec, r.rdata);
  return grouping.finish();
}

/** An answer put together from what the scenario says elsewhere: records, a referral, an address, else NODATA. */
function complete(scenario: Scenario, question: Question): Message {
  const entries = scenario.ranges.flatMap((r) => r.entries);
  const records = entries.flatMap((e) => [...e.sections.answer, ...e.sections.additional]);
  const covers = (r: ZoneRecord) =>
    r.type === RRType.RRSIG && r.rdata.charCodeAt(0) * 256 + r.rdata.charCodeAt(1) === question.type;
  const found = records.filter((r) => r.name === question.name && (r.type === question.type || covers(r)));
  const message = { ...blank(question, Rcode.NOERROR), aa: true };
  return found.some((r) => r.type === question.type) ? { ...message, answer: group(found) } : message;
}
