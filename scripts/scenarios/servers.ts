/**
 * The servers of a scenario: canned answers by step, and queries held for later steps.
 *
 * A question that the range of its server does not answer gets SERVFAIL; an address without range is
 * silent. While steps that answer or end an outstanding query are still to come, such queries wait.
 */
import { isIP } from 'node:net';
import { formatName } from '../../src/dns/name.js';
import { formatType, Rcode, RRType } from '../../src/dns/registry.js';
import type { Question } from '../../src/dns/rrset.js';
import { encodeMessage } from '../../src/wire/encode.js';
import type { Message } from '../../src/wire/message.js';
import { formatRdata } from '../../src/wire/rdata/registry.js';
import { blank, complete, matches, messageOf, type ServerQuery } from './canned.js';
import type { Entry, Scenario, Step } from './parse.js';

/** What a server sends: a packet whose ID is still to be set, or nothing, now or after a while. */
export interface Reply {
  readonly packet: Buffer | undefined;
  readonly delayMs: number;
}

export interface Outstanding {
  readonly query: ServerQuery;
  /** Called at most once. */
  readonly reply: (reply: Reply) => void;
}

/** Delay of a server that answers at once. */
const PROMPT_MS = 1;

export class CannedServers {
  step = 0;
  readonly outstanding: Outstanding[] = [];
  /** What was asked, for a failing scenario's report. */
  readonly log: string[] = [];

  /** @param completing answer what no entry answers from the records found anywhere in the scenario */
  constructor(
    private readonly scenario: Scenario,
    private readonly completing: boolean,
  ) {}

  /** Addresses at which a server must listen, be it only to hold queries for later steps. */
  get addresses(): ReadonlySet<string> {
    const { ranges, zones } = this.scenario;
    const stated = [...ranges.flatMap((r) => r.addresses), ...zones.flatMap((z) => z.addresses)];
    return new Set(this.hasHeldQueries ? [...stated, ...this.namedAddresses()] : stated);
  }

  /** All other addresses that records name: nothing answers there. */
  get silentAddresses(): ReadonlySet<string> {
    const { addresses } = this;
    return new Set(this.namedAddresses().filter((address) => !addresses.has(address)));
  }

  private namedAddresses(): string[] {
    const { ranges, steps } = this.scenario;
    const entries = [...ranges.flatMap((r) => r.entries), ...steps.flatMap((s) => s.entry ?? [])];
    return entries
      .flatMap((e) => Object.values(e.sections).flat())
      .filter((r) => r.type === RRType.A || r.type === RRType.AAAA)
      .map((r) => formatRdata(r.type, r.rdata))
      .filter((address) => isIP(address) !== 0);
  }

  /** Takes a query: replies at once, later, or never. */
  take(outstanding: Outstanding): void {
    this.outstanding.push(outstanding);
    const reply = this.replyTo(outstanding.query);
    if (reply) this.finish(outstanding, reply);
  }

  /** Whoever asked does not wait any more. */
  forget(outstanding: Outstanding): void {
    const at = this.outstanding.indexOf(outstanding);
    if (at >= 0) this.outstanding.splice(at, 1);
  }

  private finish(outstanding: Outstanding, reply: Reply): void {
    this.forget(outstanding);
    outstanding.reply(reply);
  }

  private replyTo(query: ServerQuery): Reply | undefined {
    const { address, question } = query;
    const ranges = this.scenario.ranges.filter(
      (r) => r.addresses.includes(address) && r.first <= this.step && this.step <= r.last,
    );
    const entry = ranges.flatMap((r) => r.entries).find((e) => matches(e, query));
    const asked = `${formatName(question.name)} ${formatType(question.type)} ${query.transport}`;
    this.log.push(`${this.step}: ${address} ${asked} ${entry ? 'answered' : '-'}`);
    if (entry) return answerFrom(entry, query);
    if (this.holds()) return undefined;
    if (ranges.length === 0) return { packet: undefined, delayMs: 0 };
    const message = this.completing
      ? complete(this.scenario, question)
      : { ...blank(question, Rcode.SERVFAIL), edns: undefined };
    return { packet: encodeMessage(message), delayMs: PROMPT_MS };
  }

  private get hasHeldQueries(): boolean {
    return this.scenario.steps.some(handlesQueries);
  }

  private holds(): boolean {
    return this.scenario.steps.some((s) => s.number >= this.step && handlesQueries(s));
  }

  /** STEP REPLY: answers the outstanding query that matches. False when none does. */
  answerOutstanding(entry: Entry): boolean {
    const held = this.outstanding.find((o) => matches(entry, o.query));
    if (held) this.finish(held, answerFrom(entry, held.query));
    return held !== undefined;
  }

  /** STEP TIMEOUT: the oldest outstanding query gets no answer. */
  timeoutOutstanding(): boolean {
    const held = this.outstanding[0];
    if (held) this.finish(held, { packet: undefined, delayMs: 0 });
    return held !== undefined;
  }
}

function handlesQueries({ kind }: Step): boolean {
  return kind === 'REPLY' || kind === 'TIMEOUT' || kind === 'CHECK_OUT_QUERY';
}

function answerFrom(entry: Entry, query: ServerQuery): Reply {
  const sleep = entry.adjust.find((w) => w.startsWith('sleep='));
  const delayMs = sleep ? Number(sleep.slice(6)) * 1000 : PROMPT_MS;
  if (entry.raw !== undefined) return { packet: Buffer.from(entry.raw, 'hex'), delayMs };
  // Without copy_query the reply shows the question of the recording, whatever was asked.
  const { name, type } = query.question;
  const isCopy = entry.adjust.includes('copy_query') || !entry.question;
  const isSame = entry.question?.name === name && entry.question.type === type;
  const asked = isCopy || isSame ? query.question : entry.question!;
  return { packet: encodeMessage(answerMessage(entry, asked, query)), delayMs };
}

function answerMessage(entry: Entry, asked: Question, query: ServerQuery): Message {
  return messageOf(entry, asked, query.edns !== undefined);
}
