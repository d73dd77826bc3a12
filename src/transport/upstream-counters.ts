/**
 * Counts of one outgoing transport. Plain fields, because they are bumped on every query.
 */
import type { UpstreamFault } from '../runtime/trace.js';

export interface UpstreamStats {
  readonly queries: number;
  readonly responses: number;
  /** Packets that were no DNS message; several may come to one query. */
  readonly malformed: number;
  /** Packets with the right ID that were no answer to the query: question, QR or opcode differ. */
  readonly mismatched: number;
  /** Packets on which our own decoder threw, which is a bug; they count as malformed too. */
  readonly codecErrors: number;
  /** Exchanges that ended without response, by reason. */
  readonly faults: Readonly<Record<UpstreamFault, number>>;
}

export class UpstreamCounters implements UpstreamStats {
  queries = 0;
  responses = 0;
  malformed = 0;
  mismatched = 0;
  codecErrors = 0;
  readonly faults: Record<UpstreamFault, number> = {
    timeout: 0,
    unreachable: 0,
    'connection-refused': 0,
    'connection-closed': 0,
    'near-miss': 0,
    'no-cookie': 0,
    malformed: 0,
    'no-socket': 0,
  };

  snapshot(): UpstreamStats {
    return {
      queries: this.queries,
      responses: this.responses,
      malformed: this.malformed,
      mismatched: this.mismatched,
      codecErrors: this.codecErrors,
      faults: { ...this.faults },
    };
  }
}
