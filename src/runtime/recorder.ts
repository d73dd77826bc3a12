/**
 * What the server reports of each client query, for counters and the query log.
 *
 * Layer 0, so that the server counts without knowing who listens; observe/ implements it.
 */
import type { ExtendedError } from '../dns/outcome.js';
import type { MissReason } from './trace.js';

/** One finished client query. */
export interface QueryRecord {
  /** One of resolver/contract LookupClass. */
  readonly lookupClass: string;
  readonly missReason: MissReason | undefined;
  readonly qtype: number;
  /** Undefined: IN, or unreadable. */
  readonly qclass?: number | undefined;
  /** Undefined when the query was dropped without a response. */
  readonly rcode: number | undefined;
  readonly transport: 'udp' | 'tcp';
  readonly tookMs: number;
  readonly client: string;
  /** Presentation of QNAME is made by the sink when it needs it; this is wire form. Undefined: unreadable. */
  readonly qname: string | undefined;
  /** The operator's view that the client is in. */
  readonly view?: string | undefined;
  /** Extended DNS Errors of the response. */
  readonly ede?: readonly ExtendedError[];
  /** The limit that was reached on the way: a budget item, or one of the server's own. */
  readonly limit?: string;
}

export interface QueryRecorder {
  record(query: QueryRecord): void;
  /** Stands for `count` queries that were answered alike. Without it `record` is called for each. */
  recordMany?(query: QueryRecord, count: number): void;
  /** Queries among those of `recordMany` that clients in a view sent. */
  viewed?(view: string, count: number): void;
  /** A question that was answered without a record of its own, seen as one of about `times`. For top names only. */
  sampled?(qname: string, qtype: number, times: number): void;
  /** A packet that got no pipeline: malformed, over a limit, a response sent to us. `kind` is a closed list of its sender. */
  dropped(kind: string): void;
}
