/** The package as npm packs it, used from an empty project. Needs `npm run build`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '../..');
let project = '';
let files: readonly string[] = [];

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'stratadns-package-'));
  const packed = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], repository),
  ) as unknown;
  // A list, or with newer npm a map by name.
  const [entry] = Object.values(packed as Record<string, { filename: string; files: { path: string }[] }>);
  files = entry!.files.map(({ path }) => path);
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'stratadns'), { recursive: true });
  const tarball = join(project, entry!.filename);
  run('tar', ['xzf', tarball, '--strip-components=1', '-C', join(modules, 'stratadns')], project);
  // Its dependencies, as an installation from the registry would put them there.
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  }
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('the package', () => {
  it('holds the program, zones, documents and licence, and neither tests nor sources', () => {
    for (const path of [
      'dist/index.js',
      'dist/index.d.ts',
      'dist/testing.js',
      'dist/testing.d.ts',
      'dist/cli/main.js',
      'dist/observe/http/page/index.html',
      'zones/internet.yaml',
      'docs/configuration.md',
      'docs/stratadns.schema.json',
      'packaging/stratadns.service',
      'LICENSE',
      'README.md',
    ]) {
      expect(files).toContain(path);
    }
    expect(
      files.filter((path) => /^(src|test|scripts|node_modules)\/|\.test\.[jt]s$|\.map$/.test(path)),
    ).toEqual([]);
  });

  it('is a library in an empty project', () => {
    const text = `
      import { createResolver } from 'stratadns';
      import { createInternet } from 'stratadns/testing';
      const internet = createInternet({ zones: { 'example.com': 'www 60 A 192.0.2.1' } });
      const resolver = createResolver({ internet });
      const { records } = await resolver.resolve('www.example.com');
      console.log(records[0].text);
      await resolver.close();`;
    writeFileSync(join(project, 'try.mjs'), text);
    expect(run(process.execPath, ['try.mjs'], project)).toBe('192.0.2.1\n');
  });

  it('is a program that finds all it needs', () => {
    const main = join(project, 'node_modules/stratadns/dist/cli/main.js');
    expect(run(process.execPath, [main, '--version'], project)).toMatch(/^\d+\.\d+\.\d+\n$/);
    const zones = join(project, 'node_modules/stratadns/zones');
    expect(run(process.execPath, [main, 'trace', 'www.example.com', '--zones', zones], project)).toMatch(
      /www\.example\.com\. \d+ IN A 192\.0\.2\.10/,
    );
  });
});
