/**
 * Stage 7: the operator's lists, hosts file and locally served zones. A blocked name is answered here and
 * never reaches a cache; an exception goes on as if no list had it.
 */
import type { Exchange, Stage, Verdict } from '../exchange.js';
import { obeyNameRules } from '../policy-answer.js';

export class PolicyStage implements Stage {
  readonly name = 'policy';

  run(exchange: Exchange): Verdict {
    const { policy, localData } = exchange.rules;
    return policy || localData ? obeyNameRules(exchange) : 'next';
  }
}
