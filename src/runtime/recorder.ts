/**
 * What the server reports of each client query, for counters and the query log.
 *
 * Layer 0, so that the server counts without knowing who listens; observe/ implements it.
 */
import type { MissReason } from './trace.js';

/** One finished client query. */
export interface QueryRecord {
  /** One of resolver/contract LookupClass. */
  readonly lookupClass: string;
  readonly missReason: MissReason | undefined;
  readonly qtype: number;
  /** Undefined when the query was dropped without a response. */
  readonly rcode: number | undefined;
  readonly transport: 'udp' | 'tcp';
  readonly tookMs: number;
  readonly client: string;
  /** Presentation of QNAME is made by the sink when it needs it; this is wire form. Undefined: unreadable. */
  readonly qname: string | undefined;
}

export interface QueryRecorder {
  record(query: QueryRecord): void;
  /** A packet that got no pipeline: malformed, over a limit, a response sent to us. `kind` is a closed list of its sender. */
  dropped(kind: string): void;
}
