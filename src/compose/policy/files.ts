/**
 * The operator's policy while the program runs: read at start, and again at a reload or when a file changes.
 *
 * A file that cannot be used stops the start but never a running program, which goes on with what it had. What changes is
 * loaded beside the threads that answer (loader-thread.ts), by the old rules until the new ones are whole; what has not
 * changed is kept as it is.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { ServerLog } from '../../server/log.js';
import { loadParts, logPart } from './load.js';
import { type LoadAside, loadAside } from './loader-thread.js';
import { type LoadedPart, type PolicyConfig, type PolicyImage, partsOf, pathsOf } from './parts.js';
import { FileInMotionError, isUnchanged, stampOf } from './reader.js';

const LOOK_EVERY_MS = 2000;
/** A file that somebody is writing is tried again so often, after such a pause. */
const TRIES = 20;
const PAUSE_MS = 250;

export interface PolicyFilesParts {
  readonly clock: Clock;
  readonly log: ServerLog;
  readonly load?: LoadAside;
}

export class PolicyFiles {
  private current: PolicyImage;
  private cancel: CancelTimer = () => {};
  private stopped = false;
  private last: Promise<unknown> = Promise.resolve();
  /** State of the files at the last attempt that failed: no use in another before they change. */
  private failedAt: unknown;
  private readonly load: LoadAside;

  /** Loads everything at once. @throws {PolicyFileError} */
  constructor(
    private config: PolicyConfig,
    private readonly parts: PolicyFilesParts,
  ) {
    this.load = parts.load ?? loadAside();
    this.current = loadParts(partsOf(config), parts.log);
  }

  /** What is in force. */
  get image(): PolicyImage {
    return this.current;
  }

  /**
   * Takes over another configuration, with the files as they are now; rejects with a `PolicyFileError` and changes nothing
   * when one cannot be used. What comes back is the same object as before where nothing has changed.
   */
  reload(config: PolicyConfig): Promise<PolicyImage> {
    return this.oneByOne(async () => {
      const image = await this.loadChanged(config);
      this.config = config;
      this.current = image;
      return image;
    });
  }

  /** Looks at the files from time to time; `onChange` is called after a change has been taken over. */
  watch(onChange: () => void): void {
    if (this.stopped) return;
    this.cancel = this.parts.clock.after(LOOK_EVERY_MS, () => void this.look(onChange));
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private async look(onChange: () => void): Promise<void> {
    await this.oneByOne(async () => {
      const { current } = this;
      const files = this.filesNow();
      if (isDeepStrictEqual(files, this.failedAt)) return;
      try {
        this.current = await this.loadChanged(this.config);
        this.failedAt = undefined;
        if (this.current !== current && !this.stopped) onChange();
      } catch (error) {
        this.failedAt = files;
        const why = error instanceof Error ? error.message : String(error);
        this.parts.log.error({ why }, 'a changed policy file cannot be used; what was loaded before stays');
      }
    });
    this.watch(onChange);
  }

  private filesNow(): unknown {
    const included = [...this.current.values()].flatMap(({ files }) => files.map(({ path }) => path));
    return [...[...partsOf(this.config).values()].flatMap(pathsOf), ...included].map(stampOf);
  }

  private oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => {});
    return done;
  }

  private async loadChanged(config: PolicyConfig): Promise<PolicyImage> {
    const wanted = partsOf(config);
    const kept = (key: string): LoadedPart | undefined => {
      const known = this.current.get(key);
      return known?.files.every(isUnchanged) ? known : undefined;
    };
    const changed = [...wanted].filter(([key]) => !kept(key));
    if (changed.length === 0 && wanted.size === this.current.size) return this.current;
    const loaded = await this.loadSettled(changed.map(([, part]) => part));
    const fresh = new Map(changed.map(([key], i) => [key, loaded[i]!]));
    for (const [i, [, part]] of changed.entries()) logPart(part, loaded[i]!, this.parts.log);
    return new Map([...wanted.keys()].map((key) => [key, fresh.get(key) ?? this.current.get(key)!]));
  }

  /** Waits for who is writing a file. */
  private async loadSettled(parts: Parameters<LoadAside>[0]): Promise<readonly LoadedPart[]> {
    for (let tries = 1; ; tries++) {
      try {
        return parts.length === 0 ? [] : await this.load(parts);
      } catch (error) {
        if (!(error instanceof FileInMotionError) || tries === TRIES || this.stopped) throw error;
      }
      await new Promise<void>((resolve) => this.parts.clock.after(PAUSE_MS, resolve));
    }
  }
}

/** Changes with every change of the files that a policy was made of. */
export function imageStamp(image: PolicyImage): string {
  const files = [...image.values()].flatMap(({ files }) => files);
  // In an order of their own: that of the configuration changes without loading anything.
  return files
    .map(({ path, mtimeMs, sizeOctets }) => `${path} ${mtimeMs} ${sizeOctets}`)
    .sort()
    .join('\n');
}
