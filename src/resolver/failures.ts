/**
 * Failures and their words: what each server did, as Extended DNS Errors and for `explain`.
 *
 * RFC 8914; one EDE names the failure as a whole and further ones name the servers tried, since a bare
 * SERVFAIL is what users of resolvers complain about most.
 */

import { formatName } from '../dns/name.js';
import type { ExtendedError, Failure, FailureReason } from '../dns/outcome.js';
import { Ede } from '../dns/registry.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import type { AskedZone } from './asked-zone.js';
import type { QueryContext } from './query-context.js';
import type { Candidate } from './select-server.js';
import { MAX_WAITING_PER_ZONE } from './shared-exchanges.js';

/** Most servers named in one failure; EDE text travels in a UDP response. */
const MAX_REPORTED = 4;

/** What the servers of one walk did, in order, without repetition. */
export class ServerReport {
  private readonly lines: string[] = [];

  note(server: Candidate, transport: UpstreamTransport, what: string): void {
    const line = `${server.address}${transport === 'tcp' ? ' (tcp)' : ''}: ${what}`;
    if (this.lines.length < MAX_REPORTED && !this.lines.includes(line)) this.lines.push(line);
  }

  errors(): ExtendedError[] {
    return this.lines.map((text) => ({ code: Ede.NETWORK_ERROR, text }));
  }

  get empty(): boolean {
    return this.lines.length === 0;
  }
}

export function walkFailure(reason: FailureReason, text: string, report: ServerReport): Failure {
  return { kind: 'failure', reason, ede: [{ code: edeFor(reason), text }, ...report.errors()] };
}

function edeFor(reason: FailureReason): ExtendedError['code'] {
  switch (reason) {
    case 'no-reachable-server':
    case 'lame':
    case 'timeout':
    case 'no-address':
      return Ede.NO_REACHABLE_AUTHORITY;
    case 'bad-response':
      return Ede.INVALID_DATA;
    case 'bogus':
      return Ede.DNSSEC_BOGUS;
    case 'cached-failure':
      return Ede.CACHED_ERROR;
    case 'not-cached':
      return Ede.NOT_AUTHORITATIVE;
    case 'policy':
      return Ede.PROHIBITED;
    case 'unsupported':
      return Ede.NOT_SUPPORTED;
    case 'budget':
    case 'loop':
    case 'alias-too-long':
    case 'name-too-long':
    case 'sentinel':
    case 'internal':
      return Ede.OTHER;
  }
}

/** The budget ended the work; says which limit. */
export function budgetFailure(ctx: QueryContext, report: ServerReport): Failure {
  const item = ctx.budget.exceeded;
  const timedOut = item === 'timeMs';
  const text = timedOut
    ? `no answer within ${ctx.budget.limits.timeMs} ms`
    : `limit reached: ${item ?? 'queries per zone'}${item ? ` ${ctx.budget.limits[item]}` : ''}`;
  return walkFailure(timedOut ? 'timeout' : 'budget', text, report);
}

/** So many wait for this zone already that one more would only be in the way of others. */
export function busyFailure(zone: AskedZone, report: ServerReport): Failure {
  const text = `limit reached: ${MAX_WAITING_PER_ZONE} questions wait for the servers of ${formatName(zone.zone)}`;
  return walkFailure('budget', text, report);
}

export function noServerFailure(zone: AskedZone, report: ServerReport): Failure {
  const name = formatName(zone.zone);
  return report.empty
    ? walkFailure('no-address', `no name server of ${name} has a usable address`, report)
    : walkFailure('no-reachable-server', `no name server of ${name} gave a usable response`, report);
}
