/**
 * Stage 10: ask the resolver. It may wait.
 *
 * A place in flight is taken first; a client (or everyone together) with too many gets SERVFAIL at once, so that
 * work and answers cannot be piled up for later (DNSBomb, CVE-2024-33655). A resolution that does not settle
 * in time is a bug of the resolver; its client is answered and its place freed all the same.
 * An answer that comes after the UDP client has surely gone is not sent, but the caches below have it.
 */
import { Ede, Rcode } from '../../dns/registry.js';
import type { RecursiveResolver, Resolution } from '../../resolver/contract.js';
import type { Clock } from '../../runtime/clock.js';
import { clientKey } from '../client-key.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';
import { type InFlight, type InFlightLimit, limitsFor } from '../in-flight.js';
import { isTooLate } from '../too-late.js';

const limitTexts: Record<InFlightLimit, string> = {
  'per-client': 'too many queries of this client are being resolved',
  total: 'too many queries are being resolved',
};
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
    const limit = this.inFlight.enter(client, limitsFor(exchange));
    if (limit) {
      exchange.limit = `inFlight-${limit}`;
      return exchange.fail(Rcode.SERVFAIL, ede(Ede.OTHER, limitTexts[limit]));
    }
    return this.resolve(exchange, () => this.inFlight.leave(client));
  }

  /** One promise, not one per step: this is on the way of every miss. */
  private resolve(exchange: Exchange, leave: () => void): Promise<Verdict> {
    const { question, cd, rd } = exchange.query!;
    const { type, class: cls } = question!;
    const name = exchange.sought;
    return new Promise((settle, reject) => {
      let ended = false;
      const end = (finish: () => void) => {
        if (ended) return;
        ended = true;
        cancel();
        leave();
        finish();
      };
      const cancel = this.clock.after(exchange.settings.resolveWithinMs, () =>
        end(() => settle(this.verdict(exchange, undefined))),
      );
      this.resolver.resolve({ name, type, class: cls }, { cd, cacheOnly: !rd }).then(
        (resolution) => end(() => settle(this.verdict(exchange, resolution))),
        (error: unknown) => end(() => reject(error)),
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
