/**
 * Stage 6: special-use names and locally served zones (local-zones.ts), which must not leak to the internet.
 * They stand back for a stub, forward, local or mock zone that serves the name.
 */
import { Ede } from '../../dns/registry.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';
import { answerLocally } from '../local-zones.js';

const LOCALLY_SERVED = ede(Ede.SYNTHESIZED, 'special-use name, answered by this resolver itself');

export class SpecialUseStage implements Stage {
  readonly name = 'special-use';

  run(exchange: Exchange): Verdict {
    if (!exchange.settings.specialUse) return 'next';
    const question = { ...exchange.query!.question!, name: exchange.sought };
    const found = answerLocally(question);
    const { settings, rules } = exchange;
    if (!found || rules.serves?.(question.name) || settings.servedElsewhere(question.name)) return 'next';
    const { rcode, answer, authority } = found;
    return exchange.answer({
      rcode,
      aa: true,
      answer: [...exchange.aliases, ...answer],
      authority,
      ede: [LOCALLY_SERVED],
      lookupClass: 'local',
    });
  }
}
