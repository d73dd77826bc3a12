/**
 * What a trace proves about servers that failed: silence, refusals, answers of no use, missing addresses.
 *
 * The reason of an outcome only says that no server of the zone gave anything usable. Which of these it was
 * stands in the exchanges with that zone, and each has another culprit.
 */
import { formatName, isSubdomain } from '../../dns/name.js';
import type { ExchangeFault, ResponseClass, TracedEvent } from '../../runtime/trace.js';
import type { TraceReport } from './collect.js';
import type { ServerTried } from './servers-tried.js';
import { plural, printable } from './styles.js';

/** Who can mend it. `nobody`: nothing failed. */
export type Blame = 'nobody' | 'client' | 'resolver' | 'parent' | 'server' | 'zone' | 'path';

/** What one rule concludes. */
export interface Finding {
  readonly summary: string;
  readonly blame: Blame;
  readonly blamed?: string;
  readonly advice: string;
  readonly event?: TracedEvent;
}

/** What a rule reads. */
export interface Evidence {
  readonly report: TraceReport;
  readonly events: readonly TracedEvent[];
  readonly servers: readonly ServerTried[];
  /** The zone that was being asked last, ready to print. */
  readonly zone: string | undefined;
}

const badClasses: ReadonlySet<ResponseClass> = new Set([
  'lame',
  'refused',
  'servfail',
  'formerr',
  'notimp',
  'useless',
]);

/** Something came back all the same. */
const unbelievable: ReadonlySet<ExchangeFault> = new Set(['malformed', 'near-miss', 'no-cookie']);

/** No server of the zone gave a usable response. */
export function serverFailure({ events, servers, zone }: Evidence): Finding {
  if (servers.length > 0 && servers.every(({ answered }) => !answered)) return noNetwork(events, servers);
  const ofZone = eventsOfZone(events, zone);
  const bad = ofZone.find((event) => event.kind === 'classified' && badClasses.has(event.as));
  const culprits = named(labelsOf(servers, zone) ?? zone);
  const where = zone ?? 'the zone';
  if (bad?.kind === 'classified') return badAnswer(bad, where, culprits);
  const silent = ofZone.find((event) => event.kind === 'no-response');
  const event = silent ? { event: silent } : {};
  if (silent?.kind === 'no-response' && unbelievable.has(silent.why)) {
    return {
      summary: `The servers of ${where} send responses that cannot be believed.`,
      blame: 'server',
      ...culprits,
      advice: 'Tell the operator of the servers; if other names fail so too, something on the path tampers.',
      ...event,
    };
  }
  const truncated = ofZone.some((one) => one.kind === 'classified' && one.as === 'truncated');
  return {
    summary: truncated
      ? `The servers of ${where} answer only in part over UDP, and not over TCP.`
      : `The servers of ${where} cannot be reached.`,
    blame: 'server',
    ...culprits,
    advice: 'Wait, or tell the operator of the servers; others answer, so the network here works.',
    ...event,
  };
}

function noNetwork(events: readonly TracedEvent[], servers: readonly ServerTried[]): Finding {
  return {
    summary: `None of the ${plural(servers.length, 'question')} to servers got a response, on any level.`,
    blame: 'path',
    ...named('the network between this resolver and all servers'),
    advice: 'Check that UDP and TCP to the port of DNS leave this host, its route and its firewall.',
    ...at(events, (event) => event.kind === 'no-response'),
  };
}

function badAnswer(
  event: Extract<TracedEvent, { kind: 'classified' }>,
  where: string,
  culprits: { blamed?: string },
): Finding {
  const lame = event.as === 'lame';
  return {
    summary: `The servers of ${where} answer, but with nothing that can be used (${event.as}).`,
    blame: lame ? 'parent' : 'server',
    ...culprits,
    advice: lame
      ? 'Have the parent delegate to servers that serve the zone, or have these serve it.'
      : 'Tell the operator of the servers.',
    event,
  };
}

/** No name server of the zone has an address. */
export function addressFailure({ events, zone }: Evidence): Finding {
  const needed = events.find((event) => event.kind === 'span' && event.purpose === 'ns-address');
  const apex = lastZoneName(events);
  const glueless = needed?.kind === 'span' && apex !== undefined && isSubdomain(needed.question.name, apex);
  const missing = events.find((event) => event.kind === 'servers' && event.missing > 0);
  return {
    summary: `No name server of ${zone ?? 'the zone'} has an address that can be found.`,
    blame: glueless ? 'parent' : 'zone',
    ...named(zone),
    advice: glueless
      ? 'Have the parent zone add glue: addresses of the servers that are named inside the zone.'
      : 'Have the owner name servers that exist and can be found without asking this zone.',
    ...((missing ?? needed) ? { event: missing ?? needed } : {}),
  };
}

/** Events of exchanges with servers of the zone, in order. */
function eventsOfZone(events: readonly TracedEvent[], zone: string | undefined): TracedEvent[] {
  const exchanges = new Set<number>();
  return events.filter((event) => {
    if (event.kind === 'query' && (zone === undefined || printable(formatName(event.zone)) === zone)) {
      exchanges.add(event.exchange);
    }
    return 'exchange' in event && exchanges.has(event.exchange);
  });
}

function labelsOf(servers: readonly ServerTried[], zone: string | undefined): string | undefined {
  const labels = new Set(servers.filter((server) => server.zone === zone).map(({ label }) => label));
  return labels.size === 0 ? undefined : [...labels].slice(0, 4).join(', ');
}

/** For a finding: only a culprit that is known. */
export function named(blamed: string | undefined): { blamed?: string } {
  return blamed === undefined ? {} : { blamed };
}

/** For a finding: the first event that matches. */
export function at(
  events: readonly TracedEvent[],
  matches: (event: TracedEvent) => boolean,
): { event?: TracedEvent } {
  const event = events.find(matches);
  return event ? { event } : {};
}

function lastZoneName(events: readonly TracedEvent[]) {
  const event = events.findLast((one) => one.kind === 'zone' && one.span === 0);
  return event?.kind === 'zone' ? event.zone : undefined;
}

/** The zone that was being asked last for the client's question, ready to print. */
export function lastZone(events: readonly TracedEvent[]): string | undefined {
  const name = lastZoneName(events);
  return name === undefined ? undefined : printable(formatName(name));
}
