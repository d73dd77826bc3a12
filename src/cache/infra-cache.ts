/**
 * The infrastructure cache: one {@link ServerState} per server address.
 *
 * Bounded to a number of addresses, the one used longest ago goes first. A state that nobody has touched for
 * 15 minutes is started anew, so that an old penalty does not keep a server out for days.
 * Which server to ask, and what a response means for its state, is decided by the resolver.
 */
import type { Clock } from '../runtime/clock.js';
import { LruPolicy } from './eviction/lru.js';
import { ServerState } from './server-state.js';
import { type CacheLayerStats, LayerCounters } from './stats.js';

export { LameZones, ServerState } from './server-state.js';

export interface InfraCacheOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly maxServers?: number;
  /** How long an untouched state is kept, in ms. */
  readonly idleMs?: number;
}

const DEFAULT_MAX_SERVERS = 10_000;
const DEFAULT_IDLE_MS = 900_000;
/** A state with its address, its boxed times, cookies, an empty map of lame zones and the policy's share; measured. */
const STATE_OCTETS = 576;

/** The state of servers by address. Its times are those of `Clock.monotonicMs`. */
export class InfraCache {
  private readonly clock: Pick<Clock, 'monotonicMs'>;
  private readonly idleMs: number;
  private readonly policy: LruPolicy<ServerState>;
  private readonly counters = new LayerCounters();
  /** The state looked up last, while it is held. */
  private last: ServerState | undefined;

  constructor(options: InfraCacheOptions) {
    this.clock = options.clock;
    this.idleMs = options.idleMs ?? DEFAULT_IDLE_MS;
    const maxOctets = (options.maxServers ?? DEFAULT_MAX_SERVERS) * STATE_OCTETS;
    this.policy = new LruPolicy(maxOctets, (_address, state, reason) => {
      if (reason === 'evicted') this.counters.evictions++;
      if (state === this.last) this.last = undefined;
    });
  }

  /** The state of a server, made when there is none. Looking counts as a touch. */
  state(address: string, nowMs = this.clock.monotonicMs()): ServerState {
    const { last } = this;
    // Who looks a server up often does so several times in a row.
    const known = last?.address === address ? last : this.policy.get(address);
    if (known && nowMs - known.touchedMs < this.idleMs) {
      this.counters.hits++;
      known.touchedMs = nowMs;
      this.last = known;
      return known;
    }
    this.counters.miss(known ? 'expired' : 'never-seen');
    if (known) this.counters.expirations++;
    const state = new ServerState(address, nowMs);
    this.policy.set(address, state, STATE_OCTETS);
    this.last = state;
    this.counters.inserts++;
    return state;
  }

  /** The state, if there is one that is not idle; counts and touches nothing. */
  peek(address: string): ServerState | undefined {
    const known = this.policy.peek(address);
    return known && this.clock.monotonicMs() - known.touchedMs < this.idleMs ? known : undefined;
  }

  /** Forgets one server. */
  forget(address: string): boolean {
    const removed = this.policy.delete(address);
    if (removed) this.counters.purged++;
    return removed;
  }

  /** Forgets all servers. Returns how many. */
  clear(): number {
    const removed = this.policy.size;
    this.policy.clear();
    this.last = undefined;
    this.counters.purged += removed;
    return removed;
  }

  /** Removes idle states; looks at up to `maxEntries` and returns how many went. */
  sweep(maxEntries: number): number {
    const nowMs = this.clock.monotonicMs();
    let removed = 0;
    this.policy.scan(maxEntries, (address, state) => {
      if (nowMs - state.touchedMs < this.idleMs) return;
      this.policy.delete(address);
      removed++;
    });
    this.counters.expirations += removed;
    return removed;
  }

  *entries(): IterableIterator<ServerState> {
    for (const [, state] of this.policy.entries()) yield state;
  }

  stats(): CacheLayerStats {
    return this.counters.snapshot(this.policy.size, this.policy.octets, this.policy.maxOctets);
  }
}
