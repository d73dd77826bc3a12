/**
 * Priming: asks the root servers of the hints who the root servers are.
 *
 * Runs beside the first queries, which go to the hints meanwhile; its answer replaces them for as long as
 * its TTL says. RFC 9609. When priming fails the hints stay in use and the next walk primes again.
 */
import type { DelegationCache } from '../cache/delegation-cache.js';
import { type Name, ROOT, toName } from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import type { Message } from '../wire/message.js';
import { type AskedZone, addressesOf } from './asked-zone.js';
import type { ResolverCore } from './resolver-core.js';
import { TriedServers } from './select-server.js';

const QUESTION = { name: ROOT, type: RRType.NS, class: RRClass.IN };
const MAX_ATTEMPTS = 6;
/** After a failure the hints serve for a while before priming is tried again. */
const RETRY_AFTER_MS = 30_000;

export class Priming {
  private running: Promise<void> | undefined;
  private notBeforeMs = 0;

  constructor(
    private readonly core: ResolverCore,
    private readonly delegations: DelegationCache,
  ) {}

  /** Starts priming when the root's servers are not known; returns at once. */
  ensure(): void {
    if (this.running || this.core.zones.rootHints.servers.length === 0) return;
    if (this.core.clock.monotonicMs() < this.notBeforeMs || this.delegations.get(ROOT)) return;
    const done = () => {
      this.running = undefined;
    };
    // Nobody waits for it: a bug here must not become an unhandled rejection.
    this.running = this.prime().then(done, () => {
      this.notBeforeMs = this.core.clock.monotonicMs() + RETRY_AFTER_MS;
      done();
    });
  }

  private async prime(): Promise<void> {
    const hints = this.core.zones.rootHints;
    const candidates = hints.servers.flatMap((s) =>
      s.endpoints
        .filter((e) => this.core.options.usableAddress(e.address))
        .map((e) => ({ ...e, name: s.name })),
    );
    const tried = new TriedServers();
    for (let i = 0; i < MAX_ATTEMPTS; i++) {
      const server = this.core.selector.choose(ROOT, candidates, tried, undefined, QUESTION);
      if (!server) break;
      const state = this.core.selector.state(server.address);
      const result = await this.core.upstream.exchange({
        endpoint: server,
        transport: 'udp',
        question: QUESTION,
        rd: false,
        cd: false,
        randomCase: false,
        edns: { udpSize: 1232, do: this.core.options.validating },
        zone: ROOT,
        timeoutMs: this.core.selector.timeoutMs(state),
      });
      tried.note(server.address);
      if (result.kind === 'fault') {
        this.core.selector.fault(
          server.address,
          ROOT,
          result.fault === 'timeout' ? 'timeout' : 'unreachable',
        );
        continue;
      }
      this.core.selector.rtt(state, result.rttMs);
      if (this.learn(result.message, hints)) return;
    }
    this.notBeforeMs = this.core.clock.monotonicMs() + RETRY_AFTER_MS;
  }

  private learn(message: Message, hints: AskedZone): boolean {
    const ns = message.answer.find((r) => r.name === ROOT && r.type === RRType.NS);
    if (!ns || ns.ttlSec === 0) return false;
    const glue = new Map<Name, string[]>();
    for (const rrset of message.additional) {
      if (rrset.type !== RRType.A && rrset.type !== RRType.AAAA) continue;
      glue.set(rrset.name, [...(glue.get(rrset.name) ?? []), ...addressesOf(rrset)]);
    }
    // A server that a truncated additional section left without address keeps that of the hints.
    const hinted = new Map(hints.servers.map((s) => [s.name, s.endpoints.map((e) => e.address)]));
    const servers = [...new Set(ns.rdatas.map(toName))].map((name) => ({
      name,
      addresses: glue.get(name) ?? hinted.get(name) ?? [],
    }));
    if (servers.every((s) => s.addresses.length === 0)) return false;
    const leaseUntilMs = this.core.clock.wallMs() + Math.min(ns.ttlSec, this.core.options.ttlMaxSec) * 1000;
    return this.delegations.put(
      { zone: ROOT, servers, ds: 'unknown', dsProof: [], leaseUntilMs, security: 'unchecked' },
      'configured',
    );
  }
}
