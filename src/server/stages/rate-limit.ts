/**
 * Stage 3: queries per second of one client.
 *
 * Over the limit, UDP queries are dropped, but every second one gets an empty truncated response: a forged
 * source gains nothing from it, and a real client asks again by TCP, which forgers cannot. TCP has buckets of
 * its own, so that this way out stays open; past them it is told REFUSED.
 */
import { Ede, Rcode } from '../../dns/registry.js';
import type { ClientRates } from '../client-rates.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';

const SLIP_EVERY = 2;
const OVER_RATE = ede(Ede.OTHER, 'too many queries per second from this client');

export class RateLimitStage implements Stage {
  readonly name = 'rate-limit';

  constructor(private readonly rates: ClientRates) {}

  run(exchange: Exchange): Verdict {
    if (!this.rates.limited) return 'next';
    const { address, transport } = exchange.client;
    const taken = this.rates.take(address, transport);
    if (taken.allowed) return 'next';
    exchange.limit = 'perClientQps';
    if (transport === 'tcp') return exchange.fail(Rcode.REFUSED, OVER_RATE);
    if (taken.refused % SLIP_EVERY !== 0) return exchange.drop('rate-limited');
    return exchange.answer({ tc: true, lookupClass: 'refused' });
  }
}
