// @ts-check
/** BIND named. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hintsFile } from './hints.mjs';

/** @type {import('./index.mjs').Peer} */
export const bind = {
  id: 'bind',
  title: 'BIND',
  kind: 'resolver',
  versionCommand: ['named', '-v'],
  versionPattern: /BIND ([0-9.]+)/,
  async prepare({ directory, address, port, rootServers, trustAnchor, workers }) {
    const hints = join(directory, 'hints');
    const config = join(directory, 'named.conf');
    const [tag, algorithm, digestType, digest] = trustAnchor?.split(' ').slice(3) ?? [];
    const anchors =
      trustAnchor === undefined
        ? ''
        : `trust-anchors { . static-ds ${tag} ${algorithm} ${digestType} "${digest}"; };`;
    writeFileSync(hints, hintsFile(rootServers));
    writeFileSync(
      config,
      `options {
  directory "${directory}";
  listen-on port ${port} { ${address}; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  lock-file none;
  managed-keys-directory "${directory}";
  recursion yes;
  allow-query { 127.0.0.0/8; };
  allow-recursion { 127.0.0.0/8; };
  dnssec-validation ${trustAnchor === undefined ? 'no' : 'yes'};
  empty-zones-enable no;
  max-cache-size 1536m;
  recursive-clients 10000;
  notify no;
};
controls { };
logging { category default { null; }; category unmatched { null; }; };
zone "." { type hint; file "${hints}"; };
${anchors}
`,
    );
    return ['named', '-f', '-4', '-n', String(workers), '-U', String(workers), '-c', config];
  },
};
