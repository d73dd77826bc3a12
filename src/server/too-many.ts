/** The answer to a query for which there is no place in flight, or none any more. */
import { Ede, Rcode } from '../dns/registry.js';
import { type Exchange, ede, type Verdict } from './exchange.js';
import type { InFlightLimit } from './in-flight.js';

const texts: Record<InFlightLimit | 'displaced', string> = {
  'per-client': 'too many queries of this client are being resolved',
  total: 'too many queries are being resolved',
  displaced: 'too many queries are being resolved, and this one waited longest',
};

export function tooMany(exchange: Exchange, limit: keyof typeof texts): Verdict {
  exchange.limit = `inFlight-${limit}`;
  return exchange.fail(Rcode.SERVFAIL, ede(Ede.OTHER, texts[limit]));
}
