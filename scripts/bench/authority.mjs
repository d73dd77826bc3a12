// @ts-check
/**
 * The authoritative side: three NSD processes (root, TLDs, everything below), each at public-looking addresses on port 53
 * inside the namespace. They are separate processes because NSD answers from the deepest zone it has: one process would
 * never give a referral.
 *
 * Zones below the TLDs are of two sorts. "Known" zones (k0 to k99) have a wildcard, so each holds as many names as a row
 * wants. "Walk" zones (w0, w1, ...) are there to be met for the first time. Zone files have only relative names, so a few
 * files serve them all. Rate limiting is off.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForAnswer } from './probe.mjs';
import { runToEnd } from './processes.mjs';

const tlds = ['com', 'net', 'org', 'nl'];
const knownZoneCount = 100;
const variantCount = 32;
export const rootServers = [
  { name: 'a.root-ns.', address: '45.10.0.1' },
  { name: 'b.root-ns.', address: '45.10.0.2' },
];
const tldAddresses = ['45.20.0.1', '45.20.0.2'];
const timers = '2026010101 7200 900 1209600 300';

/** Apex of a known zone, by any index. @param {number} index */
export function knownZone(index) {
  const which = index % knownZoneCount;
  return `k${which}.${tlds[which % tlds.length]}`;
}

/** Apex of a walk zone. @param {number} index */
export function walkZone(index) {
  return `w${index}.${tlds[index % tlds.length]}`;
}

/** The two server addresses of a zone, by its number. @param {number} index */
function zoneAddresses(index) {
  const variant = index % variantCount;
  return [`45.30.1.${variant + 1}`, `45.30.2.${variant + 1}`];
}

function rootZone() {
  const lines = [`. 86400 IN SOA a.root-ns. hostmaster.root-ns. ${timers}`];
  for (const { name, address } of rootServers)
    lines.push(`. 518400 IN NS ${name}`, `${name} 518400 IN A ${address}`);
  for (const tld of tlds) {
    for (const [number, address] of tldAddresses.entries()) {
      lines.push(
        `${tld}. 172800 IN NS ns${number}.nic.${tld}.`,
        `ns${number}.nic.${tld}. 172800 IN A ${address}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

/** @param {string} tld @param {number} walkZones */
function tldZone(tld, walkZones) {
  const lines = ['$TTL 172800', `@ IN SOA ns0.nic hostmaster.nic ${timers}`];
  for (const [number, address] of tldAddresses.entries())
    lines.push(`@ IN NS ns${number}.nic`, `ns${number}.nic IN A ${address}`);
  const delegate = (/** @type {string} */ apex, /** @type {number} */ index) => {
    if (!apex.endsWith(`.${tld}`)) return;
    const label = apex.slice(0, apex.indexOf('.'));
    const [first, second] = zoneAddresses(index);
    lines.push(`${label} IN NS ns1.${label}\n${label} IN NS ns2.${label}`);
    lines.push(`ns1.${label} IN A ${first}\nns2.${label} IN A ${second}`);
  };
  for (let index = 0; index < knownZoneCount; index++) delegate(knownZone(index), index);
  for (let index = 0; index < walkZones; index++) delegate(walkZone(index), index);
  return `${lines.join('\n')}\n`;
}

/** @param {number} variant */
function leafZone(variant) {
  const [first, second] = zoneAddresses(variant);
  return `$TTL 86400
@ IN SOA ns1 hostmaster ${timers}
@ IN NS ns1
@ IN NS ns2
ns1 IN A ${first}
ns2 IN A ${second}
www IN A 192.0.2.1
* IN A 192.0.2.2
`;
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

/**
 * Writes zones and configuration, gives the loopback interface its addresses, starts the three servers and waits until
 * each answers.
 *
 * @param {import('./processes.mjs').Processes} processes
 * @param {string} directory
 * @param {number} walkZones
 * @returns {Promise<{ pids: number[] }>}
 */
export async function startAuthority(processes, directory, walkZones) {
  const leafAddresses = Array.from({ length: variantCount }, (_, index) => zoneAddresses(index)).flat();
  const leafZones = [];
  for (let index = 0; index < knownZoneCount; index++)
    leafZones.push({ apex: knownZone(index), file: `leaf${index % variantCount}` });
  for (let index = 0; index < walkZones; index++)
    leafZones.push({ apex: walkZone(index), file: `leaf${index % variantCount}` });
  const servers = [
    {
      id: 'root',
      addresses: rootServers.map((server) => server.address),
      files: [['root', rootZone()]],
      zones: [{ apex: '.', file: 'root' }],
      probe: 'a.root-ns',
    },
    {
      id: 'tld',
      addresses: tldAddresses,
      files: tlds.map((tld) => [tld, tldZone(tld, walkZones)]),
      zones: tlds.map((tld) => ({ apex: tld, file: tld })),
      probe: 'ns0.nic.com',
    },
    {
      id: 'leaf',
      addresses: leafAddresses,
      files: Array.from({ length: variantCount }, (_, variant) => [`leaf${variant}`, leafZone(variant)]),
      zones: leafZones,
      probe: `www.${knownZone(0)}`,
    },
  ];
  await addAddresses(servers.flatMap((server) => server.addresses));
  const pids = [];
  for (const server of servers)
    pids.push(await startServer(processes, join(directory, `nsd-${server.id}`), server));
  return { pids };
}

/** @param {string[]} addresses */
async function addAddresses(addresses) {
  const commands = ['ip link set lo up', ...addresses.map((address) => `ip addr add ${address}/32 dev lo`)];
  const { code, stderr } = await runToEnd(['sh', '-ec', commands.join('\n')], { timeoutMs: 20000 });
  if (code !== 0) throw new Error(`cannot set up the namespace's loopback interface: ${stderr.trim()}`);
}

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {string} directory
 * @param {{ id: string, addresses: string[], files: string[][], zones: { apex: string, file: string }[], probe: string }} server
 */
async function startServer(processes, directory, server) {
  mkdirSync(directory, { recursive: true });
  for (const [file, text] of server.files) writeFileSync(join(directory, String(file)), String(text));
  const config = join(directory, 'nsd.conf');
  writeFileSync(config, nsdConfig(directory, server.addresses, server.zones));
  const log = join(directory, 'nsd.log');
  const running = processes.start(`nsd-${server.id}`, ['nsd', '-d', '-c', config], { log, place: 'others' });
  const address = String(server.addresses[0]);
  const ready = await waitForAnswer({
    address,
    port: 53,
    name: server.probe,
    timeoutMs: 60000,
    everyMs: 100,
  });
  if (!ready) throw new Error(`NSD (${server.id}) does not answer; see ${log}`);
  return running.pid;
}
