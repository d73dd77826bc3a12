/** What a walk tells the trace of its exchanges; nothing is made when nobody watches. */
import { formatName } from '../dns/name.js';
import type { Question } from '../dns/rrset.js';
import type { UpstreamResult } from '../transport/upstream.js';
import type { AskedZone } from './asked-zone.js';
import type { Attempt } from './attempt.js';
import type { NameServers } from './name-servers.js';
import type { QueryContext } from './query-context.js';
import type { Scrubbed } from './scrub.js';
import { traceRecords, traceRemoved } from './trace-records.js';

/** @param full what the walk is about; `question` may be shorter */
export function emitQuery(
  ctx: QueryContext,
  zone: AskedZone,
  { server, transport }: Attempt,
  question: Question,
  full: Question,
  exchange: number,
  timeoutMs: number,
): void {
  if (!ctx.traced) return;
  if (question.name !== full.name) {
    ctx.emit({ kind: 'minimise', asked: question.name, full: full.name, relaxed: false });
  }
  const { address, port, name: serverName } = server;
  ctx.emit({
    kind: 'query',
    exchange,
    zone: zone.zone,
    serverName,
    address,
    port,
    transport,
    question,
    timeoutMs,
  });
}

export function emitResponse(
  ctx: QueryContext,
  exchange: number,
  { message, sizeOctets, rttMs }: Extract<UpstreamResult, { kind: 'response' }>,
): void {
  if (!ctx.traced) return;
  ctx.emit({
    kind: 'response',
    exchange,
    rttMs,
    rcode: message.rcode,
    aa: message.aa,
    tc: message.tc,
    sizeOctets,
    counts: [message.answer.length, message.authority.length, message.additional.length],
    records: traceRecords(message),
  });
}

/** Which servers of a zone have no address. */
export function emitServers(ctx: QueryContext, zone: AskedZone, servers: NameServers): void {
  if (!ctx.traced) return;
  const missing = servers.missing();
  const known = servers.known().length;
  ctx.emit({
    kind: 'servers',
    zone: zone.zone,
    known,
    missing: missing.length,
    skipped: missing.map(formatName),
  });
}

/** What of a response was not believed, for the trace. */
export function emitScrubbed(ctx: QueryContext, exchange: number, scrubbed: Scrubbed): void {
  if (!ctx.traced) return;
  const removed = traceRemoved(scrubbed.removed());
  if (removed.length > 0) ctx.emit({ kind: 'scrubbed', exchange, removed });
}
