/**
 * What an operator may set about serving, as values. Frozen per packet: a reload makes a new object, and
 * queries under way finish with the one they began with.
 */
import type { Name } from '../dns/name.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { Policy } from '../policy/policy.js';
import type { NetworkSet } from '../runtime/networks.js';
import type { ServerCookies } from './cookies.js';

/** What a locally served zone says. */
export interface LocalData {
  readonly rcode: number;
  readonly answer: readonly RRset[];
  readonly authority: readonly RRset[];
}

/** What the operator answers by himself. */
export interface LocalRules {
  /** Lists, hosts file and rebinding guard; undefined: none. */
  readonly policy?: Policy | undefined;
  /** Answers from zones that are served here; undefined: the name is in none of them. */
  readonly localData?: ((question: Question, dnssecOk: boolean) => LocalData | undefined) | undefined;
  /** True for names of those zones, before which special-use answers stand back. */
  readonly serves?: ((name: Name) => boolean) | undefined;
}

/** Clients that have rules of their own in the place of everybody's. */
export interface View extends LocalRules {
  readonly name: string;
  /** From 1. The stub cache keeps the answers of each apart; 0 is for clients in no view. */
  readonly index: number;
  readonly clients: NetworkSet;
}

export interface ServerSettings extends LocalRules {
  /** The stub cache gives out only answers that were made under settings of the same generation. */
  readonly generation: number;
  /** Largest UDP response and the size our OPT announces, in octets (RFC 9715: 1232 avoids fragments). */
  readonly maxUdpOctets: number;
  /** True when a client with this literal address may ask. */
  readonly allowed: (address: string) => boolean;
  /** The same as networks, for the fast lane; undefined: it takes no packet. */
  readonly clients?: NetworkSet;
  /** Queries per second of one IPv4 address or IPv6 /64; 0: no limit. */
  readonly perClientQps: number;
  /** Answer RFC 6761, 6303, 7686 and 8375 names here. */
  readonly specialUse: boolean;
  /** True for names that a stub, forward or mock zone serves; special-use answers stand back for them. */
  readonly servedElsewhere: (name: Name) => boolean;
  /** The first that holds a client decides; undefined: there are none. */
  readonly views?: readonly View[] | undefined;
  /** QTYPE ANY: one HINFO (RFC 8482 4.2), or ask the resolver. */
  readonly any: 'hinfo' | 'resolve';
  /** Text of version.bind and version.server; undefined: refused. */
  readonly version: string | undefined;
  /** Text of id.server and hostname.bind, and the NSID (RFC 5001); undefined: refused, and no NSID. */
  readonly identity: string | undefined;
  /** Gives DNS cookies to clients that send one (RFC 7873); undefined: that option is ignored. */
  readonly cookies?: ServerCookies;
  /** Queries being resolved at once. The next one gets SERVFAIL at once, so that a flood is not saved up. */
  readonly inFlight: { readonly perClient: number; readonly total: number };
  /** An answer that took longer is not sent by UDP: nobody waits any more, and hoarded answers are a weapon (DNSBomb). */
  readonly udpAnswerWithinMs: number;
  /** A resolution that has not settled by then is answered SERVFAIL; above the resolver's own time limit. */
  readonly resolveWithinMs: number;
  /** What edns-tcp-keepalive tells clients (RFC 7828): idle time of a TCP connection. */
  readonly tcpIdleMs: number;
}

export const defaultServerSettings: ServerSettings = {
  generation: 0,
  maxUdpOctets: 1232,
  allowed: () => true,
  perClientQps: 0,
  specialUse: true,
  servedElsewhere: () => false,
  any: 'hinfo',
  version: 'stratadns',
  identity: undefined,
  inFlight: { perClient: 200, total: 2000 },
  udpAnswerWithinMs: 10_000,
  resolveWithinMs: 12_000,
  tcpIdleMs: 10_000,
};
