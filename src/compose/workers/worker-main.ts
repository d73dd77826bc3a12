/**
 * Where the thread of a worker begins.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { failureOf, type Report, type WorkerSetup } from './protocol.js';
import { WorkerThread } from './worker-thread.js';

const main = parentPort!;
const report = (message: Report) => main.postMessage(message);

/** As in main (cli/signals.ts): a rejection that nobody waited for concerns one piece of work. An exception ends the thread. */
process.on('unhandledRejection', (error) => {
  const about = error instanceof Error ? error.stack : String(error);
  const message = 'a rejection was not handled; this is a bug';
  report({ is: 'log', level: 'error', fields: { about }, message });
});

try {
  await WorkerThread.begin(workerData as WorkerSetup, main);
} catch (error) {
  report({ is: 'stillborn', failure: failureOf(error) });
}
