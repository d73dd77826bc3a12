/**
 * Which server to ask, and how long to wait for it.
 *
 * Three calls: `choose`, `rtt`, `fault` with a closed list of faults. State per address lives in the infra
 * cache; the order of preference is: never tried in this walk before tried, not backed off before backed
 * off, unknown before known, then at random inside a band above the best smoothed RTT (so that one fast
 * server cannot be the only one asked, RFC 5452 4.5), now and then any.
 * RTT smoothing as in RFC 6298 2; limits from reference defaults (50 ms floor, 5 s ceiling).
 */
import type { InfraCache } from '../cache/infra-cache.js';
import type { ServerState } from '../cache/server-state.js';
import type { Name } from '../dns/name.js';
import type { Question } from '../dns/rrset.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import { Ipv6Health, type NetworkHealth } from './network-health.js';
import type { Preference } from './preference.js';

export interface Candidate {
  readonly address: string;
  readonly port: number;
  /** Name of the name server, for the trace; undefined for configured forwarders. */
  readonly name: Name | undefined;
}

export type ServerFault =
  | 'timeout'
  | 'unreachable'
  | 'refused'
  | 'servfail'
  | 'formerr'
  | 'notimp'
  | 'lame'
  | 'malformed'
  | 'useless'
  | 'truncated-tcp'
  | 'bogus';

const MIN_TIMEOUT_MS = 50;
const MAX_TIMEOUT_MS = 5000;
const UNKNOWN_TIMEOUT_MS = 400;
/** What a busy machine adds to a round trip; a server of steady pace would else be asked again just before it answers. */
const GRANULARITY_MS = 25;
/** Wait for a server that is backed off: it only has to show that it is back. */
const PROBE_TIMEOUT_MS = 1000;
const BAND_MS = 400;
const EXPLORE_PERCENT = 5;
/** Timeouts in a row after which an address is only tried when nothing better is left. */
const BACKOFF_AFTER = 3;
const BACKOFF_BASE_MS = 5000;
const BACKOFF_MAX_MS = 60_000;
const LAME_MS = 900_000;
/** Tries per address and walk when it stays silent (RFC 9520 3.1: at most 3). */
const SILENT_TRIES = 3;

/** What one walk has already tried. */
export class TriedServers {
  // Made when first needed: most walks try each server once.
  private tries: Map<string, number> | undefined;
  private spent: Set<string> | undefined;

  /** @param excluded not to be asked at all */
  constructor(excluded?: ReadonlySet<string>) {
    if (excluded && excluded.size > 0) this.spent = new Set(excluded);
  }

  count(address: string): number {
    return this.tries?.get(address) ?? 0;
  }

  note(address: string): void {
    this.tries ??= new Map();
    this.tries.set(address, this.count(address) + 1);
  }

  /** Not to be asked again in this walk. */
  exclude(address: string): void {
    this.spent ??= new Set();
    this.spent.add(address);
  }

  usable(address: string): boolean {
    return !this.spent?.has(address) && this.count(address) < SILENT_TRIES;
  }
}

export class ServerSelector {
  private readonly ipv6 = new Ipv6Health();

  constructor(
    private readonly infra: InfraCache,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly health: NetworkHealth,
    private readonly preference?: Preference,
  ) {}

  /** Whoever has an exchange with a server looks its state up once and hands it on. */
  state(address: string, nowMs?: number): ServerState {
    return this.infra.state(address, nowMs);
  }

  /**
   * The server to ask next, or undefined when none is left to try.
   * @param sought what the walk is about
   */
  choose(
    zone: Name,
    candidates: readonly Candidate[],
    tried: TriedServers,
    now = this.clock.monotonicMs(),
    sought?: Question,
  ): Candidate | undefined {
    let best: { candidate: Candidate; cost: number }[] = [];
    let bestClass = Number.POSITIVE_INFINITY;
    for (const candidate of candidates) {
      if (!tried.usable(candidate.address)) continue;
      const state = this.infra.state(candidate.address, now);
      const penalty = this.penaltyClass(state, zone, candidate.address, now);
      const group = tried.count(candidate.address) + 10 * penalty;
      if (group > bestClass) continue;
      if (group < bestClass) best = [];
      bestClass = group;
      best.push({ candidate, cost: state.srttMs ?? 0 });
    }
    return this.preferred(best, zone, sought) ?? this.drawFromBand(best);
  }

  /** 0 healthy, 1 backed off or in a broken family, 2 known lame for this zone. */
  private penaltyClass(state: ServerState, zone: Name, address: string, now: number): number {
    const lameUntilMs = state.lameZones.get(zone);
    if (lameUntilMs !== undefined && lameUntilMs > now) return 2;
    if (state.backoffUntilMs > now) return 1;
    return this.ipv6.isBroken(now) && address.includes(':') ? 1 : 0;
  }

