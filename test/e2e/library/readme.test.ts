/** The examples of the README, run as a user of the package would, and what they say they print. Needs `npm run build`. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const examples = [...readme.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);

/** What the comments behind `console.log` promise. */
function promised(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\);\s*\/\/ (.*)$/gm)].map((match) => match[1]!.trim());
}

describe('the README', () => {
  it('has examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  it.each(examples.map((code, i) => [i + 1, code] as const))(
    'has an example %i that prints what it says',
    async (_, code) => {
      // In the folder of the package its own name resolves through `exports`, as where it is installed.
      const args = ['--input-type=module', '-e', code];
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
        cwd: root,
        timeout: 15_000,
      });
      expect(stderr).toBe('');
      const lines = stdout.trimEnd().split('\n');
      const wanted = promised(code);
      expect(wanted.length).toBeGreaterThan(0);
      expect(lines).toHaveLength(wanted.length);
      for (const [i, line] of lines.entries()) expect(wanted[i]).toMatch(startsLike(line));
    },
  );
});

/** A comment may say more behind what is printed: `true: every question it was sent`. */
function startsLike(line: string): RegExp {
  return new RegExp(`^${line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(:.*)?$`);
}
