/** A thread that listens with the built batching listener, echoes late, tells its port, and ends or hangs when told. */
import { parentPort, workerData } from 'node:worker_threads';
import { publishWatches } from '../../dist/transport/native/readiness.js';
import { openUdpListener } from '../../dist/transport/udp-listener.js';

let hang = false;
const listener = await openUdpListener({ address: '127.0.0.1', port: 0 }, async (packet, _client, reply) => {
  while (hang);
  const copy = Buffer.from(packet);
  await Promise.resolve();
  reply(copy);
});
if (workerData?.watches) publishWatches(workerData.watches);
parentPort.on('message', (end) => {
  if (end === 'exit') process.exit();
  if (end !== 'hang') throw new Error('told to');
  hang = true;
});
parentPort.postMessage(listener.port);
