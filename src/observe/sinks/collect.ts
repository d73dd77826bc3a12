/**
 * Collects the events of one resolution, and puts them together with what came out of it.
 *
 * The report is what every way of showing a trace starts from: tree, verdict, JSON. It is plain data.
 * Limitations: a resolution that emits more than the limit keeps its first events and its last words
 * (outcome and budget); how many were left out is said.
 */
import type { ExtendedError, Outcome } from '../../dns/outcome.js';
import type { Question, RRset } from '../../dns/rrset.js';
import type { TracedEvent, TraceSink } from '../../runtime/trace.js';
import { formatRRset } from '../../wire/rrset-text.js';
import type { ServerControl, TraceOptions } from '../control.js';

const MAX_EVENTS = 4000;

/** An outcome as text. */
export interface OutcomeReport {
  readonly kind: Outcome['kind'];
  /** `secure`, ...; undefined for a failure. */
  readonly security: string | undefined;
  /** Why it failed; undefined otherwise. */
  readonly reason: string | undefined;
  /** Presentation lines: aliases first, then the answer, or the SOA of a negative one. */
  readonly records: readonly string[];
  readonly ede: readonly ExtendedError[];
  readonly stale: boolean;
}

export interface TraceReport {
  readonly question: Question;
  readonly outcome: OutcomeReport;
  readonly events: readonly TracedEvent[];
  /** Events left out. */
  readonly omitted: number;
}

/** A sink that remembers, within bounds. */
export class CollectingSink implements TraceSink {
  readonly events: TracedEvent[] = [];
  omitted = 0;

  constructor(private readonly limit = MAX_EVENTS) {}

  emit(event: TracedEvent): void {
    const last = event.span === 0 && (event.kind === 'done' || event.kind === 'budget');
    if (this.events.length < this.limit || last) this.events.push(event);
    else this.omitted++;
  }
}

/** Resolves with a sink and reports. */
export async function traceQuestion(
  control: Pick<ServerControl, 'trace'>,
  question: Question,
  options?: TraceOptions,
): Promise<TraceReport> {
  const sink = new CollectingSink();
  const outcome = await control.trace(question, sink, options);
  return { question, outcome: reportOutcome(outcome), events: sink.events, omitted: sink.omitted };
}

/** Makes text of an outcome. */
export function reportOutcome(outcome: Outcome): OutcomeReport {
  if (outcome.kind === 'failure') {
    const { kind, reason, ede } = outcome;
    return { kind, security: undefined, reason, records: [], ede, stale: false };
  }
  const found = outcome.kind === 'answer' ? outcome.rrsets : outcome.soa ? [outcome.soa] : [];
  return {
    kind: outcome.kind,
    security: outcome.security,
    reason: undefined,
    records: [...outcome.aliases, ...found].flatMap(linesOf),
    ede: outcome.ede ?? [],
    stale: outcome.stale ?? false,
  };
}

function linesOf(rrset: RRset): string[] {
  return formatRRset({ ...rrset, signatures: [] });
}
