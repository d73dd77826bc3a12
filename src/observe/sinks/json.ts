/**
 * Trace reports as JSON, and back.
 *
 * Names of RFC 8427 stand where they fit (QNAME, QTYPE, NAME, TYPE, TTL, RCODE, ANCOUNT, AA, ...); what it has
 * no name for keeps the name of the event. Domain names are in presentation form. One shape per kind of
 * event says how each member is written and read; the compiler asks for the shape of a new kind or member.
 * Reading checks every member, since `--at` may point at anything.
 */
import { formatName, NameError, parseName } from '../../dns/name.js';
import { formatClass, formatRcode, formatType } from '../../dns/registry.js';
import type { TracedEvent, TraceEvent } from '../../runtime/trace.js';
import type { OutcomeReport, TraceReport } from './collect.js';

export type JsonObject = Record<string, unknown>;

/** JSON that is no trace report. */
export class TraceFormatError extends Error {
  readonly code = 'BAD_TRACE';
  constructor(message: string) {
    super(message);
    this.name = 'TraceFormatError';
  }
}

/** Writes one member into an object, and reads it from there. */
interface Codec {
  write(key: string, value: unknown, out: JsonObject): void;
  read(key: string, from: JsonObject): unknown;
}

function plain(type: 'string' | 'number' | 'boolean', as?: string): Codec {
  return {
    write: (key, value, out) => {
      out[as ?? key] = value;
    },
    read: (key, from) => {
      const value = from[as ?? key];
      if (typeof value !== type) throw new TraceFormatError(`${as ?? key} must be a ${type}`);
      return value;
    },
  };
}

const text = plain('string');
const number = plain('number');

function optional(codec: Codec, probe?: string): Codec {
  return {
    write: (key, value, out) => {
      if (value !== undefined) codec.write(key, value, out);
    },
    read: (key, from) => (from[probe ?? key] === undefined ? undefined : codec.read(key, from)),
  };
}

function readText(key: string, from: JsonObject): string {
  return text.read(key, from) as string;
}

function readName(key: string, from: JsonObject): unknown {
  try {
    return parseName(readText(key, from));
  } catch (error) {
    if (error instanceof NameError) throw new TraceFormatError(`${key} is no domain name`);
    throw error;
  }
}

function name(as?: string): Codec {
  return {
    write: (key, value, out) => {
      out[as ?? key] = formatName(value as string);
    },
    read: (key, from) => readName(as ?? key, from),
  };
}

/** A number with a member beside it that gives its mnemonic, as RFC 8427 2.1 does. */
function coded(as: string, format: (value: number) => string): Codec {
  return {
    write: (_key, value, out) => {
      out[as] = value;
      out[`${as}name`] = format(value as number);
    },
    read: (_key, from) => number.read(as, from),
  };
}

const strings: Codec = {
  write: (key, value, out) => {
    out[key] = value;
  },
  read: (key, from) => {
    const value = from[key];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw new TraceFormatError(`${key} must be a list of strings`);
    }
    return value;
  },
};

const question: Codec = {
  write: (_key, value, out) => {
    const asked = value as TraceReport['question'];
    out.QNAME = formatName(asked.name);
    coded('QTYPE', formatType).write('', asked.type, out);
    coded('QCLASS', formatClass).write('', asked.class, out);
  },
  read: (_key, from) => ({
    name: readName('QNAME', from),
    type: number.read('QTYPE', from),
    class: number.read('QCLASS', from),
  }),
};

const countNames = ['ANCOUNT', 'NSCOUNT', 'ARCOUNT'] as const;
const counts: Codec = {
  write: (_key, value, out) => {
    for (const [i, as] of countNames.entries()) out[as] = (value as readonly number[])[i];
  },
  read: (_key, from) => countNames.map((as) => number.read(as, from)),
};

const budget: Codec = {
  write: (key, value, out) => {
    out[key] = value;
  },
  read: (key, from) => {
    const used = asObject(from[key], key);
    for (const [item, entry] of Object.entries(used)) {
      const pair = asObject(entry, item);
      number.read('used', pair);
      number.read('limit', pair);
    }
    return used;
  },
};

const type = coded('TYPE', formatType);
const ttl = plain('number', 'TTL');
const flag = (as: string) => plain('boolean', as);

type Kind = TraceEvent['kind'];
type Members<K extends Kind> = Exclude<keyof Extract<TraceEvent, { kind: K }>, 'kind'>;
type Shapes = { readonly [K in Kind]: Readonly<Record<Members<K>, Codec>> };

