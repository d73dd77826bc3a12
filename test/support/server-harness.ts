/**
 * A pipeline with fakes around it: a resolver that says what a test wants, a virtual clock, a recorder that
 * remembers. No sockets; answers are decoded back to messages.
 */
import { HeapStubCache } from '../../src/cache/heap-stub-cache.js';
import { parseName } from '../../src/dns/name.js';
import type { Outcome } from '../../src/dns/outcome.js';
import { Opcode, RRClass, RRType } from '../../src/dns/registry.js';
import type { Question, RRset } from '../../src/dns/rrset.js';
import type { RecursiveResolver, Resolution, ResolveOptions } from '../../src/resolver/contract.js';
import type { KnownServers } from '../../src/resolver/server-facts.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import type { QueryRecord, QueryRecorder } from '../../src/runtime/recorder.js';
import { FaultLog } from '../../src/server/fault-log.js';
import { InFlight } from '../../src/server/in-flight.js';
import type { ServerLog } from '../../src/server/log.js';
import { Pipeline, type PipelineParts } from '../../src/server/pipeline.js';
import { defaultServerSettings, type ServerSettings } from '../../src/server/settings.js';
import type { ClientAddress } from '../../src/transport/listener.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeMessage } from '../../src/wire/encode.js';
import type { Edns, Message } from '../../src/wire/message.js';

export const udpClient: ClientAddress = client('192.0.2.10', 'udp');
export const tcpClient: ClientAddress = client('192.0.2.10', 'tcp');

export function client(address: string, transport: 'udp' | 'tcp'): ClientAddress {
  return { address, port: 40_000, transport, local: '192.0.2.1' };
}

/** An RRset of class IN; `rdatas` in wire form. */
export function rrset(
  name: string,
  type: number,
  rdatas: readonly string[],
  more: Partial<RRset> = {},
): RRset {
  return { name: parseName(name), type, class: RRClass.IN, ttlSec: 300, rdatas, signatures: [], ...more };
}

export function aRecord(name: string, last = 1, more: Partial<RRset> = {}): RRset {
  return rrset(name, RRType.A, [`\xc0\0\x02${String.fromCharCode(last)}`], more);
}

export function soaRecord(zone: string, ttlSec = 60): RRset {
  const rdata = `${parseName(`ns.${zone}`)}${parseName(`root.${zone}`)}${'\0\0\0\x01'.repeat(5)}`;
  return rrset(zone, RRType.SOA, [rdata], { ttlSec });
}

/** RDATA of an RRSIG that looks right and covers `type`; its signature is nonsense. */
export function fakeRrsig(type: number, signer: string): string {
  return `\0${String.fromCharCode(type)}\x0d\x02\0\0\x01\x2c\x7f\0\0\0\x60\0\0\0\x30\x39${parseName(signer)}${'\x5a'.repeat(64)}`;
}

export function resolutionOf(outcome: Outcome, more: Partial<Resolution> = {}): Resolution {
  return { outcome, lookupClass: 'resolver', budget: undefined, keepUntilMs: undefined, ...more };
}

export function answerOf(rrsets: readonly RRset[], more: object = {}): Outcome {
  return { kind: 'answer', aliases: [], rrsets, proof: [], security: 'insecure', ...more };
}

export type Answering = (question: Question, options: ResolveOptions) => Resolution | Promise<Resolution>;

export class FakeResolver implements RecursiveResolver {
  readonly asked: Question[] = [];
  readonly options: ResolveOptions[] = [];
  servers: KnownServers = { names: [], addresses: [] };
  constructor(public answering: Answering) {}

  serversOf(): KnownServers {
    return this.servers;
  }

  async resolve(question: Question, options: ResolveOptions = {}): Promise<Resolution> {
    this.asked.push(question);
    this.options.push(options);
    return this.answering(question, options);
  }
}

export class FakeRecorder implements QueryRecorder {
  readonly records: QueryRecord[] = [];
  readonly drops: string[] = [];
  record(query: QueryRecord): void {
    this.records.push(query);
  }
  dropped(kind: string): void {
    this.drops.push(kind);
  }
}

