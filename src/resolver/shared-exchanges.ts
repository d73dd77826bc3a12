/**
 * The resolver's door to the network: equal questions to one server are one packet, and no zone or server
 * that is slow to answer can take all the room.
 *
 * Between the walk and the Upstream. Many outstanding copies of one question are what birthday attacks on the
 * query ID live on (RFC 5452 5), and questions that wait for a dead zone are what random-subdomain floods
 * ("water torture") fill a resolver with. Servers that answer well are hardly bounded; what nobody has heard
 * of yet, or not lately, is.
 * Limitations: the root and TLDs count as well known, since a restart meets them with many questions at once.
 */
import { labelCount, type Name } from '../dns/name.js';
import { ChurningMap } from '../runtime/churning-map.js';
import type { Clock } from '../runtime/clock.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from '../transport/upstream.js';

/** Exchanges under way for one zone, and to one server, of which nothing good is known. */
export const MAX_WAITING_PER_ZONE = 200;
export const MAX_WAITING_PER_SERVER = 100;
/** The same for those that answer. */
export const MAX_PER_ZONE = 1000;

export type SharedResult = UpstreamResult | { readonly kind: 'busy'; readonly what: 'zone' | 'server' };

interface Running {
  /** Undefined once it is over; see docs/decisions/005-miss-path.md. */
  result: Promise<UpstreamResult> | undefined;
  readonly deadlineMs: number;
}

/** How many exchanges are under way for one zone or server. */
interface Waiting {
  readonly key: string;
  count: number;
}

export class SharedExchanges {
  private readonly running = new ChurningMap<Running>();
  private readonly byZone = new ChurningMap<Waiting>();
  private readonly byServer = new ChurningMap<Waiting>();

  constructor(
    private readonly upstream: Upstream,
    private readonly clock: Clock,
  ) {}

  /**
   * Asks, or waits for the equal question that is under way already.
   *
   * @param isHealthy true when the server has answered and did so last time
   */
  exchange(query: UpstreamQuery, zone: Name, isHealthy: boolean): Promise<SharedResult> {
    const key = keyOf(query);
    const deadlineMs = this.clock.monotonicMs() + query.timeoutMs;
    const running = this.running.get(key);
    // Who has less time left than that question has asks by itself.
    if (running?.result && running.deadlineMs <= deadlineMs) return running.result;
    const forZone = this.byZone.get(zone);
    const forServer = this.byServer.get(query.endpoint.address);
    const busy = busyOf(zone, isHealthy, forZone?.count ?? 0, forServer?.count ?? 0);
    if (busy) return Promise.resolve({ kind: 'busy', what: busy });
    return this.send(query, key, deadlineMs, [
      forZone ?? started(this.byZone, zone),
      forServer ?? started(this.byServer, query.endpoint.address),
    ]);
  }

  private send(
    query: UpstreamQuery,
    key: string,
    deadlineMs: number,
    [forZone, forServer]: readonly [Waiting, Waiting],
  ): Promise<UpstreamResult> {
    const result = this.upstream.exchange(query);
    const entry: Running = { result, deadlineMs };
    this.running.set(key, entry);
    forZone.count++;
    forServer.count++;
    const ended = () => {
      if (this.running.get(key) === entry) this.running.delete(key);
      entry.result = undefined;
      if (--forZone.count === 0) this.byZone.delete(forZone.key);
      if (--forServer.count === 0) this.byServer.delete(forServer.key);
    };
    result.then(ended, ended); // before anybody who waits for it goes on
    return result;
  }

  /** Exchanges under way. */
  get pending(): number {
    return this.running.size;
  }
}

/** The name ends in the root label, three chars follow, and the rest is the address: no two questions share a key. */
function keyOf({ endpoint, transport, question, rd, cd, edns, randomCase }: UpstreamQuery): string {
  const flags =
    (transport === 'tcp' ? 1 : 0) |
    (rd ? 2 : 0) |
    (cd ? 4 : 0) |
    (edns ? 8 : 0) |
    (edns?.do ? 16 : 0) |
    (randomCase ? 32 : 0) |
    (edns?.cookie === undefined ? 0 : 64);
  return question.name + String.fromCharCode(question.type, endpoint.port, flags) + endpoint.address;
}

function busyOf(
  zone: Name,
  isHealthy: boolean,
  forZone: number,
  forServer: number,
): 'zone' | 'server' | undefined {
  const isKnown = isHealthy || labelCount(zone) <= 1;
  if (forZone >= (isKnown ? MAX_PER_ZONE : MAX_WAITING_PER_ZONE)) return 'zone';
  return forServer >= (isKnown ? MAX_PER_ZONE : MAX_WAITING_PER_SERVER) ? 'server' : undefined;
}

function started(all: ChurningMap<Waiting>, key: string): Waiting {
  const waiting = { key, count: 0 };
  all.set(key, waiting);
  return waiting;
}
