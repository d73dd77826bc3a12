/**
 * Where the thread of a worker begins. Main's first message is its setup, so that it can be started, and all of its
 * modules be read, before main knows what stands in there.
 */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../runtime/clock.js';
import { publishWatches } from '../../transport/native/readiness.js';
import { watchHeap } from './heap-watch.js';
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

main.once('message', (setup: WorkerSetup) => {
  try {
    publishWatches(setup.watches);
    new WorkerThread(setup, main);
    watchHeap(systemClock);
  } catch (error) {
    report({ is: 'stillborn', failure: failureOf(error) });
    setImmediate(() => process.exit(1));
  }
});
