/**
 * How many workers serve.
 *
 * `auto` is one for each core that this process may use: as many as its CPU affinity and its container's quota allow, and
 * at most 16, where the memory of one more costs more than it brings. Where threads cannot share a port it is one.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Config } from '../../config/fields.js';
import { canSharePorts } from '../../transport/shared-port.js';

const MAX_AUTO = 16;
/** `QUOTA PERIOD` in microseconds, or `max PERIOD` (control groups, version 2). */
const QUOTA_FILE = '/sys/fs/cgroup/cpu.max';

export interface Machine {
  readonly cores: number;
  /** Text of the quota file; undefined where there is none. */
  readonly quota: string | undefined;
  readonly sharesPorts: boolean;
}

export function thisMachine(): Machine {
  return { cores: availableParallelism(), quota: quotaText(), sharesPorts: canSharePorts() };
}

function quotaText(): string | undefined {
  try {
    return readFileSync(QUOTA_FILE, 'utf8');
  } catch {
    return undefined;
  }
}

export function workerCount(workers: Config['workers'], machine = thisMachine()): number {
  if (workers !== 'auto') return workers;
  if (!machine.sharesPorts) return 1;
  return Math.max(1, Math.min(machine.cores, quotaCores(machine.quota), MAX_AUTO));
}

/** Whole cores that a quota pays for; half a core more is no worker. */
function quotaCores(quota: string | undefined): number {
  const [used, period] = (quota ?? '').split(/\s+/).map(Number);
  const cores = Math.floor((used ?? Number.NaN) / (period ?? Number.NaN));
  return Number.isFinite(cores) ? Math.max(1, cores) : MAX_AUTO;
}
