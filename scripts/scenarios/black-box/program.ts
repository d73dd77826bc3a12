/**
 * The built program under test, with a wall clock that is shifted from outside.
 *
 * libfaketime (Debian package faketime) is loaded into it; a file says by how much the clock is off, and is
 * read at every look at the clock. The monotonic clock stays as it is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROGRAM = { address: '127.0.0.1', port: 5300 } as const;
const MAIN =
  process.env.STRATADNS_MAIN ?? fileURLToPath(new URL('../../../../dist/cli/main.js', import.meta.url));
const LIBFAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const READY_WITHIN_MS = 20_000;

/** True when the library that shifts clocks is installed. */
export const canShiftClock = existsSync(LIBFAKETIME);

export class Program {
  private readonly dir = mkdtempSync(join(tmpdir(), 'scenario-'));
  private readonly child: ChildProcess;
  private output = '';

  private constructor(
    configuration: object,
    private shiftSec: number,
  ) {
    const config = join(this.dir, 'config.json');
    const listen = [PROGRAM];
    writeFileSync(config, JSON.stringify({ ...configuration, listen, workers: 1, http: { enabled: false } }));
    this.writeShift();
    this.child = spawn(process.execPath, [MAIN, 'serve', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        LD_PRELOAD: LIBFAKETIME,
        FAKETIME_TIMESTAMP_FILE: this.shiftFile,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        DONT_FAKE_MONOTONIC: '1',
      },
    });
  }

  /** Starts it and waits until it listens. */
  static async start(configuration: object, shiftSec: number): Promise<Program> {
    if (!canShiftClock) throw new Error(`${LIBFAKETIME} is missing; install the package faketime`);
    const program = new Program(configuration, shiftSec);
    try {
      await program.ready();
    } catch (error) {
      await program.stop();
      throw error;
    }
    return program;
  }

  /** Moves its wall clock. */
  elapse(sec: number): void {
    this.shiftSec += sec;
    this.writeShift();
  }

  private get shiftFile(): string {
    return join(this.dir, 'shift');
  }

  /** In one step, so that the program never reads half of it. */
  private writeShift(): void {
    writeFileSync(`${this.shiftFile}.new`, `${this.shiftSec < 0 ? '' : '+'}${this.shiftSec}\n`);
    renameSync(`${this.shiftFile}.new`, this.shiftFile);
  }

  private ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready: ${this.output}`)), READY_WITHIN_MS);
      const take = (chunk: Buffer) => {
        this.output += chunk.toString();
        if (!this.output.includes('"msg":"ready"')) return;
        clearTimeout(timer);
        resolve();
      };
      this.child.stdout!.on('data', take);
      this.child.stderr!.on('data', take);
      this.child.on('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`ended with ${code}: ${this.output}`));
      });
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
