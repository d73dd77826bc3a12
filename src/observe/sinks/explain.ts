/**
 * The verdict on a trace: in plain words what happened, what failed first, who is to blame, what to do.
 *
 * Works on the report alone, so that a running server, a local walk and a saved JSON give the same verdict.
 * The reason of the outcome picks the rule; the rule picks the first event that shows it.
 * Limitations: blame is a reading of the evidence of one walk. A server that fails for us may answer others.
 */
import { formatName } from '../../dns/name.js';
import { assertNever, type FailureReason } from '../../dns/outcome.js';
import { formatType } from '../../dns/registry.js';
import type { TracedEvent } from '../../runtime/trace.js';
import type { TraceReport } from './collect.js';
import { budgetWords, eventLine } from './event-lines.js';
import {
  addressFailure,
  at,
  type Blame,
  type Evidence,
  type Finding,
  lastZone,
  named,
  serverFailure,
} from './evidence.js';
import { bogusFinding, checkedWords } from './explain-dnssec.js';
import { type ServerTried, serversTried } from './servers-tried.js';
import { plural, printable, unpainted } from './styles.js';

export interface Verdict {
  readonly ok: boolean;
  /** What happened, in a sentence. */
  readonly summary: string;
  /** The first step that failed; undefined when none did. */
  readonly firstFailure: string | undefined;
  /** Its place among the events of the report; undefined when none did. */
  readonly failingEvent: number | undefined;
  readonly blame: Blame;
  /** Who that is by name: a server, a zone, an option. */
  readonly blamed: string | undefined;
  readonly advice: string;
  readonly servers: readonly ServerTried[];
  /** Rules of the operator that applied, in words. */
  readonly rules: readonly string[];
  /** Limits of which over 80 % were used, in words. */
  readonly nearLimits: readonly string[];
}

type EventOf<K extends TracedEvent['kind']> = Extract<TracedEvent, { kind: K }>;

export function explain(report: TraceReport): Verdict {
  const servers = serversTried(report.events);
  const finding = find(report, servers);
  return {
    ok: report.outcome.kind !== 'failure',
    summary: finding.summary,
    firstFailure: finding.event && stepWords(finding.event, report.events),
    failingEvent: finding.event && report.events.indexOf(finding.event),
    blame: finding.blame,
    blamed: finding.blamed,
    advice: finding.advice,
    servers,
    rules: rulesOf(report.events),
    nearLimits: nearLimits(report.events),
  };
}

function rulesOf(events: readonly TracedEvent[]): string[] {
  const lines = events
    .filter((event) => event.kind === 'policy' || event.kind === 'cache-rule')
    .map((event) => eventLine(event, unpainted));
  return [...new Set(lines)];
}

/** An event's line, with the server in front where it speaks of an exchange. */
function stepWords(event: TracedEvent, events: readonly TracedEvent[]): string {
  const line = eventLine(event, unpainted);
  if (!('exchange' in event) || event.kind === 'query') return line;
  const query = events.find((one) => one.kind === 'query' && one.exchange === event.exchange);
  return query?.kind === 'query' ? `${printable(query.address)} ${query.transport}: ${line}` : line;
}

function find(report: TraceReport, servers: readonly ServerTried[]): Finding {
  const { kind, stale, records } = report.outcome;
  const asked = askedWords(report);
  const zone = lastZone(report.events);
  const checked = checkedWords(report);
  if (stale) return staleFinding(report, servers);
  switch (kind) {
    case 'answer':
      return {
        summary: `${asked} has ${plural(records.length, 'record')}${checked}.`,
        blame: 'nobody',
        advice: 'Nothing to do.',
      };
    case 'nodata':
      return {
        summary: `The name exists, but has no ${formatType(report.question.type)} records${checked}.`,
        blame: 'client',
        blamed: 'the question',
        advice: 'Ask for another type, or have the owner of the zone add the record.',
      };
    case 'nxdomain':
      return {
        summary: `${zone === undefined ? 'The zone' : `The zone ${zone}`} says that there is no such name${checked}.`,
        blame: 'client',
        blamed: 'the question',
        advice: 'Check the spelling of the name; else have the owner of the zone add it.',
      };
    case 'failure':
      return failureFinding(report, servers, zone);
    default:
      return assertNever(kind);
  }
}

function askedWords({ question }: TraceReport): string {
  return `${printable(formatName(question.name))} ${formatType(question.type)}`;
}

function staleFinding(report: TraceReport, servers: readonly ServerTried[]): Finding {
  return {
    ...serverFailure({ report, events: report.events, servers, zone: lastZone(report.events) }),
    summary: `${askedWords(report)} was answered with data past its TTL, since no server gave fresh data in time.`,
  };
}

type Rule = (evidence: Evidence) => Finding;

