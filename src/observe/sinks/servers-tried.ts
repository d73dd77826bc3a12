/**
 * Every server that a walk asked, with what came of it: one row per exchange, in order.
 */
import { formatName } from '../../dns/name.js';
import { formatRcode } from '../../dns/registry.js';
import type { TracedEvent } from '../../runtime/trace.js';
import { printable } from './styles.js';

export interface ServerTried {
  /** `ns1.example. 192.0.2.1`, ready to print. */
  readonly label: string;
  readonly address: string;
  readonly port: number;
  readonly transport: string;
  readonly zone: string;
  /** True when any response came, of whatever content. */
  readonly answered: boolean;
  /** `NOERROR, referral`, `timeout`, ... */
  readonly result: string;
  /** Round trip, or how long was waited in vain. Undefined: cut off by the end of the walk. */
  readonly tookMs: number | undefined;
}

interface Row {
  readonly query: Extract<TracedEvent, { kind: 'query' }>;
  answered: boolean;
  results: string[];
  tookMs: number | undefined;
}

export function serversTried(events: readonly TracedEvent[]): ServerTried[] {
  const rows = new Map<number, Row>();
  for (const event of events) {
    if (event.kind === 'query')
      rows.set(event.exchange, { query: event, answered: false, results: [], tookMs: undefined });
    else if ('exchange' in event) note(event, rows.get(event.exchange));
  }
  return [...rows.values()].map(({ query, answered, results, tookMs }) => ({
    label: `${query.serverName === undefined ? '' : `${printable(formatName(query.serverName))} `}${printable(query.address)}`,
    address: query.address,
    port: query.port,
    transport: query.transport,
    zone: printable(formatName(query.zone)),
    answered,
    result: results.length === 0 ? 'not waited for' : results.join(', '),
    tookMs,
  }));
}

function note(event: Extract<TracedEvent, { exchange: number }>, row: Row | undefined): void {
  if (!row) return;
  if (event.kind === 'response') {
    row.answered = true;
    row.tookMs = event.rttMs;
    row.results.push(formatRcode(event.rcode));
  } else if (event.kind === 'classified') {
    row.results.push(printable(event.as));
  } else if (event.kind === 'no-response') {
    row.tookMs = event.afterMs;
    row.results.push(printable(event.why));
  }
}
