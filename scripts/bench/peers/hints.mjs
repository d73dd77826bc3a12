// @ts-check
/**
 * Root hints as a master file, as Unbound, PowerDNS and BIND read them.
 */

/** @param {{ name: string, address: string }[]} rootServers */
export function hintsFile(rootServers) {
  return rootServers
    .map(({ name, address }) => `. 3600000 IN NS ${name}\n${name} 3600000 IN A ${address}\n`)
    .join('');
}
