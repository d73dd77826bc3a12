import { describe, expect, it } from 'vitest';
import { NameOwners } from '../../../../src/compose/workers/owner.js';
import { OwnerHandOver } from '../../../../src/compose/workers/owner-hand-over.js';
import type { PeerLink } from '../../../../src/compose/workers/peer-link.js';
import { type Name, parseName } from '../../../../src/dns/name.js';
import type { HandedAnswer, HandedQuestion } from '../../../../src/server/hand-over.js';

const owners = new NameOwners(99, 3);
const names = Array.from({ length: 60 }, (_, i) => parseName(`www.zone${i}.test.`));
const nameOf = (owner: number): Name => names.find((name) => owners.of(name) === owner)!;

const question = (name: Name, more: Partial<HandedQuestion> = {}): HandedQuestion => ({
  question: { name, type: 1, class: 1 },
  rd: true,
  cd: false,
  do: false,
  client: '192.0.2.1',
  isProven: false,
  transport: 'udp',
  ...more,
});
const answer: HandedAnswer = {
  wire: Buffer.alloc(12),
  rcode: 0,
  ede: [],
  lookupClass: 'walked',
  missReason: 'never-seen',
  limit: undefined,
};

/** A line that keeps what it is asked until `settle`. */
class FakeLink {
  readonly asked: HandedQuestion[] = [];
  closed = false;
  reachable = true;
  private readonly settles: ((answer: HandedAnswer | undefined) => void)[] = [];

  ask(asked: HandedQuestion): Promise<HandedAnswer | undefined> | undefined {
    if (!this.reachable) return undefined;
    this.asked.push(asked);
    return new Promise((resolve) => this.settles.push(resolve));
  }

  close(): void {
    this.closed = true;
  }

  settle(given: HandedAnswer | undefined): void {
    for (const settle of this.settles.splice(0)) settle(given);
  }
}

function worker0() {
  const handOver = new OwnerHandOver(owners, 0);
  const links = [1, 2].map((peer) => {
    const link = new FakeLink();
    handOver.connect(peer, link as unknown as PeerLink);
    return link;
  });
  return { handOver, one: links[0]!, two: links[1]! };
}

describe('handing over', () => {
  it('keeps its own names, and sends others to the worker they belong to', () => {
    const { handOver, one, two } = worker0();
    for (const name of names) {
      const pending = handOver.ask(question(name));
      expect(pending === undefined).toBe(owners.of(name) === 0);
    }
    expect(one.asked.map(({ question: q }) => owners.of(q.name)).every((owner) => owner === 1)).toBe(true);
    expect(two.asked.map(({ question: q }) => owners.of(q.name)).every((owner) => owner === 2)).toBe(true);
    expect(one.asked.length).toBeGreaterThan(0);
    expect(two.asked.length).toBeGreaterThan(0);
  });

  it('sends equal questions each by itself where the rules for their clients may differ', () => {
    const { handOver, one } = worker0();
    for (const apart of ['1', '2', '1', undefined]) void handOver.ask(question(nameOf(1), { apart }));
    expect(one.asked.map(({ apart }) => apart)).toEqual(['1', '2', undefined]);
  });

  it('sends equal questions that wait at the same time once, and says which were joined', async () => {
    const { handOver, one } = worker0();
    const all = Array.from({ length: 1000 }, (_, i) =>
      handOver.ask(question(nameOf(1), { client: `198.51.100.${i % 250}` })),
    );
    expect(one.asked).toHaveLength(1);
    one.settle(answer);
    const classes = (await Promise.all(all)).map((given) => given?.lookupClass);
    expect(classes[0]).toBe('walked');
    expect(new Set(classes.slice(1))).toEqual(new Set(['joined']));
    void handOver.ask(question(nameOf(1)));
    expect(one.asked).toHaveLength(2);
  });

  it.each([
    ['type', { question: { name: nameOf(1), type: 28, class: 1 } }],
    ['class', { question: { name: nameOf(1), type: 1, class: 3 } }],
    ['DO', { do: true }],
    ['CD', { cd: true }],
    ['RD', { rd: false }],
  ])('does not join questions that differ in %s', (_, more) => {
    const { handOver, one } = worker0();
    void handOver.ask(question(nameOf(1)));
    void handOver.ask(question(nameOf(1), more));
    expect(one.asked).toHaveLength(2);
  });

  it('calls an answer from a cache what it is for everybody', async () => {
    const { handOver, one } = worker0();
    const all = [1, 2].map(() => handOver.ask(question(nameOf(1))));
    one.settle({ ...answer, lookupClass: 'resolver' });
    expect((await Promise.all(all)).map((given) => given?.lookupClass)).toEqual(['resolver', 'resolver']);
  });

  it('does not let one client at its limit fail another who waits for the same', async () => {
    const { handOver, one } = worker0();
    const [greedy, other] = [1, 2].map(() => handOver.ask(question(nameOf(1))));
    one.settle({ ...answer, rcode: 2, lookupClass: 'refused', limit: 'inFlight-per-client' });
    expect((await greedy)?.rcode).toBe(2);
    expect(await other).toBeUndefined();
  });

  it('has questions resolved here when their owner is not there or gives them back', async () => {
    const { handOver, one } = worker0();
    const pending = handOver.ask(question(nameOf(1)));
    one.settle(undefined);
    expect(await pending).toBeUndefined();
    one.reachable = false;
    expect(handOver.ask(question(nameOf(1)))).toBeUndefined();
    expect(new OwnerHandOver(owners, 0).ask(question(nameOf(1)))).toBeUndefined();
  });

  it('uses the line to a worker that was started again', () => {
    const { handOver, one } = worker0();
    const fresh = new FakeLink();
    handOver.connect(1, fresh as unknown as PeerLink);
    expect(one.closed).toBe(true);
    void handOver.ask(question(nameOf(1)));
    expect([one.asked.length, fresh.asked.length]).toEqual([0, 1]);
  });
});