const rules: Readonly<Record<FailureReason, Rule>> = {
  bogus: ({ report, zone }) => bogusFinding(report, zone),
  'no-reachable-server': serverFailure,
  timeout: serverFailure,
  lame: serverFailure,
  'bad-response': serverFailure,
  budget: ({ events, zone }) => overBudget(events, zone),
  loop: (evidence) => tangled('The name leads back to itself.', evidence),
  'alias-too-long': (evidence) => tangled('The chain of aliases is too long.', evidence),
  'name-too-long': (evidence) => tangled('A DNAME makes the name longer than a name may be.', evidence),
  sentinel: () => ({
    summary: 'The name asks which root keys this resolver trusts, and what it says of the key is not so.',
    blame: 'client',
    ...named('the question'),
    advice: 'Nothing is wrong: the failure is the answer (RFC 8509).',
  }),
  'not-cached': () => ({
    summary: 'The client asked only for what is cached (RD was not set), and nothing is.',
    blame: 'client',
    ...named('recursion not desired'),
    advice: 'Ask with recursion desired; dig does so unless told +norecurse.',
  }),
  'no-address': addressFailure,
  'cached-failure': ({ events }) => ({
    summary: 'The same question failed a moment ago, and that is remembered so that servers are not flooded.',
    blame: 'resolver',
    ...named('the failure cache'),
    advice: 'Ask again in a minute, or flush the name and explain it again to see the cause.',
    ...at(events, (event) => event.kind === 'probe' && event.layer === 'failure' && event.result === 'hit'),
  }),
  policy: ({ events }) => ({
    summary: 'The configuration of this resolver forbids the answer.',
    blame: 'resolver',
    ...named(policyRule(events) ?? 'the configuration'),
    advice: 'Change the rule that the first failing step names.',
    ...at(events, (event) => event.kind === 'policy'),
  }),
  unsupported: () => ({
    summary: 'This resolver cannot answer questions of this kind.',
    blame: 'client',
    ...named('the question'),
    advice: 'Ask for an ordinary type in class IN.',
  }),
  internal: () => ({
    summary: 'This resolver failed by itself.',
    blame: 'resolver',
    ...named('a bug'),
    advice: 'Report it with the trace in JSON.',
  }),
};

function failureFinding(
  report: TraceReport,
  servers: readonly ServerTried[],
  zone: string | undefined,
): Finding {
  const unrecorded = report.events.find(
    (event) => event.kind === 'no-response' && event.why === 'not-recorded',
  );
  if (unrecorded) return beyondRecording(unrecorded);
  // A report read from JSON may name a reason that only a later version knows.
  const reason = report.outcome.reason ?? 'internal';
  const rule = Object.hasOwn(rules, reason) ? rules[reason as FailureReason] : rules.internal;
  return rule({ report, events: report.events, servers, zone });
}

/** A replay that wanted more than was recorded says nothing of servers. */
function beyondRecording(event: TracedEvent): Finding {
  return {
    summary: 'The replay asked what nobody was asked when it was recorded, so it cannot say how that ends.',
    blame: 'client',
    ...named('the recording'),
    advice: 'Record the lookup again, with the settings and the version that are to be replayed.',
    event,
  };
}

/** The list and its rule. */
function policyRule(events: readonly TracedEvent[]): string | undefined {
  const event = events.find((one) => one.kind === 'policy');
  return event?.kind === 'policy' ? printable(event.rule) : undefined;
}

function tangled(summary: string, { events, zone }: Evidence): Finding {
  return {
    summary,
    blame: 'zone',
    ...named(lastAlias(events) ?? zone),
    advice: 'Have the owner of the zone shorten or untie the aliases or the delegations.',
    ...at(events, (event) => event.kind === 'limit' || event.kind === 'alias'),
  };
}

function overBudget(events: readonly TracedEvent[], zone: string | undefined): Finding {
  const limit = events.find((event) => event.kind === 'limit') as EventOf<'limit'> | undefined;
  if (limit?.item === 'waitingPerZone' || limit?.item === 'waitingPerServer') return flooded(limit, zone);
  return {
    summary: `The name needs more work than one question may cause${limit ? ` (limit of ${budgetWords(limit.item)})` : ''}.`,
    blame: limit?.item === 'timeMs' ? 'server' : 'zone',
    ...named(zone),
    advice:
      limit?.item === 'timeMs'
        ? 'Ask again: what was learnt is cached, so the next walk is shorter. The servers are slow.'
        : 'Have the owner simplify aliases and delegations; a zone made for an attack looks like this too.',
    ...(limit ? { event: limit } : {}),
  };
}

/** Many clients, or one that makes names up, ask for names of a zone whose servers are silent. */
function flooded(limit: EventOf<'limit'>, zone: string | undefined): Finding {
  return {
    summary: `So many questions wait for the servers of ${zone ?? 'the zone'} that no more are taken.`,
    blame: 'server',
    ...named(zone),
    advice:
      'Wait until the servers of the zone answer; look at the top names for a client that asks for random ones.',
    event: limit,
  };
}

function lastAlias(events: readonly TracedEvent[]): string | undefined {
  const event = events.findLast((one) => one.kind === 'alias');
  return event?.kind === 'alias' ? printable(formatName(event.from)) : undefined;
}

function nearLimits(events: readonly TracedEvent[]): string[] {
  const event = events.findLast((one) => one.kind === 'budget');
  if (event?.kind !== 'budget') return [];
  return Object.entries(event.used)
    .filter(([, { used, limit }]) => limit > 0 && used >= limit * 0.8)
    .map(([item, { used, limit }]) => `${used} of ${limit} ${budgetWords(item as keyof typeof event.used)}`);
}
