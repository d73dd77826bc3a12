/**
 * The way of one worker to the owners of names: its own stay here, others' go over the line to their worker.
 *
 * Equal questions that wait here at the same time go over once. Lines come and go as workers are started again.
 */
import type { HandedAnswer, HandedQuestion, HandOver } from '../../server/hand-over.js';
import type { NameOwners } from './owner.js';
import type { PeerLink } from './peer-link.js';

export class OwnerHandOver implements HandOver {
  private readonly links = new Map<number, PeerLink>();
  private readonly asked = new Map<string, Promise<HandedAnswer | undefined>>();

  /** @param self index of this worker */
  constructor(
    private readonly owners: NameOwners,
    private readonly self: number,
  ) {}

  /** Uses this line to a worker from now on, in the place of one to its predecessor. */
  connect(peer: number, link: PeerLink): void {
    this.links.get(peer)?.close();
    this.links.set(peer, link);
  }

  close(): void {
    for (const link of this.links.values()) link.close();
    this.links.clear();
  }

  ask(asked: HandedQuestion): Promise<HandedAnswer | undefined> | undefined {
    const owner = this.owners.of(asked.question.name);
    if (owner === this.self) return undefined;
    const key = keyOf(asked);
    const running = this.asked.get(key);
    if (running) return running.then(joined);
    const answer = this.links.get(owner)?.ask(asked);
    if (!answer) return undefined;
    const settled = answer.finally(() => this.asked.delete(key));
    this.asked.set(key, settled);
    return settled;
  }
}

/** All that the answer depends on. */
function keyOf({ question, rd, cd, do: dnssecOk, apart = '' }: HandedQuestion): string {
  return `${apart} ${rd ? 'r' : '-'}${cd ? 'c' : '-'}${dnssecOk ? 'd' : '-'} ${question.type} ${question.class} ${question.name}`;
}

/** A limit that somebody else's client reached says nothing about this one. */
function joined(answer: HandedAnswer | undefined): HandedAnswer | undefined {
  if (answer?.limit?.startsWith('inFlight')) return undefined;
  return answer?.lookupClass === 'walked' ? { ...answer, lookupClass: 'joined' } : answer;
}
