import { createSocket, type Socket } from 'node:dgram';
import { existsSync, readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { silenceWatches } from '../../src/transport/native/readiness.js';
import { UdpClient } from '../support/udp-listener-contract.js';

const built = new URL('../../dist/transport/udp-listener.js', import.meta.url);

async function start(watches?: SharedArrayBuffer): Promise<{ worker: Worker; port: number }> {
  expect(existsSync(built), 'run `npm run build` first').toBe(true);
  const worker = new Worker(new URL('../support/native-listener-worker.mjs', import.meta.url), {
    workerData: { watches },
  });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { worker, port };
}

describe('a UDP listener in a worker thread', () => {
  it.each(['terminated', 'thrown'])('leaves its port free when the thread is %s', async (end) => {
    const { worker, port } = await start();
    worker.removeAllListeners('error').on('error', () => {});
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    if (end === 'terminated') await worker.terminate();
    else worker.postMessage('throw');
    await gone;

    const again = createSocket('udp4');
    const bound = await new Promise<string>((resolve) => {
      again.once('error', (error) => resolve(error.message));
      again.bind(port, '127.0.0.1', () => resolve('bound'));
    });
    again.close();
    expect(bound).toBe('bound');
  });

  it('runs promise callbacks of the handler though nothing else happens in the thread', async () => {
    const { worker, port } = await start();
    const client = await UdpClient.open();
    for (let i = 1; i <= 5; i++) {
      client.send(`${i}`, port);
      expect((await client.until(i)).at(-1)).toBe(`${i}`);
    }
    client.close();
    await worker.terminate();
  });

  // koffi aborts the whole process when it calls back into a thread that ends; each of these would show it.
  it.each(['throw', 'exit', 'hang'])('ends without harm while packets come in, by %s', async (end) => {
    let open = 0;
    for (let round = 0; round < 5; round++) {
      const watches = new SharedArrayBuffer(64);
      const { worker, port } = await start(watches);
      worker.removeAllListeners('error').on('error', () => {});
      const gone = new Promise((resolve) => worker.once('exit', resolve));
      const flood = new Flood(port);
      await flood.answers(200);
      worker.postMessage(end);
      if (end === 'hang') {
        await flood.silence();
        const close = silenceWatches(watches);
        await worker.terminate();
        close();
      }
      await gone;
      await flood.close();
      if (round === 0) open = openDescriptors();
    }
    expect(openDescriptors()).toBeLessThanOrEqual(open + 1);
  });
});

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Clients that send as long as they are open: a packet for each that comes back, and some more. */
class Flood {
  private readonly sockets = Array.from({ length: 16 }, () => createSocket('udp4'));
  private readonly timer: NodeJS.Timeout;
  private count = 0;
  private heardMs = performance.now();

  constructor(port: number) {
    const send = (socket: Socket) => socket.send('packet', port, '127.0.0.1');
    for (const socket of this.sockets) {
      socket.on('error', () => {});
      socket.on('message', () => {
        this.count++;
        this.heardMs = performance.now();
        send(socket);
      });
    }
    this.timer = setInterval(() => this.sockets.forEach(send), 2);
  }

  answers(count: number): Promise<void> {
    return until(() => this.count >= count);
  }

  /** Until nothing has come back for a while. */
  silence(): Promise<void> {
    return until(() => performance.now() - this.heardMs > 200);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.sockets.map((socket) => new Promise<void>((done) => socket.close(() => done()))));
  }
}

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
