/**
 * How many queries are being resolved now, in all and by client.
 *
 * Bounds the memory and the upstream work that clients can pile up, and how many answers can be held back to
 * be let go at once at one (forged) address: DNSBomb, CVE-2024-33655. Shared by all pipelines of one server,
 * so that a reload does not forget what is under way.
 */

import { loopbackNetworks } from '../runtime/networks.js';
import type { Exchange } from './exchange.js';

export type InFlightLimit = 'per-client' | 'total';

export interface InFlightLimits {
  readonly perClient: number;
  readonly total: number;
}

/** One client on this machine, or one that has proven its address, may be a forwarder for many. */
export function limitsFor({ settings, client, isProven }: Exchange): InFlightLimits {
  const { inFlight } = settings;
  const mayBeMany = isProven || loopbackNetworks.hasClient(client.address);
  return mayBeMany ? { ...inFlight, perClient: inFlight.total } : inFlight;
}

/** A query that has waited so long gives its place to a new one when all are taken. */
const GIVES_WAY_AFTER_MS = 1000;

/** The place of one query. */
export class Place {
  previous: Place | undefined = undefined;
  next: Place | undefined = undefined;
  /** `displaced`: its query was answered, though the resolution goes on. */
  state: 'held' | 'displaced' | 'free' = 'held';
  giveUp: (() => void) | undefined = undefined;

  constructor(
    private readonly owner: InFlight,
    readonly client: string,
    readonly sinceMs: number,
  ) {}

  /** From now on `giveUp` may be called, at most once, when another query needs the place more. */
  mayGiveWay(giveUp: () => void): void {
    this.giveUp = giveUp;
    this.owner.queue(this);
  }

  /** Gives the place back, when the work is over. May be called again. */
  leave(): void {
    this.owner.leave(this);
  }
}

export class InFlight {
  private total = 0;
  private readonly byClient = new Map<string, number>();
  private waiting: (() => void)[] = [];
  /** Those that may give way, the one that waits longest first; a list, see docs/decisions/005-miss-path.md. */
  private first: Place | undefined;
  private last: Place | undefined;
  /** Resolutions that go on without a client. */
  private displaced = 0;

  get count(): number {
    return this.total;
  }

  /**
   * Takes a place. When all are taken, the query that waits longest gives way if that is a while already: slow zones
   * must not keep out those who ask for what is fast.
   *
   * @param nowMs monotonic
   * @returns the limit that stands against it, with nothing taken
   */
  enter(client: string, limits: InFlightLimits, nowMs: number): Place | InFlightLimit {
    const count = this.byClient.get(client) ?? 0;
    if (count >= limits.perClient) return 'per-client';
    if (this.total >= limits.total && !this.displaceOldest(limits.total, nowMs)) return 'total';
    this.byClient.set(client, (this.byClient.get(client) ?? 0) + 1);
    this.total++;
    return new Place(this, client, nowMs);
  }

  private displaceOldest(limit: number, nowMs: number): boolean {
    const { first } = this;
    // What was displaced still works, so that is bounded as well.
    if (!first || nowMs - first.sinceMs < GIVES_WAY_AFTER_MS || this.displaced >= limit) return false;
    this.free(first);
    first.state = 'displaced';
    this.displaced++;
    first.giveUp!();
    return true;
  }

  /** Called by places. */
  queue(place: Place): void {
    place.previous = this.last;
    if (this.last) this.last.next = place;
    else this.first = place;
    this.last = place;
  }

  /** Called by places. */
  leave(place: Place): void {
    if (place.state === 'displaced') this.displaced--;
    if (place.state === 'held') this.free(place);
    place.state = 'free';
  }

  private free(place: Place): void {
    if (place.giveUp) this.unqueue(place);
    const left = (this.byClient.get(place.client) ?? 1) - 1;
    if (left > 0) this.byClient.set(place.client, left);
    else this.byClient.delete(place.client);
    this.total--;
    if (this.total > 0) return;
    for (const wake of this.waiting.splice(0)) wake();
  }

  private unqueue(place: Place): void {
    const { previous, next } = place;
    if (previous) previous.next = next;
    else this.first = next;
    if (next) next.previous = previous;
    else this.last = previous;
    place.previous = undefined;
    place.next = undefined;
  }

  /** Settles when nothing is under way. */
  whenIdle(): Promise<void> {
    if (this.total === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
