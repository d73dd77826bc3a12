/**
 * Says at the start where UDP replies may leave from another address than was asked, so that clients would drop them.
 *
 * That is so for a wildcard address without native sockets on a machine with several addresses: node:dgram can neither
 * learn where a packet was sent nor choose where a reply leaves from. One socket for each address beside the wildcard would
 * need SO_REUSEADDR, with which other users' programs could take the port.
 */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { Config } from '../config/fields.js';
import type { ServerLog } from '../server/log.js';
import { canReplyFromAsked } from '../transport/udp-listener.js';

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

const families: ReadonlyMap<string, NetworkInterfaceInfo['family']> = new Map([
  ['0.0.0.0', 'IPv4'],
  ['::', 'IPv6'],
]);

export function warnOfWildcards(
  listen: Config['listen'],
  { native, log }: { readonly native?: boolean; readonly log: ServerLog },
  interfaces: () => Interfaces = networkInterfaces,
): void {
  if (native !== false && canReplyFromAsked()) return;
  for (const { address } of listen) {
    const family = families.get(address);
    if (family === undefined) continue;
    const addresses = Object.values(interfaces())
      .flatMap((all) => all ?? [])
      // Link-local clients are answered from the address of their link.
      .filter((one) => one.family === family && !one.internal && !one.address.startsWith('fe80:'))
      .map((one) => one.address);
    if (addresses.length < 2) continue;
    log.warn(
      { address, addresses },
      'without native sockets UDP replies may leave from another address than was asked; list in listen those that clients use',
    );
  }
}
