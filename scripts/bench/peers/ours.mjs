// @ts-check
/** This project. Needs `npm run build` first. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** This working tree, as it was built last. */
export const ours = oneBuild('ours', 'stratadns', process.env.STRATADNS_BENCH_PROGRAM ?? built);

/** Another build, to measure a change against what was before it in one run. */
export const before = oneBuild(
  'before',
  'stratadns before',
  process.env.STRATADNS_BENCH_BEFORE ?? 'STRATADNS_BENCH_BEFORE is not set',
);

/**
 * @param {string} id
 * @param {string} title
 * @param {string} program its cli/main.js
 * @returns {import('./index.mjs').Peer}
 */
function oneBuild(id, title, program) {
  return {
    id,
    title,
    kind: 'resolver',
    versionCommand: [process.execPath, program, '--version'],
    versionPattern: /([0-9]+\.[0-9]+\.[0-9]+\S*)/,
    async prepare({ directory, address, port, rootServers, trustAnchor, workers }) {
      if (!existsSync(program)) throw new Error(`${program} is missing: run npm run build`);
      const config = join(directory, 'stratadns.yaml');
      const settings = {
        listen: [{ address, port }],
        workers,
        rootHints: rootServers.map((server) => ({ name: server.name, addresses: [server.address] })),
        dnssec:
          trustAnchor === undefined ? { mode: 'off' } : { mode: 'validate', trustAnchors: [trustAnchor] },
        upstream: { ipv6: false },
        cache: {
          stub: { size: '512MiB' },
          resolver: { size: '1024MiB' },
        },
        http: { enabled: false },
        log: { level: 'warn' },
      };
      writeFileSync(config, JSON.stringify(settings, null, 2)); // JSON is YAML
      return [
        process.execPath,
        ...words(process.env.STRATADNS_BENCH_NODE ?? ''),
        program,
        'serve',
        '--config',
        config,
      ];
    },
  };
}

/**
 * Arguments as a person writes them, with spaces to spare.
 * @param {string} text
 */
export function words(text) {
  return text.split(/\s+/).filter((word) => word !== '');
}
