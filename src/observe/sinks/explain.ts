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
import { type ServerTried, serversTried } from './servers-tried.js';
import { plural, printable, unpainted } from './styles.js';

/** Who can mend it. `nobody`: nothing failed. */
export type Blame = 'nobody' | 'client' | 'resolver' | 'parent' | 'server' | 'zone' | 'path';

export interface Verdict {
  readonly ok: boolean;
  /** What happened, in a sentence. */
  readonly summary: string;
  /** The first step that failed; undefined when none did. */
  readonly firstFailure: string | undefined;
  readonly blame: Blame;
  /** Who that is by name: a server, a zone, an option. */
  readonly blamed: string | undefined;
  readonly advice: string;
  readonly servers: readonly ServerTried[];
  /** Limits of which over 80 % were used, in words. */
  readonly nearLimits: readonly string[];
}

interface Finding {
  readonly summary: string;
  readonly blame: Blame;
  readonly blamed?: string;
  readonly advice: string;
  readonly event?: TracedEvent;
}

type EventOf<K extends TracedEvent['kind']> = Extract<TracedEvent, { kind: K }>;

export function explain(report: TraceReport): Verdict {
  const servers = serversTried(report.events);
  const finding = find(report, servers);
  return {
    ok: report.outcome.kind !== 'failure',
    summary: finding.summary,
    firstFailure: finding.event && eventLine(finding.event, unpainted),
    blame: finding.blame,
    blamed: finding.blamed,
    advice: finding.advice,
    servers,
    nearLimits: nearLimits(report.events),
  };
}

function find(report: TraceReport, servers: readonly ServerTried[]): Finding {
  const { kind, stale, records, security } = report.outcome;
  const asked = askedWords(report);
  const zone = lastZone(report.events);
  const checked =
    security === 'secure'
      ? ', and its signatures are valid'
      : security === 'insecure'
        ? ', in a zone that is not signed'
        : '';
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
    ...unreachable(report, servers, undefined),
    summary: `${askedWords(report)} was answered with data past its TTL, since no server gave fresh data in time.`,
  };
}

/** What a rule reads. */
interface Evidence {
  readonly report: TraceReport;
  readonly events: readonly TracedEvent[];
  readonly servers: readonly ServerTried[];
  /** The zone that was being asked last, ready to print. */
  readonly zone: string | undefined;
}

type Rule = (evidence: Evidence) => Finding;

const rules: Readonly<Record<FailureReason, Rule>> = {
  bogus: ({ events, zone }) => bogus(events, zone),
  'no-reachable-server': ({ report, servers, zone }) => unreachable(report, servers, zone),
  timeout: ({ report, servers, zone }) => unreachable(report, servers, zone),
  lame: ({ events, zone }) => badServer(events, zone),
  'bad-response': ({ events, zone }) => badServer(events, zone),
  budget: ({ events, zone }) => overBudget(events, zone),
  loop: (evidence) => tangled('The name leads back to itself.', evidence),
  'alias-too-long': (evidence) => tangled('The chain of aliases is too long.', evidence),
  'no-address': ({ events, zone }) => ({
    summary: `No address could be found for any name server of ${zone ?? 'the zone'}.`,
    blame: 'parent',
    ...named(zone),
    advice: 'Have the parent zone add glue, or the owner name servers whose addresses exist.',
    ...at(events, (event) => event.kind === 'servers' && event.missing > 0),
  }),
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
    ...named('the configuration'),
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
  // A report read from JSON may name a reason that only a later version knows.
  const reason = report.outcome.reason ?? 'internal';
  const rule = Object.hasOwn(rules, reason) ? rules[reason as FailureReason] : rules.internal;
  return rule({ report, events: report.events, servers, zone });
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

function bogus(events: readonly TracedEvent[], zone: string | undefined): Finding {
  const step = events.find((event) => event.kind === 'validation' && event.security === 'bogus') as
    | EventOf<'validation'>
    | undefined;
  const owner = step === undefined ? zone : printable(formatName(step.name));
  const byParent = step?.step === 'ds';
  return {
    summary: `DNSSEC validation failed${step === undefined ? '' : ` at ${owner}: ${printable(step.detail)}`}.`,
    blame: byParent ? 'parent' : 'zone',
    ...named(owner),
    advice: byParent
      ? 'Have the owner make the DS records in the parent zone match the keys of the zone; a negative trust anchor helps until then.'
      : 'Have the owner sign the zone again; a negative trust anchor for it helps until then.',
    ...(step ? { event: step } : {}),
  };
}

function unreachable(
  report: TraceReport,
  servers: readonly ServerTried[],
  zone: string | undefined,
): Finding {
  const first = at(report.events, (event) => event.kind === 'no-response');
  const answered = servers.some((server) => server.answered);
  if (servers.length > 0 && !answered) {
    return {
      summary: `None of the ${plural(servers.length, 'server')} asked gave a response, on any level.`,
      blame: 'path',
      ...named('the network between this resolver and all servers'),
      advice: 'Check that UDP and TCP to port 53 leave this host, and its route and firewall.',
      ...first,
    };
  }
  const silent = servers.filter((server) => !server.answered).map((server) => server.label);
  return {
    summary: `The servers of ${zone ?? 'the zone'} cannot be reached.`,
    blame: 'server',
    ...named(silent.length === 0 ? zone : silent.slice(0, 4).join(', ')),
    advice: 'Wait, or tell the operator of the servers; others answer, so the network here works.',
    ...first,
  };
}

const badClasses = new Set(['lame', 'refused', 'servfail', 'formerr', 'notimp', 'useless']);

function badServer(events: readonly TracedEvent[], zone: string | undefined): Finding {
  const event = events.find((one) => one.kind === 'classified' && badClasses.has(one.as)) as
    | EventOf<'classified'>
    | undefined;
  const query = event && events.find((one) => one.kind === 'query' && one.exchange === event.exchange);
  const server =
    query?.kind === 'query'
      ? `${printable(query.address)} (zone ${printable(formatName(query.zone))})`
      : zone;
  return {
    summary: `The servers of ${zone ?? 'the zone'} answer, but with nothing that can be used${event ? ` (${event.as})` : ''}.`,
    blame: event?.as === 'lame' ? 'parent' : 'server',
    ...named(server),
    advice:
      event?.as === 'lame'
        ? 'Have the parent delegate to servers that serve the zone, or the servers serve it.'
        : 'Tell the operator of the server.',
    ...(event ? { event } : at(events, (one) => one.kind === 'no-response')),
  };
}

function overBudget(events: readonly TracedEvent[], zone: string | undefined): Finding {
  const limit = events.find((event) => event.kind === 'limit') as EventOf<'limit'> | undefined;
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

function named(blamed: string | undefined): { blamed?: string } {
  return blamed === undefined ? {} : { blamed };
}

function at(
  events: readonly TracedEvent[],
  matches: (event: TracedEvent) => boolean,
): { event?: TracedEvent } {
  const event = events.find(matches);
  return event ? { event } : {};
}

function lastZone(events: readonly TracedEvent[]): string | undefined {
  const event = events.findLast((one) => one.kind === 'zone' && one.span === 0);
  return event?.kind === 'zone' ? printable(formatName(event.zone)) : undefined;
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
