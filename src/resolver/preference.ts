/**
 * Whom to take of several that are as good, in the place of a draw.
 *
 * Walks draw among servers of a zone, and among name servers whose addresses are missing. A replay has only what was
 * said once, so it gives the choices of then; without a preference, as always but there, chance decides.
 */
import type { Name } from '../dns/name.js';
import type { Question } from '../dns/rrset.js';
import type { Random } from '../runtime/random.js';

export interface Preference {
  /**
   * @param addresses of servers of `zone`
   * @param sought what the walk is about; the server may be asked for less of it
   * @returns undefined: draw
   */
  server(zone: Name, addresses: readonly string[], sought: Question): string | undefined;
  /** Whose address is looked up next. @returns undefined: draw */
  nameServer(names: readonly Name[]): Name | undefined;
}

/** What decides where all are as good. */
export interface Draws {
  readonly random: Random;
  readonly preference?: Preference | undefined;
}

/** Takes one out of `names`, which is not empty. */
export function takeName(names: Name[], { random, preference }: Draws): Name {
  const preferred = preference?.nameServer(names);
  const at = preferred === undefined ? random.below(names.length) : names.indexOf(preferred);
  return names.splice(at, 1)[0]!;
}
