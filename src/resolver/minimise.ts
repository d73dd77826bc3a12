/**
 * QNAME minimisation: which name to show to which zone's servers.
 *
 * One plan per walk. It is told the zone now asked and what came back, and says what to ask next: an
 * ancestor of QNAME with type A, or the question itself.
 * RFC 9156 2.3 (numbers 10 and 4), 2.1 (type A hides the type). `relaxed` asks the full question where a
 * server stumbles over the short one; `strict` believes it.
 */
import { ancestorWithLabels, labelCount, type Name } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Question } from '../dns/rrset.js';

export type MinimisationMode = 'strict' | 'relaxed' | 'off';

const MAX_MINIMISED_QUERIES = 10;
const SINGLE_LABEL_STEPS = 4;
const UNDERSCORE = 95;

export class MinimisationPlan {
  private readonly totalLabels: number;
  private knownLabels = 0;
  private steps = 0;
  private full: boolean;

  constructor(
    private readonly question: Question,
    private readonly mode: MinimisationMode,
  ) {
    this.totalLabels = labelCount(question.name);
    this.full = mode === 'off' || this.totalLabels <= 1;
  }

  /** A zone was entered: names up to its apex are known. */
  enter(zone: Name): void {
    this.knownLabels = Math.max(this.knownLabels, labelCount(zone));
  }

  /** What to ask the servers of the zone now entered. */
  next(): Question {
    const labels = this.nextLabels();
    if (labels >= this.totalLabels) return this.question;
    const name = ancestorWithLabels(this.question.name, labels);
    // Labels such as _tcp never are zone cuts of their own in practice (RFC 9156 2.3).
    if (name.charCodeAt(1) === UNDERSCORE) return this.question;
    return { name, type: RRType.A, class: this.question.class };
  }

  private nextLabels(): number {
    if (this.full || this.steps >= MAX_MINIMISED_QUERIES) return this.totalLabels;
    if (this.steps < SINGLE_LABEL_STEPS) return this.knownLabels + 1;
    const left = this.totalLabels - this.knownLabels;
    return this.knownLabels + Math.max(1, Math.ceil(left / (MAX_MINIMISED_QUERIES - this.steps)));
  }

  /** The short name exists, or is an empty non-terminal, and is no zone cut. */
  passed(asked: Question): void {
    this.steps++;
    this.knownLabels = Math.max(this.knownLabels, labelCount(asked.name));
  }

  /** That is known already: nothing is asked for it. */
  knows(name: Name): void {
    this.knownLabels = Math.max(this.knownLabels, labelCount(name));
  }

  /** Goes label by label after all, where the full question met the wrong side of a cut. False when it did so. */
  stepByStep(): boolean {
    if (!this.full || this.steps > 0 || this.totalLabels <= 1) return false;
    this.full = false;
    return true;
  }

  /** The server stumbled over the short name. True when the full question is to be asked instead. */
  relax(): boolean {
    if (this.mode !== 'relaxed' || this.full) return false;
    this.full = true;
    return true;
  }
}
