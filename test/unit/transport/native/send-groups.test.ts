import { describe, expect, it } from 'vitest';
import { AF_INET, AF_INET6, type Libc } from '../../../../src/transport/native/libc.js';
import {
  BATCH,
  CONTROL_WORDS,
  Headers,
  NAME_WORDS,
  nameWordsUsed,
} from '../../../../src/transport/native/packet-batch.js';
import { NONE, SendGroups } from '../../../../src/transport/native/send-groups.js';

const noAddresses = { addressOf: () => 0n } as unknown as Libc;

/** A reply to a client, from a local address where `local` is given. */
interface Reply {
  readonly client: number;
  readonly length: number;
  readonly local?: number;
}

class World {
  readonly headers: Headers;
  readonly groups: SendGroups;
  private count = 0;

  constructor(family = AF_INET) {
    this.headers = new Headers(noAddresses, family);
    this.groups = new SendGroups(this.headers, nameWordsUsed(family));
  }

  add(...replies: readonly Reply[]): void {
    for (const { client, length, local } of replies) {
      const i = this.count++;
      this.headers.nameWords[i * NAME_WORDS] = client;
      if (local !== undefined) this.headers.controlWords[i * CONTROL_WORDS + 5] = local;
      this.groups.add(i, length, local === undefined ? 0 : 32);
    }
  }

  /** The messages of each group. */
  lists(): number[][] {
    const { groups } = this;
    return Array.from({ length: groups.count }, (_, group) => {
      const list: number[] = [];
      for (let i = groups.head[group]!; i !== NONE; i = groups.next[i]!) list.push(i);
      expect(list).toHaveLength(groups.members[group]!);
      return list;
    });
  }

  /** The lengths in each group. */
  lengths(): number[][] {
    return this.lists().map((list) => list.map((i) => this.groups.lengths[i]!));
  }

  clear(): void {
    this.groups.clear();
    this.count = 0;
  }
}

const to = (client: number, ...lengths: readonly number[]): Reply[] =>
  lengths.map((length) => ({ client, length }));

describe('SendGroups', () => {
  it('puts replies of one size to one client together, in order', () => {
    const world = new World();
    world.add(...to(1, 50), ...to(2, 50), ...to(1, 50), ...to(2, 50), ...to(1, 50));
    expect(world.lists()).toEqual([
      [0, 2, 4],
      [1, 3],
    ]);
  });

  it('lets one shorter reply end a group, whichever came first', () => {
    const world = new World();
    world.add(...to(1, 50, 60), ...to(2, 60, 50, 60, 60));
    expect(world.lengths()).toEqual([
      [60, 50],
      [60, 60, 60, 50],
    ]);
  });

  it('opens another group for what an ended one cannot take', () => {
    const world = new World();
    world.add(...to(1, 60, 60, 50, 40, 70, 60, 50));
    expect(world.lengths()).toEqual([[60, 60, 60, 50], [70, 40], [50]]);
  });

  it('keeps apart what goes out from different local addresses', () => {
    const world = new World();
    world.add(
      { client: 1, length: 50, local: 7 },
      { client: 1, length: 50, local: 8 },
      { client: 1, length: 50 },
    );
    expect(world.lists()).toEqual([[0], [1], [2]]);
  });

  it('tells IPv6 clients apart by all of their address', () => {
    const world = new World(AF_INET6);
    world.add(...to(1, 50, 50));
    world.headers.nameWords[2 * NAME_WORDS + 5] = 99;
    world.add(...to(1, 50));
    expect(world.lists()).toEqual([[0, 1], [2]]);
  });

  it('sends empty replies and those above 1232 octets by themselves', () => {
    const world = new World();
    world.add(...to(1, 1233, 1233, 0, 0, 1232, 1232));
    expect(world.lists()).toEqual([[0], [1], [2], [3], [4, 5]]);
  });

  it('keeps a group within what one packet carries', () => {
    const world = new World();
    world.add(...to(1, ...Array.from({ length: BATCH }, () => 1232)));
    expect(world.lists().map((list) => list.length)).toEqual([48, 16]);
  });

  it('knows nothing of the batch before', () => {
    const world = new World();
    world.add(...to(1, 50, 50));
    world.clear();
    world.add(...to(2, 50), ...to(1, 50));
    expect(world.lists()).toEqual([[0], [1]]);
  });

  it('loses and repeats nothing, whoever asks for whatever', () => {
    const world = new World();
    for (let seed = 1; seed <= 200; seed++) {
      world.clear();
      let state = seed;
      const draw = (below: number) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
      };
      const replies = Array.from({ length: BATCH }, () => ({
        client: draw(6),
        length: [0, 40, 41, 42, 1232, 1300][draw(6)]!,
      }));
      world.add(...replies);
      const lists = world.lists();
      expect(lists.flat().sort((a, b) => a - b)).toEqual(replies.map((_, i) => i));
      for (const list of lists) {
        expect(new Set(list.map((i) => replies[i]!.client)).size).toBe(1);
        const sizes = list.map((i) => replies[i]!.length);
        expect(sizes.slice(0, -1).every((size) => size === sizes[0])).toBe(true);
        expect(sizes.at(-1)).toBeLessThanOrEqual(sizes[0]!);
      }
    }
  });
});
