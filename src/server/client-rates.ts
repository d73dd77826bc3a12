/**
 * The token buckets of all clients of one server, one set for UDP and one for TCP.
 *
 * The pipeline's stage and the fast lane draw on the same ones, so that a client has one rate whichever way its
 * queries go.
 */
import type { Clock } from '../runtime/clock.js';
import { clientKey } from './client-key.js';
import { type Taken, TokenBuckets } from './token-buckets.js';

export class ClientRates {
  private readonly udp: TokenBuckets;
  private readonly tcp: TokenBuckets;

  /** @param perClientQps 0: no limit */
  constructor(
    private readonly clock: Clock,
    readonly perClientQps: number,
  ) {
    this.udp = new TokenBuckets(perClientQps);
    this.tcp = new TokenBuckets(perClientQps);
  }

  get limited(): boolean {
    return this.perClientQps !== 0;
  }

  /** Takes a token of the client with this literal address; a refusal counts. Only when `limited`. */
  take(address: string, transport: 'udp' | 'tcp'): Taken {
    const buckets = transport === 'udp' ? this.udp : this.tcp;
    return buckets.take(clientKey(address), this.clock.monotonicMs());
  }

  /** Takes a token for UDP if there is one; what is refused here has yet to come to `take`. */
  takeIfAllowed(key: string): boolean {
    return this.udp.takeIfAllowed(key, this.clock.monotonicMs());
  }
}
