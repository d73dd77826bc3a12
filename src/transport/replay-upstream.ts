/**
 * Servers that say again what they said once: an `Upstream` over recorded exchanges, without any network.
 *
 * A query is met by its question. First comes the exchange with the same server, in the order of the recording; then
 * what that server said already; then what another server of the zone said, which is told as a departure. Nothing
 * else is answered: such a query ends as `not-recorded`. The packet that came is judged against the packet that was
 * sent then, by the same rules as on the network, so IDs, ports, letter case and cookies of now play no part.
 * Exchanges end no earlier than they ended in the recording, so that what ran side by side comes in the same order.
 */
import { isStrictSubdomain, isSubdomain, type Name } from '../dns/name.js';
import { EdnsOption } from '../dns/registry.js';
import type { Question } from '../dns/rrset.js';
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import { decodeMessage, HEADER_OCTETS } from '../wire/decode.js';
import { CLIENT_COOKIE_OCTETS, findOption } from '../wire/options.js';
import { peekQuestion } from '../wire/peek.js';
import type { RecordedExchange } from './exchange-recorder.js';
import { type Match, matchResponse } from './match-response.js';
import type { OutgoingQuery } from './outgoing-query.js';
import type { ServerEndpoint, Upstream, UpstreamQuery, UpstreamResult } from './upstream.js';

/** Where a replay could not do as the recording did. */
export interface Departure {
  readonly question: Question;
  readonly endpoint: ServerEndpoint;
  readonly transport: UpstreamTransport;
  /** The server whose words were taken; undefined: there was nothing to take. */
  readonly standIn: ServerEndpoint | undefined;
}

interface Entry {
  readonly recorded: RecordedExchange;
  readonly shape: string | undefined;
  used: boolean;
}

interface Waiting {
  readonly result: UpstreamResult;
  readonly resolve: (result: UpstreamResult) => void;
}

const CLOSED: UpstreamResult = { kind: 'fault', fault: 'connection-closed', afterMs: 0 };

export class ReplayUpstream implements Upstream {
  readonly departures: Departure[] = [];
  private readonly entries: readonly Entry[];
  /** Exchanges under way, by the microsecond in which they end. */
  private readonly endings = new Map<number, { readonly waiting: Waiting[]; readonly cancel: CancelTimer }>();
  private closed = false;

  constructor(
    exchanges: readonly RecordedExchange[],
    private readonly clock: Clock,
  ) {
    this.entries = exchanges.map((recorded) => ({ recorded, shape: shapeOf(recorded), used: false }));
  }

  exchange(query: UpstreamQuery): Promise<UpstreamResult> {
    if (this.closed) return Promise.resolve(CLOSED);
    const entry = this.find(query);
    if (!entry) return Promise.resolve({ kind: 'fault', fault: 'not-recorded', afterMs: 0 });
    entry.used = true;
    const result = resultOf(entry.recorded, query);
    const tookMs = result.kind === 'response' ? result.rttMs : result.afterMs;
    const endMs = Math.max(this.clock.monotonicMs(), entry.recorded.sentMs) + tookMs;
    return new Promise((resolve) => this.end(endMs, { resolve, result }));
  }

  /** What ended in one go ends so again: between two timers the walk would go on. */
  private end(endMs: number, waiting: Waiting): void {
    const endUs = Math.round(endMs * 1000);
    const known = this.endings.get(endUs);
    if (known) {
      known.waiting.push(waiting);
      return;
    }
    const all = [waiting];
    const cancel = this.clock.after(endMs - this.clock.monotonicMs(), () => {
      this.endings.delete(endUs);
      for (const { resolve, result } of all) resolve(result);
    });
    this.endings.set(endUs, { waiting: all, cancel });
  }

  /**
   * Of servers of a zone that are as good, the one that was asked when it was recorded.
   * @param sought what the walk is about
   */
  preferred(zone: Name, addresses: readonly string[], sought: Question): string | undefined {
    const asked = this.entries.filter(
      ({ recorded: { zone: of, endpoint, transport } }) =>
        of === zone && transport === 'udp' && addresses.includes(endpoint.address),
    );
    const leading = asked.filter(({ recorded }) => leadsTo(recorded, sought));
    return (nextOf(leading) ?? nextOf(asked))?.recorded.endpoint.address;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const { waiting, cancel } of this.endings.values()) {
      cancel();
      for (const { resolve } of waiting) resolve(CLOSED);
    }
    this.endings.clear();
  }

  private find(query: UpstreamQuery): Entry | undefined {
    const { endpoint, transport, question } = query;
    const asked = this.entries.filter(({ recorded }) => isSameQuestion(recorded, query));
    const own = asked.filter(({ recorded }) => isSameServer(recorded.endpoint, endpoint));
    const shape = askedShape(query);
    const alike = own.filter((entry) => entry.shape === undefined || entry.shape === shape);
    const found = nextOf(alike) ?? nextOf(own);
    if (found) return found;
    const standIn = asked.find(
      ({ recorded }) => recorded.zone === query.zone && recorded.fault === undefined && recorded.response,
    );
    this.departures.push({ question, endpoint, transport, standIn: standIn?.recorded.endpoint });
    return standIn;
  }
}

