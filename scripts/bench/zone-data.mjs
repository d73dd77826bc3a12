// @ts-check
/**
 * What is in the benchmark's zones, without signatures: names, addresses, delegations.
 *
 * Zones below the TLDs are of two sorts. "Known" zones (k0 to k99) have a wildcard, so each holds as many names as a row
 * wants. "Walk" zones (w0, w1, ...) are there to be met for the first time. Each zone has two servers with glue, out of 64
 * addresses.
 */

export const tlds = ['com', 'net', 'org', 'nl'];
export const knownZoneCount = 100;
export const timers = '2026010101 7200 900 1209600 300';
/** Zone files that differ only in the addresses of their servers. */
export const variantCount = 32;

/** Apex of a known zone, by any index. @param {number} index */
export function knownZone(index) {
  const which = index % knownZoneCount;
  return `k${which}.${tlds[which % tlds.length]}`;
}

/** Apex of a walk zone. @param {number} index */
export function walkZone(index) {
  return `w${index}.${tlds[index % tlds.length]}`;
}

/**
 * Where the servers are. The signed zones have addresses of their own, so that both sorts can be served at once.
 *
 * @param {boolean} signed
 */
export function addressPlan(signed) {
  const net = signed ? 1 : 0;
  return {
    rootServers: [
      { name: 'a.root-ns.', address: `45.1${net}.0.1` },
      { name: 'b.root-ns.', address: `45.1${net}.0.2` },
    ],
    tldAddresses: [`45.2${net}.0.1`, `45.2${net}.0.2`],
    /** The two server addresses of a zone, by its number. @param {number} index */
    zoneAddresses(index) {
      const variant = index % variantCount;
      return [`45.3${net}.1.${variant + 1}`, `45.3${net}.2.${variant + 1}`];
    },
  };
}

/** @typedef {ReturnType<typeof addressPlan>} AddressPlan */

/** All zones below the TLDs. @param {number} walkZones @returns {{ apex: string, index: number }[]} */
export function leafZones(walkZones) {
  const known = Array.from({ length: knownZoneCount }, (_, index) => ({ apex: knownZone(index), index }));
  const walked = Array.from({ length: walkZones }, (_, index) => ({ apex: walkZone(index), index }));
  return [...known, ...walked];
}

/** @typedef {{ file: string, text: string }} ZoneFile */
/** @typedef {{ files: ZoneFile[], zones: { apex: string, file: string }[] }} Served */

/** The root zone. @param {AddressPlan} plan @returns {Served} */
export function unsignedRoot(plan) {
  const lines = [`. 86400 IN SOA a.root-ns. hostmaster.root-ns. ${timers}`];
  for (const { name, address } of plan.rootServers)
    lines.push(`. 518400 IN NS ${name}`, `${name} 518400 IN A ${address}`);
  for (const tld of tlds) {
    for (const [number, address] of plan.tldAddresses.entries()) {
      lines.push(`${tld}. 172800 IN NS ns${number}.nic.${tld}.`);
      lines.push(`ns${number}.nic.${tld}. 172800 IN A ${address}`);
    }
  }
  return { files: [{ file: 'root', text: `${lines.join('\n')}\n` }], zones: [{ apex: '.', file: 'root' }] };
}

/** The TLDs with all delegations. @param {AddressPlan} plan @param {number} walkZones @returns {Served} */
export function unsignedTlds(plan, walkZones) {
  const leaves = leafZones(walkZones);
  const files = tlds.map((tld) => {
    const lines = ['$TTL 172800', `@ IN SOA ns0.nic hostmaster.nic ${timers}`];
    for (const [number, address] of plan.tldAddresses.entries()) {
      lines.push(`@ IN NS ns${number}.nic`, `ns${number}.nic IN A ${address}`);
    }
    for (const { apex, index } of leaves.filter((leaf) => leaf.apex.endsWith(`.${tld}`))) {
      const label = apex.slice(0, apex.indexOf('.'));
      const [first, second] = plan.zoneAddresses(index);
      lines.push(`${label} IN NS ns1.${label}\n${label} IN NS ns2.${label}`);
      lines.push(`ns1.${label} IN A ${first}\nns2.${label} IN A ${second}`);
    }
    return { file: tld, text: `${lines.join('\n')}\n` };
  });
  return { files, zones: tlds.map((tld) => ({ apex: tld, file: tld })) };
}

/** The zones below; their files have only relative names and are shared. @param {AddressPlan} plan @param {number} walkZones @returns {Served} */
export function unsignedLeaves(plan, walkZones) {
  const files = Array.from({ length: variantCount }, (_, variant) => {
    const [first, second] = plan.zoneAddresses(variant);
    const text = `$TTL 86400
@ IN SOA ns1 hostmaster ${timers}
@ IN NS ns1
@ IN NS ns2
ns1 IN A ${first}
ns2 IN A ${second}
www IN A 192.0.2.1
* IN A 192.0.2.2
`;
    return { file: `leaf${variant}`, text };
  });
  const zones = leafZones(walkZones).map(({ apex, index }) => ({
    apex,
    file: `leaf${index % variantCount}`,
  }));
  return { files, zones };
}
