/**
 * Stage 10: ask the resolver. It may wait.
 *
 * A place in flight is taken first; a client (or everyone together) with too many gets SERVFAIL at once, so that
 * work and answers cannot be piled up for later (DNSBomb, CVE-2024-33655). When all places are taken by queries that wait
 * for slow servers, the one that waited longest gets SERVFAIL and gives its place to a new one. A resolution that does not settle
 * in time is a bug of the resolver; its client is answered and its place freed all the same.
 * An answer that comes after the UDP client has surely gone is not sent, but the caches below have it.
 */
import { Ede, Rcode } from '../../dns/registry.js';
import type { RecursiveResolver, Resolution } from '../../resolver/contract.js';
import type { Clock } from '../../runtime/clock.js';
import { clientKey } from '../client-key.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';
import { type InFlight, limitsFor, type Place } from '../in-flight.js';
import { isTooLate } from '../too-late.js';
import { tooMany } from '../too-many.js';

const STUCK = ede(Ede.OTHER, 'the resolution did not end in time');

export class ResolveStage implements Stage {
  readonly name = 'resolve';

  constructor(
    private readonly resolver: RecursiveResolver,
    private readonly inFlight: InFlight,
    private readonly clock: Clock,
  ) {}

  run(exchange: Exchange): Verdict | Promise<Verdict> {
    const client = clientKey(exchange.client.address);
    const place = this.inFlight.enter(client, limitsFor(exchange), exchange.startedMs);
    return typeof place === 'string' ? tooMany(exchange, place) : this.resolve(exchange, place);
  }

  /** One promise, not one per step: this is on the way of every miss. */
  private resolve(exchange: Exchange, place: Place): Promise<Verdict> {
    const { question, cd, rd } = exchange.query!;
    const { type, class: cls } = question!;
    const name = exchange.sought;
    return new Promise((settle, reject) => {
      let ended = false;
      const end = (finish: () => void) => {
        if (ended) return;
        ended = true;
        cancel();
        finish();
      };
      const over = (finish: () => void) => {
        place.leave();
        end(finish);
      };
      const cancel = this.clock.after(exchange.settings.resolveWithinMs, () =>
        over(() => settle(this.verdict(exchange, undefined))),
      );
      place.mayGiveWay(() => end(() => settle(tooMany(exchange, 'displaced'))));
      this.resolver.resolve({ name, type, class: cls }, { cd, cacheOnly: !rd }).then(
        (resolution) => over(() => settle(this.verdict(exchange, resolution))),
        (error: unknown) => over(() => reject(error)),
      );
    });
  }

  private verdict(exchange: Exchange, resolution: Resolution | undefined): Verdict {
    if (isTooLate(exchange, this.clock)) return exchange.drop('too-late');
    if (!resolution) return exchange.fail(Rcode.SERVFAIL, STUCK, 'failure');
    exchange.resolution = resolution;
    return 'next';
  }
}
