/**
 * Shares a thread between clients whose answers are at hand and work that takes longer.
 *
 * Node runs what it is given to the end: a hundred misses that came together, or the responses to them, keep the thread for
 * a hundred times their cost, and every client whose answer lies in the cache waits. So a source of work does as many
 * pieces per turn of the loop as fit into a slice of time, and leaves the rest to the next turn. How many fit is learnt
 * from how long the last ones took, with the promises that they set in motion: these run after the source has returned.
 *
 * Slices are short only while answers at hand are asked for, since work in bursts costs less. And what is begun is finished
 * first: sources of new work stand back while responses wait. The state of thousands of queries under way would outlive
 * every collection of garbage, and collecting would take the time that is lacking.
 * docs/decisions/017-clients-first.md has the figures.
 *
 * Limitations: the cost of a piece is a guess from the past, so that a turn takes longer than its slice when pieces become
 * dear, and collections are not foreseen.
 */
import { performance } from 'node:perf_hooks';

/** What one source may take of a turn of the loop, while clients get answers at once and else. */
export const SHORT_MS = 0.5;
export const LONG_MS = 4;
/** So many slices after such an answer they are still short. */
const SHORT_SLICES = 16;
/** Pieces left to the next turn that do not count as being behind. */
const TOLERATED = 64;
/** Before any was measured: code that has not run yet is slow. */
const FIRST_PIECE_MS = 0.1;
/** The share of the newest measurement in the guess. */
const WEIGHT = 0.25;

/** The sources of work of one thread. */
export class ThreadWork {
  /** Finishes what was begun: responses of servers. */
  readonly responses: WorkSlice;
  private sinceAnswer = SHORT_SLICES;

  constructor(private readonly nowMs: () => number = () => performance.now()) {
    this.responses = new WorkSlice(this, nowMs);
  }

  /** A source of new work, as a listener. */
  newSource(): WorkSlice {
    return new WorkSlice(this, this.nowMs, this.responses);
  }

  /** Clients were answered at once: such as they should not wait long. */
  answeredAtOnce(): void {
    this.sinceAnswer = 0;
  }

  /** What the next slice may take. */
  nextSliceMs(): number {
    if (this.sinceAnswer >= SHORT_SLICES) return LONG_MS;
    this.sinceAnswer++;
    return SHORT_MS;
  }
}

/** One source's part of each turn: `open`, then `begin` and `end` around pieces of work, then `close`. */
export class WorkSlice {
  /** More was left to the next turn than is usual. */
  isBehind = false;
  /** Pieces that may still be done in this turn. */
  room = 0;
  private pieceMs = FIRST_PIECE_MS;
  private pieces = 0;
  private spentMs = 0;
  private begunMs = 0;

  /** @param first while that one is behind, a turn has room for one piece */
  constructor(
    private readonly thread: ThreadWork,
    private readonly nowMs: () => number,
    private readonly first?: WorkSlice,
  ) {}

  /** A new turn of the loop. */
  open(): void {
    const fits = Math.floor(this.thread.nextSliceMs() / this.pieceMs);
    this.room = this.first?.isBehind ? 1 : Math.max(1, fits);
    this.pieces = 0;
    this.spentMs = 0;
  }

  /** Pieces are about to be done. */
  begin(): void {
    this.begunMs = this.nowMs();
  }

  /** So many were done since `begin`; no more than there was room for. */
  end(pieces: number): void {
    this.spentMs += this.nowMs() - this.begunMs;
    this.pieces += pieces;
    this.room -= pieces;
  }

  /**
   * The source returns to the loop: what the pieces set in motion runs now, and counts as theirs.
   * @param left pieces that wait for the next turn
   */
  close(left: number): void {
    this.isBehind = left > TOLERATED;
    if (this.pieces === 0) return;
    this.begunMs = this.nowMs();
    queueMicrotask(this.microtasksRun);
  }

  // Ticks run when no microtask is left, also none that another one made.
  private readonly microtasksRun = (): void => process.nextTick(this.settled);

  private readonly settled = (): void => {
    if (this.pieces === 0) return; // two turns ended in one: the first measured both, or the next has begun
    const sample = (this.spentMs + this.nowMs() - this.begunMs) / this.pieces;
    this.pieceMs += (sample - this.pieceMs) * WEIGHT;
    this.pieces = 0;
  };
}
