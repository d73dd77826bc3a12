/** A thread that listens with the built batching listener, tells its port, and throws when told. */
import { parentPort } from 'node:worker_threads';
import { openUdpListener } from '../../dist/transport/udp-listener.js';

const listener = await openUdpListener({ address: '127.0.0.1', port: 0 }, () => {});
parentPort.once('message', () => {
  throw new Error('told to');
});
parentPort.postMessage(listener.port);
