/**
 * One mock server: its zones, its addresses, its faults, and what it answers to a packet.
 *
 * Between the transports (sockets in serve.ts, or none in mock-upstream.ts) and respond.ts.
 */
import type { Name } from '../dns/name.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import { corrupt, distort, earlyFailure, type Faults, isLost, responseDelayMs } from './faults.js';
import { encodeToFit, receive, respond } from './respond.js';
import type { ZoneSet } from './zone-set.js';

/** What happens to a query: a response after a while, or silence. */
export type ServerReply =
  | { readonly kind: 'reply'; readonly packet: Buffer; readonly delayMs: number }
  | { readonly kind: 'silence' };

export interface ServerSpec {
  /** Unique; for manifests, logs and tests. */
  readonly id: string;
  /** Host name, for hints and traces. */
  readonly name: Name;
  /** Literal IPv4 or IPv6 addresses. */
  readonly addresses: readonly string[];
  readonly faults: Faults;
}

/** A server as its clients see it: packets in, packets out. */
export interface ReachableServer {
  /** Whether TCP connections are taken. */
  readonly takesTcp: boolean;
  /** Calls `reply` for each packet it sends back, at once or later; `delayMs` is the time on the way. */
  deliver(
    packet: Buffer,
    transport: UpstreamTransport,
    random: Random,
    reply: (packet: Buffer, delayMs: number) => void,
  ): void;
}

const SILENCE: ServerReply = { kind: 'silence' };

export class AuthorityServer implements ReachableServer {
  /** What it does wrong from now on; at first what its spec says. Sockets that are open stay as they are. */
  faults: Faults;

  /** @param rootServers host names for upward referrals of a lame server */
  constructor(
    readonly spec: ServerSpec,
    readonly zones: ZoneSet,
    private readonly rootServers: readonly Name[] = [],
  ) {
    this.faults = spec.faults;
  }

  /** Whether TCP connections are taken at all. */
  get takesTcp(): boolean {
    return !this.faults.noTcp;
  }

  /** Answers one query packet. Never throws for what is in it. */
  answerQuery(packet: Uint8Array, transport: UpstreamTransport, random: Random): ServerReply {
    const { faults } = this;
    const received = receive(packet);
    if (!received) return SILENCE;
    const delayMs = responseDelayMs(faults, random);
    if (received.kind === 'error') return { kind: 'reply', packet: received.packet, delayMs };
    const query = received.message;
    if (isLost(faults, transport, query, random)) return SILENCE;
    const response =
      earlyFailure(faults, query, this.rootServers, random) ?? respond(this.zones, query, received.question);
    const distorted = distort(faults, response, transport, random);
    const reply = corrupt(faults, encodeToFit(distorted, query, transport), random);
    return { kind: 'reply', packet: reply, delayMs };
  }

  deliver(
    packet: Uint8Array,
    transport: UpstreamTransport,
    random: Random,
    reply: (packet: Buffer, delayMs: number) => void,
  ): void {
    const answer = this.answerQuery(packet, transport, random);
    if (answer.kind === 'reply') reply(answer.packet, answer.delayMs);
  }
}
