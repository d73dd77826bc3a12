/**
 * Stage between the stub cache and the resolver, only where several workers serve: a question about a name that belongs
 * to another goes there. It comes back finished and goes on at `fit`; if it does not come back, it is resolved here.
 *
 * What an alias of the operator's leads to is resolved here in any case: no cache may keep it under the alias's name.
 */
import type { Clock } from '../../runtime/clock.js';
import { clientKey } from '../client-key.js';
import type { Exchange, Stage, Verdict } from '../exchange.js';
import { type HandedAnswer, HandedDraft, type HandOver } from '../hand-over.js';
import { type InFlight, limitsFor } from '../in-flight.js';
import { isTooLate } from '../too-late.js';
import { tooMany } from '../too-many.js';

export class HandOverStage implements Stage {
  readonly name = 'hand-over';

  constructor(
    private readonly handOver: HandOver,
    private readonly inFlight: InFlight,
    private readonly clock: Clock,
  ) {}

  run(exchange: Exchange): Verdict | Promise<Verdict> {
    if (exchange.aliases.length > 0) return 'next';
    const client = clientKey(exchange.client.address);
    // With no place left the resolve stage says so.
    const place = this.inFlight.enter(client, limitsFor(exchange), exchange.startedMs);
    if (typeof place === 'string') return 'next';
    const pending = this.ask(exchange);
    if (!pending) {
      place.leave();
      return 'next';
    }
    return new Promise((settle) => {
      place.mayGiveWay(() => settle(tooMany(exchange, 'displaced')));
      void pending.then((answer) => {
        const isAnswered = place.state === 'displaced';
        place.leave();
        if (!isAnswered) settle(this.verdict(exchange, answer));
      });
    });
  }

  private ask(exchange: Exchange): Promise<HandedAnswer | undefined> | undefined {
    const { question, rd, cd, edns } = exchange.query!;
    const { name, type, class: cls } = question!;
    const { address, transport } = exchange.client;
    return this.handOver.ask({
      question: { name, type, class: cls },
      rd,
      cd,
      do: edns?.do === true,
      client: address,
      isProven: exchange.isProven,
      transport,
      apart: apartFor(exchange),
    });
  }

  private verdict(exchange: Exchange, answer: HandedAnswer | undefined): Verdict {
    if (!answer) return 'next';
    if (isTooLate(exchange, this.clock)) return exchange.drop('too-late');
    const { wire, rcode, ede, limit } = answer;
    exchange.draft = new HandedDraft(answer);
    exchange.image = { wire, rcode, ede };
    exchange.limit = limit;
    return 'finished';
  }
}

/**
 * The settings that were in force: who asks after a reload gets no answer of before. The view; where rules judge answers the
 * transport too, since one may want TCP; where they name the client the client.
 */
function apartFor({ view, rules, client, isShared, settings: { generation } }: Exchange): string {
  const { policy } = rules;
  if (!view && !policy) return `${generation}`;
  const transport = policy?.judgesAnswers || !isShared ? client.transport : '';
  return `${generation} ${view?.index ?? 0} ${transport} ${isShared ? '' : client.address}`;
}
