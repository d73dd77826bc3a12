/**
 * One worker's end of the line to another: hands questions over, and answers those that come.
 *
 * All that one turn of the loop brings goes as one message. A peer that has died closes the line at once; one that is
 * stuck is found by its silence. Whatever waits for it then is given back to be resolved here, and new questions are
 * not handed over until it is heard again. Of the questions that come, a turn takes up what fits into its slice of the
 * thread's time (runtime/work-slice.ts).
 */
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { ThreadWork, type WorkSlice } from '../../runtime/work-slice.js';
import type { HandedAnswer, HandedQuestion } from '../../server/hand-over.js';
import {
  type AskTuple,
  answerOf,
  askedOf,
  askTuple,
  type LinkMessage,
  type ReplyTuple,
  replyTuple,
} from './link-messages.js';

/** What a line needs of a MessagePort. */
export interface LinkPort {
  postMessage(message: LinkMessage): void;
  on(event: 'message', listener: (message: LinkMessage) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  close(): void;
}

/** Answers a question that was handed over; a rejection is a bug. */
export type AnswerHanded = (asked: HandedQuestion) => Promise<HandedAnswer | undefined>;

export interface PeerLinkParts {
  readonly port: LinkPort;
  readonly clock: Clock;
  readonly answer: AnswerHanded;
  /** Told of exceptions while answering. */
  readonly onFault: (error: unknown) => void;
  /** Calls back later in this turn of the loop. */
  readonly soon?: (flush: () => void) => void;
  /** The part of the questions in what this thread does. */
  readonly work?: WorkSlice;
}

/** How often a peer that owes answers is looked at. */
export const LOOK_EVERY_MS = 500;
/** A peer that was not heard for so long though it was asked is stuck: shorter than clients wait. */
export const SILENT_AFTER_MS = 1500;

/** Questions that were taken up and are still listed, at most. */
const FORGET_AT = 1024;

type Settle = (answer: HandedAnswer | undefined) => void;

export class PeerLink {
  private readonly waiting = new Map<number, Settle>();
  private asks: AskTuple[] = [];
  private replies: ReplyTuple[] = [];
  /** Questions that came, and how many of them were taken up. */
  private received: AskTuple[] = [];
  private takenUp = 0;
  private takingUp = false;
  private readonly work: WorkSlice;
  private ping = false;
  private nextId = 0;
  private scheduled = false;
  private closed = false;
  private heardMs = 0;
  private silent = false;
  private cancelLook: CancelTimer | undefined;

  constructor(private readonly parts: PeerLinkParts) {
    const { port } = parts;
    this.work = parts.work ?? new ThreadWork().newSource();
    port.on('message', (message) => this.receive(message));
    port.on('close', () => this.close());
  }

  /** Questions handed over and not yet answered. */
  get pending(): number {
    return this.waiting.size;
  }

  /** Undefined when the peer cannot be reached; a promise of undefined when it fails to answer. */
  ask(asked: HandedQuestion): Promise<HandedAnswer | undefined> | undefined {
    if (this.closed || this.silent) return undefined;
    const id = this.nextId++;
    return new Promise((settle) => {
      this.waiting.set(id, settle);
      this.asks.push(askTuple(id, asked));
      this.schedule();
      this.watch();
    });
  }

  /** Gives up what waits; the peer's line closes too. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.cancelLook?.();
    this.parts.port.close();
    this.giveBack();
  }

  private giveBack(): void {
    const settles = [...this.waiting.values()];
    this.waiting.clear();
    for (const settle of settles) settle(undefined);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    (this.parts.soon ?? setImmediate)(this.flush);
  }

  private readonly flush = (): void => {
    this.scheduled = false;
    if (this.closed) return;
    const { asks, replies, ping } = this;
    this.asks = [];
    this.replies = [];
    this.ping = false;
    this.parts.port.postMessage({ asks, replies, ping });
  };

  private receive({ asks, replies, ping }: LinkMessage): void {
    this.heardMs = this.parts.clock.monotonicMs();
    this.silent = false;
    for (const reply of replies) this.take(reply);
    for (const ask of asks) this.received.push(ask);
    if (this.received.length > this.takenUp) this.takeUpSoon();
    if (ping) this.schedule();
  }

  /** Once per turn of the loop, however many messages it brings. */
  private takeUpSoon(): void {
    if (this.takingUp) return;
    this.takingUp = true;
    setImmediate(this.takeUp);
  }

  private readonly takeUp = (): void => {
    this.takingUp = false;
    const { work, received } = this;
    if (this.closed) return;
    work.open();
    const end = Math.min(received.length, this.takenUp + work.room);
    work.begin();
    const from = this.takenUp;
    while (this.takenUp < end) void this.answer(received[this.takenUp++]!);
    work.end(end - from);
    const left = received.length - end;
    work.close(left);
    if (end >= FORGET_AT || left === 0) {
      received.splice(0, end);
      this.takenUp = 0;
    }
    if (left > 0) this.takeUpSoon();
  };

  private take(reply: ReplyTuple): void {
    const settle = this.waiting.get(reply[0]);
    // Undefined when it was given back meanwhile.
    if (!settle) return;
    this.waiting.delete(reply[0]);
    settle(answerOf(reply));
  }

  private async answer(ask: AskTuple): Promise<void> {
    let answer: HandedAnswer | undefined;
    try {
      answer = await this.parts.answer(askedOf(ask));
    } catch (error) {
      this.parts.onFault(error);
    }
    if (this.closed) return;
    this.replies.push(replyTuple(ask[0], answer));
    this.schedule();
  }

  /** While the peer owes answers it must be heard now and then, if only by its response to a ping. */
  private watch(): void {
    if (this.cancelLook) return;
    this.heardMs = this.parts.clock.monotonicMs();
    this.look();
  }

  private look(): void {
    this.cancelLook = this.parts.clock.after(LOOK_EVERY_MS, () => {
      this.cancelLook = undefined;
      if (this.closed || (this.waiting.size === 0 && !this.silent)) return;
      if (!this.silent && this.parts.clock.monotonicMs() - this.heardMs >= SILENT_AFTER_MS) {
        this.silent = true;
        this.giveBack();
      }
      this.ping = true;
      this.schedule();
      this.look();
    });
  }
}
