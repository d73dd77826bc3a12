/**
 * Starts one play in a network namespace of its own and takes its result.
 *
 * The namespace is what lets the scenario's servers have their addresses and port 53. It needs root, or a
 * kernel that gives users namespaces. All of a play ends with it, also when it takes too long, and with this process.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Result } from '../play.js';
import type { Play } from '../plays.js';

const PLAY_WITHIN_MS = 180_000;

export function playInNamespace(dir: string, one: Play): Promise<Result> {
  const script = fileURLToPath(new URL('./play-one.js', import.meta.url));
  const guard = ['--pdeathsig', 'KILL', 'unshare', '--net', '--pid', '--fork', '--kill-child'];
  const args = [...guard, process.execPath, script, dir, one.name, one.minimisation];
  const limits = { timeout: PLAY_WITHIN_MS, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile('setpriv', args, limits, (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').at(-1) ?? '';
      if (!error && line.startsWith('{')) resolve(JSON.parse(line) as Result);
      else resolve({ verdict: 'skip', detail: `cannot be played: ${error?.message ?? ''} ${stderr.trim()}` });
    });
  });
}
