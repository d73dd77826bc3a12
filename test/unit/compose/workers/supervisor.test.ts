/** A supervisor over threads that are not there, in virtual time. */
import type { MessagePort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { CallMessage, Report, WorkerSetup } from '../../../../src/compose/workers/protocol.js';
import { failureOf } from '../../../../src/compose/workers/protocol.js';
import { Supervisor } from '../../../../src/compose/workers/supervisor.js';
import type { ThreadHandle } from '../../../../src/compose/workers/worker-line.js';
import { defaultConfig } from '../../../../src/config/load.js';
import type { StatsSnapshot } from '../../../../src/observe/control.js';
import { VirtualClock } from '../../../../src/runtime/clock.js';
import { ListenError } from '../../../../src/transport/listener.js';
import { FakeLog } from '../../../support/server-harness.js';

const listen = [{ address: '192.0.2.1', port: 53 }];

/** A worker that answers every call at once unless told otherwise. */
class FakeThread implements ThreadHandle {
  setup: WorkerSetup | undefined;
  readonly calls: CallMessage[] = [];
  silent = false;
  listenError: Error | undefined;
  ended = false;
  private readonly listeners = new Map<string, ((value: never) => void)[]>();

  constructor(readonly index: number) {}

  on(event: string, listener: (value: never) => void): void {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
  }

  emit(event: string, value: unknown): void {
    for (const listener of this.listeners.get(event) ?? []) listener(value as never);
  }

  report(report: Report): void {
    this.emit('message', report);
  }

  postMessage(message: WorkerSetup | CallMessage): void {
    if (!('call' in message)) {
      this.setup = message;
      return;
    }
    this.calls.push(message);
    if (message.call === 'peer') (message.args as { port: MessagePort }).port.close();
    if (!this.silent) queueMicrotask(() => (message.call === 'end' ? this.crash() : this.reply(message)));
  }

  private reply({ id, call }: CallMessage): void {
    if (call === 'listen' && this.listenError) {
      this.report({ is: 'failed', id, failure: failureOf(this.listenError) });
      return;
    }
    const value =
      call === 'stats'
        ? ({ startedAtMs: this.index } as StatsSnapshot)
        : call === 'listen'
          ? [{ address: '192.0.2.1', port: 53, transport: 'udp' as const }]
          : undefined;
    this.report({ is: 'result', id, value: value as never });
  }

  called(call: string): number {
    return this.calls.filter((message) => message.call === call).length;
  }

  crash(why?: Error): void {
    if (this.ended) return;
    this.ended = true;
    if (why) this.emit('error', why);
    this.emit('exit', 1);
  }

  async terminate(): Promise<number> {
    this.crash();
    return 1;
  }
}

class World {
  readonly clock = new VirtualClock();
  readonly log = new FakeLog();
  readonly threads: FakeThread[] = [];
  readonly lost: StatsSnapshot[] = [];
  onNewThread: (thread: FakeThread) => void = () => {};
  readonly supervisor: Supervisor;

  constructor(count = 2) {
    this.supervisor = new Supervisor({
      count,
      clock: this.clock,
      log: this.log,
      startThread: (index) => {
        const thread = new FakeThread(index);
        this.onNewThread(thread);
        this.threads.push(thread);
        return thread;
      },
      setupOf: (index, replaces) =>
        ({ index, count, config: defaultConfig(), replaces }) as Partial<WorkerSetup> as WorkerSetup,
      onLost: (last) => this.lost.push(last),
    });
  }

  async started(): Promise<this> {
    await this.supervisor.start(listen);
    await new Promise(setImmediate); // the others follow in microtasks
    return this;
  }
}

describe('starting workers', () => {
  it('connects each with each, and opens the sockets of all', async () => {
    const { threads, supervisor } = await new World(3).started();
    expect(supervisor.up).toBe(3);
    expect(threads.map((thread) => thread.setup)).toMatchObject([0, 1, 2].map((index) => ({ index })));
    for (const thread of threads) {
      expect(thread.setup?.replaces).toBe(false);
      const peers = thread.calls.filter(({ call }) => call === 'peer');
      const others = [0, 1, 2].filter((index) => index !== thread.index);
      expect(peers.map(({ args }) => (args as { peer: number }).peer).sort()).toEqual(others);
      expect(thread.calls.find(({ call }) => call === 'listen')?.args).toEqual({ listen });
    }
  });

  it('starts no other before the first listens, and none when that cannot', async () => {
    const world = new World(3);
    world.threads[0]!.listenError = new ListenError('EADDRINUSE', 'udp', '192.0.2.1', 53);
    await expect(world.supervisor.start(listen)).rejects.toThrow(/cannot listen on 192\.0\.2\.1:53/);
    expect(world.threads.map((thread) => thread.ended)).toEqual([true]);
    expect(world.clock.pending).toBe(false);
  });

  it('starts none when the first cannot begin', async () => {
    const world = new World();
    const starting = world.supervisor.start(listen);
    world.threads[0]!.report({ is: 'stillborn', failure: failureOf(new Error('no list')) });
    world.threads[0]!.crash();
    await expect(starting).rejects.toThrow('no list');
    expect(world.threads.map((thread) => thread.ended)).toEqual([true]);
  });

  it('serves with the first while the others come, and connects nobody to one that does not listen', async () => {
    const world = new World(3);
    world.onNewThread = (thread) => {
      thread.silent = thread.index === 1;
    };
    let isStarted = false;
    const starting = world.supervisor.start(listen).then(() => {
      isStarted = true;
    });
    await world.clock.advance(5000);
    expect(isStarted).toBe(false); // what belongs to the one that is missing would not be kept
    expect(world.supervisor.up).toBe(2);
    await world.clock.advance(5000); // but nobody waits for ever
    await starting;
    const peersOf = (thread: FakeThread) =>
      thread.calls.filter(({ call }) => call === 'peer').map(({ args }) => (args as { peer: number }).peer);
    expect(world.threads.map(peersOf)).toEqual([[2], [], [0]]);
  });

  it('tries again when a later one cannot listen, while the first serves', async () => {
    const world = new World(2);
    world.onNewThread = (thread) => {
      if (thread.index === 1) thread.listenError = new ListenError('EMFILE', 'udp', '192.0.2.1', 53);
    };
    await world.started();
    expect(world.supervisor.up).toBe(1);
    world.onNewThread = () => {};
    await world.clock.advance(1000);
    expect(world.supervisor.up).toBe(2);
  });
});

describe('a worker that crashes', () => {
  it('is started again after a pause, connected, and listens', async () => {
    const world = await new World().started();
    world.threads[1]!.crash(new Error('a bug'));
    expect(world.supervisor.up).toBe(1);
    expect(world.log.lines.at(-1)).toMatchObject({
      level: 'error',
      fields: { worker: 1, err: { message: 'a bug' }, pauseMs: 100 },
    });
    await world.clock.advance(99);
    expect(world.threads).toHaveLength(2);
    await world.clock.advance(1);
    expect(world.threads).toHaveLength(3);
    expect(world.threads[2]).toMatchObject({ index: 1, setup: { replaces: true } });
    expect(world.threads[2]!.called('peer')).toBe(1);
    expect(world.threads[0]!.called('peer')).toBe(2);
    expect(world.supervisor.up).toBe(2);
  });

  it('again and again is started less and less often, until it has run for a while', async () => {
    const world = await new World().started();
    const pauses: number[] = [];
    const crash = async () => {
      world.threads.at(-1)!.crash();
      const { pauseMs } = world.log.lines.findLast(({ level }) => level === 'error')!.fields as {
        pauseMs: number;
      };
      pauses.push(pauseMs);
      await world.clock.advance(pauseMs);
    };
    for (let i = 0; i < 12; i++) await crash();
    expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(pauses.at(-1)).toBe(30_000);
    await world.clock.advance(60_000);
    await crash();
    expect(pauses.at(-1)).toBe(100);
  });

  it('leaves its last statistics', async () => {
    const world = await new World().started();
    await world.clock.advance(2000);
    world.threads[1]!.crash();
    expect(world.lost).toEqual([{ startedAtMs: 1 }]);
  });

  it('rejects what it was asked, and the others go on', async () => {
    const world = await new World().started();
    world.threads[1]!.silent = true;
    const answers = world.supervisor.callAll('flush', { flushes: [], count: 1 });
    world.threads[1]!.crash();
    expect(await answers).toHaveLength(1);
    expect(world.supervisor.lineTo(1)).toBe(world.supervisor.lineTo(0));
  });

  it('and cannot listen again is tried again', async () => {
    const world = await new World().started();
    world.onNewThread = (thread) => {
      thread.listenError = new ListenError('EADDRINUSE', 'udp', '192.0.2.1', 53);
    };
    world.threads[1]!.crash();
    await world.clock.advance(100);
    expect(world.supervisor.up).toBe(1);
    world.onNewThread = () => {};
    await world.clock.advance(200);
    expect(world.supervisor.up).toBe(2);
  });
});

describe('a worker that is stuck', () => {
  it('is ended and started again', async () => {
    const world = await new World().started();
    world.threads[0]!.silent = true;
    await world.clock.advance(10_000);
    expect(world.threads[0]!.ended).toBe(false);
    await world.clock.advance(2000 + 1000);
    expect(world.threads[0]!.ended).toBe(true);
    await world.clock.advance(100);
    expect(world.threads[0]!.ended).toBe(true);
    expect(world.threads).toHaveLength(3);
    expect(world.supervisor.up).toBe(2);
  });

  it('gives its last statistics meanwhile', async () => {
    const world = await new World().started();
    await world.clock.advance(2000);
    world.threads[0]!.silent = true;
    const stats = world.supervisor.stats(500);
    await world.clock.advance(500);
    expect((await stats).map(({ startedAtMs }) => startedAtMs)).toEqual([0, 1]);
  });

  it('does not keep the others from stopping', async () => {
    const world = await new World().started();
    world.threads[0]!.silent = true;
    const stopped = world.supervisor.stop(1000);
    await world.clock.advance(60_000);
    await stopped;
    expect(world.threads.map((thread) => thread.ended)).toEqual([true, true]);
  });
});

describe('stopping', () => {
  it('drains all before any of them lets go, and starts nobody again', async () => {
    const world = await new World().started();
    await world.supervisor.stop(1000);
    for (const thread of world.threads) {
      const order = thread.calls.map(({ call }) => call).filter((call) => call !== 'peer');
      expect(order).toEqual(['listen', 'drain', 'finish', 'end']);
      expect(thread.ended).toBe(true);
    }
    await world.clock.advance(60_000);
    expect(world.threads).toHaveLength(2);
    expect(world.clock.pending).toBe(false);
  });

  it('before the start just ends the thread', async () => {
    const world = new World();
    await world.supervisor.stop(1000);
    expect(world.threads.map((thread) => thread.ended)).toEqual([true]);
  });
});
