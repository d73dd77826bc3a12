// @ts-check
/**
 * The authoritative side: three NSD processes (root, TLDs, everything below), each at public-looking addresses on port 53
 * inside the namespace; three more for the signed zones. They are separate processes because NSD answers from the deepest
 * zone it has: one process would never give a referral. Rate limiting is off.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForAnswer } from './probe.mjs';
import { runToEnd } from './processes.mjs';
import { signedZones } from './signed-zone-data.mjs';
import {
  addressPlan,
  knownZone,
  unsignedLeaves,
  unsignedRoot,
  unsignedTlds,
  variantCount,
} from './zone-data.mjs';

/**
 * @typedef {object} Authority
 * @property {number[]} pids
 * @property {{ name: string, address: string }[]} rootServers
 * @property {string} [trustAnchor] DS line of the root, when the zones are signed
 */

/**
 * Writes zones and configuration, gives the loopback interface its addresses, starts the servers and waits until each answers.
 *
 * @param {import('./processes.mjs').Processes} processes
 * @param {string} directory
 * @param {{ walkZones: number, signed: boolean }} wanted
 * @returns {Promise<Authority>}
 */
export async function startAuthority(processes, directory, { walkZones, signed }) {
  const plan = addressPlan(signed);
  const data = signed
    ? signedZones(plan, walkZones, Math.floor(Date.now() / 1000))
    : {
        root: unsignedRoot(plan),
        tlds: unsignedTlds(plan, walkZones),
        leaves: unsignedLeaves(plan, walkZones),
      };
  const leafAddresses = Array.from({ length: variantCount }, (_, index) => plan.zoneAddresses(index)).flat();
  const rootAddresses = plan.rootServers.map((server) => server.address);
  const servers = [
    { id: 'root', addresses: rootAddresses, served: data.root, probe: 'a.root-ns' },
    { id: 'tld', addresses: plan.tldAddresses, served: data.tlds, probe: 'ns0.nic.com' },
    { id: 'leaf', addresses: leafAddresses, served: data.leaves, probe: `www.${knownZone(0)}` },
  ];
  await addAddresses(servers.flatMap((server) => server.addresses));
  const pids = [];
  for (const server of servers) {
    const place = join(directory, `nsd-${server.id}${signed ? '-signed' : ''}`);
    pids.push(await startServer(processes, place, server));
  }
  return {
    pids,
    rootServers: plan.rootServers,
    trustAnchor: 'trustAnchor' in data ? data.trustAnchor : undefined,
  };
}

/** @param {string} directory @param {string[]} addresses @param {{ apex: string, file: string }[]} zones */
function nsdConfig(directory, addresses, zones) {
  const header = `server:
  server-count: 1
  port: 53
  username: ""
  zonesdir: "${directory}"
  database: ""
  pidfile: "${directory}/nsd.pid"
  xfrdfile: "${directory}/xfrd.state"
  zonelistfile: "${directory}/zone.list"
  xfrdir: "${directory}"
  hide-version: yes
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
${addresses.map((address) => `  ip-address: ${address}`).join('\n')}
remote-control:
  control-enable: no
`;
  return header + zones.map(({ apex, file }) => `zone:\n  name: "${apex}"\n  zonefile: "${file}"\n`).join('');
}

/** @param {string[]} addresses */
async function addAddresses(addresses) {
  const commands = [
    'ip link set lo up',
    // as docs/decisions/002-upstream-sockets.md advises; programs that draw ports themselves do not look at it
    'echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range',
    ...addresses.map((address) => `ip addr add ${address}/32 dev lo`),
  ];
  const { code, stderr } = await runToEnd(['sh', '-ec', commands.join('\n')], { timeoutMs: 20000 });
  if (code !== 0) throw new Error(`cannot set up the namespace's loopback interface: ${stderr.trim()}`);
}

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {string} directory
 * @param {{ id: string, addresses: string[], served: import('./zone-data.mjs').Served, probe: string }} server
 */
async function startServer(processes, directory, server) {
  mkdirSync(directory, { recursive: true });
  for (const { file, text } of server.served.files) writeFileSync(join(directory, file), text);
  const config = join(directory, 'nsd.conf');
  writeFileSync(config, nsdConfig(directory, server.addresses, server.served.zones));
  const log = join(directory, 'nsd.log');
  const running = processes.start(`nsd-${server.id}`, ['nsd', '-d', '-c', config], { log, place: 'others' });
  const address = String(server.addresses[0]);
  const ready = await waitForAnswer({
    address,
    port: 53,
    name: server.probe,
    timeoutMs: 120000,
    everyMs: 100,
  });
  if (!ready) throw new Error(`NSD (${server.id}) does not answer; see ${log}`);
  return running.pid;
}
