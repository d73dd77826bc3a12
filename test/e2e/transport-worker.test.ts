import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { UdpClient } from '../support/udp-listener-contract.js';

const built = new URL('../../dist/transport/udp-listener.js', import.meta.url);

async function start(): Promise<{ worker: Worker; port: number }> {
  expect(existsSync(built), 'run `npm run build` first').toBe(true);
  const worker = new Worker(new URL('../support/native-listener-worker.mjs', import.meta.url));
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
});
