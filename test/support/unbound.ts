/** Starts Unbound as a validator in front of another resolver, for tests that compare verdicts. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { spawnGuarded } from './guarded-program.js';

const START_LIMIT_MS = 40_000;

export class Unbound {
  private constructor(
    readonly port: number,
    private readonly process: ChildProcess,
    private readonly directory: string,
  ) {}

  /**
   * @param upstreamPort of the resolver on 127.0.0.1 that it asks for everything
   * @param anchorFile   trust anchors as records
   */
  static async start(upstreamPort: number, anchorFile: string): Promise<Unbound> {
    const directory = mkdtempSync(join(tmpdir(), 'unbound-test-'));
    const port = await freePort();
    const file = join(directory, 'unbound.conf');
    writeFileSync(file, configuration(port, upstreamPort, anchorFile));
    const child = spawnGuarded(['unbound', '-d', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    const unbound = new Unbound(port, child, directory);
    try {
      await started(child);
    } catch (error) {
      await unbound.stop();
      throw error;
    }
    return unbound;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Resolves when it says that it serves; rejects with its last words otherwise. */
function started(child: ChildProcess): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`unbound is silent: ${output}`)), START_LIMIT_MS);
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`unbound did not start: ${output}`)));
    child.stderr!.on('data', (chunk) => {
      output += String(chunk);
      if (!output.includes('start of service')) return;
      clearTimeout(limit);
      resolve();
    });
  });
}

function configuration(port: number, upstreamPort: number, anchorFile: string): string {
  return `server:
  interface: 127.0.0.1@${port}
  verbosity: 1
  use-syslog: no
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  num-threads: 1
  do-not-query-localhost: no
  trust-anchor-file: "${anchorFile}"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@${upstreamPort}
`;
}
