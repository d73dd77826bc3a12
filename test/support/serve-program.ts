/** The built program `stratadns serve` as a child process, for tests that talk to it from outside. */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { spawnGuarded } from './guarded-program.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const LIMIT_MS = 30_000;

export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Program {
  readonly child: ChildProcess;
  /** Lines of the log so far. */
  readonly log: LogLine[];
  /** Standard error so far. */
  readonly err: () => string;
  /** Waits for a line of the log; rejects when the program ends first. */
  line(msg: string): Promise<LogLine>;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export function runBuiltProgram(args: readonly string[]): Program {
  const child = spawnGuarded([process.execPath, main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log: LogLine[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of waiting) check();
  };
  let err = '';
  let rest = '';
  let ended = false;
  child.stderr!.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdout!.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) log.push(JSON.parse(line) as LogLine);
    wake();
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const exited = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      ended = true;
      wake();
      resolve(code ?? signal ?? 'unknown');
    });
  });
  const line = (msg: string) =>
    new Promise<LogLine>((resolve, reject) => {
      const check = () => {
        const found = log.find((one) => one.msg === msg);
        if (!found && !ended) return;
        waiting.delete(check);
        if (found) resolve(found);
        else reject(new Error(`the program ended before "${msg}": ${err}`));
      };
      waiting.add(check);
      check();
    });
  const stop = async () => {
    if (!ended) child.kill('SIGTERM');
    await exited;
  };
  return { child, log, err: () => err, line, exited, signal: (name) => void child.kill(name), stop };
}
