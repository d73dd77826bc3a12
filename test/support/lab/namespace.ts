/**
 * A network and mount namespace of our own: addresses, ports and /etc files as a test wants them, and no way out.
 *
 * Needs root (or user namespaces), `unshare`, `nsenter`, `setpriv` (util-linux) and `ip` (iproute2). Everything
 * started in it ends with `close`, or with this process.
 */
import { type ChildProcess, type SpawnOptions, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { guarded, spawnGuarded } from '../guarded-program.js';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a program may take to end by itself after SIGTERM. */
const STOP_LIMIT_MS = 5000;

/** Why no namespace can be made here; undefined when one can. */
export function namespaceObstacle(): string | undefined {
  const { status, stderr, error } = spawnSync(
    'unshare',
    [...unshareFlags(), 'ip', 'link', 'set', 'lo', 'up'],
    {
      encoding: 'utf8',
      timeout: 10_000,
    },
  );
  if (status === 0) return undefined;
  return `no network namespace can be made here (${(error?.message ?? stderr).trim()}): needs root and iproute2`;
}

function unshareFlags(): string[] {
  const flags = ['--net', '--mount'];
  return process.getuid?.() === 0 ? flags : [...flags, '--map-root-user'];
}

export class Namespace {
  private readonly children = new Set<ChildProcess>();

  private constructor(
    private readonly holder: ChildProcess,
    private readonly pid: number,
  ) {}

  /** @param setup shell commands to run inside first, with the loopback interface up */
  static async open(setup: readonly string[] = []): Promise<Namespace> {
    const script = ['set -e', 'ip link set lo up', ...setup, 'echo ready', 'exec cat'].join('\n');
    const argv = ['unshare', ...unshareFlags(), 'sh', '-c', script];
    const holder = spawnGuarded(argv, { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    holder.stderr!.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = once(holder, 'exit').then(() => {
      throw new Error(`the namespace could not be set up: ${said.trim()}`);
    });
    ended.catch(() => {}); // it ends at some time, and by then nobody waits
    await Promise.race([once(holder.stdout!, 'data'), ended]);
    // Neither setpriv nor unshare forks, so the holder's own process is the one inside.
    return new Namespace(holder, holder.pid!);
  }

  /** Starts a program inside. It is ended by `close`. */
  start(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawnGuarded(['nsenter', ...this.entering(), ...guarded(argv)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    });
    this.children.add(child);
    child.on('exit', () => this.children.delete(child));
    return child;
  }

  /** Runs a program inside to its end. */
  async run(argv: readonly string[], options: { input?: string; limitMs?: number } = {}): Promise<Finished> {
    const { input, limitMs = 20_000 } = options;
    const child = this.start(argv, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.stdin?.on('error', () => {}); // it ended before it read all
    child.stdin?.end(input);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    clearTimeout(limit);
    return { code, stdout, stderr };
  }

  async close(): Promise<void> {
    await Promise.all([...this.children].map(stop));
    await stop(this.holder);
  }

  private entering(): string[] {
    const user = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
    return ['--target', String(this.pid), '--net', '--mount', ...user, `--wd=${process.cwd()}`, '--'];
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(limit);
}

/** Waits until a line that a program writes to standard output or error holds `wanted`. */
export async function untilSays(child: ChildProcess, wanted: string, limitMs = 30_000): Promise<void> {
  let said = '';
  const limit = AbortSignal.timeout(limitMs);
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) =>
      reject(new Error(`${why} before it said "${wanted}": ${said.slice(-2000)}`));
    limit.addEventListener('abort', () => fail('time was up'));
    child.on('exit', () => fail('the program ended'));
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes(wanted)) resolve();
      });
    }
  });
}
