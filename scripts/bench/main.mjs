// @ts-check
/**
 * The benchmark: `npm run bench -- [row...] [options]`.
 *
 * This file reads the command line, then runs itself once more inside a network and process namespace of its own. The
 * namespaces end with the inner process, however it ends, so no daemon and no address stays behind; the temporary
 * directory is removed by the outer process. The inner process measures and writes bench-results/.
 *
 * Limitations: Linux only; needs root or unprivileged user namespaces; see README.md for the packages.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runEvictionStudy } from './eviction/main.mjs';
import { parseOptions, usage } from './options.mjs';
import { runBenchmark } from './run.mjs';

const insideFlag = 'STRATADNS_BENCH_DIR';

/** Starts this script again under unshare; the namespaces die with it. */
async function runOutside() {
  const directory = mkdtempSync(join(tmpdir(), 'stratadns-bench-'));
  const namespaces = ['--net', '--pid', '--mount', '--fork', '--kill-child', '--mount-proc'];
  if (process.getuid?.() !== 0) namespaces.push('--map-root-user');
  const self = fileURLToPath(import.meta.url);
  // setpriv makes the kernel end unshare, and with it everything inside, should this process be killed
  const guard = ['--pdeathsig', 'KILL', 'unshare'];
  const child = spawn(
    'setpriv',
    [...guard, ...namespaces, process.execPath, self, ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      env: { ...process.env, [insideFlag]: directory },
    },
  );
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill('SIGKILL'));
  }
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`cannot start setpriv and unshare (util-linux): ${error.message}`);
      resolve(1);
    });
    child.on('exit', (status) => resolve(status ?? 1));
  });
  rmSync(directory, { recursive: true, force: true });
  process.exitCode = code;
}

async function main() {
  if (process.argv[2] === 'eviction') {
    process.exitCode = await runEvictionStudy(process.argv.slice(3));
    return;
  }
  const options = parseOptions(process.argv.slice(2));
  if (typeof options === 'string') {
    console.error(`${options}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  if (options.help) {
    console.log(usage);
    return;
  }
  const directory = process.env[insideFlag];
  if (directory === undefined) return runOutside();
  process.exitCode = await runBenchmark(options, directory);
}

await main();
