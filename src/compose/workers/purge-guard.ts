/**
 * Sees to it that no question is resolved from what main has already said to forget.
 *
 * Main tells a purge in a message and then raises a word in shared memory; from that moment on nobody may see the old
 * data. A message is taken up only when the loop turns, so before each resolution a worker compares the word with what it
 * has done, and takes up its messages at once when it is behind. An answer that was under way meanwhile is not kept.
 */
import type { Question } from '../../dns/rrset.js';
import type { RecursiveResolver, Resolution, ResolveOptions } from '../../resolver/contract.js';

export class PurgeGuard {
  private done: number;

  /**
   * @param word counts the purges that main has told
   * @param catchUp takes up one message that waits; false when there is none
   */
  constructor(
    private readonly word: Int32Array,
    private readonly catchUp: () => boolean,
  ) {
    this.done = Atomics.load(word, 0);
  }

  /** Everything up to this count of purges has been done. */
  caughtUp(count: number): void {
    this.done = count;
  }

  guard(resolver: RecursiveResolver): RecursiveResolver {
    return {
      resolve: (question, options) => this.resolve(resolver, question, options),
      serversOf: (name) => resolver.serversOf?.(name) ?? { names: [], addresses: [] },
    };
  }

  private async resolve(
    resolver: RecursiveResolver,
    question: Question,
    options?: ResolveOptions,
  ): Promise<Resolution> {
    while (Atomics.load(this.word, 0) !== this.done && this.catchUp());
    const before = this.done;
    const resolution = await resolver.resolve(question, options);
    if (Atomics.load(this.word, 0) === before) return resolution;
    return { ...resolution, keepUntilMs: undefined };
  }
}