/** The first that was not used, or the last when all were: a server that is asked once more says the same. */
function nextOf(entries: readonly Entry[]): Entry | undefined {
  return entries.find((entry) => !entry.used) ?? entries.at(-1);
}

function isSameQuestion(recorded: RecordedExchange, { question, transport }: UpstreamQuery): boolean {
  const { name, type, class: ofClass } = recorded.question;
  return (
    recorded.transport === transport &&
    name === question.name &&
    type === question.type &&
    ofClass === question.class
  );
}

/** The question itself, or a shorter name on the way to it (RFC 9156). */
function leadsTo({ zone, question: { name, type } }: RecordedExchange, sought: Question): boolean {
  if (name === sought.name) return type === sought.type || name !== zone;
  return isStrictSubdomain(name, zone) && isSubdomain(sought.name, name);
}

function isSameServer(a: ServerEndpoint, b: ServerEndpoint): boolean {
  return a.address === b.address && a.port === b.port;
}

/** What servers answer by besides the question: EDNS, DO, RD and CD. */
function askedShape({ edns, rd, cd }: UpstreamQuery): string {
  return shapeText(edns?.do, rd, cd);
}

function shapeOf({ query }: RecordedExchange): string | undefined {
  const decoded = query && decodeMessage(query);
  if (!decoded?.ok) return undefined;
  const { edns, rd, cd } = decoded.message;
  return shapeText(edns?.do, rd, cd);
}

function shapeText(dnssecOk: boolean | undefined, rd: boolean, cd: boolean): string {
  return [dnssecOk, rd, cd].join();
}

/** What came of it then, as it is judged now. */
function resultOf(recorded: RecordedExchange, query: UpstreamQuery): UpstreamResult {
  const { response, fault, tookMs } = recorded;
  if (fault === 'unfinished') return { kind: 'fault', fault: 'timeout', afterMs: query.timeoutMs };
  const match = judgeRecorded(recorded, query.randomCase);
  switch (match?.kind) {
    case 'match': {
      const { message, caseMatched } = match;
      return { kind: 'response', message, sizeOctets: response!.length, rttMs: tookMs, caseMatched };
    }
    case 'wrong-id':
      return { kind: 'fault', fault: 'near-miss', afterMs: tookMs };
    case 'no-cookie':
      return { kind: 'fault', fault: 'no-cookie', afterMs: tookMs };
    case 'malformed':
      return { kind: 'fault', fault: fault ?? 'malformed', afterMs: tookMs };
    case 'mismatch':
    case undefined:
      return { kind: 'fault', fault: fault ?? 'timeout', afterMs: tookMs };
  }
}

/** How the response of an exchange stands to its query; undefined when there is no pair of packets to judge. */
export function judgeRecorded(
  { query, response, transport }: Pick<RecordedExchange, 'query' | 'response' | 'transport'>,
  randomCase: boolean,
): Match | undefined {
  const sent = query && sentQuery(query, transport, randomCase);
  if (!sent || !response) return undefined;
  try {
    return matchResponse(response, sent);
  } catch {
    return { kind: 'malformed' };
  }
}

function sentQuery(
  wire: Buffer,
  transport: UpstreamTransport,
  randomCase: boolean,
): OutgoingQuery | undefined {
  const question = wire.length < HEADER_OCTETS ? undefined : peekQuestion(wire);
  const decoded = decodeMessage(wire);
  if (!question || !decoded.ok) return undefined;
  const { edns } = decoded.message;
  const cookie = edns && findOption(edns, EdnsOption.COOKIE)?.data;
  return {
    id: wire.readUInt16BE(0),
    wire,
    questionEnd: question.end,
    randomCase,
    clientCookie: cookie?.slice(0, CLIENT_COOKIE_OCTETS),
    demandsCookie: cookie !== undefined && cookie.length > CLIENT_COOKIE_OCTETS && transport === 'udp',
  };
}