export class FakeLog implements ServerLog {
  readonly lines: { level: string; fields: object; message: string }[] = [];
  error = (fields: object, message: string) => void this.lines.push({ level: 'error', fields, message });
  warn = (fields: object, message: string) => void this.lines.push({ level: 'warn', fields, message });
  info = (fields: object, message: string) => void this.lines.push({ level: 'info', fields, message });
}

/** A query message; a plain `www.example. A` with RD unless told otherwise. */
export function query(name = 'www.example.', type: number = RRType.A, more: Partial<Message> = {}): Message {
  const spelling = spelled(name);
  const question = { name: parseName(name), type, class: RRClass.IN, spelling };
  return {
    id: 0x1234,
    qr: false,
    opcode: Opcode.QUERY,
    aa: false,
    tc: false,
    rd: true,
    ra: false,
    ad: false,
    cd: false,
    rcode: 0,
    questions: [question],
    answer: [],
    authority: [],
    additional: [],
    edns: undefined,
    ...more,
  };
}

function spelled(name: string): string {
  return name === '.'
    ? '\0'
    : `${name.replace(/([^.]*)\./g, (_, l: string) => String.fromCharCode(l.length) + l)}\0`;
}

export function edns(more: Partial<Edns> = {}): Edns {
  return { version: 0, udpSize: 1232, do: false, options: [], ...more };
}

/** The EDE options of a response, `code text`. */
export function edeOf(message: Message | undefined): string[] {
  const options = message?.edns?.options.filter((o) => o.code === 15) ?? [];
  return options.map(({ data }) => `${(data.charCodeAt(0) << 8) | data.charCodeAt(1)} ${data.slice(2)}`);
}

export class Harness {
  readonly clock = new VirtualClock();
  readonly recorder = new FakeRecorder();
  readonly log = new FakeLog();
  readonly inFlight = new InFlight();
  readonly faults = new FaultLog(this.log, this.clock);
  readonly stubCache = new HeapStubCache({ clock: this.clock, maxOctets: 1 << 20 });
  readonly resolver: FakeResolver;
  readonly parts: PipelineParts;
  pipeline: Pipeline;

  constructor(
    answering: Answering = () => resolutionOf(answerOf([aRecord('www.example.')])),
    settings: Partial<ServerSettings> = {},
  ) {
    this.resolver = new FakeResolver(answering);
    const { clock, recorder, faults, inFlight, stubCache, resolver } = this;
    this.parts = { clock, recorder, faults, inFlight, stubCache, resolver };
    this.pipeline = new Pipeline(this.parts, { ...defaultServerSettings, ...settings });
  }

  /** Sends a packet; the response when it came in the same turn. */
  now(packet: Buffer | Message, from: ClientAddress = udpClient): Buffer | undefined {
    let wire: Buffer | undefined;
    this.pipeline.handle(Buffer.isBuffer(packet) ? packet : encodeMessage(packet), from, (w) => {
      if (w.length > 0) wire = w; // empty: none will come
    });
    return wire;
  }

  /** Sends a packet and waits until the pipeline is through with it. */
  async wire(packet: Buffer | Message, from: ClientAddress = udpClient): Promise<Buffer | undefined> {
    let wire: Buffer | undefined;
    this.pipeline.handle(Buffer.isBuffer(packet) ? packet : encodeMessage(packet), from, (w) => {
      if (w.length > 0) wire = w; // empty: none will come
    });
    if (!wire) await this.clock.advance(0);
    return wire;
  }

  async ask(packet: Buffer | Message, from: ClientAddress = udpClient): Promise<Message | undefined> {
    const wire = await this.wire(packet, from);
    return wire && decoded(wire);
  }
}

/** Decodes what we sent; what cannot be decoded is a failure of the test. */
export function decoded(wire: Buffer): Message {
  const result = decodeMessage(wire);
  if (!result.ok) throw new Error(`the response is malformed at ${result.offset}: ${result.reason}`);
  return result.message;
}
