/**
 * Stage 3: queries per second of one client.
 *
 * Over the limit, UDP queries are dropped, but every second one gets an empty truncated response: a forged
 * source gains nothing from it, and a real client asks again by TCP, which forgers cannot. TCP has buckets of
 * its own, so that this way out stays open; past them it is told REFUSED.
 */
import { Ede, Rcode } from '../../dns/registry.js';
import type { Clock } from '../../runtime/clock.js';
import { clientKey } from '../client-key.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';
import { TokenBuckets } from '../token-buckets.js';

const SLIP_EVERY = 2;
const OVER_RATE = ede(Ede.OTHER, 'too many queries per second from this client');

export class RateLimitStage implements Stage {
  readonly name = 'rate-limit';
  private readonly udp: TokenBuckets;
  private readonly tcp: TokenBuckets;

  constructor(
    private readonly clock: Clock,
    private readonly perClientQps: number,
  ) {
    this.udp = new TokenBuckets(perClientQps);
    this.tcp = new TokenBuckets(perClientQps);
  }

  run(exchange: Exchange): Verdict {
    if (this.perClientQps === 0) return 'next';
    const { address, transport } = exchange.client;
    const buckets = transport === 'udp' ? this.udp : this.tcp;
    const taken = buckets.take(clientKey(address), this.clock.monotonicMs());
    if (taken.allowed) return 'next';
    if (transport === 'tcp') return exchange.fail(Rcode.REFUSED, OVER_RATE);
    if (taken.refused % SLIP_EVERY !== 0) return exchange.drop('rate-limited');
    return exchange.answer({ tc: true, lookupClass: 'refused' });
  }
}
