// @ts-check
/** Knot Resolver 5 (kresd), one process. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @type {import('./index.mjs').Peer} */
export const knot = {
  id: 'knot',
  title: 'Knot Resolver',
  kind: 'resolver',
  versionCommand: ['kresd', '--version'],
  versionPattern: /version ([0-9.]+)/,
  async prepare({ directory, address, port, rootServers, trustAnchor }) {
    const config = join(directory, 'kresd.conf');
    const cache = join(directory, 'cache');
    mkdirSync(cache);
    const hints = rootServers.map(({ name, address: root }) => `['${name}'] = '${root}'`).join(', ');
    writeFileSync(
      config,
      `net.listen('${address}', ${port}, { kind = 'dns' })
net.ipv6 = false
trust_anchors.remove('.')
${trustAnchor === undefined ? '' : `trust_anchors.add('${trustAnchor}')`}
modules = { 'hints > iterate' }
hints.root({ ${hints} })
cache.open(1024 * MB, 'lmdb://${cache}')
log_level('err')
`,
    );
    return ['kresd', '-n', '-c', config, directory];
  },
};
