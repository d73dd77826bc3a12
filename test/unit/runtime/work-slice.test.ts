import { describe, expect, it } from 'vitest';
import { LONG_MS, SHORT_MS, ThreadWork, type WorkSlice } from '../../../src/runtime/work-slice.js';

/** A clock that only work moves. */
class Hands {
  ms = 0;
  readonly now = () => this.ms;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** One turn of a source with plenty to do; gives what there was room for. */
async function work(slice: WorkSlice, hands: Hands, pieceMs: number, left = 0): Promise<number> {
  slice.open();
  const { room } = slice;
  slice.begin();
  hands.ms += pieceMs * room;
  slice.end(room);
  slice.close(left);
  await turn();
  return room;
}

async function learnt(slice: WorkSlice, hands: Hands, pieceMs: number): Promise<number> {
  for (let i = 0; i < 100; i++) await work(slice, hands, pieceMs);
  slice.open();
  return slice.room;
}

describe('WorkSlice', () => {
  it('has room for as many pieces as fit into a long slice, however much they cost', async () => {
    const hands = new Hands();
    const slice = new ThreadWork(hands.now).newSource();
    expect(await learnt(slice, hands, 0.0201)).toBe(Math.floor(LONG_MS / 0.0201));
    expect(await learnt(slice, hands, 0.5001)).toBe(Math.floor(LONG_MS / 0.5001));
  });

  it('has room for one piece even when that takes longer', async () => {
    const hands = new Hands();
    expect(await learnt(new ThreadWork(hands.now).newSource(), hands, 100)).toBe(1);
  });

  it('makes slices short after clients were answered at once, and long again when they no longer are', async () => {
    const hands = new Hands();
    const thread = new ThreadWork(hands.now);
    const slice = thread.newSource();
    const long = await learnt(slice, hands, 0.0101);
    thread.answeredAtOnce();
    expect(await work(slice, hands, 0.0101)).toBe(Math.floor(SHORT_MS / 0.0101));
    expect(await learnt(slice, hands, 0.0101)).toBe(long);
  });

  it('counts what the pieces set in motion, in promises of promises, as theirs', async () => {
    const hands = new Hands();
    const slice = new ThreadWork(hands.now).newSource();
    for (let i = 0; i < 100; i++) {
      slice.open();
      slice.begin();
      const chain = async () => {
        for (let hop = 0; hop < 10; hop++) await undefined;
        hands.ms += 1.001;
      };
      for (let piece = 0; piece < slice.room; piece++) void chain();
      slice.end(slice.room);
      slice.close(0);
      await turn();
    }
    slice.open();
    expect(slice.room).toBe(Math.floor(LONG_MS / 1.001));
  });

  it('goes on where two turns end before either could be measured', async () => {
    const hands = new Hands();
    const slice = new ThreadWork(hands.now).newSource();
    for (let i = 0; i < 3; i++) {
      slice.open();
      slice.begin();
      hands.ms += 0.2;
      slice.end(2);
      slice.close(0);
    }
    await turn();
    slice.open();
    expect(slice.room).toBe(Math.floor(LONG_MS / 0.1));
  });

  it('begins one piece at a time while more responses wait than is usual', async () => {
    const hands = new Hands();
    const thread = new ThreadWork(hands.now);
    const source = thread.newSource();
    const usual = await learnt(source, hands, 0.0101);
    await work(thread.responses, hands, 0.0101, 64);
    source.open();
    expect(source.room).toBe(usual);
    await work(thread.responses, hands, 0.0101, 65);
    source.open();
    expect(source.room).toBe(1);
    thread.responses.open();
    expect(thread.responses.room).toBeGreaterThan(1);
    await work(thread.responses, hands, 0.0101, 0);
    source.open();
    expect(source.room).toBe(usual);
  });
});