const shapes: Shapes = {
  span: { parent: number, purpose: text, question },
  probe: {
    layer: text,
    name: name('NAME'),
    type,
    result: text,
    reason: optional(text),
    ttlSec: optional(ttl, 'TTL'),
    detail: optional(text),
  },
  joined: {},
  zone: { zone: name(), servers: number, from: text },
  query: {
    exchange: number,
    zone: name(),
    serverName: optional(name()),
    address: text,
    port: number,
    transport: text,
    question,
    timeoutMs: number,
  },
  response: {
    exchange: number,
    rttMs: number,
    rcode: coded('RCODE', formatRcode),
    aa: flag('AA'),
    tc: flag('TC'),
    sizeOctets: number,
    counts,
    records: strings,
  },
  'no-response': { exchange: number, why: text, afterMs: number },
  scrubbed: { exchange: number, removed: strings },
  classified: { exchange: number, as: text, detail: optional(text) },
  alias: { from: name(), to: name(), by: text },
  minimise: { asked: name(), full: name(), relaxed: plain('boolean') },
  servers: { zone: name(), known: number, missing: number, skipped: strings },
  stored: { layer: text, name: name('NAME'), type, ttlSec: ttl },
  'cache-rule': {
    name: name('NAME'),
    rule: name(),
    noCache: plain('boolean'),
    minTtlSec: optional(number),
    maxTtlSec: optional(number),
    negativeMaxSec: optional(number),
  },
  policy: { rule: text, action: text },
  validation: {
    step: text,
    name: name('NAME'),
    type: optional(type, 'TYPE'),
    security: text,
    detail: text,
    keyTag: optional(number),
    algorithm: optional(number),
  },
  limit: { item: text },
  done: { outcome: text, reason: optional(text), tookMs: number },
  budget: { used: budget },
};

/** One event for JSON. */
export function eventToJson(event: TracedEvent): JsonObject {
  const out: JsonObject = { kind: event.kind, atMs: event.atMs, span: event.span };
  const members = event as unknown as JsonObject;
  for (const [key, codec] of Object.entries<Codec>(shapes[event.kind])) codec.write(key, members[key], out);
  return out;
}

/** @throws {TraceFormatError} */
export function eventFromJson(value: unknown): TracedEvent {
  const from = asObject(value, 'an event');
  const kind = readText('kind', from);
  if (!Object.hasOwn(shapes, kind)) throw new TraceFormatError('an event is of no known kind');
  const out: JsonObject = { kind, atMs: number.read('atMs', from), span: number.read('span', from) };
  for (const [key, codec] of Object.entries<Codec>(shapes[kind as Kind])) {
    const member = codec.read(key, from);
    if (member !== undefined) out[key] = member;
  }
  return out as unknown as TracedEvent;
}

/** A whole report; `/trace` and `trace --json` give this. */
export function reportToJson(report: TraceReport): JsonObject {
  const out: JsonObject = {};
  question.write('question', report.question, out);
  const { kind, security, reason, records, ede, stale } = report.outcome;
  return {
    ...out,
    outcome: kind,
    ...(security === undefined ? {} : { security, AD: security === 'secure' }),
    ...(reason === undefined ? {} : { reason }),
    stale,
    records,
    EDE: ede.map(({ code, text: extra }) => ({ INFO_CODE: code, EXTRA_TEXT: extra })),
    omitted: report.omitted,
    events: report.events.map(eventToJson),
  };
}

const outcomeKinds = ['answer', 'nodata', 'nxdomain', 'failure'] as const;

/** @throws {TraceFormatError} */
export function reportFromJson(value: unknown): TraceReport {
  const from = asObject(value, 'the reply');
  const kind = outcomeKinds.find((known) => known === from.outcome);
  if (!kind) throw new TraceFormatError('outcome is of no known kind');
  if (!Array.isArray(from.events) || !Array.isArray(from.EDE)) {
    throw new TraceFormatError('events and EDE must be lists');
  }
  const outcome: OutcomeReport = {
    kind,
    security: optional(text).read('security', from) as string | undefined,
    reason: optional(text).read('reason', from) as string | undefined,
    records: strings.read('records', from) as string[],
    ede: from.EDE.map(readEde),
    stale: from.stale === true,
  };
  return {
    question: question.read('', from) as TraceReport['question'],
    outcome,
    events: from.events.map(eventFromJson),
    omitted: number.read('omitted', from) as number,
  };
}

function readEde(value: unknown): OutcomeReport['ede'][number] {
  const from = asObject(value, 'an EDE');
  const code = number.read('INFO_CODE', from);
  return { code, text: readText('EXTRA_TEXT', from) } as OutcomeReport['ede'][number];
}

function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TraceFormatError(`${what} must be an object`);
  }
  return value as JsonObject;
}
