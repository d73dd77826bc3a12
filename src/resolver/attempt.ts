/**
 * One way of asking one server, and the ladder of what to try when it does not work.
 *
 * UDP with EDNS, a DNS cookie and random letter case first; TCP after truncation, a near miss, or a cookie or case
 * that did not come back; without EDNS after FORMERR or NOTIMP, or after silence from a server that never showed EDNS.
 * One bad response never marks a server for good (a forged FORMERR would switch validation off): it takes
 * two. RFC 6891 6.2.2 and 7, RFC 7766 5, RFC 5452 9, RFC 7873 5.3.
 */
import type { ServerState } from '../cache/server-state.js';
import type { Octets } from '../dns/name.js';
import { EdnsOption, Rcode } from '../dns/registry.js';
import type { Question } from '../dns/rrset.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import type { UpstreamQuery } from '../transport/upstream.js';
import type { Message } from '../wire/message.js';
import { CLIENT_COOKIE_OCTETS, decodeCookie, findOption } from '../wire/options.js';
import type { AskedZone } from './asked-zone.js';
import type { Candidate } from './select-server.js';

export interface Attempt {
  readonly server: Candidate;
  readonly state: ServerState;
  readonly transport: UpstreamTransport;
  readonly edns: boolean;
  readonly randomCase: boolean;
  /** Sent with EDNS. */
  readonly cookie?: Octets | undefined;
  /** Set when TCP is used only because the letter case of QNAME or the cookie did not come back. */
  readonly tcpFor?: 'case' | 'cookie';
  /** The server has refused one cookie already. */
  readonly cookieRefused?: boolean;
}

export interface AttemptOptions {
  readonly caseRandomization: boolean;
  readonly cookies: boolean;
}

const EDNS_FAILURES_TO_BELIEVE = 2;
/** RFC 9715: what travels without fragments. */
const EDNS_UDP_SIZE = 1232;

export function firstAttempt(
  server: Candidate,
  state: ServerState,
  options: AttemptOptions,
  random: Random,
): Attempt {
  const edns = state.ednsOk !== 'no';
  return {
    server,
    state,
    transport: 'udp',
    edns,
    randomCase: options.caseRandomization && !state.caseBroken,
    cookie: options.cookies && edns && !state.cookieBroken ? cookieFor(state, random) : undefined,
  };
}

/** Ours differs for each server, so that servers cannot follow us by it (RFC 7873 4.1). */
function cookieFor(state: ServerState, random: Random): Octets {
  if (state.clientCookie === '') {
    const cookie = Buffer.allocUnsafe(CLIENT_COOKIE_OCTETS);
    cookie.writeUInt32BE(random.uint32(), 0);
    cookie.writeUInt32BE(random.uint32(), 4);
    state.clientCookie = cookie.latin1Slice();
  }
  return state.clientCookie + state.serverCookie;
}

/** The packet of an attempt. */
export function queryOf(
  { server, transport, edns, randomCase, cookie }: Attempt,
  question: Question,
  timeoutMs: number,
  zone: Pick<AskedZone, 'zone' | 'source'>,
  validating: boolean,
): UpstreamQuery {
  const forward = zone.source === 'forward';
  return {
    endpoint: { address: server.address, port: server.port },
    transport,
    question,
    rd: forward,
    cd: forward && validating,
    edns: edns ? { udpSize: EDNS_UDP_SIZE, do: validating, cookie } : undefined,
    randomCase,
    zone: zone.zone,
    timeoutMs,
  };
}

/** The same question by TCP, where neither forged packets nor size matter. */
export function byTcp(attempt: Attempt, tcpFor?: Attempt['tcpFor']): Attempt | undefined {
  if (attempt.transport === 'tcp') return undefined;
  return { ...attempt, transport: 'tcp', randomCase: false, ...(tcpFor ? { tcpFor } : {}) };
}

/** A server that changes the letter case, or forgets its cookie, and takes no TCP is asked by UDP without demanding it. */
export function insteadOfTcp(attempt: Attempt): Attempt | undefined {
  const { server, state, edns, cookie, transport, tcpFor } = attempt;
  if (transport !== 'tcp' || tcpFor === undefined) return undefined;
  if (tcpFor === 'case') return { server, state, edns, cookie, transport: 'udp', randomCase: false };
  state.cookieBroken = true;
  return { server, state, edns, transport: 'udp', randomCase: false };
}

/** The same question without OPT; undefined when it had none. */
export function withoutEdns(attempt: Attempt): Attempt | undefined {
  return attempt.edns ? { ...attempt, edns: false, cookie: undefined } : undefined;
}

/**
 * Remembers what a response says about EDNS and cookies at this server.
 *
 * @returns how to ask again when the response is about the cookie and nothing else
 */
export function noteResponse(attempt: Attempt, message: Message): Attempt | undefined {
  noteEdns(attempt, message.edns !== undefined);
  return attempt.cookie === undefined ? undefined : noteCookie(attempt, message);
}

function noteEdns({ state, edns }: Attempt, responseHasOpt: boolean): void {
  if (edns) {
    if (responseHasOpt) {
      state.ednsOk = 'yes';
      state.ednsFailures = 0;
    }
    return;
  }
  if (state.ednsOk !== 'no' && ++state.ednsFailures >= EDNS_FAILURES_TO_BELIEVE) state.ednsOk = 'no';
}

/** With the new cookie after BADCOOKIE, by TCP when that is refused too (RFC 7873 5.3), without one after FORMERR. */
function noteCookie(attempt: Attempt, message: Message): Attempt | undefined {
  const { state } = attempt;
  const option = message.edns && findOption(message.edns, EdnsOption.COOKIE);
  state.serverCookie = (option && decodeCookie(option)?.server) ?? '';
  // Without one by TCP as well, it is not our packet that was forged but the server that is of two minds.
  if (!option && attempt.tcpFor === 'cookie') state.cookieBroken = true;
  if (message.rcode === Rcode.BADCOOKIE) {
    const cookie = state.clientCookie + state.serverCookie;
    return attempt.cookieRefused ? byTcp(attempt) : { ...attempt, cookie, cookieRefused: true };
  }
  // FORMERR with OPT: it knows EDNS, so it is the option that it stumbles over.
  if (message.rcode !== Rcode.FORMERR || message.edns === undefined) return undefined;
  state.cookieBroken = true;
  return { ...attempt, cookie: undefined };
}
