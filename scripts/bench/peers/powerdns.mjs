// @ts-check
/** PowerDNS Recursor. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hintsFile } from './hints.mjs';

/** @type {import('./index.mjs').Peer} */
export const powerdns = {
  id: 'powerdns',
  title: 'PowerDNS Recursor',
  kind: 'resolver',
  versionCommand: ['pdns_recursor', '--version'],
  versionPattern: /Recursor ([0-9.]+)/,
  async prepare({ directory, address, port, rootServers, trustAnchor, workers }) {
    const hints = join(directory, 'hints');
    const included = join(directory, 'recursor.d');
    mkdirSync(included);
    const script = join(directory, 'config.lua');
    const digest = trustAnchor?.replace('. IN DS ', '');
    const anchor = digest === undefined ? '' : `clearTA('.')\naddTA('.', '${digest}')\n`;
    writeFileSync(script, anchor);
    writeFileSync(hints, hintsFile(rootServers));
    const settings = {
      'local-address': `${address}:${port}`,
      'allow-from': '127.0.0.0/8',
      'socket-dir': directory,
      'include-dir': included,
      'hint-file': hints,
      'lua-config-file': script,
      'security-poll-suffix': '',
      'dont-query': '',
      daemon: 'no',
      'write-pid': 'no',
      dnssec: trustAnchor === undefined ? 'off' : 'validate',
      threads: String(workers),
      'pdns-distributes-queries': 'no',
      'max-cache-entries': '4000000',
      'max-packetcache-entries': '2000000',
      'max-mthreads': '8192',
      loglevel: '2',
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(join(directory, 'recursor.conf'), lines.join(''));
    return ['pdns_recursor', `--config-dir=${directory}`];
  },
};
