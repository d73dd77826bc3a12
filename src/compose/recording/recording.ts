/**
 * A recording: one lookup with all that decided how it ended, so that it can be done again anywhere, at any time.
 *
 * Made by record-walk.ts, written and read by recording-file.ts, walked again by replay.ts. It begins with caches that
 * are empty, as the walk it was made of did. Nothing in it is a secret of the one who made it: no token, no path, no
 * address of a client. But it names the servers that were asked, those of the configuration too.
 */
import type { ConfigInput } from '../../config/input.js';
import type { Name } from '../../dns/name.js';
import type { Question } from '../../dns/rrset.js';
import type { OutcomeReport } from '../../observe/sinks/collect.js';
import type { RecordedExchange } from '../../transport/exchange-recorder.js';

export interface Recording {
  /** Program and version, for people. */
  readonly recordedBy: string;
  /** The date by which signatures were judged. */
  readonly startedAtMs: number;
  readonly question: Question;
  /** How it ended then. */
  readonly outcome: OutcomeReport;
  /** What of the configuration decides; the rest is as by default. */
  readonly config: ConfigInput;
  /** Name servers whose addresses were looked up, in the order in which it was begun. */
  readonly lookups: readonly Name[];
  /** In the order in which they were begun. */
  readonly exchanges: readonly RecordedExchange[];
}

/** What a client would have been told. */
export function rcodeOf(kind: OutcomeReport['kind']): 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' {
  if (kind === 'failure') return 'SERVFAIL';
  return kind === 'nxdomain' ? 'NXDOMAIN' : 'NOERROR';
}

/** In what a replay ended otherwise than the recording, in words; empty when it did not. */
export function differences(then: OutcomeReport, now: OutcomeReport): string[] {
  const shown = (report: OutcomeReport) => ({
    RCODE: rcodeOf(report.kind),
    outcome: report.kind,
    reason: report.reason ?? 'none',
    security: report.security ?? 'none',
    records: report.records.length === 0 ? 'none' : report.records.join(' / '),
    EDE: report.ede.map(({ code }) => code).join(', ') || 'none',
  });
  const before = shown(then);
  const after = shown(now);
  const keys = Object.keys(before) as (keyof typeof before)[];
  return keys
    .filter((key) => before[key] !== after[key])
    .map((key) => `${key}: recorded ${before[key]}, now ${after[key]}`);
}
