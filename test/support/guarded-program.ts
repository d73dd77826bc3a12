/**
 * Programs that tests start and that end by themselves never: servers.
 *
 * They end with the process that runs the test file, whatever ends that: a failed test between start and stop, or a signal
 * to vitest. Limitations: that needs `setpriv` (util-linux, Linux); elsewhere only a test's own `stop` ends them.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';

const guard = ['setpriv', '--pdeathsig', 'KILL'];
const [tool, ...flags] = guard;
const guards = spawnSync(tool!, [...flags, 'true']).status === 0;

/** The command line that runs `argv` so; the process keeps its ID. */
export function guarded(argv: readonly string[]): string[] {
  return guards ? [...guard, ...argv] : [...argv];
}

export function spawnGuarded(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const [program, ...args] = guarded(argv);
  return spawn(program!, args, options);
}
