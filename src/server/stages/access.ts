/**
 * Stage 2: may this client ask at all? An open resolver is an amplifier for everyone (RFC 5358).
 *
 * Who may not is told so, in a response no larger than an error: silence would look like a dead server.
 */
import { Ede, Rcode } from '../../dns/registry.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';

const PROHIBITED = ede(Ede.PROHIBITED, 'this client may not use this resolver');

export class AccessStage implements Stage {
  readonly name = 'access';

  run(exchange: Exchange): Verdict {
    if (exchange.settings.allowed(exchange.client.address)) return 'next';
    return exchange.fail(Rcode.REFUSED, PROHIBITED);
  }
}
