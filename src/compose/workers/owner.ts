/**
 * To which worker a name belongs: by a hash of its last two labels, as the stub cache divides them among partitions.
 *
 * Two labels keep a zone's delegation, keys and RRsets together and spread well enough; docs/decisions has the figures.
 */
import { QuestionKey } from '../../cache/shared-stub-cache/question-key.js';
import type { Name } from '../../dns/name.js';

export class NameOwners {
  private readonly key: QuestionKey;

  /** @param seed secret, and the same in all workers: who knew it could make all names fall to one of them */
  constructor(
    seed: number,
    readonly workers: number,
  ) {
    this.key = new QuestionKey(seed);
  }

  /** Index of the worker. */
  of(name: Name): number {
    this.key.load({ name, type: 1, class: 1, do: false, cd: false });
    return this.key.ownerOf(this.workers);
  }
}
