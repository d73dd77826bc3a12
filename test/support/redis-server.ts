/** A real redis-server (or valkey-server) on a free port of loopback, for tests. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { spawnGuarded } from './guarded-program.js';

const programs = ['valkey-server', 'redis-server'];
const found = programs.find((name) => spawnSync(name, ['--version']).status === 0);

export const redisMissing =
  found === undefined ? 'neither valkey-server nor redis-server is installed' : undefined;

export interface RedisProcess {
  readonly url: string;
  readonly port: number;
  kill(): Promise<void>;
}

/** @param port default: a free one */
export async function startRedis(port?: number): Promise<RedisProcess> {
  const at = port ?? (await freePort());
  const args = ['--port', String(at), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawnGuarded([found!, ...args, '--loglevel', 'warning'], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  await untilOpen(at, child);
  return {
    url: `redis://127.0.0.1:${at}`,
    port: at,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function untilOpen(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error('the store did not start');
}
