// @ts-check
/**
 * Starting and ending programs. Everything started here is ended by stopAll(), and every wait has a limit.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {{ name: string, pid: number, exited: Promise<number | null>, hasExited: () => boolean, log: string }} Running */

export class Processes {
  /** @param {{ cores: { server: string, others: string } | undefined }} placing cores for taskset, or no pinning */
  constructor(placing) {
    this.placing = placing;
    /** @type {Set<Running>} */
    this.running = new Set();
  }

  /**
   * Starts a program whose output goes to a file.
   *
   * @param {string} name for messages
   * @param {string[]} argv
   * @param {{ log: string, place: 'server' | 'others' | 'anywhere', cwd?: string }} options
   * @returns {Running}
   */
  start(name, argv, options) {
    const cores = options.place === 'anywhere' ? undefined : this.placing.cores?.[options.place];
    const command = cores === undefined ? argv : ['taskset', '-c', cores, ...argv];
    const output = openSync(options.log, 'a');
    const child = spawn(/** @type {string} */ (command[0]), command.slice(1), {
      stdio: ['ignore', output, output],
      cwd: options.cwd,
    });
    closeSync(output);
    let ended = false;
    const exited = new Promise((resolve) => {
      child.on('error', () => resolve(null));
      child.on('exit', (code) => resolve(code));
    }).then((code) => {
      ended = true;
      this.running.delete(running);
      return /** @type {number | null} */ (code);
    });
    const running = { name, pid: child.pid ?? -1, exited, hasExited: () => ended, log: options.log };
    this.running.add(running);
    return running;
  }

  /** Ends one program: SIGTERM, after three seconds SIGKILL. @param {Running} running */
  async stop(running) {
    for (const signal of /** @type {const} */ (['SIGTERM', 'SIGKILL'])) {
      if (running.hasExited() || running.pid < 0) return;
      try {
        process.kill(running.pid, signal);
      } catch {
        return; // gone between the check and the signal
      }
      await Promise.race([running.exited, sleep(3000, undefined, { ref: false })]);
    }
  }

  async stopAll() {
    await Promise.all([...this.running].map((running) => this.stop(running)));
  }
}

/**
 * Runs a program to its end and returns what it wrote.
 *
 * @param {string[]} argv
 * @param {{ timeoutMs: number, cores?: string }} options
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export function runToEnd(argv, options) {
  const command = options.cores === undefined ? argv : ['taskset', '-c', options.cores, ...argv];
  return new Promise((resolve) => {
    const child = spawn(/** @type {string} */ (command[0]), command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
    const finish = (/** @type {number | null} */ code) => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr });
    };
    child.on('error', (error) => {
      stderr += error.message;
      finish(null);
    });
    child.on('close', finish);
  });
}
