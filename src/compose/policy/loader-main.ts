/**
 * Where the thread begins that loads policy files (loader-thread.ts): reads part after part, reports each, and ends.
 */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { reportOf } from './loader-thread.js';
import type { PolicyPart } from './parts.js';

/** Answers come first. On Linux a priority is that of one thread. */
const LOW_PRIORITY = 10;

function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, LOW_PRIORITY);
  } catch {
    // Not allowed here; then it is one among equals.
  }
}

yieldToOthers();
for (const part of workerData as readonly PolicyPart[]) parentPort!.postMessage(reportOf(part));
