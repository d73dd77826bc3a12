// @ts-check
/** This project. Needs `npm run build` first. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** @type {import('./index.mjs').Peer} */
export const ours = {
  id: 'ours',
  title: 'stratadns',
  kind: 'resolver',
  versionCommand: [process.execPath, program, '--version'],
  versionPattern: /([0-9]+\.[0-9]+\.[0-9]+\S*)/,
  async prepare({ directory, address, port, rootServers, trustAnchor, workers }) {
    if (!existsSync(program)) throw new Error('dist/cli/main.js is missing: run npm run build');
    const config = join(directory, 'stratadns.yaml');
    const settings = {
      listen: [{ address, port }],
      workers,
      rootHints: rootServers.map((server) => ({ name: server.name, addresses: [server.address] })),
      dnssec: trustAnchor === undefined ? { mode: 'off' } : { mode: 'validate', trustAnchors: [trustAnchor] },
      upstream: { ipv6: false },
      cache: {
        stub: { size: '512MiB' },
        resolver: { size: '1024MiB' },
      },
      http: { enabled: false },
      log: { level: 'warn' },
    };
    writeFileSync(config, JSON.stringify(settings, null, 2)); // JSON is YAML
    return [process.execPath, program, 'serve', '--config', config];
  },
};
