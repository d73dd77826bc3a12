/** RRsets from presentation form, and sources of DS and DNSKEY for validators under test. */
import type { Name } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import type { Rdata, RRset } from '../../src/dns/rrset.js';
import type { FetchResult, ValidationContext } from '../../src/dnssec/zone-state.js';
import { Budget, type BudgetLimits, defaultBudgetLimits } from '../../src/runtime/budget.js';
import type { TraceEvent } from '../../src/runtime/trace.js';
import { parseZoneText } from '../../src/zone/parse.js';

/** Groups records (lines in presentation form) into RRsets with their RRSIGs, in order of first appearance. */
export function rrsetsOf(text: string | readonly string[]): RRset[] {
  const parsed = parseZoneText(`$TTL 3600\n${typeof text === 'string' ? text : text.join('\n')}`);
  const [problem] = parsed.problems;
  if (problem) throw new Error(JSON.stringify(problem));
  type Building = { -readonly [K in keyof RRset]: RRset[K] } & { rdatas: Rdata[]; signatures: Rdata[] };
  const groups = new Map<string, Building>();
  const order: Building[] = [];
  const group = (name: Name, type: number, ttlSec: number) => {
    const key = `${type} ${name}`;
    let found = groups.get(key);
    if (!found) {
      found = { name, type, class: 1, ttlSec, rdatas: [], signatures: [] };
      groups.set(key, found);
      order.push(found);
    }
    return found;
  };
  for (const { name, type, ttlSec, rdata } of parsed.records) {
    if (type !== RRType.RRSIG) group(name, type, ttlSec).rdatas.push(rdata);
    else group(name, (rdata.charCodeAt(0) << 8) | rdata.charCodeAt(1), ttlSec).signatures.push(rdata);
  }
  return order.filter((rrset) => rrset.rdatas.length > 0);
}

export function onlyRrset(text: string | readonly string[]): RRset {
  const rrsets = rrsetsOf(text);
  if (rrsets.length !== 1) throw new Error(`expected one RRset, got ${rrsets.length}`);
  return rrsets[0]!;
}

export function budgetOf(limits: Partial<BudgetLimits> = {}): Budget {
  return new Budget(0, { ...defaultBudgetLimits, ...limits });
}

export interface TestContext extends ValidationContext {
  readonly events: TraceEvent[];
  /** What was fetched, as `type name`. */
  readonly fetched: string[];
}

/** A context that answers fetches with `source`, and failure for what it does not know. */
export function contextOf(
  source: (name: Name, type: number, attempt: number) => FetchResult | undefined,
  budget: Budget = budgetOf(),
): TestContext {
  const events: TraceEvent[] = [];
  const fetched: string[] = [];
  return {
    budget,
    events,
    fetched,
    emit: (event) => events.push(event),
    async fetch(name, type, attempt) {
      fetched.push(`${type} ${name}`);
      return source(name, type, attempt) ?? { kind: 'failure', ede: [] };
    },
  };
}

/** Answers every fetch from a list of RRsets, positive answers only. */
export function fromRrsets(rrsets: readonly RRset[]): (name: Name, type: number) => FetchResult | undefined {
  return (name, type) => {
    const found = rrsets.filter((r) => r.name === name && r.type === type);
    return found.length > 0 ? { kind: 'answer', rrsets: found } : undefined;
  };
}
