/**
 * The operator's policy while the program runs: read at start and again when a file changes.
 *
 * A file that cannot be used stops the start but never a running program, which goes on with what it had. A changed list is
 * loaded in slices with queries answered in between, by the old policy until the new one is whole.
 */
import { statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { ServerLog } from '../server/log.js';
import { filesOf, type LoadedPolicy, loadPolicy, loadSteps, type PolicyConfig } from './load-policy.js';

const LOOK_EVERY_MS = 2000;
/** How long a load may keep queries waiting. */
const SLICE_MS = 5;

export class PolicyFiles {
  private current: LoadedPolicy;
  private stamps: string;
  private cancel: CancelTimer = () => {};
  private stopped = false;

  /** @throws {PolicyFileError} */
  constructor(
    private readonly config: PolicyConfig,
    private readonly clock: Clock,
    private readonly log: ServerLog,
  ) {
    this.stamps = this.stampOf();
    this.current = loadPolicy(config, log);
  }

  /** Changes with every change of the files. */
  get stamp(): string {
    return this.stamps;
  }

  get loaded(): LoadedPolicy {
    return this.current;
  }

  /** Looks at the files from time to time; `onChange` is called after a change has been taken over. */
  watch(onChange: () => void): void {
    if (filesOf(this.config).length === 0) return;
    this.cancel = this.clock.after(LOOK_EVERY_MS, () => void this.look(onChange));
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private async look(onChange: () => void): Promise<void> {
    const changed = await this.reload();
    if (this.stopped) return;
    if (changed) onChange();
    this.watch(onChange);
  }

  private async reload(): Promise<boolean> {
    const stamps = this.stampOf();
    if (stamps === this.stamps) return false;
    this.stamps = stamps;
    try {
      const loaded = await this.inSlices(loadSteps(this.config, this.log));
      if (loaded) this.current = loaded;
      return loaded !== undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.log.error({ why }, 'a changed policy file cannot be used; what was loaded before stays');
      return false;
    }
  }

  /** Undefined when stopped on the way. */
  private async inSlices<T>(steps: Generator<void, T>): Promise<T | undefined> {
    for (let until = this.clock.monotonicMs() + SLICE_MS; !this.stopped; ) {
      const step = steps.next();
      if (step.done) return step.value;
      if (this.clock.monotonicMs() < until) continue;
      await nextTurn();
      until = this.clock.monotonicMs() + SLICE_MS;
    }
    return undefined;
  }

  private stampOf(): string {
    return filesOf(this.config)
      .map((file) => {
        const stat = statSync(file, { throwIfNoEntry: false });
        return stat ? `${file} ${stat.mtimeMs} ${stat.size}` : `${file} -`;
      })
      .join('\n');
  }
}
