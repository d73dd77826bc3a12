/** A thread that listens with the built batching listener, echoes late, tells its port, and throws when told. */
import { parentPort } from 'node:worker_threads';
import { openUdpListener } from '../../dist/transport/udp-listener.js';

const listener = await openUdpListener({ address: '127.0.0.1', port: 0 }, async (packet, _client, reply) => {
  const copy = Buffer.from(packet);
  await Promise.resolve();
  reply(copy);
});
parentPort.once('message', () => {
  throw new Error('told to');
});
parentPort.postMessage(listener.port);
