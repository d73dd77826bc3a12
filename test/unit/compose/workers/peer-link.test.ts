/** Two ends of a line with fake ports and a clock that stands still. */
import { describe, expect, it } from 'vitest';
import type { LinkMessage } from '../../../../src/compose/workers/link-messages.js';
import {
  type AnswerHanded,
  type LinkPort,
  LOOK_EVERY_MS,
  PeerLink,
  SILENT_AFTER_MS,
} from '../../../../src/compose/workers/peer-link.js';
import { parseName } from '../../../../src/dns/name.js';
import { VirtualClock } from '../../../../src/runtime/clock.js';
import { ThreadWork, type WorkSlice } from '../../../../src/runtime/work-slice.js';
import type { HandedAnswer, HandedQuestion } from '../../../../src/server/hand-over.js';

const asked: HandedQuestion = {
  question: { name: parseName('www.example.'), type: 28, class: 1 },
  rd: true,
  cd: false,
  do: true,
  client: '192.0.2.7',
  isProven: true,
  transport: 'tcp',
};
const answer: HandedAnswer = {
  wire: Buffer.from([0, 255, 128, 7]),
  rcode: 16,
  ede: [{ code: 22, text: 'no one' }],
  lookupClass: 'walked',
  missReason: 'expired',
  limit: 'depth',
};

/** One end of a pair; messages are cloned, and kept for as long as `held`. */
class FakePort implements LinkPort {
  other!: FakePort;
  held = false;
  readonly sent: LinkMessage[] = [];
  private readonly onMessage: ((message: LinkMessage) => void)[] = [];
  private readonly onClose: (() => void)[] = [];
  private closed = false;

  postMessage(message: LinkMessage): void {
    this.sent.push(message);
    if (!this.held) this.other.deliver(structuredClone(message));
  }

  deliver(message: LinkMessage): void {
    for (const listener of this.onMessage) listener(message);
  }

  on(event: 'message' | 'close', listener: never): void {
    const list: unknown[] = event === 'message' ? this.onMessage : this.onClose;
    list.push(listener);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.onClose) listener();
    this.other.close();
  }
}

class Line {
  readonly clock = new VirtualClock();
  readonly a = new FakePort();
  readonly b = new FakePort();
  readonly faults: unknown[] = [];
  readonly asker: PeerLink;
  readonly owner: PeerLink;
  private readonly due: (() => void)[] = [];

  constructor(
    answerHanded: AnswerHanded,
    private readonly work?: WorkSlice,
  ) {
    this.a.other = this.b;
    this.b.other = this.a;
    this.asker = this.link(this.a, () => Promise.reject(new Error('nobody asks here')));
    this.owner = this.link(this.b, answerHanded);
  }

  private link(port: FakePort, answerHanded: AnswerHanded): PeerLink {
    return new PeerLink({
      port,
      clock: this.clock,
      answer: answerHanded,
      onFault: (error) => this.faults.push(error),
      soon: (flush) => this.due.push(flush),
      ...(this.work && { work: this.work }),
    });
  }

  flush(): void {
    for (const flush of this.due.splice(0)) flush();
  }

  /** Ends the turn of the loop, again and again until nothing happens any more. */
  async turn(): Promise<void> {
    do {
      this.flush();
      await this.clock.advance(0);
    } while (this.due.length > 0 || (this.asker.pending > 0 && this.work));
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += LOOK_EVERY_MS) {
      await this.clock.advance(LOOK_EVERY_MS);
      await this.turn();
    }
  }
}

