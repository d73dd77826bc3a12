/** Documentation in step with what it speaks of: options, files, links, the container's files. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { optionsMarkdown, schemaText } from '../../src/config/describe.js';
import { loadConfig, parseConfig } from '../../src/config/load.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CHANGELOG.md',
  'zones/README.md',
  'scripts/bench/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];

/** Lines of fenced blocks of one language. */
function blocks(page: string, language: string): string[] {
  const fences = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...read(page).matchAll(fences)].map((match) => match[1]!);
}

describe('documentation', () => {
  it.each(pages)('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map((match) => match[1]!);
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  it('numbers decisions once each', () => {
    const numbers = readdirSync(join(root, 'docs/decisions')).map((file) => file.slice(0, 3));
    expect(numbers).toEqual([...new Set(numbers)]);
  });

  it('has every page in its index', () => {
    const index = read('docs/README.md');
    const files = readdirSync(join(root, 'docs')).filter(
      (file) => /\.(md|json)$/.test(file) && file !== 'README.md',
    );
    expect(files.filter((file) => !index.includes(`](${file})`))).toEqual([]);
  });

  it('has every option, as `npm run docs` writes them', () => {
    const [, table] = read('docs/configuration.md').split('<!-- options -->\n');
    expect(table?.split('<!-- end of options -->')[0]).toBe(optionsMarkdown());
  });

  it('has the JSON Schema of the file, as `npm run docs` writes it', () => {
    expect(read('docs/stratadns.schema.json')).toBe(schemaText());
  });

  it.each(['configuration', 'cookbook', 'install'])('has examples in %s that are accepted', (page) => {
    const examples = blocks(`docs/${page}.md`, 'yaml');
    expect(examples.length).toBeGreaterThan(1);
    for (const [i, text] of examples.entries()) expect(parseConfig(text, `example ${i + 1}`)).toBeDefined();
  });

  it('names commands of npm that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run ([a-z:-]+)/g)].map((match) => match[1]!),
    );
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

describe('the container', () => {
  const dockerfile = read('Dockerfile');

  it('copies files that exist', () => {
    const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) =>
      match[1]!.split(' '),
    );
    expect(copies.length).toBeGreaterThan(5);
    expect(copies.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('copies all that the build and the program need', () => {
    const built = JSON.parse(read('package.json')) as {
      scripts: { build: string };
      bin: { stratadns: string };
    };
    for (const file of built.scripts.build.match(/[\w./-]+\.(?:json|mjs)/g) ?? []) {
      expect(dockerfile).toContain(file.split('/')[0]);
    }
    expect(dockerfile).toContain(`ENTRYPOINT ["node", "${built.bin.stratadns}"]`);
  });

  it('sends no more to the engine than it copies', () => {
    const ignored = read('.dockerignore').split('\n');
    for (const name of ['node_modules', 'dist', '.git', 'test']) expect(ignored).toContain(name);
  });

  it('has a configuration that is accepted, with the port that it exposes and the address that its health check asks', () => {
    const config = loadConfig(join(root, 'docker/stratadns.yaml'));
    for (const { port } of config.listen)
      expect(dockerfile).toMatch(new RegExp(`^EXPOSE .*\\b${port}/udp`, 'm'));
    expect(dockerfile).toContain(`http://${config.http.address}:${config.http.port}/health`);
    expect(dockerfile).toMatch(/^USER node$/m);
  });

  it('is composed from a folder that exists, at an address inside its network', () => {
    const compose = parse(read('docker/compose.yaml')) as {
      services: {
        stratadns: { build: string; networks: { lab: { ipv4_address: string } } };
        client: { dns: string[] };
      };
      networks: { lab: { ipam: { config: { subnet: string }[] } } };
    };
    const { stratadns, client } = compose.services;
    expect(statSync(join(root, 'docker', stratadns.build, 'Dockerfile')).isFile()).toBe(true);
    expect(client.dns).toEqual([stratadns.networks.lab.ipv4_address]);
    const [subnet] = compose.networks.lab.ipam.config;
    expect(subnet!.subnet.split('.').slice(0, 3)).toEqual(client.dns[0]!.split('.').slice(0, 3));
  });
});
