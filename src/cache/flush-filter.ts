/**
 * Whether something that is about to come back was flushed meanwhile: many flushes, asked for each entry.
 *
 * A running cache is searched once for each flush; here are many entries and perhaps thousands of flushes, so flushes
 * are found by name, at the entry's own and at those above it.
 */
import { type Name, parentName, ROOT } from '../dns/name.js';
import { concernsLayer, type Flush, type FlushLayer } from './flush.js';
import { isNegativeAnswer } from './negative-answer.js';
import { holdsOwner } from './shared-stub-cache/holds-owner.js';
import type { StubKey } from './stub-cache.js';

/** More than these at once are taken for "everything" by whoever keeps them. */
export const MAX_KEPT_FLUSHES = 10_000;

export class FlushFilter {
  private readonly byName = new Map<Name, Flush[]>();

  get isEmpty(): boolean {
    return this.byName.size === 0;
  }

  add(flush: Flush): void {
    const known = this.byName.get(flush.name);
    if (known) known.push(flush);
    else this.byName.set(flush.name, [flush]);
  }

  /** @param type 0 for a denial of all types */
  covers(layer: FlushLayer, name: Name, type: number): boolean {
    return this.some(name, (flush) => concernsLayer(flush, layer) && ofType(flush, type));
  }

  /** Whether a whole answer was flushed: by its question, or by a name that it speaks of. */
  coversAnswer(key: StubKey, wire: Buffer): boolean {
    if (this.isEmpty) return false;
    const denies = isNegativeAnswer(wire);
    const concerns = (owner: Name, type: number) =>
      this.some(
        owner,
        (flush) => concernsLayer(flush, 'stub') && ofType(flush, type) && (denies || !flush.negatives),
      );
    return concerns(key.name, key.type) || holdsOwner(wire, concerns);
  }

  private some(name: Name, test: (flush: Flush) => boolean): boolean {
    if (this.isEmpty) return false;
    for (let at = name; ; at = parentName(at)) {
      if (this.byName.get(at)?.some((flush) => (at === name || flush.subtree) && test(flush))) return true;
      if (at === ROOT) return false;
    }
  }
}

function ofType(flush: Flush, type: number): boolean {
  return flush.type === undefined || type === 0 || flush.type === type;
}