describe('a line between workers', () => {
  it('carries a question and its answer, all of them', async () => {
    const seen: HandedQuestion[] = [];
    const line = new Line(async (question) => {
      seen.push(question);
      return answer;
    });
    const waiting = line.asker.ask(asked);
    await line.turn();
    expect(await waiting).toEqual(answer);
    expect(seen).toEqual([asked]);
    expect(line.asker.pending).toBe(0);
  });

  it('sends what one turn brings as one message each way', async () => {
    const line = new Line(async ({ question }) => ({ ...answer, rcode: question.type }));
    const types = [1, 2, 5, 28];
    const waiting = types.map((type) => line.asker.ask({ ...asked, question: { ...asked.question, type } }));
    await line.turn();
    expect((await Promise.all(waiting)).map((one) => one?.rcode)).toEqual(types);
    expect(line.a.sent).toHaveLength(1);
    expect(line.b.sent).toHaveLength(1);
  });

  it('takes up in one turn what fits into a slice of time, and the rest in later ones', async () => {
    let ms = 0;
    let taken = 0;
    const line = new Line(async () => {
      ms += 1000;
      taken++;
      return answer;
    }, new ThreadWork(() => ms).newSource());
    // Several messages, as one turn of the loop may bring them.
    const waiting = Array.from({ length: 50 }, (_, i) => {
      const answered = line.asker.ask(asked);
      if (i % 2 === 1) line.flush();
      return answered;
    });
    expect(taken).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    const first = taken;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(50);
    await line.turn();
    expect(await Promise.all(waiting)).toEqual(Array(50).fill(answer));
    expect(taken).toBe(50);
  });

  it('gives answers in any order to those who asked', async () => {
    const settle: ((answer: HandedAnswer) => void)[] = [];
    const line = new Line(() => new Promise((resolve) => settle.push(resolve)));
    const first = line.asker.ask(asked);
    const second = line.asker.ask(asked);
    await line.turn();
    settle[1]!({ ...answer, rcode: 2 });
    await line.turn();
    settle[0]!({ ...answer, rcode: 1 });
    await line.turn();
    expect([(await first)?.rcode, (await second)?.rcode]).toEqual([1, 2]);
  });

  it('gives a question back when the peer dies, and takes no more', async () => {
    const line = new Line(() => new Promise(() => {}));
    const waiting = line.asker.ask(asked);
    await line.turn();
    line.b.close();
    expect(await waiting).toBeUndefined();
    expect(line.asker.ask(asked)).toBeUndefined();
    expect(line.clock.pending).toBe(false);
  });

  it('gives a question back that ends in an exception there, and notes it there', async () => {
    const line = new Line(() => Promise.reject(new Error('a bug')));
    const waiting = line.asker.ask(asked);
    await line.turn();
    expect(await waiting).toBeUndefined();
    expect(line.faults).toMatchObject([{ message: 'a bug' }]);
  });

  it('waits for a slow answer as long as the peer is heard', async () => {
    let settle!: (answer: HandedAnswer) => void;
    const line = new Line(
      () =>
        new Promise((resolve) => {
          settle = resolve;
        }),
    );
    const waiting = line.asker.ask(asked);
    await line.turn();
    await line.pass(4 * SILENT_AFTER_MS);
    expect(line.asker.pending).toBe(1);
    settle(answer);
    await line.turn();
    expect(await waiting).toEqual(answer);
  });

  it('gives questions back when the peer is stuck, and asks it again once it is heard', async () => {
    const line = new Line(async () => answer);
    line.a.held = true; // nothing arrives there
    const waiting = line.asker.ask(asked);
    await line.turn();
    await line.pass(SILENT_AFTER_MS + LOOK_EVERY_MS);
    expect(await waiting).toBeUndefined();
    expect(line.asker.ask(asked)).toBeUndefined();
    line.a.held = false;
    await line.pass(LOOK_EVERY_MS);
    const again = line.asker.ask(asked);
    await line.turn();
    expect(await again).toEqual(answer);
  });

  it('drops the late answer to a question that was given back', async () => {
    const line = new Line(async () => answer);
    line.b.held = true; // what it says does not arrive
    const waiting = line.asker.ask(asked);
    await line.turn();
    await line.pass(SILENT_AFTER_MS + LOOK_EVERY_MS);
    expect(await waiting).toBeUndefined();
    for (const late of line.b.sent) line.a.deliver(late);
    expect(line.asker.pending).toBe(0);
  });

  it('leaves no timer behind when nothing waits', async () => {
    const line = new Line(async () => answer);
    void line.asker.ask(asked);
    await line.turn();
    await line.pass(LOOK_EVERY_MS);
    expect(line.clock.pending).toBe(false);
  });
});
