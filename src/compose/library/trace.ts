/**
 * A trace as users of the library get it: events as data, and the texts that the command line prints.
 */

import type { OutcomeReport, TraceReport } from '../../observe/sinks/collect.js';
import { explain, type Verdict } from '../../observe/sinks/explain.js';
import { type JsonObject, reportToJson } from '../../observe/sinks/json.js';
import { treeLines } from '../../observe/sinks/tree.js';
import type { TracedEvent } from '../../runtime/trace.js';

export class ResolutionTrace {
  constructor(
    /** What the texts below are made of. Names in it are octet strings in wire form. */
    readonly report: TraceReport,
  ) {}

  /** How it ended, with the records as text. */
  get outcome(): OutcomeReport {
    return this.report.outcome;
  }

  get events(): readonly TracedEvent[] {
    return this.report.events;
  }

  /** What happened, the first step that failed, who is to blame, and what to do. */
  explain(): Verdict {
    return explain(this.report);
  }

  /** Plain data with the names of RFC 8427, as `stratadns trace --json` prints it. */
  toJSON(): JsonObject {
    return reportToJson(this.report);
  }

  /** The tree that `stratadns trace` prints. */
  toString(): string {
    return treeLines(this.report).join('\n');
  }
}
