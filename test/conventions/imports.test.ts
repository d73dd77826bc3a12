/** The architecture as a test: who may import whom, and where clocks and randomness may be read. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));

const layers: readonly (readonly string[])[] = [
  ['dns', 'runtime'],
  ['wire', 'cache'],
  ['dnssec', 'transport', 'zone'],
  ['resolver', 'policy'],
  ['server', 'authority'],
  ['observe'],
  ['cli', 'config', 'compose', 'index.ts', 'testing.ts'],
];
const layerOf = new Map(layers.flatMap((names, level) => names.map((name) => [name, level] as const)));

/** Packages that only one folder may know. */
const owners: readonly (readonly [pack: string, folder: string])[] = [
  ['dns-packet', 'wire/'],
  ['lru-cache', 'cache/eviction/'],
  ['koffi', 'runtime/koffi.ts'],
  ['redis', 'transport/'],
  ['commander', 'cli/'],
  ['pino', 'cli/'],
  ['fastify', 'observe/'],
  ['prom-client', 'observe/'],
];

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sources(): Source[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(src, path), 'utf8');
      const imports = [...text.matchAll(/^(?:import|export)[^;]*?from '([^']+)'|^import '([^']+)'/gm)];
      return { path, text, imports: imports.map((m) => (m[1] ?? m[2])!) };
    });
}

function topOf(path: string): string {
  return path.split('/')[0]!;
}

/** Circles, each as the way around it; none exactly when there are none. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, above: readonly string[]): void => {
    const at = above.indexOf(path);
    if (at >= 0) circles.push([...above.slice(at), path].join(' -> '));
    if (at >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) walk(target, [...above, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return circles;
}

describe('imports', () => {
  const all = sources();

  it('reads the sources', () => {
    expect(all.length).toBeGreaterThan(50);
    expect(all.every((s) => layerOf.has(topOf(s.path)))).toBe(true);
  });

  it('go downwards only', () => {
    const upwards = all.flatMap((source) =>
      source.imports
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(src, resolve(dirname(join(src, source.path)), target)))
        .filter(
          (target) => layerOf.get(topOf(target).replace(/\.js$/, '.ts'))! > layerOf.get(topOf(source.path))!,
        )
        .map((target) => `${source.path} -> ${target}`),
    );
    expect(upwards).toEqual([]);
  });

  it('never go in circles, not even for types', () => {
    const graph = new Map(
      all.map(({ path, imports }) => [
        path,
        imports
          .filter((target) => target.startsWith('.'))
          .map((target) => join(dirname(path), target).replace(/\.js$/, '.ts')),
      ]),
    );
    expect(circlesOf(graph)).toEqual([]);
  });

  it('reach a wrapped package only from its folder', () => {
    const strays = all.flatMap((source) =>
      owners
        .filter(([pack, folder]) => source.imports.includes(pack) && !source.path.startsWith(folder))
        .map(([pack]) => `${source.path} imports ${pack}`),
    );
    expect(strays).toEqual([]);
  });

  it('leave clocks, timers and randomness to runtime/', () => {
    const banned = /\bDate\.now\(|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(/;
    const strays = all
      .filter((source) => !source.path.startsWith('runtime/'))
      // The page's own scripts run in a browser.
      .filter((source) => !source.path.startsWith('observe/http/page/'))
      .flatMap((source) =>
        source.text
          .split('\n')
          .map((line, i) => ({ line, at: `${source.path}:${i + 1}` }))
          .filter(({ line }) => banned.test(line) && !/^\s*(\*|\/\/)/.test(line))
          .map(({ at }) => at),
      );
    expect(strays).toEqual([]);
  });

  it('come from files with a header that says what they own', () => {
    const bare = all.filter((source) => !source.text.startsWith('/**') && !source.text.startsWith('#!'));
    expect(bare.map((source) => source.path)).toEqual([]);
  });

  it('come from files of at most 400 lines', () => {
    const long = all.filter((source) => source.text.split('\n').length > 401);
    expect(long.map((source) => source.path)).toEqual([]);
  });
});
