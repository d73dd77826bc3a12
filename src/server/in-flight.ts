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

export class InFlight {
  private total = 0;
  private readonly byClient = new Map<string, number>();
  private waiting: (() => void)[] = [];

  get count(): number {
    return this.total;
  }

  /** Takes a place. Returns the limit that stands against it, with nothing taken; undefined when it was taken. */
  enter(client: string, limits: InFlightLimits): InFlightLimit | undefined {
    const count = this.byClient.get(client) ?? 0;
    if (count >= limits.perClient) return 'per-client';
    if (this.total >= limits.total) return 'total';
    this.byClient.set(client, count + 1);
    this.total++;
    return undefined;
  }

  /** Gives a place back; once for each that was taken. */
  leave(client: string): void {
    const left = (this.byClient.get(client) ?? 1) - 1;
    if (left > 0) this.byClient.set(client, left);
    else this.byClient.delete(client);
    this.total--;
    if (this.total > 0) return;
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Settles when nothing is under way. */
  whenIdle(): Promise<void> {
    if (this.total === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
