/** No program that a test has started outlives the process of the test, failed tests and signals included. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { guarded } from '../support/guarded-program.js';

const tests = fileURLToPath(new URL('..', import.meta.url));

describe('programs that tests start', () => {
  it('are started under the guard', () => {
    const bare = readdirSync(tests, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .filter((path) => !['support/guarded-program.ts', 'conventions/programs.test.ts'].includes(path))
      .filter((path) =>
        /\b(?:spawn|fork)\b[^;]*from 'node:child_process'/.test(readFileSync(join(tests, path), 'utf8')),
      );
    expect(bare).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('end when the process that started them is killed', async () => {
    const argv = guarded(['sh', '-c', 'echo running; exec sleep 600']);
    const script = `
      const [program, ...args] = ${JSON.stringify(argv)};
      require('node:child_process').spawn(program, args, { stdio: 'inherit' });`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(parent.stdout, 'data');
    parent.kill('SIGKILL');
    // The pipe ends when the last process that writes to it has ended.
    expect(await text(parent.stdout)).toBe('');
  });
});
