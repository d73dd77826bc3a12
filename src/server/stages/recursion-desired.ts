/**
 * Stage 7: a query without RD asks for what this server itself is authoritative for, and from here on there is
 * nothing of that kind. It is refused rather than answered from cache, since that would tell anyone which names
 * others asked for (cache snooping).
 * RFC 1034 4.3.1, RFC 8914 4.21.
 */
import { Ede, Rcode } from '../../dns/registry.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';

const NOT_AUTHORITATIVE = ede(
  Ede.NOT_AUTHORITATIVE,
  'recursion was not desired, and this is only a resolver',
);

export class RecursionDesiredStage implements Stage {
  readonly name = 'recursion-desired';

  run(exchange: Exchange): Verdict {
    return exchange.query!.rd ? 'next' : exchange.fail(Rcode.REFUSED, NOT_AUTHORITATIVE);
  }
}
