/**
 * The servers that were asked, as an operator sees them: round-trip time, condition, name.
 *
 * Read from the infra cache, which knows addresses only; names are looked up among the delegations.
 * Limitations: a server whose address was no glue has no name here; where there are very many delegations only
 * the first thousands are searched, since this is read while queries are served.
 */
import type { DelegationCache } from '../cache/delegation-cache.js';
import type { InfraCache, ServerState } from '../cache/infra-cache.js';
import { formatName, type Name } from '../dns/name.js';
import type { ServerCondition, UpstreamServer, UpstreamServers, UpstreamStats } from '../observe/control.js';
import type { Clock } from '../runtime/clock.js';
import type { NetworkUpstreamStats } from '../transport/network-upstream.js';

const SHOWN = 40;
const MAX_DELEGATIONS = 4000;

export function upstreamServers(
  caches: { readonly infra: InfraCache; readonly delegations: DelegationCache },
  clock: Clock,
): UpstreamServers {
  const nowMs = clock.monotonicMs();
  const counts: Record<ServerCondition, number> = { ok: 0, new: 0, slow: 0, backoff: 0, lame: 0 };
  const states: ServerState[] = [];
  for (const state of caches.infra.entries()) {
    counts[conditionOf(state, nowMs)]++;
    states.push(state);
  }
  const recent = states.sort((a, b) => b.touchedMs - a.touchedMs).slice(0, SHOWN);
  const names = serverNames(caches.delegations, new Set(recent.map(({ address }) => address)));
  return { counts, recent: recent.map((state) => serverView(state, names.get(state.address), nowMs)) };
}

function conditionOf(state: ServerState, nowMs: number): ServerCondition {
  if (state.backoffUntilMs > nowMs) return 'backoff';
  if (state.timeoutsInRow > 0) return 'slow';
  if (lameZones(state, nowMs).length > 0) return 'lame';
  return state.srttMs === undefined ? 'new' : 'ok';
}

function lameZones(state: ServerState, nowMs: number): Name[] {
  return [...state.lameZones].filter(([, untilMs]) => untilMs > nowMs).map(([zone]) => zone);
}

function serverView(state: ServerState, name: Name | undefined, nowMs: number): UpstreamServer {
  return {
    address: state.address,
    name: name === undefined ? undefined : formatName(name),
    state: conditionOf(state, nowMs),
    rttMs: state.srttMs,
    rttVarMs: state.srttMs === undefined ? undefined : state.rttvarMs,
    timeoutsInRow: state.timeoutsInRow,
    backoffSec: Math.max(0, Math.ceil((state.backoffUntilMs - nowMs) / 1000)),
    edns: state.ednsOk,
    lastSeenMs: state.lastSeenMs === 0 ? undefined : state.lastSeenMs,
    lameZones: lameZones(state, nowMs).map(formatName),
  };
}

function serverNames(delegations: DelegationCache, wanted: ReadonlySet<string>): Map<string, Name> {
  const names = new Map<string, Name>();
  let seen = 0;
  for (const { servers } of delegations.entries()) {
    if (names.size === wanted.size || seen++ === MAX_DELEGATIONS) break;
    for (const { name, addresses } of servers) {
      for (const address of addresses) if (wanted.has(address)) names.set(address, name);
    }
  }
  return names;
}

/** Both transports together. */
export function upstreamStats({ byTransport: { udp, tcp } }: NetworkUpstreamStats): UpstreamStats {
  const faults = Object.entries(udp.faults).map(
    ([fault, count]) => [fault, count + tcp.faults[fault as keyof typeof tcp.faults]] as const,
  );
  return {
    queries: udp.queries + tcp.queries,
    timeouts: udp.faults.timeout + tcp.faults.timeout,
    tcp: tcp.queries,
    faults: Object.fromEntries(faults),
    mismatched: udp.mismatched + tcp.mismatched,
  };
}
