/**
 * Stage 9: the nearest cache, of whole responses in wire form. A hit is sealed for this client and sent, without
 * a promise or a decoded record on the way; one that is larger than the client takes goes on to be cut.
 */
import type { StubCache, StubKey } from '../../cache/stub-cache.js';
import type { Clock } from '../../runtime/clock.js';
import type { AnswerImage, ClientQuery, Draft, Exchange, Stage, Verdict } from '../exchange.js';
import { imageOfWire, seal } from '../image.js';
import type { View } from '../settings.js';

export class StubCacheStage implements Stage {
  readonly name = 'stub-cache';

  constructor(
    private readonly cache: StubCache,
    private readonly clock: Clock,
  ) {}

  run(exchange: Exchange): Verdict {
    if (!exchange.isShared) return 'next';
    const held = this.cache.get(stubKey(exchange.query!, exchange.view), this.clock.wallMs());
    if (!held) return 'next';
    const image = imageOfWire(held);
    const wire = seal(exchange, image);
    if (!wire) return 'next';
    exchange.wire = wire;
    exchange.rcode = image.rcode;
    exchange.lookupClass = 'stub';
    return 'done';
  }
}

/**
 * Puts a finished answer into the stub cache if it may be repeated.
 *
 * What the wire form does not carry cannot be repeated: an answer with Extended DNS Errors is left to the
 * resolver's caches, and so is one that the encoder had to cut.
 */
export function keepImage(
  cache: StubCache,
  exchange: Exchange,
  draft: Draft,
  image: AnswerImage,
  nowMs: number,
): void {
  if (!exchange.isShared) return;
  if (draft.keepUntilMs === undefined || draft.ede.length > 0 || image.rcode > 15) return;
  const cut = (image.wire[2]! & 2) !== 0;
  if (!cut) cache.put(stubKey(exchange.query!, exchange.view), image.wire, nowMs, draft.keepUntilMs);
}

function stubKey(query: ClientQuery, view: View | undefined): StubKey {
  const { name, type, class: cls } = query.question!;
  return { name, type, class: cls, do: query.edns?.do === true, cd: query.cd, view: view?.index ?? 0 };
}