  private preferred(
    group: readonly { candidate: Candidate }[],
    zone: Name,
    sought: Question | undefined,
  ): Candidate | undefined {
    if (!this.preference || !sought || group.length <= 1) return undefined;
    const addresses = group.map(({ candidate }) => candidate.address);
    const preferred = this.preference.server(zone, addresses, sought);
    return group.find(({ candidate }) => candidate.address === preferred)?.candidate;
  }

  private drawFromBand(group: { candidate: Candidate; cost: number }[]): Candidate | undefined {
    if (group.length <= 1) return group[0]?.candidate;
    if (this.random.below(100) < EXPLORE_PERCENT) return group[this.random.below(group.length)]!.candidate;
    const floor = group.reduce((low, g) => Math.min(low, g.cost), Number.POSITIVE_INFINITY);
    const unknown = group.filter((g) => g.cost === 0);
    const band = unknown.length > 0 ? unknown : group.filter((g) => g.cost <= floor + BAND_MS);
    return band[this.random.below(band.length)]!.candidate;
  }

  /** True for an address that stayed silent several times in a row and was not heard since. */
  isBackedOff(address: string): boolean {
    return this.infra.state(address).timeoutsInRow >= BACKOFF_AFTER;
  }

  /** True for an address that has answered, and did so last time. */
  isHealthy(state: ServerState): boolean {
    return state.srttMs !== undefined && state.timeoutsInRow === 0;
  }

  /** How long to wait: srtt + max(G, 4 var) as in RFC 6298 2.3, doubled for each timeout in a row; for a probe of a silent server less. */
  timeoutMs(state: ServerState): number {
    if (state.timeoutsInRow >= BACKOFF_AFTER) return PROBE_TIMEOUT_MS;
    const rto =
      state.srttMs === undefined
        ? UNKNOWN_TIMEOUT_MS
        : state.srttMs + Math.max(GRANULARITY_MS, 4 * state.rttvarMs);
    // The floor doubles too: else a server next door would get three tries within one short pause of its own.
    const base = Math.max(MIN_TIMEOUT_MS, rto);
    const backedOff = base * 2 ** Math.min(state.timeoutsInRow, 6);
    return Math.min(MAX_TIMEOUT_MS, backedOff);
  }

  /** A response came: whatever it says, the server is alive. */
  rtt(state: ServerState, rttMs: number): void {
    const now = this.clock.monotonicMs();
    this.health.noteResponse();
    this.ipv6.noteResponse(state.address.includes(':'), now);
    state.timeoutsInRow = 0;
    state.backoffUntilMs = 0;
    state.lastSeenMs = this.clock.wallMs();
    state.respondedMs = now;
    if (state.srttMs === undefined) {
      state.srttMs = rttMs;
      state.rttvarMs = rttMs / 2;
      return;
    }
    state.rttvarMs = 0.75 * state.rttvarMs + 0.25 * Math.abs(state.srttMs - rttMs);
    state.srttMs = 0.875 * state.srttMs + 0.125 * rttMs;
  }

  /** @param sentMs monotonic time at which the query went out; only silence makes use of it */
  fault(address: string, zone: Name, fault: ServerFault, sentMs?: number): void {
    const state = this.infra.state(address);
    const now = this.clock.monotonicMs();
    switch (fault) {
      case 'timeout':
      case 'unreachable':
        this.noteSilence(state, zone, fault, now, sentMs ?? now);
        return;
      case 'lame':
        state.lameZones.set(zone, now + LAME_MS);
        return;
      case 'refused':
      case 'servfail':
      case 'formerr':
      case 'notimp':
      case 'malformed':
      case 'useless':
      case 'truncated-tcp':
      case 'bogus':
        // The walk moves on to other servers; the address may serve other zones well.
        return;
    }
  }

  private noteSilence(
    state: ServerState,
    zone: Name,
    fault: 'timeout' | 'unreachable',
    now: number,
    sentMs: number,
  ): void {
    // A hundred queries that were under way in one bad moment are one timeout, not a hundred.
    if (sentMs < state.timeoutCountedMs || sentMs < state.respondedMs) return;
    state.timeoutCountedMs = now;
    const { address } = state;
    this.health.noteSilence(address, zone);
    if (address.includes(':')) this.ipv6.noteFault(address, fault, now);
    if (this.health.offline) return;
    state.timeoutsInRow++;
    if (state.timeoutsInRow >= BACKOFF_AFTER) {
      const exponent = Math.min(state.timeoutsInRow - BACKOFF_AFTER, 10);
      state.backoffUntilMs = now + Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** exponent);
    }
  }
}
