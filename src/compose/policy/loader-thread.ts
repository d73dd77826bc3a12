/**
 * Loads parts of the policy in a thread of their own, so that no thread that answers waits for it.
 *
 * The thread is started for one load and ends with it: its memory goes with it, and what it made lies in shared memory.
 * Small files are not worth a thread, and are read here.
 */
import { Worker } from 'node:worker_threads';
import { loadPart } from './load.js';
import { type LoadedPart, type PolicyPart, pathsOf } from './parts.js';
import { areSmall, FileInMotionError, type PolicyFault, PolicyFileError } from './reader.js';

/** What the thread says of each part, in order. */
export type PartReport =
  | { readonly is: 'loaded'; readonly part: LoadedPart }
  | { readonly is: 'failed'; readonly fault: PolicyFault }
  /** A file changed while it was read. */
  | { readonly is: 'in-motion'; readonly path: string };

/** Loads parts, in their order. Rejects with a `PolicyFileError`, or with a `FileInMotionError` when reading again may help. */
export type LoadAside = (parts: readonly PolicyPart[]) => Promise<readonly LoadedPart[]>;

/** What a loading thread is to us; Node's own fits. */
export interface LoaderThread {
  on(event: 'message', listener: (report: PartReport) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
}

/** Files up to so many octets together are read in some milliseconds. */
const SMALL_OCTETS = 32_768;

const entry = new URL('./loader-main.js', import.meta.url);

function startLoader(parts: readonly PolicyPart[]): LoaderThread {
  const thread = new Worker(entry, { name: 'stratadns policy loader', workerData: parts });
  thread.unref(); // the program may end meanwhile
  return thread;
}

export function loadAside(start: (parts: readonly PolicyPart[]) => LoaderThread = startLoader): LoadAside {
  return async (parts) =>
    loadedOf(
      areSmall(parts.flatMap(pathsOf), SMALL_OCTETS) ? parts.map(reportOf) : await askThread(parts, start),
    );
}

/** Loads one part, and says what became of it. */
export function reportOf(part: PolicyPart): PartReport {
  try {
    return { is: 'loaded', part: loadPart(part) };
  } catch (error) {
    if (error instanceof FileInMotionError) return { is: 'in-motion', path: error.path };
    if (!(error instanceof PolicyFileError)) throw error;
    return { is: 'failed', fault: { paths: pathsOf(part), message: error.message } };
  }
}

function askThread(
  parts: readonly PolicyPart[],
  start: (parts: readonly PolicyPart[]) => LoaderThread,
): Promise<readonly PartReport[]> {
  return new Promise((resolve, reject) => {
    const reports: PartReport[] = [];
    const thread = start(parts);
    thread.on('message', (report) => {
      if (reports.push(report) === parts.length) resolve(reports);
    });
    thread.on('error', (error) => {
      const why = error instanceof Error ? error.message : String(error);
      reject(new PolicyFileError(`the thread that loads policy files has failed: ${why}`));
    });
    thread.on('exit', () => reject(new PolicyFileError('the thread that loads policy files has ended')));
  });
}

/** All of them, or an error that says all that is wrong. */
function loadedOf(reports: readonly PartReport[]): readonly LoadedPart[] {
  const moved = reports.find((report) => report.is === 'in-motion');
  if (moved) throw new FileInMotionError(moved.path);
  const faults = reports.flatMap((report) => (report.is === 'failed' ? [report.fault] : []));
  if (faults.length > 0) throw PolicyFileError.of(faults);
  return reports.flatMap((report) => (report.is === 'loaded' ? [report.part] : []));
}
