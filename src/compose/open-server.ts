/**
 * The server that a configuration asks for: all in this thread, or main with workers.
 *
 * Each is loaded only where it runs, since starting must be fast.
 */
import type { RunningServer } from './running-server.js';
import type { StackOptions } from './stack-options.js';
import { workerCount } from './workers/worker-count.js';

/**
 * Builds everything and, with `zonesDir`, opens the mock internet's sockets.
 * @throws {ZonesError}, {InternetError}, {PolicyFileError}
 */
export async function openServer(options: Omit<StackOptions, 'place' | 'clock'>): Promise<RunningServer> {
  const workers = workerCount(options.config.workers);
  if (workers === 1) {
    const { Stack } = await import('./stack.js');
    return Stack.create(options);
  }
  const { WorkerServer } = await import('./workers/worker-server.js');
  return WorkerServer.create({ ...options, workers });
}
