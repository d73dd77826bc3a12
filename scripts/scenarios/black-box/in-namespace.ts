/**
 * Starts one play in a network namespace of its own and takes its result.
 *
 * The namespace is what lets the scenario's servers have their addresses and port 53. It needs root, or a
 * kernel that gives users namespaces.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Result } from '../play.js';
import type { Play } from '../plays.js';

const PLAY_WITHIN_MS = 180_000;

export function playInNamespace(dir: string, one: Play): Promise<Result> {
  const script = fileURLToPath(new URL('./play-one.js', import.meta.url));
  const args = ['-n', process.execPath, script, dir, one.name, one.minimisation];
  return new Promise((resolve) => {
    execFile('unshare', args, { timeout: PLAY_WITHIN_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').at(-1) ?? '';
      if (!error && line.startsWith('{')) resolve(JSON.parse(line) as Result);
      else resolve({ verdict: 'skip', detail: `cannot be played: ${error?.message ?? ''} ${stderr.trim()}` });
    });
  });
}
