// @ts-check
/** Unbound. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hintsFile } from './hints.mjs';

/** @type {import('./index.mjs').Peer} */
export const unbound = {
  id: 'unbound',
  title: 'Unbound',
  kind: 'resolver',
  versionCommand: ['unbound', '-V'],
  versionPattern: /Version ([0-9.]+)/,
  async prepare({ directory, address, port, rootServers, trustAnchor, workers }) {
    const hints = join(directory, 'hints');
    const config = join(directory, 'unbound.conf');
    const validation =
      trustAnchor === undefined
        ? 'module-config: "iterator"'
        : `module-config: "validator iterator"\n  trust-anchor: "${trustAnchor}"`;
    writeFileSync(hints, hintsFile(rootServers));
    writeFileSync(
      config,
      `server:
  interface: ${address}
  port: ${port}
  username: ""
  chroot: ""
  directory: "${directory}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 0
  do-daemonize: no
  num-threads: ${workers}
  do-ip6: no
  ${validation}
  root-hints: "${hints}"
  access-control: 127.0.0.0/8 allow
  outgoing-range: 4096
  num-queries-per-thread: 4096
  msg-cache-size: 512m
  rrset-cache-size: 1024m
  infra-cache-numhosts: 100000
  ip-ratelimit: 0
  ratelimit: 0
remote-control:
  control-enable: no
`,
    );
    return ['unbound', '-d', '-c', config];
  },
};
