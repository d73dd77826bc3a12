// @ts-check
/**
 * Bundles the command line and its other threads into a few files in dist/program/, and has dist/cli/main.js start them: half
 * of the time to the first answer was the reading of 500 files. The library stays as the compiler wrote it.
 *
 * Nothing is minified, and the maps lead to src/, so `node --enable-source-maps` shows lines of the sources. What is
 * rarely needed (the HTTP server, Redis) or must find files beside it (koffi, pino) stays in node_modules. The licences
 * of what is taken in stand in dist/program/licenses.txt.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist/program');

rmSync(out, { recursive: true, force: true });
const bundle = await rolldown({
  input: {
    main: join(root, 'src/cli/main.ts'),
    'worker-main': join(root, 'src/compose/workers/worker-main.ts'),
    'loader-main': join(root, 'src/compose/policy/loader-main.ts'),
  },
  platform: 'node',
  external: [/^node:/, 'fastify', 'koffi', 'pino', 'prom-client', 'redis'],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
});
const { output } = await bundle.write({
  dir: out,
  format: 'esm',
  sourcemap: true,
  chunkFileNames: '[name]-[hash].js',
});
await bundle.close();

const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
writeFileSync(join(out, 'licenses.txt'), licences(modules));

const program = join(root, 'dist/cli/main.js');
writeFileSync(program, "#!/usr/bin/env node\nimport '../program/main.js';\n");
chmodSync(program, 0o755);
rmSync(`${program}.map`, { force: true });

/** The licences of the packages that these modules belong to. @param {readonly string[]} ids */
function licences(ids) {
  const folders = new Set(ids.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined || !existsSync(join(folder, file)))
      throw new Error(`${dirname(folder)}: ${name} has no licence file`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
