/**
 * Stage 12, the last: the image becomes this client's response, no larger than it takes.
 * By UDP that is what its OPT says, 512 octets at least and our own limit at most (RFC 6891 6.2.3, RFC 9715).
 */
import type { Exchange, Stage, Verdict } from '../exchange.js';
import { seal, sealCut } from '../image.js';

export class FitStage implements Stage {
  readonly name = 'fit';

  run(exchange: Exchange): Verdict {
    const draft = exchange.draft!;
    exchange.wire = seal(exchange, exchange.image!) ?? sealCut(exchange, draft);
    exchange.rcode = draft.rcode;
    exchange.lookupClass = draft.lookupClass;
    exchange.missReason = draft.missReason;
    return 'done';
  }
}
