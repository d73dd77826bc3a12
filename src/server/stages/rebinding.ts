/**
 * Stage 12: keeps public names from leading a client into its own network. An answer that does is replaced by
 * none, and no cache in front of the resolver keeps it.
 * RFC 8914 4.18 (Filtered).
 */
import { Ede } from '../../dns/registry.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';

export class RebindingStage implements Stage {
  readonly name = 'rebinding';

  run(exchange: Exchange): Verdict {
    const { policy } = exchange.rules;
    const outcome = exchange.resolution?.outcome;
    if (!policy || outcome?.kind !== 'answer') return 'next';
    const found = policy.rebinds(exchange.query!.question!, outcome.rrsets);
    if (!found) return 'next';
    const why = ede(Ede.FILTERED, 'rebinding protection: the name leads to a private address');
    return exchange.answer({ ede: [why], lookupClass: exchange.resolution!.lookupClass });
  }
}
