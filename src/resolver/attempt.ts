/**
 * One way of asking one server, and the ladder of what to try when it does not work.
 *
 * UDP with EDNS and random letter case first; TCP after truncation, a near miss or a case that did not come
 * back; without EDNS after FORMERR or NOTIMP, or after silence from a server that never showed EDNS.
 * One bad response never marks a server for good (a forged FORMERR would switch validation off): it takes
 * two. RFC 6891 6.2.2 and 7, RFC 7766 5, RFC 5452 9.
 */
import type { ServerState } from '../cache/server-state.js';
import type { Question } from '../dns/rrset.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import type { UpstreamQuery } from '../transport/upstream.js';
import type { Candidate } from './select-server.js';

export interface Attempt {
  readonly server: Candidate;
  readonly transport: UpstreamTransport;
  readonly edns: boolean;
  readonly randomCase: boolean;
  /** Set when TCP is used only because the letter case of QNAME did not come back. */
  readonly tcpFor?: 'case';
}

const EDNS_FAILURES_TO_BELIEVE = 2;
/** RFC 9715: what travels without fragments. */
const EDNS_UDP_SIZE = 1232;

export function firstAttempt(server: Candidate, state: ServerState, randomCase: boolean): Attempt {
  return {
    server,
    transport: 'udp',
    edns: state.ednsOk !== 'no',
    randomCase: randomCase && !state.caseBroken,
  };
}

/** The packet of an attempt. */
export function queryOf(
  { server, transport, edns, randomCase }: Attempt,
  question: Question,
  timeoutMs: number,
  options: { readonly forward: boolean; readonly validating: boolean },
): UpstreamQuery {
  return {
    endpoint: { address: server.address, port: server.port },
    transport,
    question,
    rd: options.forward,
    cd: options.forward && options.validating,
    edns: edns ? { udpSize: EDNS_UDP_SIZE, do: options.validating } : undefined,
    randomCase,
    timeoutMs,
  };
}

/** The same question by TCP, where neither forged packets nor size matter. */
export function byTcp(attempt: Attempt, tcpFor?: 'case'): Attempt | undefined {
  if (attempt.transport === 'tcp') return undefined;
  return { ...attempt, transport: 'tcp', randomCase: false, ...(tcpFor ? { tcpFor } : {}) };
}

/** A server that changes the letter case and takes no TCP is asked by UDP without random case. */
export function insteadOfTcp(attempt: Attempt): Attempt | undefined {
  if (attempt.transport !== 'tcp' || attempt.tcpFor !== 'case') return undefined;
  const { server, edns } = attempt;
  return { server, edns, transport: 'udp', randomCase: false };
}

/** The same question without OPT; undefined when it had none. */
export function withoutEdns(attempt: Attempt): Attempt | undefined {
  return attempt.edns ? { ...attempt, edns: false } : undefined;
}

/** Remembers what a usable response says about EDNS at this server. */
export function noteEdns(state: ServerState, attempt: Attempt, responseHasOpt: boolean): void {
  if (attempt.edns) {
    if (responseHasOpt) {
      state.ednsOk = 'yes';
      state.ednsFailures = 0;
    }
    return;
  }
  if (state.ednsOk !== 'no' && ++state.ednsFailures >= EDNS_FAILURES_TO_BELIEVE) state.ednsOk = 'no';
}
